"""When somebody can be rung: parts of the shifts of the coming week in which somebody who rings is on the rota.

Pure. Instants are UTC.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec

from rota.hours import joined_spans

AHEAD = timedelta(days=7)
PART = timedelta(hours=2)
# Less is no promise: nobody may be free in it.
SHORTEST = timedelta(minutes=30)
Span = tuple[datetime, datetime]


class Window(msgspec.Struct, frozen=True):
    """From `begins_at` up to but not including `ends_at`. `key` names it in a form, and stays while it runs."""

    begins_at: datetime
    ends_at: datetime
    key: str = ""
    soonest: bool = False


def staffed(shifts: Iterable[Span], open_: Iterable[Span], leaving: timedelta) -> list[Span]:
    """When somebody is on and the line is open. The last minutes of a shift promise nothing: nobody new is offered."""
    on = [(begins, ends - leaving) for begins, ends in joined_spans(shifts)]
    doors = list(open_)
    return [
        (max(begins, opens), min(ends, closes))
        for begins, ends in on
        for opens, closes in doors
        if max(begins, opens) < min(ends, closes)
    ]


def soonest(spans: Sequence[Span], now: datetime) -> Window | None:
    """As soon as can be: what is left of the shift that runs, or the whole of the next."""
    for begins, ends in sorted(spans):
        if ends - max(begins, now) >= SHORTEST:
            return Window(max(begins, now), ends, "soonest", soonest=True)
    return None


def parts(spans: Sequence[Span], now: datetime) -> list[Window]:
    """Two hours each, counted from where a shift begins; what is left of the one that runs."""
    found = []
    for begins, ends in sorted(spans):
        at = begins
        while at < ends:
            until = at + PART
            # A rest too short to be a part of its own belongs to the one before.
            if ends - until < SHORTEST:
                until = ends
            if until - max(at, now) >= SHORTEST:
                found.append(Window(max(at, now), until, f"{int(at.timestamp())}"))
            at = until
    return found


def chosen(spans: Sequence[Span], key: str, now: datetime) -> Window | None:
    """The window of that key as it is now; None when it has passed, or nobody is on in it any more."""
    return next((one for one in parts(spans, now) if one.key == key), None)
