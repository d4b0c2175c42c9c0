"""When the line is open with fewer on than it needs, and which free occurrences could fill that."""

from collections.abc import Collection, Iterable
from datetime import datetime
from itertools import pairwise

import msgspec

from rota.hours import OpeningHours, joined_spans
from rota.shifts import OnDuty, Rota
from rota.staffing import Minimum, Missing, missing
from rota.walltime import as_utc

_NOTHING = Missing()


class Gap(msgspec.Struct, frozen=True):
    """From `starts_at` up to but not including `ends_at` (UTC) the same is missing and the same is free.

    `free` are the free occurrences that cover it. `missing` is nothing where somebody could still come but need
    not: a free occurrence above the minimum, or while no channel is open.
    """

    starts_at: datetime
    ends_at: datetime
    missing: Missing
    free: tuple[OnDuty, ...]


def gaps(
    rota: Rota,
    hours: OpeningHours,
    minimum: Minimum,
    since: datetime,
    until: datetime,
    *,
    peers: Collection[str] | None = None,
) -> tuple[Gap, ...]:
    """What is short of the minimum at any instant `since` ≤ t < `until` at which a channel is open, in order.

    Everybody on the rota is taken to be present. At each instant `missing` is what `rota.staffing.missing` says of
    `rota.on_duty_at`; free occurrences are always told, so that nothing given back can be lost from sight. Cut to
    `since` and `until`.
    """
    since, until = as_utc(since), as_utc(until)
    if since >= until:
        return ()
    duties = rota.occurrences(since, until)
    open_spans = joined_spans((span.opens_at, span.closes_at) for span in hours.spans(since, until))
    cuts = {since, until}
    cuts.update(edge for span in open_spans for edge in span)
    cuts.update(edge for duty in duties for edge in (duty.starts_at, duty.ends_at) if since < edge < until)
    found: list[Gap] = []
    on: list[OnDuty] = []
    coming, opening = 0, 0
    for begins, ends in pairwise(sorted(cuts)):
        on = [duty for duty in on if duty.ends_at > begins]
        while coming < len(duties) and duties[coming].starts_at <= begins:
            on.append(duties[coming])
            coming += 1
        while opening < len(open_spans) and open_spans[opening][1] <= begins:
            opening += 1
        is_open = opening < len(open_spans) and open_spans[opening][0] <= begins
        _add(found, Gap(begins, ends, *_at_one(on, minimum, is_open=is_open, peers=peers)))
    return tuple(found)


def _at_one(
    on: Iterable[OnDuty], minimum: Minimum, *, is_open: bool, peers: Collection[str] | None
) -> tuple[Missing, tuple[OnDuty, ...]]:
    """What is missing and what is free while these occurrences last."""
    held = [duty for duty in on if duty.person]
    free = tuple(duty for duty in on if not duty.person)
    if not is_open:
        return _NOTHING, free
    return missing(held, minimum, present={duty.person for duty in held}, peers=peers), free


def _add(found: list[Gap], gap: Gap) -> None:
    """Put a gap behind the others, joined to the last one when it only goes on."""
    if gap.missing.nothing and not gap.free:
        return
    last = found[-1] if found else None
    if last is not None and (last.ends_at, last.missing, last.free) == (gap.starts_at, gap.missing, gap.free):
        found[-1] = msgspec.structs.replace(last, ends_at=gap.ends_at)
    else:
        found.append(gap)
