"""When somebody can be rung: parts of the shifts of the coming week in which somebody who rings is on the rota.

Pure. Instants are UTC.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from rota.hours import joined_spans

AHEAD = timedelta(days=7)
PART = timedelta(hours=2)
# Less is no promise: nobody may be free in it.
SHORTEST = timedelta(minutes=30)
LONGEST_KEY = 11
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
            until = _end_of_part(at, ends)
            if until - max(at, now) >= SHORTEST:
                found.append(Window(max(at, now), until, f"{int(at.timestamp())}"))
            at = until
    return found


def _end_of_part(at: datetime, ends: datetime) -> datetime:
    """A rest too short to be a part of its own belongs to the one before."""
    return at + PART if ends - (at + PART) >= SHORTEST else ends


def chosen(spans: Sequence[Span], key: str, now: datetime) -> Window | None:
    """The window of that key as it is now; None when it has passed, or nobody is on in it any more.

    A key is the instant from which the part counts, so that it holds while the page that gave it stands open.
    """
    if not (key.isascii() and key.isdigit() and len(key) <= LONGEST_KEY):
        return None
    at = datetime.fromtimestamp(int(key), UTC)
    begins_at = max(at, now)
    for begins, ends in spans:
        # A key has whole seconds, and a shift may begin within one.
        if begins - timedelta(seconds=1) < begins_at < ends:
            until = _end_of_part(at, ends)
            return Window(max(begins_at, begins), until, key) if until - begins_at >= SHORTEST else None
    return None
