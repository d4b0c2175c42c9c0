"""What became of a storm: its history, completed by what the logs say in the end, held against every model."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

import msgspec

from helpline.clock import SystemClock
from helpline.events import SERVICE, Event, Offered, OfferEnded, Reopened, SlotFreed, SlotHeld
from helpline.keys import FileKeys
from helpline.sealing import ciphers, open_record
from helpline.stores.mongo import MongoStore
from tests.linear.checker import Failure, Model, Operation, failures
from tests.linear.models import (
    Appending,
    Assigning,
    Claiming,
    Leasing,
    Once,
    OnShift,
    Slots,
    Talking,
    Versions,
)
from tests.linear.recording import history

KINDS: dict[str, str] = {
    "l-": "seq of a log",
    "number": "claim",
    "d-": "document",
    "lease": "lease",
    "person": "contact of a person",
    "talk": "words of a person",
    "shift": "shift of a supporter",
    "a-": "slots of a supporter",
    "c-": "owner of a contact",
}
"""What a key is about, by how it begins."""


def models(capacity: int) -> dict[str, Model]:
    return {
        "seq of a log": Appending(),
        "claim": Claiming(),
        "document": Versions(),
        "lease": Leasing(),
        "contact of a person": Once(),
        "words of a person": Talking(),
        "shift of a supporter": OnShift(),
        "slots of a supporter": Slots(capacity),
        "owner of a contact": Assigning(),
    }


def kind_of(key: str) -> str:
    return next(kind for beginning, kind in KINDS.items() if key.startswith(beginning))


def by_kind(operations: Iterable[Operation]) -> dict[str, list[Operation]]:
    apart: dict[str, list[Operation]] = defaultdict(list)
    for operation in operations:
        apart[kind_of(operation.key)].append(operation)
    return apart


class Logs(msgspec.Struct, frozen=True):
    """The events of each log, each with the number of the record it came in."""

    events: dict[str, list[tuple[int, Event]]]


async def logs_of(mongo: str, keys: Path, logs: Iterable[str]) -> Logs:
    """Read in the end, by somebody who was not there."""
    held = await FileKeys.open(keys, data_exists=True)
    store = await MongoStore.open(mongo, SystemClock())
    try:
        found: dict[str, list[tuple[int, Event]]] = {}
        for log in logs:
            opened_by = ciphers(await held.get(log))
            found[log] = [
                (number, event)
                for number, record in enumerate(await store.read(log))
                for event in open_record(record, opened_by)
            ]
        return Logs(found)
    finally:
        await store.close()
        await held.close()


def completed(told: list[Operation], logs: Logs) -> list[Operation]:
    """With the seq of each press, and with what the service did by itself.

    An unanswered press that is not in its log did not happen. One that was answered and is not there was lost: its seq
    is 0, which fits nowhere.
    """
    whole: list[Operation] = []
    ends = max(one.returned or one.called for one in told) + 1
    presses: dict[tuple[str, str], Operation] = {}
    for one in told:
        if not one.key.startswith("c-") or one.asked[0] == "read":
            whole.append(one)
            continue
        press = _with_its_seq(one, logs)
        if press is None:
            continue
        same = (one.key, one.asked[-1])
        # The same press in two windows is one: whichever was answered first, both were told its seq.
        presses[same] = press if same not in presses else _both(presses[same], press)
    whole += presses.values()
    for log, events in logs.events.items():
        whole += _by_itself(log, events, ends)
    return sorted(whole, key=lambda one: one.called)


def _with_its_seq(press: Operation, logs: Logs) -> Operation | None:
    what, who, *given, id = press.asked
    seq, offer = 0, ""
    for _, event in logs.events.get(press.key, ()):
        if getattr(event.body, "client_id", "") == id and event.by.id == who:
            seq, offer = event.seq, getattr(event.body, "offer", "")
    asked = (what, who, *given, offer) if what == "transfer" else (what, who, *given)
    if press.open:
        return msgspec.structs.replace(press, asked=asked, answer=seq) if seq else None
    answer = press.answer if isinstance(press.answer, str) else seq
    return msgspec.structs.replace(press, asked=asked, answer=answer)


def _both(one: Operation, other: Operation) -> Operation:
    if isinstance(one.answer, str) or isinstance(other.answer, str):
        return one if isinstance(other.answer, str) else other
    returned = [each.returned for each in (one, other) if each.returned is not None]
    first = one if one.called <= other.called else other
    return msgspec.structs.replace(first, returned=min(returned, default=None))


def _by_itself(log: str, events: list[tuple[int, Event]], ends: int) -> Iterable[Operation]:
    """What no client asked for. When it happened is known by its seq alone."""
    size = Counter(record for record, _ in events)
    for record, event in events:
        body = event.body
        asked: tuple[str, ...] = ()
        if isinstance(body, Offered) and not body.transfer:
            asked = ("offered", body.supporter, body.offer)
        elif isinstance(body, OfferEnded) and event.by == SERVICE and size[record] == 1:
            asked = ("offer_ended", body.offer)
        elif isinstance(body, Reopened):
            asked = ("reopened",)
        elif isinstance(body, SlotFreed) and body.why != "by hand":
            asked = ("free", body.contact)
        elif isinstance(body, SlotHeld) and not body.offer.startswith("n"):
            asked = ("hold", body.contact)
        if asked:
            yield Operation("the service", log, asked, event.seq, 0, ends)


class Verdict(msgspec.Struct, frozen=True):
    """How many operations each model judged, how many of those were never answered, and what is wrong."""

    operations: dict[str, int]
    unanswered: dict[str, int]
    keys: dict[str, int]
    wrong: dict[str, list[Failure]]

    def __str__(self) -> str:
        lines = []
        for kind, count in self.operations.items():
            unanswered, keys = self.unanswered[kind], self.keys[kind]
            lines.append(
                f"{kind}: {count} operations on {keys}, {unanswered} never answered, {len(self.wrong[kind])} wrong"
            )
            lines += [str(one) for one in self.wrong[kind]]
        return "\n".join(lines)


async def judged_in_the_end(
    histories: Iterable[Path], mongo: str, keys: Path, capacity: int
) -> tuple[Verdict, list[Operation]]:
    """What everybody was told and what the logs say, held against the models; and that history."""
    told = history(histories)
    found = await logs_of(mongo, keys, {one.key for one in told if one.key.startswith(("c-", "a-"))})
    whole = completed(told, found)
    return judged(whole, capacity), whole


def judged(whole: list[Operation], capacity: int) -> Verdict:
    every = models(capacity)
    apart = by_kind(whole)
    return Verdict(
        {kind: len(found) for kind, found in apart.items()},
        {kind: sum(one.open for one in found) for kind, found in apart.items()},
        {kind: len({one.key for one in found}) for kind, found in apart.items()},
        {kind: failures(every[kind], found) for kind, found in apart.items()},
    )
