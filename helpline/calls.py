"""How a contact's request to be rung stands: when, what was tried, whether a call is on its way. Holds no number.

Part of the contact's fold.
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from helpline.call_events import (
    CallDue,
    CallEnded,
    CallMachine,
    CallMade,
    CallPlaced,
    CallPlacing,
    CallUnkept,
    CallWindow,
    CallWithdrawn,
    LineRung,
    MissedText,
    NumberShown,
)
from helpline.contact_parts import WAITING_ALERTS, WHILE_WAITING, answered, without
from helpline.events import CallMe, Event, Linked
from helpline.texts import Sending

if TYPE_CHECKING:
    from helpline.contact import Contact

CHANNEL = "call"
CALL_CLOCKS = frozenset({"call_due", "call_ending", "call_over"})
MISSED = frozenset({"no_answer", "engaged", "voicemail"})
MOST_TRIES = 3
BETWEEN_TRIES = timedelta(minutes=15)
# Alerts that a new time, or having reached them, settles.
CALL_ALERTS = frozenset({"call_asked", "call_waiting", "call_unkept", "call_not_reached"})


class Tried(msgspec.Struct, frozen=True):
    at: datetime
    by: str
    outcome: str


class Placing(msgspec.Struct, frozen=True):
    """A bridged call that has not ended. Without `sid` the carrier is not known to have it."""

    call: str
    by: str
    at: datetime
    sid: str = ""


class Calls(msgspec.Struct, frozen=True):
    """The newest request. `ringing`: somebody was shown the number, or placed a call, and has not said how it went.

    `over` is why nobody rings any more: `talked`, `wrong_number`, `not_again` or `withdrawn`. `given_up_at`: since then no
    further try follows by itself. `machine`: what answers may be one. `rang`: how often they rang the line themselves.
    """

    asked: int = 0
    begins_at: datetime | None = None
    ends_at: datetime | None = None
    soonest: bool = False
    unkept: bool = False
    tried: tuple[Tried, ...] = ()
    ringing: str = ""
    placing: Placing | None = None
    ended: str = ""
    over: str = ""
    safe_text: bool = False
    given_up_at: datetime | None = None
    texted: bool = False
    machine: bool = False
    rang: int = 0

    @property
    def open(self) -> bool:
        """They wait to be rung: a try may still follow by itself."""
        return bool(self.asked) and not self.over and self.given_up_at is None

    @property
    def missed(self) -> int:
        """How many tries reached nobody."""
        return sum(1 for one in self.tried if one.outcome in MISSED)

    @property
    def again_at(self) -> datetime | None:
        """The earliest instant of another try; None when there was none yet."""
        return self.tried[-1].at + BETWEEN_TRIES if self.tried else None

    def allowed(self, now: datetime) -> bool:
        """Whether `now` is within the time they gave; true when they gave none."""
        if self.begins_at is None or self.ends_at is None:
            return True
        return self.begins_at <= now < self.ends_at


def _on(c: "Contact", to: dict[str, Any], **changed: Any) -> None:
    to["calls"] = msgspec.structs.replace(to.get("calls", c.calls), **changed)


def _asked(c: "Contact", event: Event, body: CallMe, to: dict[str, Any]) -> None:
    before = to.get("calls", c.calls)
    to |= {
        "asked_call": True,
        "calls": Calls(
            asked=event.seq,
            placing=before.placing,
            ringing=before.ringing,
            rang=before.rang,
            safe_text=body.safe_text,
        ),
        "clocks": without(c.clocks, CALL_CLOCKS),
        "alerts": answered(c.alerts, event.at, CALL_ALERTS),
    }
    _not_now(c, to)


def _not_now(c: "Contact", to: dict[str, Any]) -> None:
    """They wait for their time, or for the lead: nobody is offered them until then."""
    if c.channel == CHANNEL and c.phase == "waiting":
        to |= {"phase": "stored", "clocks": without(to.get("clocks", c.clocks), WHILE_WAITING)}


def _window(c: "Contact", event: Event, body: CallWindow, to: dict[str, Any]) -> None:
    _on(c, to, begins_at=body.begins_at, ends_at=body.ends_at, soonest=body.soonest)


def _due(c: "Contact", event: Event, body: CallDue, to: dict[str, Any]) -> None:
    to |= {"phase": "waiting", "waiting_since": event.at}


def _unkept(c: "Contact", event: Event, body: CallUnkept, to: dict[str, Any]) -> None:
    _on(c, to, unkept=True, given_up_at=c.calls.given_up_at or event.at)
    to["alerts"] = answered(c.alerts, event.at, frozenset({"call_waiting"}))
    _not_now(c, to)


def _shown(c: "Contact", event: Event, body: NumberShown, to: dict[str, Any]) -> None:
    _on(c, to, ringing=event.by.id)


def _placing(c: "Contact", event: Event, body: CallPlacing, to: dict[str, Any]) -> None:
    _on(
        c, to, ringing=event.by.id, placing=Placing(body.call, event.by.id, event.at), ended="", machine=False
    )


def _placed(c: "Contact", event: Event, body: CallPlaced, to: dict[str, Any]) -> None:
    if c.calls.placing is not None and c.calls.placing.call == body.call:
        _on(c, to, placing=msgspec.structs.replace(c.calls.placing, sid=body.sid))


def _ended(c: "Contact", event: Event, body: CallEnded, to: dict[str, Any]) -> None:
    if c.calls.placing is not None and c.calls.placing.call == body.call:
        _on(c, to, placing=None, ended=body.outcome)


def _made(c: "Contact", event: Event, body: CallMade, to: dict[str, Any]) -> None:
    tried = (*c.calls.tried, Tried(event.at, event.by.id, body.outcome))
    over = "" if body.outcome in MISSED else body.outcome
    gone = event.at if body.last and not over else c.calls.given_up_at
    _on(c, to, tried=tried, ringing="", placing=None, ended="", over=over, machine=False, given_up_at=gone)
    to["acted_at"] = event.at
    if over or body.last:
        to["clocks"] = without(c.clocks, CALL_CLOCKS)
        to["alerts"] = answered(c.alerts, event.at, CALL_ALERTS)


def _machine(c: "Contact", event: Event, body: CallMachine, to: dict[str, Any]) -> None:
    if c.calls.placing is not None and c.calls.placing.call == body.call:
        _on(c, to, machine=True)


def _withdrawn(c: "Contact", event: Event, body: CallWithdrawn, to: dict[str, Any]) -> None:
    _on(c, to, over="withdrawn")
    to["clocks"] = without(c.clocks, CALL_CLOCKS)
    # Who only waited to be rung waits for nobody any more.
    moot = CALL_ALERTS | WAITING_ALERTS if c.channel == CHANNEL else CALL_ALERTS
    to["alerts"] = answered(c.alerts, event.at, moot)
    _not_now(c, to)


def _missed_text(c: "Contact", event: Event, body: MissedText, to: dict[str, Any]) -> None:
    _on(c, to, texted=True)
    to["texts"] = msgspec.structs.replace(c.texts, sending=(*c.texts.sending, Sending(event.seq)))


def _rung(c: "Contact", event: Event, body: LineRung, to: dict[str, Any]) -> None:
    _on(c, to, rang=c.calls.rang + 1)


def _linked(c: "Contact", event: Event, body: Linked, to: dict[str, Any]) -> None:
    if body.other not in c.linked:
        to["linked"] = (*c.linked, body.other)


def bound(c: "Contact") -> bool:
    """Whether they must not be rung outside the window: it is then a time they gave, and may be the only safe one.

    What was asked for in a talk gave none. Its window is our promise, and who is with them hears when it suits.
    """
    return c.channel == CHANNEL or not c.calls.soonest


def call_shown(c: "Contact") -> dict[str, Any] | None:
    """How the request stands, as desk and board are told with every change; None for who did not ask to be rung."""
    calls = c.calls
    if not calls.asked:
        return None
    placing = calls.placing
    return {
        "asked": calls.asked,
        "begins_at": calls.begins_at,
        "ends_at": calls.ends_at,
        "soonest": calls.soonest,
        "bound": bound(c),
        "unkept": calls.unkept,
        "tried": [{"at": one.at, "by": one.by, "outcome": one.outcome} for one in calls.tried],
        "again_at": calls.again_at,
        "ringing": calls.ringing,
        "placing": {"by": placing.by, "at": placing.at, "placed": bool(placing.sid)} if placing else None,
        "ended": calls.ended,
        "over": calls.over,
        "given_up": calls.given_up_at is not None,
        "machine": calls.machine,
        "rang": calls.rang,
        "texted": calls.texted,
    }


CALLS: dict[type[Any], Any] = {
    CallMe: _asked,
    CallWindow: _window,
    CallDue: _due,
    CallUnkept: _unkept,
    NumberShown: _shown,
    CallPlacing: _placing,
    CallPlaced: _placed,
    CallEnded: _ended,
    CallMade: _made,
    CallMachine: _machine,
    CallWithdrawn: _withdrawn,
    MissedText: _missed_text,
    LineRung: _rung,
    Linked: _linked,
}
"""What the events of a call change in a contact."""
