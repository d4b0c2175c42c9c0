"""The shape of one service, read from its TOML file: texts, clocks, ladder, policies, and the seeds of its rota.

What is pinned: a live contact keeps the ladder, clocks, wording and policy it began with, found again by
`Definition.hash`. Numbers, hours and who is available are never pinned, so they are left out of the hash.
"""

import hashlib
from functools import cached_property
from typing import Literal

import msgspec

from helpline.directory import CrisisContact, Locality
from helpline.ladder import Ladder, default_ladder
from helpline.messages import Texts, Worded, in_language
from rota.hours import OpeningHours
from rota.shifts import Shift
from rota.staffing import Minimum

Policy = Literal["capacity_led", "immediate_life"]
Role = Literal[
    "supporter",
    "lead",
    "on_call",
    "second_on_call",
    "supervisor",
    "manager",
    "safeguarding_lead",
    "interpreter",
    "auditor",
]


class Languages(msgspec.Struct, frozen=True, kw_only=True):
    """BCP 47 tags. `promised` are those the service says it can answer in; `default` is one of them."""

    default: str = "en"
    promised: tuple[str, ...] = ("en",)


class Capacity(msgspec.Struct, frozen=True, kw_only=True):
    """How many contacts at once: by a supporter's level, never above `cap`, and from rung 3 only `at_rung_3`."""

    new: int = 1
    experienced: int = 2
    cap: int = 3
    at_rung_3: int = 1


class Offers(msgspec.Struct, frozen=True, kw_only=True):
    lease_seconds: int = 45
    missed_minutes: int = 5
    """For so long a contact is not offered again to somebody who declined or missed it."""
    alert_lead_after_seconds: int = 60
    leaving_minutes: int = 20
    """From so long before a shift ends, its supporter gets no new offers."""


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    choice_after_minutes: int = 10
    alert_lead_after_minutes: int = 15
    hold_place_minutes: int = 15
    most_waiting: int = 50
    not_safe_seconds: int = 60
    grace_minutes: int = 10
    """Staffing fell below the minimum: the door closes to new people after this."""


class Lines(msgspec.Struct, frozen=True, kw_only=True):
    """What happens, and when, after a supporter's or a person's line has died. All in seconds since it died."""

    tell_person_seconds: int = 30
    alert_lead_seconds: int = 60
    take_over_seconds: int = 180
    absent_seconds: int = 120
    reconnect_seconds: int = 30
    lost_after_seconds: int = 10


class AskLead(msgspec.Struct, frozen=True, kw_only=True):
    """ "Ask the lead": the lead is asked at once, the on-call after the first clock, the second on-call after the next.

    Seconds, each counted from the moment of asking, rising.
    """

    chain_seconds: tuple[int, ...] = (60, 120)


class Confidentiality(msgspec.Struct, frozen=True, kw_only=True):
    """The one setting of risk and confidentiality, and the wording a person sees before the chat."""

    policy: Policy = "capacity_led"
    version: str = "1"
    wording: Texts = {}


class NoteChoice(msgspec.Struct, frozen=True, kw_only=True):
    key: str
    label: Texts


class NoteField(msgspec.Struct, frozen=True, kw_only=True):
    """One field of the session note. The one with `outcome` is asked for at close; nothing else is mandatory."""

    key: str
    label: Texts
    kind: Literal["text", "choice", "many"] = "text"
    choices: tuple[NoteChoice, ...] = ()
    sealed: Literal["note", "safety"] = "note"
    outcome: bool = False


class NoteForm(msgspec.Struct, frozen=True, kw_only=True):
    fields: tuple[NoteField, ...]

    @property
    def outcome(self) -> NoteField:
        return next(field for field in self.fields if field.outcome)


class ReadyWords(msgspec.Struct, frozen=True, kw_only=True):
    """A reply a supporter may take up with a slash and change before sending. `text` per language."""

    key: str
    text: Texts


class Retention(msgspec.Struct, frozen=True, kw_only=True):
    words_days: int = 30
    note_months: int = 12
    safety_years: int = 7
    reach_days: int = 30
    audit_years: int = 7


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """The seed of somebody who signs in. `shown_name` is the name people see; no password stands in a file."""

    id: str
    name: str
    shown_name: str
    roles: tuple[Role, ...]
    languages: tuple[str, ...]
    channels: tuple[str, ...] = ("web",)
    level: Literal["new", "experienced"] = "new"
    kind: Literal["peer", "volunteer"] = "volunteer"
    email: str = ""


class Demonstration(msgspec.Struct, frozen=True, kw_only=True):
    """What only a demonstration has: a door that is always open, and shifts placed around the moment it starts."""

    always_open: bool = False
    shift_began_hours_ago: int = 1
    shift_lasts_hours: int = 6


class Definition(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """One service. Times of day are in `zone`; every other figure carries its unit in its name."""

    name: str
    short_name: str
    zone: str
    country: str
    region: str = ""
    demo: bool = False
    person_word: str = "person"
    exit_to: str = "https://www.bbc.co.uk/weather"
    lead_number: str = ""
    languages: Languages = Languages()
    channels: tuple[str, ...] = ("web",)
    capacity: Capacity = Capacity()
    offers: Offers = Offers()
    waiting: Waiting = Waiting()
    lines: Lines = Lines()
    wrap_up_seconds: int = 120
    idle_away_minutes: int = 20
    break_minutes: int = 15
    ask_lead: AskLead = AskLead()
    staffing: Minimum = Minimum()
    hours: OpeningHours
    ladder: Ladder = msgspec.field(default_factory=default_ladder)
    confidentiality: Confidentiality = Confidentiality()
    note_form: NoteForm
    ready_words: tuple[ReadyWords, ...] = ()
    messages: dict[str, Texts] = {}
    grounding: dict[str, tuple[str, ...]] = {}
    retention: Retention = Retention()
    localities: tuple[Locality, ...] = ()
    crisis_contacts: tuple[CrisisContact, ...] = ()
    people: tuple[Person, ...] = ()
    shifts: tuple[Shift, ...] = ()
    demonstration: Demonstration = Demonstration()

    @cached_property
    def hash(self) -> str:
        """SHA-256, in hexadecimal, of what a live contact keeps: the same for the same shape on every machine."""
        return hashlib.sha256(encode(self)).hexdigest()

    def in_language(self, texts: Texts, language: str) -> Worded:
        """The text for `language` (RFC 4647 lookup), else the default language's, saying which one it is."""
        return in_language(texts, language, self.languages.default)

    def message(self, key: str, language: str, **values: str) -> Worded:
        """What the service says under `key`, with `{placeholders}` filled. `{service}` is always filled."""
        return self.in_language(self.messages[key], language).filled(service=self.name, **values)


def encode(definition: Definition) -> bytes:
    """The pinned shape as canonical JSON: everything but people, shifts, numbers, hours and localities."""
    pinned = msgspec.structs.replace(
        definition,
        lead_number="",
        hours=OpeningHours(zone=definition.zone),
        localities=(),
        crisis_contacts=(),
        people=(),
        shifts=(),
    )
    return msgspec.json.encode(pinned, order="sorted")


def decode(kept: bytes) -> Definition:
    """The pinned shape a live contact began with, as `encode` kept it."""
    return msgspec.json.decode(kept, type=Definition)
