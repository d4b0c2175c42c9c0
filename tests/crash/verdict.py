"""What must hold after any number of crashes, as sentences about whatever does not.

Every acknowledged message is in the log, on the person's screen and on the supporter's exactly once and in its
author's order; numbers have no gap; every clock fired once, and said how late; slots are those of the holders.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec

from helpline.contact import Contact
from helpline.events import Alerted, Clock, ClockFired, Event, Said
from helpline.showing import talk_numbers
from tests.crash.evening import Kept, Log

Where = Literal["in the log", "on the person's screen", "on the supporter's screen"]


class Message(msgspec.Struct, frozen=True):
    """One numbered message. `sent` and `acked` are the storm's points; `seq` is what was acknowledged, if it was."""

    n: int
    id: str
    text: str
    sent: int
    acked: int | None
    seq: int | None


class Shown(msgspec.Struct, frozen=True):
    seq: int
    kind: str
    role: str | None = None
    text: str | None = None
    id: str | None = None


class Side(msgspec.Struct, frozen=True):
    """One author and their screen."""

    said: tuple[Message, ...]
    refused: str
    shown: tuple[Shown, ...]
    troubles: tuple[str, ...]


class Desk(Side, frozen=True):
    """The same at a desk. `gone`: the contact went on to somebody else, and the screen ends there."""

    supporter: str = ""
    gone: bool = False


class Talk(msgspec.Struct, frozen=True):
    """One contact as its clients saw it."""

    name: str
    contact: str
    person: Side
    desks: tuple[Desk, ...]


def talks_of(report: Sequence[dict[str, Any]]) -> list[Talk]:
    """The driver's report as values."""
    return [msgspec.convert(one, Talk) for one in report]


def mistakes(talks: Sequence[Talk], kept: Kept, points: Sequence[str]) -> list[str]:
    """Every sentence about what is wrong; none when all is well. `points[n]` names the storm's point `n`."""
    found: list[str] = []
    for talk in talks:
        log = kept.contacts.get(talk.contact)
        if log is None:
            found.append(f"the whole contact {talk.contact} of {talk.name} is not in the store")
            continue
        found += [f"contact {log.contact.name} ({talk.name}): {wrong}" for wrong in _of(talk, log, points)]
        found += [f"contact {log.contact.name} ({talk.name}): {wrong}" for wrong in clock_mistakes(log)]
    unknown = set(kept.contacts) - {talk.contact for talk in talks}
    found += [f"contact {contact} is in the store and nobody's" for contact in unknown]
    return found + slot_mistakes(kept)


def _of(talk: Talk, log: Log, points: Sequence[str]) -> Iterator[str]:
    for place, event in enumerate(log.events, start=1):
        if event.seq != place:
            yield f"event {place} of the log has the number {event.seq}"
            break
    numbered = [(number, event) for number, event in talk_numbers(list(log.events), 0)]
    everything = [(event.seq, event) for event in log.events]
    in_log = [(number, event.body.client_id) for number, event in everything if isinstance(event.body, Said)]
    sides: list[tuple[str, Side, list[tuple[int, Event]]]] = [
        ("person", talk.person, numbered),
        *((desk.supporter, desk, everything) for desk in talk.desks),
    ]
    for who, side, own_numbers in sides:
        own = [(number, id) for number, event in own_numbers if (id := _id(event))]
        yield from _messages(who, side.said, own, "in the log", points)
        yield from _screen(who, side, own_numbers)
        texts = {message.text: message.id for message in side.said}
        for listener, other, _ in sides:
            if isinstance(other, Desk) and other.gone:
                continue
            where: Where = "on the person's screen" if listener == "person" else "on the supporter's screen"
            seen = [
                (one.seq, texts[one.text]) for one in other.shown if one.kind == "said" and one.text in texts
            ]
            yield from _messages(who, side.said, seen, where, points, numbers=listener == who)
    known = {message.id for _, side, _ in sides for message in side.said}
    for seq, id in in_log:
        if id not in known:
            yield f"event {seq} of the log is a message nobody sent"


def _id(event: Event) -> str:
    return event.body.client_id if isinstance(event.body, Said) else ""


def _messages(
    who: str,
    said: Sequence[Message],
    found: Sequence[tuple[int, str]],
    where: Where,
    points: Sequence[str],
    *,
    numbers: bool = True,
) -> Iterator[str]:
    """Each acknowledged message once, under its number, after the ones before it; none twice in any case."""
    counts = Counter(id for _, id in found)
    place = {id: number for number, id in found}
    last = 0
    for message in said:
        what = f"message {message.n} of {who} (sent at point {message.sent}: {points[message.sent]}"
        what += ")" if message.acked is None else f", acknowledged at point {message.acked} as {message.seq})"
        if counts[message.id] > 1:
            yield f"{what} is {where} {counts[message.id]} times"
        if message.acked is not None:
            if not counts[message.id]:
                yield f"{what} is lost: it is not {where}"
            elif numbers and place[message.id] != message.seq:
                yield f"{what} is {where} as {place[message.id]}"
        if message.id in place:
            if place[message.id] < last:
                yield f"{what} stands {where} before an earlier one"
            last = place[message.id]


def _screen(who: str, side: Side, events: Sequence[tuple[int, Event]]) -> Iterator[str]:
    """The screen shows the log, number by number."""
    for trouble in side.troubles:
        yield f"the screen of {who} was told two things: {trouble}"
    if side.refused:
        yield f"{who} was refused: {side.refused}"
    shown = [(one.seq, one.kind, one.text) for one in side.shown]
    there = [(number, event.kind, getattr(event.body, "text", None)) for number, event in events]
    for one, other in zip(shown, there, strict=False):
        if one != other:
            yield f"the screen of {who} shows {one} where the log has {other}"
            return
    if len(shown) > len(there) or (len(shown) < len(there) and not (isinstance(side, Desk) and side.gone)):
        yield f"the screen of {who} ends at {len(shown)}, the log at {len(there)}"


def clock_mistakes(log: Log, until: datetime | None = None) -> list[str]:
    """Each clock that fired was running and due, fired once and said how late; none due before `until` is silent."""
    found: list[str] = []
    contact = Contact(log.contact.log)
    for event in log.events:
        told = fired(event)
        if told is not None:
            kind, of, late = told
            clock = next((one for one in contact.clocks if (one.kind, one.of) == (kind, of)), None)
            if clock is None:
                found.append(f"clock {kind} {of} fired at event {event.seq} and was not running: twice?")
            elif clock.due > event.at:
                found.append(f"clock {kind} {of} fired at event {event.seq} before it was due")
            elif late != int((event.at - clock.due).total_seconds()):
                found.append(f"clock {kind} {of} says {late} s late at event {event.seq}, due {clock.due}")
        contact = contact.apply(event)
    overdue: list[Clock] = [one for one in contact.clocks if until is not None and one.due <= until]
    found += [f"clock {one.kind} {one.of} was due at {one.due} and never fired" for one in overdue]
    return found


def fired(event: Event) -> tuple[str, str, int] | None:
    """Which clock an event says has fired (its kind, and of what), and how many seconds late."""
    body = event.body
    if isinstance(body, ClockFired):
        return body.clock, body.of, body.late_seconds
    # Up the chain of those to be told. "Not safe" goes to the on-call by a clock of its own, which says so itself.
    if isinstance(body, Alerted) and body.to != "lead" and body.what != "not_safe":
        return "acknowledge", body.alert, body.late_seconds
    return None


def slot_mistakes(kept: Kept) -> list[str]:
    """Every slot of every shift is held by whoever the contact says holds it, and the other way round."""
    holding = {(who, log.contact.log) for log in kept.contacts.values() for who in log.contact.holders}
    slots = {(shift.supporter, contact) for shift in kept.attendances for contact in shift.slots}
    twice = Counter(shift.supporter for shift in kept.attendances)
    return [
        *(f"{who} holds contact {contact} without a slot" for who, contact in sorted(holding - slots)),
        *(
            f"{who} has a slot for contact {contact} and does not hold it"
            for who, contact in sorted(slots - holding)
        ),
        *(f"{who} has {times} shifts at once" for who, times in twice.items() if times > 1),
    ]
