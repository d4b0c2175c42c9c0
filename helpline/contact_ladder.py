"""What the events of the ladder change in a contact."""

from typing import TYPE_CHECKING, Any

import msgspec

from helpline.contact_parts import (
    LADDER_CLOCKS,
    LOOP_ALERTS,
    RUNG_ALERTS,
    STILL_DUE,
    Alert,
    AttemptMade,
    answered,
    without,
    without_those_of,
)
from helpline.directory import EMERGENCY, INSIDE
from helpline.events import (
    Acknowledged,
    Alerted,
    Attempted,
    Clock,
    ClockFired,
    ConsentAsked,
    CouldNotBeConfirmed,
    Countersigned,
    Decided,
    Event,
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
from helpline.ladder_parts import (
    EMERGENCY_RUNG,
    Consent,
    Decision,
    FollowUp,
    Loop,
    LoopEnd,
    Signed,
    Task,
    Telling,
)

if TYPE_CHECKING:
    from helpline.contact import Contact

# The clocks of the loop at rung 4, which stop only when it has ended.
LOOP_CLOCKS = frozenset({"call_started", "confirm_first", "confirm_every"})


def _on(c: "Contact", to: dict[str, Any], **changed: Any) -> None:
    to["ladder"] = msgspec.structs.replace(c.ladder, **changed)


def _signed(event: Event) -> Signed:
    return Signed(event.seq, event.by.id, event.by.name, event.at)


# -- the rung ------------------------------------------------------------------------------------------------------


def _rung_set(c: "Contact", event: Event, body: RungSet, to: dict[str, Any]) -> None:
    if body.to == c.rung:
        # Words for the step where we are: that is the record, made afterwards.
        to["clocks"] = without(c.clocks, {"record_after"})
        return
    to |= {
        "rung": body.to,
        "highest_rung": max(c.highest_rung, body.to),
        "rung_seq": event.seq,
        "rung_was": body.was,
        "rung_by": event.by.id,
        "rung_at": event.at,
        "highest_was": c.highest_rung,
        "clocks": _off_the_rung(c, body.clocks, still_due=STILL_DUE),
    }
    if body.to < c.rung:
        to["alerts"] = answered(c.alerts, event.at, RUNG_ALERTS)
        to["clocks"] = without_those_of(to["clocks"], c.alerts, RUNG_ALERTS)
    if body.to == EMERGENCY_RUNG:
        _on(c, to, loop=Loop(event.at, c.ladder.reached_999))


def _off_the_rung(
    c: "Contact", begun: tuple[Clock, ...], still_due: frozenset[str] = frozenset()
) -> tuple[Clock, ...]:
    """Without the rung's own clocks, and without those that have `begun` anew. Whoever else was asked for, by "ask the
    lead" or a lost line, is still paged."""
    anew = {clock.kind for clock in begun if clock.kind not in ("acknowledge", "take_up")}
    return tuple(
        clock
        for clock in c.clocks
        if clock.kind not in anew | (LADDER_CLOCKS - still_due)
        and not (clock.kind in ("acknowledge", "take_up") and clock.of.startswith("rung-"))
    )


def _rung_withdrawn(c: "Contact", event: Event, body: RungWithdrawn, to: dict[str, Any]) -> None:
    to |= {
        "rung": body.to,
        "rung_seq": event.seq,
        "rung_was": c.rung,
        # Nobody's: taking a mistake back is not itself taken back, which would go up without telling the lead.
        "rung_by": "",
        "rung_at": event.at,
        "highest_rung": c.highest_was,
        # Of an emergency before the mistaken press the safeguarding lead is still to be told.
        "clocks": _off_the_rung(
            c, body.clocks, still_due=STILL_DUE if c.highest_was == EMERGENCY_RUNG else frozenset()
        ),
    }
    stood_down = f"rung-{body.of}"
    to["alerts"] = tuple(
        msgspec.structs.replace(one, acknowledged_by="stand_down", acknowledged_at=event.at)
        if one.alert.startswith(stood_down) and not one.acknowledged_by
        else one
        for one in c.alerts
    )
    if c.rung == EMERGENCY_RUNG:
        _on(c, to, loop=None)
    elif body.to == EMERGENCY_RUNG and c.ladder.loop is None:
        _on(c, to, loop=Loop(event.at, c.ladder.reached_999))


# -- attempts and pages --------------------------------------------------------------------------------------------


def _attempted(c: "Contact", event: Event, body: Attempted, to: dict[str, Any]) -> None:
    made = AttemptMade(event.seq, body.crisis_contact, body.version, body.outcome, event.at, event.by.id)
    to["attempts"] = (*c.attempts, made)
    to["acted_at"] = event.at
    stops = {"each_number"}
    if body.role not in INSIDE:
        stops.add("first_outside_call")
    if body.role == EMERGENCY:
        stops.add("call_started")
        to["alerts"] = answered(c.alerts, event.at, frozenset({"call_started"}))
    if body.role == "safeguarding_lead" and body.outcome == "answered":
        stops.add("safeguarding_told")
    to["clocks"] = without(c.clocks, stops)
    if body.role == EMERGENCY:
        to["clocks"] = without_those_of(to["clocks"], c.alerts, frozenset({"call_started"}))
        if body.outcome == "answered":
            _reached_999(c, event, to)


def _reached_999(c: "Contact", event: Event, to: dict[str, Any]) -> None:
    """Help is on its way: from here on it is to be confirmed, also when another call for it had ended."""
    loop = c.ladder.loop
    if c.rung == EMERGENCY_RUNG and (loop is None or loop.ended):
        loop = Loop(event.at, event.at)
    elif c.rung == EMERGENCY_RUNG and loop is not None and loop.called_at is None:
        loop = msgspec.structs.replace(loop, called_at=event.at)
    _on(c, to, reached_999=event.at, loop=loop)


def _alerted(c: "Contact", event: Event, body: Alerted, to: dict[str, Any]) -> None:
    _raise_alert(c, event, body.alert, body.what, body.to, body.late_seconds, to)


def _lead_asked(c: "Contact", event: Event, body: LeadAsked, to: dict[str, Any]) -> None:
    _raise_alert(c, event, body.alert, "take_them" if body.take_them else "asked", "lead", 0, to)


def _raise_alert(
    c: "Contact", event: Event, alert: str, what: str, whom: str, late: int, to: dict[str, Any]
) -> None:
    others = tuple(one for one in c.alerts if one.alert != alert)
    to["alerts"] = (*others, Alert(alert, what, whom, event.at, event.by.id or event.by.role, late))
    to["clocks"] = without(c.clocks, {"acknowledge", "take_up"}, alert)


def _acknowledged(c: "Contact", event: Event, body: Acknowledged, to: dict[str, Any]) -> None:
    to["alerts"] = tuple(
        msgspec.structs.replace(one, acknowledged_by=event.by.id, acknowledged_at=event.at)
        if one.alert == body.alert
        else one
        for one in c.alerts
    )
    to["clocks"] = without(c.clocks, {"acknowledge"}, body.alert)


def _clock_fired(c: "Contact", event: Event, body: ClockFired, to: dict[str, Any]) -> None:
    to["clocks"] = without(c.clocks, {body.clock}, body.of)


# -- rung 4: has help reached them ---------------------------------------------------------------------------------


def _help_checked(c: "Contact", event: Event, body: HelpChecked, to: dict[str, Any]) -> None:
    to["acted_at"] = event.at
    loop = c.ladder.loop
    if loop is not None and not loop.ended:
        _on(c, to, loop=msgspec.structs.replace(loop, checks=loop.checks + 1, checked_at=event.at))
    asked = frozenset({"confirm_help"})
    to["alerts"] = answered(c.alerts, event.at, asked)
    to["clocks"] = without_those_of(c.clocks, c.alerts, asked)


def _help_confirmed(c: "Contact", event: Event, body: HelpConfirmed, to: dict[str, Any]) -> None:
    _loop_over(c, event, "confirmed", None, to)


def _could_not_be_confirmed(
    c: "Contact", event: Event, body: CouldNotBeConfirmed, to: dict[str, Any]
) -> None:
    if c.ladder.loop is not None:
        _on(c, to, loop=msgspec.structs.replace(c.ladder.loop, signed=_signed(event)))


def _countersigned(c: "Contact", event: Event, body: Countersigned, to: dict[str, Any]) -> None:
    _loop_over(c, event, "not_confirmed", _signed(event), to)


def _loop_over(c: "Contact", event: Event, how: LoopEnd, second: Signed | None, to: dict[str, Any]) -> None:
    if c.ladder.loop is not None:
        over = msgspec.structs.replace(c.ladder.loop, ended=how, ended_at=event.at, countersigned=second)
        _on(c, to, loop=over, reached_999=None)
    to["alerts"] = answered(c.alerts, event.at, LOOP_ALERTS)
    to["clocks"] = without_those_of(without(c.clocks, LOOP_CLOCKS), c.alerts, LOOP_ALERTS)


# -- confidences ---------------------------------------------------------------------------------------------------


def _decided(c: "Contact", event: Event, body: Decided, to: dict[str, Any]) -> None:
    _on(c, to, decision=Decision(body.what, body.policy, _signed(event)))


def _seconded(c: "Contact", event: Event, body: Seconded, to: dict[str, Any]) -> None:
    decision = c.ladder.decision
    if decision is not None and decision.made.seq == body.of:
        _on(
            c,
            to,
            decision=msgspec.structs.replace(decision, second=_signed(event), agreed=body.agrees),
        )
    alert = f"second-{body.of}"
    to["clocks"] = without(c.clocks, {"acknowledge", "take_up"}, alert)
    to["alerts"] = tuple(
        msgspec.structs.replace(one, acknowledged_by=event.by.id, acknowledged_at=event.at)
        if one.alert == alert and not one.acknowledged_by
        else one
        for one in c.alerts
    )


def _consent_asked(c: "Contact", event: Event, body: ConsentAsked, to: dict[str, Any]) -> None:
    _on(c, to, consent=Consent(body.answer, _signed(event)))


def _shared(c: "Contact", event: Event, body: Shared, to: dict[str, Any]) -> None:
    _on(c, to, shared=(*c.ladder.shared, Telling(body.crisis_contact, _signed(event))))


# -- beside the rung, and afterwards -------------------------------------------------------------------------------


def _track_set(c: "Contact", event: Event, body: TrackSet, to: dict[str, Any]) -> None:
    others = {track for track in c.ladder.tracks if track != body.track}
    _on(c, to, tracks=tuple(sorted(others | ({body.track} if body.on else set()))))


def _follow_up_set(c: "Contact", event: Event, body: FollowUpSet, to: dict[str, Any]) -> None:
    agreed = FollowUp(body.earliest, body.latest, body.channel, body.safe, _signed(event))
    _on(c, to, follow_up=agreed)


def _task_set(c: "Contact", event: Event, body: TaskSet, to: dict[str, Any]) -> None:
    others = tuple(one for one in c.ladder.tasks if one.task != body.task)
    _on(c, to, tasks=(*others, Task(body.task, body.what, body.who, event.at)))


def _task_done(c: "Contact", event: Event, body: TaskDone, to: dict[str, Any]) -> None:
    tasks = tuple(
        msgspec.structs.replace(one, how=body.how, done_at=event.at) if one.task == body.task else one
        for one in c.ladder.tasks
    )
    _on(c, to, tasks=tasks)


LADDER: dict[type[Any], Any] = {
    RungSet: _rung_set,
    RungWithdrawn: _rung_withdrawn,
    Attempted: _attempted,
    Alerted: _alerted,
    LeadAsked: _lead_asked,
    Acknowledged: _acknowledged,
    ClockFired: _clock_fired,
    HelpChecked: _help_checked,
    HelpConfirmed: _help_confirmed,
    CouldNotBeConfirmed: _could_not_be_confirmed,
    Countersigned: _countersigned,
    Decided: _decided,
    Seconded: _seconded,
    ConsentAsked: _consent_asked,
    Shared: _shared,
    TrackSet: _track_set,
    FollowUpSet: _follow_up_set,
    TaskSet: _task_set,
    TaskDone: _task_done,
}
