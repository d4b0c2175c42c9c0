"""What can happen on the risk ladder: rungs, attempts at reaching help, pages and their clocks."""

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
