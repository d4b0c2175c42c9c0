"""What the log and the carrier must agree on after an evening of texts and calls, whatever died in it."""

from collections import Counter
from datetime import UTC, datetime

import msgspec

from helpline.call_events import CallEnded, CallPlaced, CallPlacing
from helpline.clock import SystemClock
from helpline.contact import Contact
from helpline.definition import read_definition
from helpline.events import (
    CallMe,
    Event,
    NumberGiven,
    Said,
    TextHeld,
    TextStatus,
    TextTaken,
    TextTrying,
)
from helpline.service import Helpline
from helpline.texts import SENT_AS_TEXT
from tests.crash.server import Server
from tests.crash.texting import SAMS, Evening, Talk

BEFORE, AFTER = datetime(2020, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


class Log(msgspec.Struct, frozen=True):
    contact: Contact
    events: tuple[Event, ...]


async def what_the_disk_has(server: Server) -> dict[str, Log]:
    """Each contact by its number. The service has ended."""
    data, keys = server.folder / "data", server.folder / "keys"
    definition = read_definition(server.definition)
    helpline = await Helpline.open(definition, data=data, keys=keys, clock=SystemClock())
    found: dict[str, Log] = {}
    try:
        for head in await helpline.store.logs("c-", BEFORE, AFTER):
            if head.seq:
                events = tuple(await helpline.logbook.read(head.log))
                bodies = [event.body for event in events]
                given = [one.number for one in bodies if isinstance(one, NumberGiven)]
                number = (given or [one.number for one in bodies if isinstance(one, CallMe)])[0] or ""
                assert number not in found, f"{number} has two contacts"
                found[number] = Log(await helpline.contact(head.log), events)
    finally:
        await helpline.close()
    return found


def texts_are_as_they_must_be(evening: Evening, talk: Talk, log: Log) -> list[str]:
    """What is not: theirs once and in the order they came; ours once and in order, and none of them forgotten."""
    wrong = []
    bodies = [event.body for event in log.events]
    theirs = [
        event.body.text for event in log.events if isinstance(event.body, Said) and event.by.role == "person"
    ]
    if Counter(theirs) != Counter(talk.wrote):
        wrong.append(f"they wrote {talk.wrote}, and there is {theirs}")
    if [words for words in theirs if words in talk.answered] != talk.answered:
        wrong.append(f"{talk.answered} came in this order, and there is {theirs}")
    said = [
        event.body.text
        for event in log.events
        if isinstance(event.body, Said) and event.by.role == "supporter"
    ]
    if said != talk.answers:
        wrong.append(f"Sam said {talk.answers}, and there is {said}")
    taken = [one for one in bodies if isinstance(one, TextTaken)]
    at_carrier = [one for one in evening.house.messages if one["to"] == talk.number]
    if [one.sid for one in taken] != [one["sid"] for one in at_carrier]:
        wrong.append(
            f"the carrier has {[one['body'][:30] for one in at_carrier]}, the log knows of {len(taken)}"
        )
    again = Counter(
        (one.of, one.part) for one in bodies if isinstance(one, TextHeld) and one.why == "undelivered"
    )
    twice = [
        key for key, count in Counter((one.of, one.part) for one in taken).items() if count > 1 + again[key]
    ]
    if twice:
        wrong.append(f"{twice} went more than once")
    parts = {one.of: one.parts for one in bodies if isinstance(one, TextTrying)}
    refused = {one.of for one in bodies if isinstance(one, TextHeld) and one.again_at is None}
    to_go = {
        event.seq for event in log.events if type(event.body) in SENT_AS_TEXT and event.by.role != "person"
    }
    gone = {
        of
        for of, count in parts.items()
        if {part for o, part in ((t.of, t.part) for t in taken) if o == of} == {*range(1, count + 1)}
    }
    if log.contact.texts.sending or to_go - refused != gone:
        wrong.append(f"{sorted(to_go - refused - gone)} did not go whole; {log.contact.texts.sending} wait")
    arrived = Counter(one.sid for one in bodies if isinstance(one, TextStatus) and one.status == "delivered")
    delivered = {one["sid"] for one in at_carrier if one["status"] == "delivered"}
    if set(arrived) != delivered or any(count > 1 for count in arrived.values()):
        wrong.append(f"{len(delivered)} arrived, and the log has {arrived}")
    return wrong


def calls_are_as_they_must_be(evening: Evening, talk: Talk, log: Log) -> list[str]:
    """What is not: one call at most for each press, and of each it is said how it ended."""
    wrong = []
    bodies = [event.body for event in log.events]
    intended = [one.call for one in bodies if isinstance(one, CallPlacing)]
    if len(intended) != talk.presses:
        wrong.append(f"{talk.presses} presses, {len(intended)} calls were intended")
    placed = Counter(str(one["StatusCallback"]).rpartition("/")[2] for one in evening.house.calls)
    if twice := [call for call in intended if placed[call] > 1]:
        wrong.append(f"{twice} were placed twice")
    known = {one.call: one.sid for one in bodies if isinstance(one, CallPlaced)}
    sids = {str(one["StatusCallback"]).rpartition("/")[2]: one["sid"] for one in evening.house.calls}
    if any(sids.get(call) != sid for call, sid in known.items()):
        wrong.append("a call has the id of another")
    ended = Counter(one.call for one in bodies if isinstance(one, CallEnded))
    if open_ := [call for call in intended if ended[call] != 1]:
        wrong.append(f"of {open_} it is not said once how they ended: {ended}")
    return wrong


async def nothing_is_lost(evening: Evening) -> None:
    """The service ends, and everything is where it belongs."""
    await evening.server.stop()
    kept = await what_the_disk_has(evening.server)
    wrong: dict[str, list[str]] = {}
    for talk in evening.talks:
        if talk.number not in kept:
            wrong[talk.number] = ["nothing is there"]
            continue
        log = kept[talk.number]
        found = texts_are_as_they_must_be(evening, talk, log) + calls_are_as_they_must_be(evening, talk, log)
        asked = [
            one
            for one in kept.get(talk.rings_from, Log(log.contact, ())).events
            if isinstance(one.body, CallMe)
        ]
        if talk.rang and not 1 <= len(asked) <= talk.rang:
            found.append(f"they rang the line {talk.rang} times, and {len(asked)} requests are there")
        if found:
            wrong[talk.number] = found
    assert not wrong, "\n".join(f"{number}: {one}" for number, found in wrong.items() for one in found)
    assert {str(one["To"]) for one in evening.house.calls} <= {SAMS}
