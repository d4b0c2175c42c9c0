"""What can happen on the risk ladder: rungs, attempts at reaching help, pages and their clocks."""

from datetime import datetime

from helpline.event_shape import Body, Clock, Note, Safety, SafetyList


class RungSet(Body, frozen=True, omit_defaults=True):
    """A human set what we are doing now to keep somebody safe. `to` and `was` are 0 to 4; alike, words are added."""

    kind = "rung_set"
    to: int
    was: int
    basis: Safety = None
    person_said: Safety = None
    asked: SafetyList = None
    wishes: Safety = None
    consent: str = ""
    told_person: str = ""
    client_id: str = ""
    digest: str = ""
    clocks: tuple[Clock, ...] = ()


class RungWithdrawn(Body, frozen=True, omit_defaults=True):
    """The press was a mistake, taken back within 60 s by who made it. `to` is the rung it goes back to."""

    kind = "rung_withdrawn"
    of: int
    to: int
    client_id: str = ""
    digest: str = ""
    clocks: tuple[Clock, ...] = ()


class Attempted(Body, frozen=True, omit_defaults=True):
    """One try at reaching a crisis contact. `version` is the version of its number that was dialled.

    `role` is the contact's role at the time: only a try at somebody outside stops the clock of the outside call.
    """

    kind = "attempted"
    crisis_contact: str
    version: int
    outcome: str
    role: str = ""
    channel: str = "phone"
    reference: Safety = None
    client_id: str = ""
    digest: str = ""
    clocks: tuple[Clock, ...] = ()


class AttemptNamed(Body, frozen=True, omit_defaults=True):
    """Who answered the attempt at seq `of`, or the reference they gave: written once there is a hand free for it."""

    kind = "attempt_named"
    of: int
    reference: Safety = None
    client_id: str = ""
    digest: str = ""


class Alerted(Body, frozen=True, omit_defaults=True):
    """Somebody must look now. `alert` names it, `what` says why, `to` whom: `lead`, `on_call`, `second_on_call`."""

    kind = "alerted"
    alert: str
    what: str
    to: str
    late_seconds: int = 0
    clocks: tuple[Clock, ...] = ()


class Acknowledged(Body, frozen=True, omit_defaults=True):
    """A lead has it. Stops the clocks of that alert, and no other."""

    kind = "acknowledged"
    alert: str
    client_id: str = ""
    digest: str = ""
    clocks: tuple[Clock, ...] = ()


class LeadAsked(Body, frozen=True, omit_defaults=True):
    """The supporter asked for the lead: lead, then on-call, then second on-call, each with a clock.

    `take_them`: they ask to be relieved of the contact, and stay with the person until a lead takes it over.
    """

    kind = "lead_asked"
    alert: str
    why: Note = None
    client_id: str = ""
    digest: str = ""
    clocks: tuple[Clock, ...] = ()
    take_them: bool = False


class ClockFired(Body, frozen=True, omit_defaults=True):
    """A clock ran out and nothing but its passing is to be recorded. `late_seconds` after an outage."""

    kind = "clock_fired"
    clock: str
    of: str
    late_seconds: int = 0
    clocks: tuple[Clock, ...] = ()


class HelpChecked(Body, frozen=True, omit_defaults=True):
    """At rung 4 somebody asked whether help has reached them: yes, or not yet, in words."""

    kind = "help_checked"
    reached: bool
    words: Safety = None
    client_id: str = ""
    digest: str = ""


class HelpConfirmed(Body, frozen=True, omit_defaults=True):
    """Help has reached them: the one good end of rung 4. `of` is the seq of the check that said so."""

    kind = "help_confirmed"
    of: int
    clocks: tuple[Clock, ...] = ()


class CouldNotBeConfirmed(Body, frozen=True, omit_defaults=True):
    """The first of two signatures to the other end of rung 4: what was tried, and the reference 999 gave."""

    kind = "could_not_be_confirmed"
    tried: Safety = None
    reference: Safety = None
    client_id: str = ""
    digest: str = ""


class Countersigned(Body, frozen=True, omit_defaults=True):
    """Somebody else signs what was tried, `of` being its seq. Only now has rung 4 ended unconfirmed."""

    kind = "countersigned"
    of: int
    client_id: str = ""
    digest: str = ""
    clocks: tuple[Clock, ...] = ()


class Decided(Body, frozen=True, omit_defaults=True):
    """Somebody decided about a confidence: `share` without consent, or `respect` a refusal. It holds at once.

    `policy` is the policy and version the person was shown, as `started` has it.
    """

    kind = "decided"
    what: str
    policy: str
    reason: Safety = None
    client_id: str = ""
    digest: str = ""


class Seconded(Body, frozen=True, omit_defaults=True):
    """The second person's own view of a decision, `of` being its seq. Asked in parallel: nothing waited for it."""

    kind = "seconded"
    of: int
    agrees: bool
    words: Safety = None
    client_id: str = ""
    digest: str = ""


class ConsentAsked(Body, frozen=True, omit_defaults=True):
    """What the person said to sharing: `given`, `refused`, `unable`, or `not_asked` and why."""

    kind = "consent_asked"
    answer: str
    why: Safety = None
    client_id: str = ""
    digest: str = ""


class Shared(Body, frozen=True, omit_defaults=True):
    """What was told to whom outside, and why. `crisis_contact` is empty for somebody the directory does not have."""

    kind = "shared"
    crisis_contact: str = ""
    whom: Safety = None
    what: Safety = None
    why: Safety = None
    client_id: str = ""
    digest: str = ""


class TrackSet(Body, frozen=True, omit_defaults=True):
    """A track beside the rung goes on or off: `S`, `H`, `T` or `X`."""

    kind = "track_set"
    track: str
    on: bool
    words: Safety = None
    client_id: str = ""
    digest: str = ""


class FollowUpSet(Body, frozen=True, omit_defaults=True):
    """When we are in touch again, how, and whether it is safe to. A later one takes its place."""

    kind = "follow_up_set"
    earliest: datetime
    latest: datetime
    channel: str
    safe: bool
    words: Safety = None
    client_id: str = ""
    digest: str = ""


class TaskSet(Body, frozen=True, omit_defaults=True):
    """Something that one of ours (`who`, an account) should have before they leave: `what` is `debrief`."""

    kind = "task_set"
    task: str
    what: str
    who: str


class TaskDone(Body, frozen=True, omit_defaults=True):
    """`how`: `done`, `not_wanted`, or `later`, which the lead then sees to."""

    kind = "task_done"
    task: str
    how: str
    words: Note = None
    client_id: str = ""
    digest: str = ""
