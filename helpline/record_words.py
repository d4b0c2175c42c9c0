"""The words of the record for what the log says in keys, and the names it is read with."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
from babel import Locale, UnknownLocaleError

from helpline.directory import EMERGENCY, CrisisContact
from helpline.events import By
from helpline.shape import Definition

CHANNELS = {"web": "web chat", "sms": "text", "call": "call-back", "call_back": "call-back", "phone": "phone"}
OUTCOMES = {
    "answered": "answered",
    "no_answer": "no answer",
    "engaged": "engaged",
    "refused": "refused",
    "left_message": "left a message",
    "wrong_number": "wrong number",
    "other": "another outcome",
}
WHOM = {"lead": "the lead", "on_call": "the on-call", "second_on_call": "the second on-call"}
ANSWER_LABELS = {
    "name": "Name they gave",
    "for_whom": "For",
    "age_band": "Age",
    "area": "Area",
    "feel": "How they felt",
}
ANSWER_WORDS = {
    "for_whom": {"me": "themselves", "someone": "someone they care about"},
    "feel": {"1": "very bad", "2": "bad", "3": "so-so", "4": "all right", "5": "good"},
}
CLOCK_WORDS = {
    "lead_told": "the lead being told",
    "review": "looking at it again together",
    "first_outside_call": "the first call to somebody outside",
    "each_number": "one number",
    "noted_every": "noting what is happening",
    "call_started": "ringing 999",
    "safeguarding_told": "telling the safeguarding lead",
    "confirm_first": "asking whether help has reached them",
    "confirm_every": "asking again whether help has reached them",
    "record_after": "the record",
    "hold_open": "holding their place open",
    "call_due": "waiting until they may be rung",
    "call_ending": "ringing them, all but the last minutes,",
    "call_over": "ringing them",
}
# Marks that turn the writing around, and signs no reader should be given: neither is a word anybody said.
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]")
_GAP_IN_NUMBER = re.compile(r"(?<=\d) (?=\d)")
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff\ud800-\udfff]")


def plain(text: str) -> str:
    """Words without marks of direction and signs that nobody sees, for a line of our own or a file."""
    return _UNSEEN.sub("", _TURNING.sub("", text.replace("\r\n", "\n")))


def whole_numbers(text: str) -> str:
    """The same words, with no-break spaces inside numbers: in right-to-left writing `07700 900123` would else stand
    with its halves exchanged (UAX #9, W4), and be rung that way."""
    return _GAP_IN_NUMBER.sub("\u00a0", text)


def policy(key: str) -> str:
    """`capacity led, version 1` for `capacity_led/1`, as a contact keeps it."""
    name, _, version = key.partition("/")
    return plain(phrase(name) + (f", version {version}" if version else ""))


def phrase(key: str) -> str:
    return key.replace("_", " ")


def language(tag: str) -> str:
    """`Polish` for `pl`; the tag itself where nobody has named it."""
    try:
        return Locale.parse(tag, sep="-").get_display_name("en") or plain(tag)
    except (UnknownLocaleError, ValueError):
        return plain(tag)


class Clocked(msgspec.Struct, frozen=True):
    """Times of one record in the service's zone.

    The `offset` is written when the zone's own changes between first and last; `days` says they are on more than one.
    """

    zone: str
    offset: bool = False
    days: bool = False

    @classmethod
    def between(cls, zone: str, first: datetime, last: datetime) -> "Clocked":
        there = ZoneInfo(zone)
        begins, ends = first.astimezone(there), last.astimezone(there)
        return cls(zone, begins.utcoffset() != ends.utcoffset(), begins.date() != ends.date())

    def local(self, at: datetime) -> datetime:
        return at.astimezone(ZoneInfo(self.zone))

    def day(self, at: datetime) -> str:
        """`Saturday 24 October 2026`"""
        there = self.local(at)
        return f"{there:%A} {there.day} {there:%B %Y}"

    def time(self, at: datetime) -> str:
        """`21:47`, or `01:47 (UTC+1)` in a record over which the clocks change."""
        there = self.local(at)
        if not self.offset:
            return f"{there:%H:%M}"
        minutes = int((there.utcoffset() or timedelta(0)).total_seconds()) // 60
        sign, (hours, rest) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
        return f"{there:%H:%M} (UTC{sign}{hours}{f':{rest:02}' if rest else ''})"

    def short(self, at: datetime) -> str:
        """`21:47`, or `Sat 24 Oct, 21:47` in a record of more than one day."""
        there = self.local(at)
        return f"{there:%a} {there.day} {there:%b}, {self.time(at)}" if self.days else self.time(at)

    def moment(self, at: datetime) -> str:
        """`21:47 on Saturday 24 October 2026`"""
        return f"{self.time(at)} on {self.day(at)}"


class Names(msgspec.Struct, frozen=True):
    """Who and what the log means by its ids.

    `accounts` gives shown names; `contacts` crisis contacts by id and by the version that was dialled.
    """

    definition: Definition
    clocked: Clocked
    accounts: Mapping[str, str] = {}
    contacts: Mapping[tuple[str, int], CrisisContact] = {}

    def by(self, by: By) -> str:
        """Who did it. The person is "they"."""
        if by.role == "person":
            return "They"
        return "The service" if by.role == "service" else plain(by.name) or self.account(by.id)

    def account(self, id: str) -> str:
        return plain(self.accounts.get(id, "")) or "a colleague"

    def rung(self, number: int) -> str:
        """The rung's own words: what we are doing, without its number."""
        rungs = self.definition.ladder.rungs
        if not 0 <= number < len(rungs):
            return "a step this version does not know"
        return self.definition.in_language(rungs[number].name, self.definition.languages.default).text

    def rung_numbered(self, number: int) -> str:
        return f"rung {number}, {self.rung(number)}"

    def place(self, id: str) -> str:
        """A locality's name."""
        found = next((one.name for one in self.definition.localities if one.id == id), "")
        return plain(found or id)

    def crisis_contact(self, id: str, version: int) -> CrisisContact | None:
        return self.contacts.get((id, version))

    def crisis_name(self, id: str, version: int = 0) -> str:
        """The name of a crisis contact; of any version there is when none was dialled."""
        if id == EMERGENCY:
            return "999"
        if id == "ask_up":
            return "somebody further up"
        found = self.contacts.get((id, version)) or next(
            (one for (known, _), one in self.contacts.items() if known == id), None
        )
        return plain(found.name) if found is not None else plain(id)

    def note_label(self, key: str) -> str:
        for field in self.definition.note_form.fields:
            if field.key == key:
                return plain(self.definition.in_language(field.label, self.definition.languages.default).text)
        return plain(phrase(key))

    def note_words(self, key: str, value: str) -> str:
        """A choice of the note form in its words; free text as it is."""
        for field in self.definition.note_form.fields:
            if field.key == key and field.choices:
                labels = {one.key: one.label for one in field.choices}
                default = self.definition.languages.default
                return ", ".join(
                    self.definition.in_language(labels[part], default).text if part in labels else part
                    for part in re.split(r"[,\s]+", value)
                    if part
                )
        return value

    def track(self, letter: str) -> str:
        return plain(dict(self.definition.ladder.tracks).get(letter, letter))  # type: ignore[call-overload]
