"""What must hold after a storm over several nodes, as sentences about whatever does not.

What holds after crashes of one (`tests.crash.verdict`) holds here too: nothing acknowledged is lost, doubled or out of
order, numbers have no gap, every screen shows the log. Besides: nobody was given to two, and no page was missed.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from msgspec.structs import replace

from helpline.contact import Contact
from helpline.events import Accepted, Alerted, Offered, OfferEnded, Released, Reopened, WrappedUp
from tests.crash.evening import Kept, Log
from tests.crash.verdict import Desk, Message, Side, Talk, fired, mistakes

EARLY = timedelta(seconds=1)
"""A clock shown so long before it was due was fired by a node whose own clock is wrong."""
SETTLED = timedelta(seconds=5)
"""A clock that fell due so long before the end has fired."""
AHEAD_MS = 5_000
"""The most a node may be off the store's clock."""


class Timed(Message, frozen=True):
    """A message with the true time it was written (milliseconds since 1970), and how long it took to be kept."""

    at: int = 0
    took: int | None = None


class TimedSide(Side, frozen=True):
    said: tuple[Timed, ...]


class TimedDesk(Desk, frozen=True):
    """`fired`: when it was shown which clocks and alerts; `ahead`: how far anything was dated after it was shown."""

    said: tuple[Timed, ...]
    fired: tuple[tuple[int, int], ...] = ()
    ahead: float = 0.0


class TimedTalk(Talk, frozen=True):
    person: TimedSide
    desks: tuple[TimedDesk, ...]
    pair: bool = True
    came: int = 0
    offered: int | None = None


class Taken(msgspec.Struct, frozen=True):
    """A desk was told that this contact is theirs."""

    contact: str
    by: str
    seq: int
    at: int


class Report(msgspec.Struct, frozen=True):
    """What everybody was told. `alerts`: contact, alert, and when the lead's board first showed it."""

    talks: tuple[TimedTalk, ...]
    alerts: tuple[tuple[str, str, int], ...]
    accepts: tuple[Taken, ...]
    refusals: tuple[str, ...] = ()


def read_report(path: Path) -> Report:
    return msgspec.json.decode(path.read_bytes(), type=Report)


def wrongs(report: Report, kept: Kept, points: Sequence[str], reported: datetime) -> list[str]:
    """Every sentence about what is wrong. Everybody told what they saw at `reported`, or just after."""
    until = reported - SETTLED
    found = mistakes(report.talks, _as_reported(report, kept, reported), points)
    for talk in report.talks:
        log = kept.contacts.get(talk.contact)
        if log is None:
            continue
        of_it = [*two_at_once(log), *_not_in_the_log(log, report.accepts), *_unpaged(log, report.alerts)]
        of_it += [*_overdue(log, until), *_by_a_wrong_clock(talk, log)]
        found += [f"contact {log.contact.name} ({talk.name}): {wrong}" for wrong in of_it]
    return found


def _as_reported(report: Report, kept: Kept, reported: datetime) -> Kept:
    """Without what clocks made the service write once nobody was there any more to be shown it."""
    contacts = dict(kept.contacts)
    for talk in report.talks:
        if (log := kept.contacts.get(talk.contact)) is None:
            continue
        end = max((len(desk.shown) for desk in talk.desks), default=0)
        for place, event in enumerate(log.events, start=1):
            if event.at <= reported or event.by.role != "service":
                end = max(end, place)
        contacts[talk.contact] = replace(log, events=log.events[:end])
    return Kept(contacts, kept.attendances)


def two_at_once(log: Log) -> Iterator[str]:
    """At no seq has a contact two owners, or two offers, without anybody having handed over or let go."""
    owner, offers = "", dict[str, str]()
    for event in log.events:
        match event.body:
            case Offered() as offered:
                if offers:
                    yield f"offered to {offered.supporter} at event {event.seq} while it was to {_names(offers)}"
                if owner and offered.transfer != owner:
                    yield f"offered to {offered.supporter} at event {event.seq} while it was {owner}'s"
                offers[offered.offer] = offered.supporter
            case OfferEnded() as ended:
                offers.pop(ended.offer, None)
            case Accepted() as accepted:
                if offers.pop(accepted.offer, "") != event.by.id:
                    yield f"{event.by.id} took at event {event.seq} what was not offered to them then"
                if owner and owner != event.by.id:
                    yield f"{event.by.id} was given at event {event.seq} what was {owner}'s: two have it"
                owner = event.by.id
            case Released() | WrappedUp() | Reopened():
                owner = ""


def _names(offers: Mapping[str, str]) -> str:
    return " and ".join(offers.values())


def _not_in_the_log(log: Log, accepts: Sequence[Taken]) -> Iterator[str]:
    took = {event.by.id for event in log.events if isinstance(event.body, Accepted)}
    for told in accepts:
        if told.contact == log.contact.log and told.by not in took:
            yield f"{told.by} was told that it is theirs, and the log does not say so"


def _unpaged(log: Log, alerts: Sequence[tuple[str, str, int]]) -> Iterator[str]:
    shown = {alert for contact, alert, _ in alerts if contact == log.contact.log}
    for event in log.events:
        if isinstance(event.body, Alerted) and event.body.alert not in shown:
            yield f"page {event.body.alert} of event {event.seq} never came to the lead's board"


def _overdue(log: Log, until: datetime) -> Iterator[str]:
    for clock in log.contact.clocks:
        if clock.due <= until:
            yield f"page missed: clock {clock.kind} {clock.of} was due at {clock.due} and never fired"


def _by_a_wrong_clock(talk: TimedTalk, log: Log) -> Iterator[str]:
    shown: dict[int, int] = {}
    for desk in talk.desks:
        for seq, at in desk.fired:
            shown[seq] = min(at, shown.get(seq, at))
        if desk.ahead > AHEAD_MS:
            yield f"something was dated {desk.ahead / 1000:.0f} s after {desk.supporter} was shown it"
    contact = Contact(log.contact.log)
    for event in log.events:
        told, seen_at = fired(event), shown.get(event.seq)
        if told is not None and seen_at is not None:
            due = [clock.due for clock in contact.clocks if (clock.kind, clock.of) == told[:2]]
            truly = datetime.fromtimestamp(seen_at / 1000, UTC)
            if due and truly < due[0] - EARLY:
                yield f"clock {told[0]} {told[1]} fired {(due[0] - truly).total_seconds():.0f} s too early"
        contact = contact.apply(event)


# -- figures -------------------------------------------------------------------------------------------------------

_LOST, _DOUBLED, _ORDER = " is lost: ", r" \d+ times$", "before an earlier one"
_POINT = re.compile(r"sent at point (\d+):")


class Words(msgspec.Struct):
    """What became of the words of one fault, or of all."""

    said: int = 0
    lost: int = 0
    doubled: int = 0
    out_of_order: int = 0


def words_of(report: Report, wrong: Sequence[str], points: int) -> list[Words]:
    """For each point of the storm: how many messages were written in it, and what went wrong with them."""
    of = [Words() for _ in range(points)]
    for message in messages(report):
        of[message.sent].said += 1
    for sentence in wrong:
        if point := _POINT.search(sentence):
            words = of[int(point[1])]
            words.lost += _LOST in sentence
            words.doubled += bool(re.search(_DOUBLED, sentence))
            words.out_of_order += _ORDER in sentence
    return of


def messages(report: Report) -> Iterator[Timed]:
    for talk in report.talks:
        yield from talk.person.said
        for desk in talk.desks:
            yield from desk.said


def latest(kept: Kept, begin: datetime, end: datetime) -> int:
    """By how many seconds the latest clock that fired between the two was late."""
    lates = [
        told[2]
        for log in kept.contacts.values()
        for event in log.events
        if begin <= event.at <= end and (told := fired(event)) is not None
    ]
    return max(lates, default=0)


def waited(report: Report, begin: int, end: int, over: int) -> tuple[int, int]:
    """Of what pairs wrote between the two: the longest wait in milliseconds, and how many pairs waited over `over`."""
    longest, slow = 0, 0
    for talk in report.talks:
        sides: list[TimedSide | TimedDesk] = [talk.person, *talk.desks] if talk.pair else []
        took = [one.took or 0 for side in sides for one in side.said if begin <= one.at <= end]
        longest = max([longest, *took])
        slow += max(took, default=0) > over
    return longest, slow
