"""A contact as it stands: the pure fold of its events. Holds no words.

`Contact().apply(event)` gives the next state; `fold(events)` gives the last. Nothing here reads a clock or a store.
"""

import secrets
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from helpline.calls import CALLS, Calls
from helpline.contact_hands import HANDS
from helpline.contact_ladder import LADDER
from helpline.contact_parts import (
    ABOUT_THE_OWNER,
    LADDER_CLOCKS,
    LINE_CLOCKS,
    NOBODY_HERE,
    STILL_DUE,
    SUPPORTER_AWAY,
    WHILE_WAITING,
    Alert,
    AttemptMade,
    Choice,
    Participant,
    Passed,
    StandingOffer,
    answered,
    without,
    without_those_of,
)
from helpline.events import (
    ChoiceAsked,
    ChoiceMade,
    Clock,
    Closed,
    Event,
    Feedback,
    Left,
    LineBack,
    LineLost,
    Noted,
    NotSafe,
    Reopened,
    Said,
    Seen,
    Started,
    Told,
    WrappedUp,
)
from helpline.ladder_parts import EMERGENCY_RUNG, OnLadder
from helpline.plan_in_contact import PLANS
from helpline.prompting import PROMPTS, Prompts
from helpline.routing import turn
from helpline.texts import TEXTS, Texts, to_send

Phase = Literal["new", "waiting", "stored", "live", "wrap_up", "ended"]

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_id(kind: str) -> str:
    """A log id: its kind and 26 characters of 130 random bits."""
    return kind + "".join(secrets.choice(CROCKFORD) for _ in range(26))


def short_name(contact: str) -> str:
    """What staff call a contact, such as `4F2K`: the first four characters of the random part of its id."""
    return contact[2:6].upper()


class Contact(msgspec.Struct, frozen=True):
    """One episode of help. `seq` counts all events, `talk` those the person may see."""

    log: str
    seq: int = 0
    talk: int = 0
    at: datetime = BEGINNING
    opened_at: datetime = BEGINNING
    phase: Phase = "new"
    channel: str = ""
    language: str = ""
    speaks: tuple[str, ...] = ()
    definition: str = ""
    policy: str = ""
    locality: str = ""
    answers: Mapping[str, str] = {}
    waiting_since: datetime | None = None
    first_again: bool = False
    # Let go to the lead: only a lead takes them, unless a lead puts them back into the queue.
    with_lead: bool = False
    not_safe: bool = False
    prompts: Prompts = Prompts()
    choice: Choice | None = None
    owner: str = ""
    prefers: str = ""
    participants: tuple[Participant, ...] = ()
    offer: StandingOffer | None = None
    passed: tuple[Passed, ...] = ()
    rung: int = 0
    highest_rung: int = 0
    highest_was: int = 0
    rung_seq: int = 0
    rung_was: int = 0
    rung_by: str = ""
    rung_at: datetime | None = None
    clocks: tuple[Clock, ...] = ()
    alerts: tuple[Alert, ...] = ()
    attempts: tuple[AttemptMade, ...] = ()
    ladder: OnLadder = OnLadder()
    # The plans that stand open here, by their logs.
    plans: tuple[str, ...] = ()
    texts: Texts = Texts()
    calls: Calls = Calls()
    # Other contacts this one belongs with, such as the chat in which a call was asked for.
    linked: tuple[str, ...] = ()
    # The last attempt, joining or note: what shows that who said "I have it" has.
    acted_at: datetime | None = None
    person_lost: datetime | None = None
    supporter_lost: datetime | None = None
    left: str = ""
    last_person: datetime | None = None
    last_supporter: datetime | None = None
    note_version: int = 0
    note_versions: Mapping[str, int] = {}
    outcome: str = ""
    seen_person: int = 0
    seen_supporter: int = 0
    asked_call: bool = False
    gave_feedback: bool = False
    accepted_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def name(self) -> str:
        """The short name staff use."""
        return short_name(self.log)

    @property
    def live(self) -> bool:
        """Still needs somebody: kept in memory, refolded at start, looked at by the dispatcher."""
        return (
            self.phase in ("waiting", "stored", "live", "wrap_up")
            or bool(self.clocks)
            or self.open_alerts != ()
            or self.ladder.open_tasks != ()
            or self.texts.sending != ()
        )

    @property
    def due(self) -> datetime | None:
        return min([clock.due for clock in self.clocks]) if self.clocks else None

    @property
    def open_alerts(self) -> tuple[Alert, ...]:
        return tuple(alert for alert in self.alerts if not alert.acknowledged_by)

    @property
    def holders(self) -> frozenset[str]:
        """The supporters whose slot this contact takes: whoever is offered it, owns it or takes part in it."""
        held = {who.id for who in self.participants} if self.phase in ("live", "wrap_up") else set()
        if self.offer is not None:
            held.add(self.offer.supporter)
        return frozenset(held)

    @property
    def urgency(self) -> int:
        """0 before 1 before 2: said "not safe", was let go through no fault of theirs, everybody else."""
        return 0 if self.not_safe else 1 if self.first_again else 2

    @property
    def turn(self) -> int:
        """Whose turn comes first; a phrase in their words counts here, and nowhere the person could see it."""
        return turn(self.urgency, bool(self.prompts.standing))

    @property
    def told_nobody(self) -> bool:
        """They were told that nobody here can answer them, and nothing since has said otherwise."""
        if self.choice is not None and self.choice.why in NOBODY_HERE:
            return True
        return any(one.what in NOBODY_HERE and one.acknowledged_by != "answered" for one in self.alerts)

    @property
    def nobodys(self) -> bool:
        """They need somebody and nobody has them."""
        return self.phase in ("waiting", "stored") and not self.owner

    @property
    def paged(self) -> bool:
        """A page that nobody has answered runs on, or will start again."""
        return any(clock.kind in ("acknowledge", "take_up") for clock in self.clocks)

    @property
    def unconfirmed(self) -> bool:
        """At rung 4, and nobody has confirmed that help reached them, nor have two signed that it could not be."""
        loop = self.ladder.loop
        return self.rung == EMERGENCY_RUNG and (loop is None or not loop.ended)

    @property
    def number_held(self) -> bool:
        """They gave a number, or text from one. Nobody is shown it but as `helpline.number_reveal` says."""
        return self.texts.reachable or bool(self.calls.asked)

    def part(self, who: str) -> Participant | None:
        return next((one for one in self.participants if one.id == who), None)

    def clock(self, kind: str) -> Clock | None:
        return next((clock for clock in self.clocks if clock.kind == kind), None)

    def alert(self, alert: str) -> Alert | None:
        return next((one for one in self.alerts if one.alert == alert), None)

    def apply(self, event: Event) -> "Contact":
        """The contact after `event`. An unknown kind moves only the numbers."""
        body = event.body
        changed: dict[str, Any] = {"seq": event.seq, "at": event.at}
        if body.talk:
            changed["talk"] = self.talk + 1
        if type(body) is Said:
            if event.by.role == "person":
                changed["last_person"] = event.at
                if self.left:
                    changed["left"] = ""
            else:
                changed["last_supporter"] = event.at
        else:
            effect = _EFFECTS.get(type(body))
            if effect is not None:
                effect(self, event, body, changed)
            starts: tuple[Clock, ...] = getattr(body, "clocks", ())
            if starts:
                changed["clocks"] = (*changed.get("clocks", self.clocks), *starts)
        if self.texts.reachable:
            to_send(self, event, changed)
        return msgspec.structs.replace(self, **changed)


def fold(contact: Contact, events: Iterable[Event]) -> Contact:
    for event in events:
        contact = contact.apply(event)
    return contact


def _started(c: Contact, event: Event, body: Started, to: dict[str, Any]) -> None:
    to |= {
        "opened_at": event.at,
        "phase": "waiting" if body.open else "stored",
        "waiting_since": event.at,
        "channel": body.channel,
        "language": body.language,
        "speaks": (body.language,),
        "definition": body.definition,
        "policy": body.policy,
        "locality": body.locality,
        "answers": body.answers or {},
    }


def _left(c: Contact, event: Event, body: Left, to: dict[str, Any]) -> None:
    to["left"] = body.why
    to["clocks"] = without(c.clocks, {"place_held", "long_wait", "wait_alert"})
    if c.phase in ("waiting", "stored") and not c.not_safe and not body.held:
        to |= {"phase": "ended", "ended_at": event.at, "clocks": without(c.clocks, WHILE_WAITING)}
        to |= {"choice": None, "with_lead": False}


def _closed(c: Contact, event: Event, body: Closed, to: dict[str, Any]) -> None:
    over = "wrap_up" if c.phase == "live" and c.owner else "ended"
    kept = (
        WHILE_WAITING
        | LINE_CLOCKS
        | {"hold_open"}
        | (LADDER_CLOCKS - STILL_DUE if c.rung < 3 else frozenset())
    )
    moot = {one.alert for one in c.alerts if one.what in ABOUT_THE_OWNER}
    to |= {
        "phase": over,
        "ended_at": event.at,
        "clocks": tuple(clock for clock in without(c.clocks, kept) if clock.of not in moot),
        "alerts": answered(c.alerts, event.at, ABOUT_THE_OWNER),
        "choice": None,
        "with_lead": False,
    }


def _wrapped_up(c: Contact, event: Event, body: WrappedUp, to: dict[str, Any]) -> None:
    to |= {"outcome": body.outcome, "participants": (), "owner": "", "prefers": c.owner}
    if c.phase == "wrap_up":
        to["phase"] = "ended"


def _reopened(c: Contact, event: Event, body: Reopened, to: dict[str, Any]) -> None:
    to |= {
        "phase": "waiting" if body.open else "stored",
        "waiting_since": event.at,
        "first_again": True,
        "left": "",
        "ended_at": None,
        "prefers": c.owner or c.prefers,
        "owner": "",
        "participants": (),
        "passed": (),
        "with_lead": False,
    }


def _feedback(c: Contact, event: Event, body: Feedback, to: dict[str, Any]) -> None:
    to["gave_feedback"] = True


def _not_safe(c: Contact, event: Event, body: NotSafe, to: dict[str, Any]) -> None:
    # Whoever is free first comes: they wait for no lead alone.
    to |= {"not_safe": True, "left": "", "with_lead": False}
    if c.phase == "stored":
        to |= {"phase": "waiting", "waiting_since": event.at}
    if body.clocks:
        to["clocks"] = without(c.clocks, {"not_safe"})


def _told(c: Contact, event: Event, body: Told, to: dict[str, Any]) -> None:
    if body.what == "somebody_here":
        to |= {"choice": None, "alerts": answered(c.alerts, event.at, NOBODY_HERE)}


def _choice_asked(c: Contact, event: Event, body: ChoiceAsked, to: dict[str, Any]) -> None:
    to["choice"] = Choice(body.why, body.options)


def _choice_made(c: Contact, event: Event, body: ChoiceMade, to: dict[str, Any]) -> None:
    to["choice"] = None
    if body.choice.startswith("language:"):
        language = body.choice.removeprefix("language:")
        if language not in c.speaks:
            to["speaks"] = (*c.speaks, language)


def _seen(c: Contact, event: Event, body: Seen, to: dict[str, Any]) -> None:
    to["seen_person"] = max(c.seen_person, body.person)
    to["seen_supporter"] = max(c.seen_supporter, body.supporter)


def _line_lost(c: Contact, event: Event, body: LineLost, to: dict[str, Any]) -> None:
    to["person_lost" if body.whose == "person" else "supporter_lost"] = body.since


def _line_back(c: Contact, event: Event, body: LineBack, to: dict[str, Any]) -> None:
    if body.whose == "person":
        vanished = frozenset({"vanished"})
        to |= {
            "person_lost": None,
            "alerts": answered(c.alerts, event.at, vanished),
            "clocks": without_those_of(without(c.clocks, {"place_held", "hold_open"}), c.alerts, vanished),
        }
    else:
        to |= {
            "supporter_lost": None,
            "clocks": without_those_of(without(c.clocks, LINE_CLOCKS), c.alerts, SUPPORTER_AWAY),
            "alerts": answered(c.alerts, event.at, SUPPORTER_AWAY),
        }


def _noted(c: Contact, event: Event, body: Noted, to: dict[str, Any]) -> None:
    to["note_version"] = event.seq
    to["acted_at"] = event.at
    to["note_versions"] = {**c.note_versions, **dict.fromkeys(body.keys, event.seq)}
    to["clocks"] = without(c.clocks, {"record_after", *(clock.kind for clock in body.clocks)})


_EFFECTS: dict[type[Any], Any] = {
    **HANDS,
    **LADDER,
    **PROMPTS,
    **TEXTS,
    **CALLS,
    **PLANS,
    Started: _started,
    Told: _told,
    Left: _left,
    Closed: _closed,
    WrappedUp: _wrapped_up,
    Reopened: _reopened,
    Feedback: _feedback,
    NotSafe: _not_safe,
    ChoiceAsked: _choice_asked,
    ChoiceMade: _choice_made,
    Seen: _seen,
    LineLost: _line_lost,
    LineBack: _line_back,
    Noted: _noted,
}
