"""Reads a system-call trace of the whole server: what left for a client before the disk had it.

The trace is that of `strace -f -y -xx -s 1000000`, so that every byte of a frame and of a page can be compared.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from helpline.ports import Record
from tests.crash.server import WAL
from tests.helpline.stores.system_calls import SYNCS, Call, calls_in

CALLS = "fdatasync,fsync,pwrite64,write,writev,sendto,sendmsg"
_HEX = re.compile(r"(?:\\x[0-9a-f]{2})+")
_FRAME = re.compile(rb"4([23])(/person|/desk|/board),(\d*)(?=\[)")
# Enough of a record's sealed body to be that of no other: it begins with a random nonce.
_MARK = 48


def told_early(trace: str, records: list[Record], log_seq: Mapping[int, int]) -> tuple[list[str], set[int]]:
    """The frames that began to leave before the sync of every record they speak of had ended, as sentences; and all
    numbers that any frame spoke of.

    The trace is that of one contact, `records` are its log; `log_seq` gives the log's number of a person's number.
    """
    durable_at: dict[int, int] = {}
    handed_over: dict[int, int] = {}
    wrong: list[str] = []
    told: set[int] = set()
    for call in calls_in(trace):
        path = _bytes(call.path).decode(errors="replace")
        if path.endswith(WAL):
            if call.name in SYNCS:
                if call.succeeded:
                    _synced(call, handed_over, durable_at)
            else:
                _written(call, records, handed_over)
        elif call.name not in SYNCS and "socket:" in path:
            for place, what, seqs in _spoken_of(call):
                for own in seqs if place != "/person" else [log_seq[seq] for seq in seqs if seq]:
                    told.add(own)
                    if own and durable_at.get(own, call.began) >= call.began:
                        wrong.append(f"{place} was told of event {own} before it was on the disk: {what}")
    return wrong, told


def _bytes(escaped: str) -> bytes:
    return b"".join(bytes.fromhex(run.replace("\\x", "")) for run in _HEX.findall(escaped))


def _written(call: Call, records: list[Record], handed_over: dict[int, int]) -> None:
    page = _bytes(call.arguments)
    for record in records:
        if record.first_seq not in handed_over and record.body[:_MARK] in page:
            for seq in range(record.first_seq, record.last_seq + 1):
                handed_over[seq] = call.ended


def _synced(call: Call, handed_over: dict[int, int], durable_at: dict[int, int]) -> None:
    for seq, ended in handed_over.items():
        if ended < call.began:
            durable_at.setdefault(seq, call.ended)


def _spoken_of(call: Call) -> Iterator[tuple[str, str, list[int]]]:
    """Namespace, text and the numbers in each frame that this call wrote to a client."""
    sent = _bytes(call.arguments)
    for found in _FRAME.finditer(sent):
        text = sent[found.end() :].decode(errors="replace")
        try:
            body, end = json.JSONDecoder().raw_decode(text)
        except ValueError:
            continue
        kind = "event" if found[1] == b"2" else "answer"
        told = body[1:] if kind == "event" else body
        seqs = [seq for one in told for seq in _numbers(one)]
        if seqs:
            yield found[2].decode(), f"{kind} {text[: min(end, 200)]}", seqs


def _numbers(told: Any) -> Iterator[int]:
    """The `seq` of an answer or event, of each event it holds, and of the summary it holds."""
    if isinstance(told, dict):
        if isinstance(told.get("seq"), int):
            yield told["seq"]
        for inside in ("events", "summary", "state", "contacts"):
            held = told.get(inside)
            for one in held if isinstance(held, list) else [held]:
                yield from _numbers(one)
