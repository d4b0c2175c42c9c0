"""What can happen to a contact, and to a supporter's shift: one small class for each kind of event.

A field annotated with a retention class (`Words`, `Note`, `Safety`, `Reach`) is sealed under that class's key and
reads as `None` once the key is destroyed; every other field is structure and stays as long as the contact does.
An event is never edited. A new version of a kind raises `v` and upcasts on read; a kind this code does not know is
kept as `Unknown` and passed on.
"""

from datetime import datetime
from typing import Any

import msgspec

from helpline import call_events, plan_events
from helpline.directory_event import DirectoryChanged
from helpline.event_shape import (
    PERSON,
    RETENTION_CLASSES,
    SERVICE,
    Body,
    By,
    Clock,
    Line,
    Note,
    NoteFields,
    Reach,
    ReachFields,
    RetentionClass,
    Role,
    Safety,
    SafetyList,
    Words,
)
from helpline.ladder_events import (
    Acknowledged,
    Alerted,
    Attempted,
    AttemptNamed,
    ClockFired,
    ConsentAsked,
    CouldNotBeConfirmed,
    Countersigned,
    Decided,
    FollowUpSet,
    HelpChecked,
    HelpConfirmed,
    LeadAsked,
    RungSet,
    RungWithdrawn,
    Seconded,
    Shared,
    TaskDone,
    TaskSet,
    TrackSet,
)
from helpline.phrase_events import PhrasesChanged
from helpline.prompt_events import Prompted, PromptFalse
from helpline.record_events import RecordCorrected
from helpline.text_events import (
    LanguageAsked,
    LineKnown,
    NumberGiven,
    OptedOut,
    PictureSent,
    TextHeld,
    TextStatus,
    TextTaken,
    TextTrying,
)
from rota.book import AnyChange

__all__ = [
    "KINDS",
    "PERSON",
    "RETENTION_CLASSES",
    "SERVICE",
    "Accepted",
    "Acknowledged",
    "Alerted",
    "AttemptNamed",
    "Attempted",
    "Away",
    "Body",
    "By",
    "CallMe",
    "CheckedIn",
    "CheckedOut",
    "ChoiceAsked",
    "ChoiceMade",
    "Clock",
    "ClockFired",
    "Closed",
    "ConsentAsked",
    "Corrected",
    "CouldNotBeConfirmed",
    "Countersigned",
    "Decided",
    "DirectoryChanged",
    "Event",
    "Feedback",
    "FollowUpSet",
    "HandoverLeft",
    "HelpChecked",
    "HelpConfirmed",
    "Joined",
    "LanguageAsked",
    "LeadAsked",
    "Left",
    "Line",
    "LineBack",
    "LineKnown",
    "LineLost",
    "Linked",
    "NotSafe",
    "Note",
    "NoteFields",
    "Noted",
    "NumberGiven",
    "OfferEnded",
    "Offered",
    "OptedOut",
    "PhrasesChanged",
    "PictureSent",
    "PromptFalse",
    "Prompted",
    "Queued",
    "Reach",
    "ReachFields",
    "Ready",
    "RecordCorrected",
    "Released",
    "Reopened",
    "RetentionClass",
    "Role",
    "RotaChanged",
    "RungSet",
    "RungWithdrawn",
    "Safety",
    "SafetyList",
    "Said",
    "Seconded",
    "Seen",
    "Shared",
    "SlotFreed",
    "SlotHeld",
    "Started",
    "SteppedOut",
    "TaskDone",
    "TaskSet",
    "TextHeld",
    "TextStatus",
    "TextTaken",
    "TextTrying",
    "Told",
    "TrackSet",
    "Unknown",
    "Withdrawn",
    "Words",
    "WrappedUp",
    "call_events",
    "plan_events",
]

# -- how a contact begins and ends ---------------------------------------------------------------------------------


class Started(Body, frozen=True, omit_defaults=True):
    """Somebody came. `definition` is the hash of the service definition they began under."""

    kind = "started"
    talk = True
    channel: str
    language: str
    definition: str
    policy: str
    locality: str = ""
    client_id: str = ""
    digest: str = ""
    open: bool = True
    answers: ReachFields = None
    clocks: tuple[Clock, ...] = ()


class Left(Body, frozen=True, omit_defaults=True):
    """The person went. `why` is `ended`, `quick` (quick exit) or `line` (their place was held and has run out).

    `held`: they were at rung 2 or above with nobody there, and we go on for them.
    """

    kind = "left"
    talk = True
    why: str
    client_id: str = ""
    digest: str = ""
    held: bool = False


class Closed(Body, frozen=True, omit_defaults=True):
    """The conversation ended. `why`: `supporter`, `person`, `silence`, `line`, `lead`, `stored`."""

    kind = "closed"
    talk = True
    why: str
    client_id: str = ""
    digest: str = ""
    clocks: tuple[Clock, ...] = ()


class WrappedUp(Body, frozen=True, omit_defaults=True):
    """The supporter finished the note after the end; the slot is free again. `outcome` is from the note form."""

    kind = "wrapped_up"
    outcome: str = ""
    client_id: str = ""
    digest: str = ""


class Reopened(Body, frozen=True, omit_defaults=True):
    """The person wrote again after the end. The log never refuses them."""

    kind = "reopened"
    talk = True
    open: bool = True
    clocks: tuple[Clock, ...] = ()


class Feedback(Body, frozen=True, omit_defaults=True):
    """One-tap answers after the end, each skippable, and words if they chose to write some."""

    kind = "feedback"
    listened: str = ""
    feel_before: int = 0
    feel_after: int = 0
    again: str = ""
    words: Words = None
    client_id: str = ""
    digest: str = ""


class CallMe(Body, frozen=True, omit_defaults=True):
    """A call-back was asked for. Nothing but the number is needed; every safety answer defaults to no."""

    kind = "call_me"
    talk = True
    number: Reach = None
    details: ReachFields = None
    when: str = ""
    safe_name: bool = False
    safe_message: bool = False
    safe_text: bool = False
    client_id: str = ""
    digest: str = ""


# -- talk ----------------------------------------------------------------------------------------------------------


class Said(Body, frozen=True, omit_defaults=True):
    """Words, by the person, a supporter or a lead. `digest` tells a repeat from a reused id."""

    kind = "said"
    talk = True
    text: Words = None
    lang: str = ""
    client_id: str = ""
    digest: str = ""


class Corrected(Body, frozen=True, omit_defaults=True):
    """The author put other words in place of the event at seq `of` (talk number `of_talk`). The first stay."""

    kind = "corrected"
    talk = True
    of: int
    of_talk: int = 0
    text: Words = None
    client_id: str = ""
    digest: str = ""


class Withdrawn(Body, frozen=True, omit_defaults=True):
    """The author took the event at seq `of` back from view."""

    kind = "withdrawn"
    talk = True
    of: int
    of_talk: int = 0
    client_id: str = ""
    digest: str = ""


class Told(Body, frozen=True, omit_defaults=True):
    """The service told the person something plain. `what` names a message of the definition; pages word it."""

    kind = "told"
    talk = True
    what: str
    opens_at: datetime | None = None


class NotSafe(Body, frozen=True, omit_defaults=True):
    """The person pressed "I'm not safe right now"."""

    kind = "not_safe"
    talk = True
    client_id: str = ""
    digest: str = ""
    clocks: tuple[Clock, ...] = ()


class ChoiceAsked(Body, frozen=True, omit_defaults=True):
    """An honest choice: `why` is `no_speaker`, `long_wait`, `full` or `nobody_left`; `options` are what is on."""

    kind = "choice_asked"
    talk = True
    why: str
    options: tuple[str, ...]


class ChoiceMade(Body, frozen=True, omit_defaults=True):
    """What they chose: `wait`, `language:<tag>`, `interpreter`, `call_me`."""

    kind = "choice_made"
    talk = True
    choice: str
    client_id: str = ""
    digest: str = ""


class Seen(Body, frozen=True, omit_defaults=True):
    """Watermarks: the person has seen up to talk number `person`, the supporters up to seq `supporter`."""

    kind = "seen"
    person: int = 0
    supporter: int = 0


class LineLost(Body, frozen=True, omit_defaults=True):
    """A line has been away for ten seconds. `since` is when it went."""

    kind = "line_lost"
    whose: Line
    since: datetime
    clocks: tuple[Clock, ...] = ()


class LineBack(Body, frozen=True, omit_defaults=True):
    """It is back."""

    kind = "line_back"
    whose: Line


# -- offers and owners ---------------------------------------------------------------------------------------------


class Offered(Body, frozen=True, omit_defaults=True):
    """Put to one supporter, who holds a slot for it. `transfer` is the owner who hands over, if any."""

    kind = "offered"
    offer: str
    supporter: str
    attendance: str
    transfer: str = ""
    reason: Note = None
    client_id: str = ""
    digest: str = ""
    clocks: tuple[Clock, ...] = ()


class OfferEnded(Body, frozen=True, omit_defaults=True):
    """The offer passed without being taken. `why`: `declined`, `expired`, `withdrawn`, `gone`."""

    kind = "offer_ended"
    offer: str
    why: str
    reason: Note = None
    client_id: str = ""
    digest: str = ""


class Accepted(Body, frozen=True, omit_defaults=True):
    """A supporter took the offer and is the owner from here, unless it is a transfer: then both are in."""

    kind = "accepted"
    talk = True
    offer: str
    client_id: str = ""
    digest: str = ""


class Joined(Body, frozen=True, omit_defaults=True):
    """Somebody came in where the person can see it (`how`: `lead`, `took_over`, `interpreter`)."""

    kind = "joined"
    talk = True
    how: str
    client_id: str = ""
    digest: str = ""
    clocks: tuple[Clock, ...] = ()


class SteppedOut(Body, frozen=True, omit_defaults=True):
    """A participant left the conversation to the others."""

    kind = "stepped_out"
    talk = True
    who: str
    client_id: str = ""
    digest: str = ""


class Released(Body, frozen=True, omit_defaults=True):
    """The owner let go. `to` is `queue` or `lead`: held by the lead, only a lead takes it.

    `why` is `supporter`, `must_stop`, `line` or `end_of_shift`.
    """

    kind = "released"
    talk = True
    to: str
    why: str
    client_id: str = ""
    digest: str = ""
    clocks: tuple[Clock, ...] = ()


class Queued(Body, frozen=True, omit_defaults=True):
    """A lead put a contact that was held for the lead back into the queue. Its place there is as it was."""

    kind = "queued"
    client_id: str = ""
    digest: str = ""
    clocks: tuple[Clock, ...] = ()


# -- notes ---------------------------------------------------------------------------------------------------------


class Noted(Body, frozen=True, omit_defaults=True):
    """Changed fields of the session note. The note's version is the seq of its last event."""

    kind = "noted"
    fields: NoteFields = None
    keys: tuple[str, ...] = ()
    client_id: str = ""
    digest: str = ""
    clocks: tuple[Clock, ...] = ()


class Linked(Body, frozen=True, omit_defaults=True):
    """This episode belongs with another."""

    kind = "linked"
    other: str
    why: Note = None


# -- a supporter's shift (attendance) ------------------------------------------------------------------------------


class CheckedIn(Body, frozen=True, omit_defaults=True):
    """Start of a shift: sound tested, and how many notes of the shifts before were read (`notes_read`).

    `extra` is set when a lead let them on off the rota.
    """

    kind = "checked_in"
    supporter: str
    roles: tuple[str, ...]
    shown_name: str
    languages: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    capacity: int = 1
    sound: bool = False
    extra: str = ""
    until: datetime | None = None
    client_id: str = ""
    digest: str = ""
    notes_read: int = 0


class Ready(Body, frozen=True, omit_defaults=True):
    """May be offered contacts on `channels`, up to `capacity` at once. Durable: a lost line does not undo it."""

    kind = "ready"
    channels: tuple[str, ...]
    capacity: int


class Away(Body, frozen=True, omit_defaults=True):
    """Not to be offered anything. `reason`: `pause`, `idle`, `break`, `gone` (line away over the grace)."""

    kind = "away"
    reason: str
    until: datetime | None = None
    clocks: tuple[Clock, ...] = ()


class SlotHeld(Body, frozen=True, omit_defaults=True):
    """A slot is kept for a contact: first by an offer, then by the conversation itself."""

    kind = "slot_held"
    contact: str
    offer: str


class SlotFreed(Body, frozen=True, omit_defaults=True):
    """It is free again."""

    kind = "slot_freed"
    contact: str
    why: str


class HandoverLeft(Body, frozen=True, omit_defaults=True):
    """A word for the next shift, written during this one."""

    kind = "handover_left"
    handover: Note = None
    client_id: str = ""
    digest: str = ""


class CheckedOut(Body, frozen=True, omit_defaults=True):
    """End of a shift. `alright` is their own answer to "are you OK to leave?". `on_ladder` is why a lead went while
    somebody was at rung 2 or above."""

    kind = "checked_out"
    alright: str = ""
    handover: Note = None
    client_id: str = ""
    digest: str = ""
    on_ladder: Note = None


# -- the rota ------------------------------------------------------------------------------------------------------


class RotaChanged(Body, frozen=True, omit_defaults=True):
    """One step of the rota, all of it or none. `what` names the step (`took`, `gave_back`, `swapped` …).

    `undoes` is the seq of the step this one turns round.
    """

    kind = "rota_changed"
    what: str
    changes: tuple[AnyChange, ...]
    why: Note = None
    undoes: int = 0
    client_id: str = ""
    digest: str = ""


class Unknown(Body, frozen=True, omit_defaults=True):
    """A kind this version does not know. Kept and passed on as it came."""

    kind = "unknown"
    name: str
    fields: dict[str, Any] = msgspec.field(default_factory=dict)


def _kinds() -> dict[str, type[Body]]:
    return {body.kind: body for body in Body.__subclasses__() if body is not Unknown}


KINDS: dict[str, type[Body]] = _kinds()


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One numbered event. `extra` keeps fields a newer version wrote and this one does not know."""

    seq: int
    at: datetime
    by: By
    body: Body
    via: str = "web"
    v: int = 1
    extra: dict[str, Any] = {}

    @property
    def kind(self) -> str:
        return self.body.name if isinstance(self.body, Unknown) else self.body.kind
