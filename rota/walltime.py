"""From wall time to instants: the one place where a local time is given its moment in UTC."""

from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from rota.mistakes import Mistake, nearest

# These name whatever the machine is set to, or nothing: a rota must mean the same everywhere.
_NOT_PLACES = frozenset({"localtime", "Factory"})


def instant_of(wall: datetime, zone: ZoneInfo) -> datetime:
    """The UTC instant of a naive wall time in a zone, by RFC 5545 3.3.5.

    A time that happens twice (clocks go back) is its first occurrence. A time that does not happen (clocks go
    forward) is read with the offset from before the gap: 01:30 on 29 March 2026 in London is 01:30 UTC, which
    clocks there show as 02:30.
    """
    return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)


def as_utc(instant: datetime) -> datetime:
    """The same instant in UTC. Raises ValueError for a datetime without an offset."""
    if instant.tzinfo is None:
        raise ValueError(f"{instant!r} has no offset: an instant must be timezone-aware")
    return instant.astimezone(UTC)


@cache
def zone_names() -> frozenset[str]:
    """Every IANA zone name that may be used."""
    return frozenset(available_timezones() - _NOT_PLACES)


def zone_mistakes(name: str, where: str) -> list[Mistake]:
    """A mistake when `name` is not an IANA zone, with the nearest ones, by whole name or by city alone."""
    if name in zone_names():
        return []
    cities = {known.rsplit("/", 1)[-1]: known for known in sorted(zone_names()) if "/" in known}
    mend = nearest(name, zone_names(), cities)
    if mend == "check the spelling":
        mend = "write an IANA zone name such as Europe/London"
    return [Mistake(where, f"“{name[:100]}” is not a time zone", mend)]
