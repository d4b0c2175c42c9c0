"""Reads what `strace -f -y -s 65536` wrote, and finds words acknowledged before they were on the disk."""

import re
from dataclasses import dataclass

_LINE = re.compile(r"^(?:\[pid\s+(?P<pid>\d+)\]\s+|(?P<number>\d+)\s+)?(?P<rest>.*)$", re.DOTALL)
_CALL = re.compile(r"^(?P<name>\w+)\((?P<arguments>.*)$", re.DOTALL)
_RESUMED = re.compile(r"^<\.\.\. (?P<name>\w+) resumed>", re.DOTALL)
_RESULT = re.compile(r"= (-?\d+)")
_FILE = re.compile(r"^\d+<(?P<path>[^>]*)>")
_BODY = re.compile(r"<(?P<log>c-[a-z]+):(?P<seq>\d+)>")
_ACK = re.compile(r'"ACK (?P<log>c-[a-z]+) (?P<seq>\d+)\\n"')
WRITES = ("write", "pwrite64", "sendto")
SYNCS = ("fdatasync", "fsync")


@dataclass
class Call:
    """One system call: which file, what was given, and the lines at which it began and ended."""

    name: str
    path: str
    arguments: str
    began: int
    ended: int
    succeeded: bool


def calls_in(trace: str) -> list[Call]:
    """Every traced call, in order of its beginning. A call that never ended has `succeeded` False."""
    calls: list[Call] = []
    unfinished: dict[str, Call] = {}
    for number, line in enumerate(trace.splitlines()):
        matched = _LINE.match(line)
        assert matched is not None
        pid, rest = matched["pid"] or matched["number"] or "", matched["rest"]
        if resumed := _RESUMED.match(rest):
            call = unfinished.pop(pid)
            assert call.name == resumed["name"]
            call.ended, call.succeeded = number, _succeeded(rest)
        elif begun := _CALL.match(rest):
            file = _FILE.match(begun["arguments"])
            path = file["path"] if file else ""
            call = Call(begun["name"], path, begun["arguments"], number, number, _succeeded(rest))
            if rest.endswith("<unfinished ...>"):
                call.succeeded = False
                unfinished[pid] = call
            calls.append(call)
    return calls


def _succeeded(rest: str) -> bool:
    results = _RESULT.findall(rest)
    return bool(results) and int(results[-1]) >= 0


def acknowledged_in(trace: str) -> list[tuple[str, int]]:
    return [(ack["log"], int(ack["seq"])) for ack in _ACK.finditer(trace)]


def acknowledged_too_early(trace: str) -> list[str]:
    """The acknowledgements that began before a sync of the log file, itself begun after the record's last byte was
    handed to the kernel, had ended well. Empty when every word was durable first.
    """
    written: dict[tuple[str, int], int] = {}
    syncs: list[Call] = []
    early: list[str] = []
    for call in calls_in(trace):
        if call.path.endswith("helpline.db-wal"):
            if call.name in SYNCS:
                syncs.append(call)
            elif call.name in WRITES:
                for body in _BODY.finditer(call.arguments):
                    written.setdefault((body["log"], int(body["seq"])), call.ended)
        elif call.name in WRITES and (ack := _ACK.search(call.arguments)):
            wrote = written.get((ack["log"], int(ack["seq"])))
            durable = wrote is not None and any(
                sync.succeeded and sync.began > wrote and sync.ended < call.began for sync in syncs
            )
            if not durable:
                early.append(ack[0])
    return early
