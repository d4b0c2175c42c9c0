"""Other services we point people to: what they offer, where, how one gets there, and whether they are open now."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

import msgspec

from helpline.directory import RING, CrisisContact, is_stale
from rota.hours import Hours, OpeningHours

KINDS: dict[str, str] = {
    "crisis_cafe": "crisis café or safe haven",
    "crisis_house": "crisis house",
    "helpline": "helpline",
    "text_line": "text or chat line",
    "peer_support": "peer support",
    "host_family": "host family",
    "navigator": "navigator or link worker",
    "social_group": "social group",
    "carers": "support for carers",
    "housing": "housing, money or food",
    "health": "health service",
    "other": "other",
}


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """A public offer. Everything in it may be told to anybody.

    `hours` None means not known, which is never shown as open. `localities` empty is everywhere. `access` says how
    one gets in (`walk in`, `ring first`), `eligibility` for whom it is, `instead` are ids of services to use while
    it is closed. `verify_by` is the last day on which what is written counts as checked.
    """

    id: str
    name: str
    kind: str = "other"
    description: str = ""
    localities: tuple[str, ...] = ()
    number: str = ""
    website: str = ""
    hours: Hours | None = None
    languages: tuple[str, ...] = ()
    access: str = ""
    eligibility: str = ""
    verify_by: date | None = None
    instead: tuple[str, ...] = ()
    version: int = 1


Entry = CrisisContact | Service


class Opening(msgspec.Struct, frozen=True):
    """Whether somebody is there now: `open` is None when the hours are not known. Instants are in UTC.

    `closes_at` is None while open for a year or for ever; `opens_at` None when it is not known to open within one.
    """

    open: bool | None
    always: bool = False
    closes_at: datetime | None = None
    opens_at: datetime | None = None


def opening(entry: Entry, instant: datetime) -> Opening:
    """How an entry's door stands at an instant. A crisis contact without hours is always open."""
    hours = OpeningHours(entry.hours) if entry.hours is not None else None
    return door_at(hours, instant, always=isinstance(entry, CrisisContact))


def door_at(hours: OpeningHours | None, instant: datetime, *, always: bool) -> Opening:
    """The same by the hours themselves. Without any the door is open for ever, or with `always` False not known."""
    if hours is None:
        return Opening(True, always=True) if always else Opening(None)
    # A day ahead says it nearly always, and costs a fraction of looking as far as a year.
    soon = instant + _SOON
    ahead = hours.spans(instant, soon, RING)
    if ahead and ahead[0].opens_at <= instant:
        closes_at = ahead[0].closes_at if ahead[0].closes_at < soon else hours.closes_at(RING, instant)
        return Opening(True, closes_at is None, closes_at)
    return Opening(False, opens_at=ahead[0].opens_at if ahead else hours.next_opening(RING, instant))


def stale(entry: Entry, today: date) -> bool:
    """Past its verify-by date, or never verified. `today` is the service's local date."""
    if isinstance(entry, CrisisContact):
        return is_stale(entry, today)
    return entry.verify_by is None or entry.verify_by < today


_SOON = timedelta(days=1)


class Shown(msgspec.Struct, frozen=True):
    """One entry as a list shows it."""

    entry: Entry
    opening: Opening
    stale: bool


_LAST = datetime.max.replace(tzinfo=UTC)


def open_first(entries: Iterable[Entry], instant: datetime, today: date) -> tuple[Shown, ...]:
    """The entries as they stand at an instant, in the order of `place_among`. Nobody is left out."""
    shown = [Shown(entry, opening(entry, instant), stale(entry, today)) for entry in entries]
    return tuple(sorted(shown, key=place_among))


def place_among(one: Shown) -> tuple[int, bool, datetime, int, str]:
    """Open now first, then those whose hours are not known, then closed ones by when they open.

    Within each a stale one comes after those that were checked.
    """
    opens_at = one.opening.opens_at
    return (
        {True: 0, None: 1, False: 2}[one.opening.open],
        one.stale,
        opens_at or _LAST,
        one.entry.order if isinstance(one.entry, CrisisContact) else 0,
        one.entry.name.casefold(),
    )
