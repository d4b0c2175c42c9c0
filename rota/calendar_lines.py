"""The lines of an iCalendar file, read so that no file can take the machine down with it.

A file that somebody sends in is not to be trusted: everything is counted before it is kept, and only the properties
a rota needs are kept at all (no descriptions, no attachments). Nothing in the file is run or expanded here: time
zone definitions in particular stay lines, for the library that parses calendars would expand their rules without
end and remember them for every later file.
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec
from icalendar.parser import Contentline

from rota.mistakes import Mistake


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """How much of a calendar file is read: bytes, lines, events, components of all kinds, depth, length of a line."""

    size: int = 10_000_000
    lines: int = 1_000_000
    events: int = 20_000
    components: int = 100_000
    depth: int = 8
    line: int = 20_000
    lines_of_one: int = 3_000


class Refusal(msgspec.Struct, frozen=True):
    """A file that is not read at all: what is wrong with it and what to do, both fit to show."""

    what: str
    mend: str

    def __str__(self) -> str:
        return f"{self.what}; {self.mend}"


class Line(msgspec.Struct, frozen=True):
    """One unfolded line: NAME;PARAM=…:value, the value still escaped. `number` counts the file's lines from 1."""

    number: int
    name: str
    params: dict[str, str]
    value: str


class Part(msgspec.Struct):
    """A component and what it held. `whole` only if its END was there; `mistakes` are lines that could not be read."""

    kind: str
    line: int
    lines: list[Line] = []
    parts: list["Part"] = []
    mistakes: list[Mistake] = []
    whole: bool = False

    def named(self, name: str) -> list[Line]:
        """Every line of this name, in order."""
        return [line for line in self.lines if line.name == name]

    def first(self, name: str) -> Line | None:
        """The first line of this name, if there is one."""
        return next((line for line in self.lines if line.name == name), None)


class Lines(msgspec.Struct):
    """What a rota needs of a file: its own lines, its events, zones and availabilities, and what to remark on."""

    calendar: Part
    events: list[Part] = []
    zones: list[Part] = []
    availabilities: list[Part] = []
    remarks: list[str] = []


_WANTED = frozenset(
    b"BEGIN END UID DTSTART DTEND DURATION RRULE RDATE EXDATE EXRULE RECURRENCE-ID SUMMARY STATUS SEQUENCE ATTENDEE "
    b"ORGANIZER CATEGORIES TZID TZOFFSETFROM TZOFFSETTO X-LIC-LOCATION X-WR-CALNAME X-WR-TIMEZONE BUSYTYPE "
    b"PRIORITY".split()
)
_OURS = b"X-ROTA-"
_NAME = re.compile(rb"\s*([A-Za-z0-9-]{1,64})\s*[;:]")
_AN_EVENT = re.compile(rb"^BEGIN:VEVENT", re.IGNORECASE | re.MULTILINE)
_SENT_ALONE = "send a calendar exported as an .ics file"
_SHORTER = "export a shorter time, or one calendar at a time"
_BOMS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def read_lines(data: bytes, bounds: Bounds) -> Lines | Refusal:
    """The file's components in order, or why it is not read. Time and memory are in proportion to its size."""
    plain = _plain(data, bounds)
    if isinstance(plain, Refusal):
        return plain
    walk = _Walk(bounds)
    if not _is_utf8(plain):
        walk.found.remarks.append(
            "Some letters could not be read: the file is not in UTF-8. Check the names."
        )
    for number, raw, too_long in _unfolded(plain, bounds.line):
        refusal = walk.take(number, raw, too_long)
        if refusal is not None:
            return refusal
    return walk.finished()


def _plain(data: bytes, bounds: Bounds) -> bytes | Refusal:
    """The file as bytes with \\n between lines, once its size, lines and events have been counted."""
    if len(data) > bounds.size:
        return Refusal(f"The file is larger than {bounds.size // 1_000_000} MB", _SHORTER)
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            try:
                data = data.decode(encoding).encode()
            except UnicodeError:
                return Refusal("The file is damaged: it begins as UTF-16 and is not", _SENT_ALONE)
    data = data.removeprefix(b"\xef\xbb\xbf")
    if b"\0" in data:
        return Refusal("The file is not text: it has zero bytes in it", _SENT_ALONE)
    if b"\n" not in data:
        data = data.replace(b"\r", b"\n")
    if data.lstrip()[:15].upper() != b"BEGIN:VCALENDAR":
        return Refusal("The file is not a calendar: it does not begin with BEGIN:VCALENDAR", _SENT_ALONE)
    if data.count(b"\n") > bounds.lines:
        return Refusal(f"The file has more than {bounds.lines:,} lines", _SHORTER)
    if sum(1 for _ in _AN_EVENT.finditer(data)) > bounds.events:
        return Refusal(f"The file has more than {bounds.events:,} events", _SHORTER)
    return data


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        # A fold may cut a letter in two (RFC 5545 3.1), so the file is put together before it is judged.
        try:
            re.sub(rb"\r?\n[ \t]", b"", data).decode()
        except UnicodeDecodeError:
            return False
    return True


def _unfolded(data: bytes, longest: int) -> Iterator[tuple[int, bytes, bool]]:
    """Lines a rota needs, by RFC 5545 3.1: number, bytes, and whether it was cut because it is too long."""
    begun, pieces, size = 0, list[bytes](), 0
    for number, raw in enumerate(data.split(b"\n"), 1):
        if raw[:1] in (b" ", b"\t"):
            if pieces and size <= longest:
                pieces.append(raw[1:].rstrip(b"\r"))
                size += len(pieces[-1])
            continue
        if pieces:
            yield begun, b"".join(pieces), size > longest
            pieces = []
        name = _NAME.match(raw)
        wanted = name[1].upper() if name else b""
        if wanted in _WANTED or wanted.startswith(_OURS):
            begun, pieces, size = number, [raw[: longest + 1].rstrip(b"\r")], len(raw)
    if pieces:
        yield begun, b"".join(pieces), size > longest


class _Walk:
    """Puts lines into the components they stand in."""

    def __init__(self, bounds: Bounds) -> None:
        self.found = Lines(Part("VCALENDAR", 1))
        self._bounds = bounds
        self._open: list[Part] = []
        self._components = 0
        self._ended = False

    def take(self, number: int, raw: bytes, too_long: bool) -> Refusal | None:
        start = raw[:6].upper()
        if start == b"BEGIN:":
            return self._begin(raw[6:].strip().upper().decode("ascii", "replace"), number)
        if start.startswith(b"END:"):
            self._end(raw[4:].strip().upper().decode("ascii", "replace"))
            return None
        if not self._open:
            return None
        part = self._open[-1]
        # One mistake is enough to leave an event out; a file of nothing but mistakes must not fill the memory.
        if part.mistakes:
            return None
        if too_long:
            what = f"line {number} is longer than {self._bounds.line:,} characters"
            part.mistakes.append(Mistake("", what, "export it again without it"))
        elif len(part.lines) >= self._bounds.lines_of_one:
            what = f"has more than {self._bounds.lines_of_one:,} lines"
            part.mistakes.append(Mistake("", what, "make it several events"))
        else:
            self._keep(part, number, raw.decode("utf-8", "replace"))
        return None

    def finished(self) -> Lines:
        while self._open:
            self._close(self._open.pop(), whole=False)
        if not self._ended:
            self.found.remarks.append("The file ends without END:VCALENDAR: the end of it may be missing.")
        return self.found

    def _keep(self, part: Part, number: int, text: str) -> None:
        try:
            name, params, value = _split(text)
        except ValueError:
            part.mistakes.append(Mistake("", f"line {number} cannot be read", "write it as NAME:value"))
            return
        part.lines.append(Line(number, name.upper(), params, value.strip()))

    def _begin(self, kind: str, number: int) -> Refusal | None:
        self._components += 1
        if self._components > self._bounds.components:
            return Refusal(f"The file has more than {self._bounds.components:,} components", _SHORTER)
        # An event never holds another, so the one before was cut off and its END is missing.
        if kind in ("VEVENT", "VCALENDAR"):
            while self._open and (kind == "VCALENDAR" or self._open[-1].kind != "VCALENDAR"):
                self._close(self._open.pop(), whole=False)
        part = Part(kind, number)
        if kind == "VCALENDAR":
            self._ended = False
            part = self.found.calendar
        self._open.append(part)
        if len(self._open) > self._bounds.depth:
            return Refusal(f"The file has components more than {self._bounds.depth} deep", _SENT_ALONE)
        return None

    def _end(self, kind: str) -> None:
        if kind not in (part.kind for part in self._open):
            return
        while self._open:
            part = self._open.pop()
            self._close(part, whole=part.kind == kind)
            if part.kind == kind:
                break

    def _close(self, part: Part, *, whole: bool) -> None:
        part.whole = whole
        if part.kind == "VCALENDAR":
            self._ended = whole
        elif part.kind == "VEVENT":
            self.found.events.append(part)
        elif part.kind == "VTIMEZONE":
            self.found.zones.append(part)
        elif part.kind == "VAVAILABILITY":
            self.found.availabilities.append(part)
        elif self._open and part.kind in ("STANDARD", "DAYLIGHT", "AVAILABLE"):
            self._open[-1].parts.append(part)


def _split(text: str) -> tuple[str, dict[str, str], str]:
    """Name, parameters and value of a line. Raises ValueError.

    Most lines quote nothing and are split at once: a file has hundreds of thousands of them.
    """
    head, colon, value = text.partition(":")
    if colon and '"' not in head and "^" not in head and " " not in head:
        name, *written = head.split(";")
        pairs = [one.partition("=") for one in written]
        if all(key and equals for key, equals, _ in pairs):
            return name, {key.upper(): given for key, _, given in pairs}, value
    name, params, value = Contentline(text).raw_parts()  # type: ignore[no-untyped-call]
    return name, {key.upper(): _one(given) for key, given in params.items()}, value


def _one(given: Any) -> str:
    return ",".join(given) if isinstance(given, list) else str(given)
