"""The small things a contact is made of, and which clocks and alerts settle together."""

from datetime import datetime

import msgspec

from helpline.events import Clock

# Clocks that stop when somebody takes the contact, and those that stop when it is over for everybody.
WHILE_WAITING = frozenset(
    {"long_wait", "wait_alert", "not_safe", "offer", "place_held", "take_over", "take_up"}
)
LINE_CLOCKS = frozenset({"tell_person", "alert_lead", "take_over"})
# What a person is told when nobody of ours could answer them; taken back when somebody can.
NOBODY_HERE = frozenset({"nobody_left", "no_speaker"})
# Alerts that are settled by somebody being with the person. "Not safe" is not among them: a lead still looks.
WAITING_ALERTS = frozenset(
    {
        "nobody_left",
        "no_speaker",
        "nobody_took",
        "long_wait",
        "full",
        "stored",
        "reopened",
        "released",
        "supporter_line",
        "kept_for_lead",
        "take_them",
        "past_end",
        "nobody_has_them",
        "owner_absent",
    }
)
# Those that are about whoever has the contact, and say nothing any more once it is let go or ended.
ABOUT_THE_OWNER = frozenset({"take_them", "past_end", "owner_absent"})
# The supporter's line: settled when it is back.
SUPPORTER_AWAY = frozenset({"supporter_line", "owner_absent"})
# Held by the lead: settled when a lead puts the contact back into the queue.
WITH_THE_LEAD = frozenset({"kept_for_lead"})
# Clocks that belong to a rung and stop when the contact moves to another.
LADDER_CLOCKS = frozenset(
    {
        "review",
        "first_outside_call",
        "each_number",
        "noted_every",
        "call_started",
        "safeguarding_told",
        "confirm_first",
        "confirm_every",
    }
)
# What an emergency has set going, and neither coming down nor the end of the conversation stops.
STILL_DUE = frozenset({"safeguarding_told"})
# Of the loop at rung 4: settled when it has ended.
LOOP_ALERTS = frozenset({"call_started", "confirm_help", "countersign"})
# Those that are about a rung's own steps: settled when the contact comes down from it.
RUNG_ALERTS = LOOP_ALERTS | {"first_outside_call"}
# After which acknowledging does not silence for long: an attempt, joining or a note has to follow.
WANT_A_DEED = RUNG_ALERTS | {"rung_3", "rung_4", "vanished", "safeguarding_told"}


class Participant(msgspec.Struct, frozen=True):
    """Somebody of ours in the conversation, by account id and shown name."""

    id: str
    name: str
    role: str


class StandingOffer(msgspec.Struct, frozen=True):
    """An offer the log has not ended. It stands until the log says otherwise, whatever the clock says."""

    offer: str
    supporter: str
    attendance: str
    transfer: str
    at: datetime
    due: datetime


class Choice(msgspec.Struct, frozen=True):
    why: str
    options: tuple[str, ...]


class Alert(msgspec.Struct, frozen=True):
    """Somebody must look. Stands until acknowledged; `due` is when the next in the chain is told."""

    alert: str
    what: str
    to: str
    at: datetime
    by: str
    late_seconds: int = 0
    acknowledged_by: str = ""
    acknowledged_at: datetime | None = None


class AttemptMade(msgspec.Struct, frozen=True):
    seq: int
    crisis_contact: str
    version: int
    outcome: str
    at: datetime
    by: str


class Passed(msgspec.Struct, frozen=True):
    """A supporter who declined or missed this contact, and when."""

    supporter: str
    at: datetime


def without(
    clocks: tuple[Clock, ...], kinds: frozenset[str] | set[str], of: str | None = None
) -> tuple[Clock, ...]:
    """The clocks that are not of these kinds; with `of`, only those of these kinds that belong to it go."""
    return tuple(clock for clock in clocks if clock.kind not in kinds or (of is not None and clock.of != of))


def without_those_of(
    clocks: tuple[Clock, ...], alerts: tuple[Alert, ...], whats: frozenset[str]
) -> tuple[Clock, ...]:
    """Without the clocks that wait for one of these alerts."""
    moot = {one.alert for one in alerts if one.what in whats}
    return tuple(
        clock for clock in clocks if clock.kind not in ("acknowledge", "take_up") or clock.of not in moot
    )


def answered(
    alerts: tuple[Alert, ...], at: datetime, whats: frozenset[str] = WAITING_ALERTS
) -> tuple[Alert, ...]:
    """Alerts that only said nobody was with them stand down when somebody is."""
    return tuple(
        msgspec.structs.replace(one, acknowledged_by="answered", acknowledged_at=at)
        if one.what in whats and not one.acknowledged_by
        else one
        for one in alerts
    )
