"""The shape of one service, as values: texts, clocks, ladder, policies, and the seeds of its rota and directory.

What is pinned: a live contact keeps the ladder, clocks, wording and policy it began with, found again by
`Definition.hash`. Numbers, hours, phrase lists and who is available are never pinned, so they are left out of the
hash.
"""

import hashlib
from functools import cached_property
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from helpline.directory import CrisisContact, Locality
from helpline.ladder import Ladder, default_ladder
from helpline.messages import Texts, Worded, in_language
from helpline.urgency import Phrases, shipped_phrases
from rota.agreement import Agreement
from rota.hours import Hours, OpeningHours
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
Channel = Literal["web", "sms", "call"]
Seconds = Annotated[int, Meta(ge=1, le=86_400)]
Minutes = Annotated[int, Meta(ge=1, le=1_440)]
Count = Annotated[int, Meta(ge=1, le=10_000)]
Words = Annotated[str, Meta(min_length=1, max_length=200)]
Id = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=60)]


class Languages(msgspec.Struct, frozen=True, kw_only=True):
    """BCP 47 tags. `promised` are those the service says it can answer in; `default` is one of them."""

    default: str = "en"
    promised: Annotated[tuple[str, ...], Meta(min_length=1)] = ("en",)


class Capacity(msgspec.Struct, frozen=True, kw_only=True):
    """How many contacts at once: by a supporter's level, never above `cap`, and from rung 3 only `at_rung_3`."""

    new: Count = 1
    experienced: Count = 2
    cap: Count = 3
    at_rung_3: Count = 1


class Offers(msgspec.Struct, frozen=True, kw_only=True):
    """`missed_minutes`: not offered again so long to who declined or missed it. `leaving_minutes`: no new offers
    to a supporter from so long before their shift ends."""

    lease_seconds: Seconds = 45
    missed_minutes: Minutes = 5
    alert_lead_after_seconds: Seconds = 60
    leaving_minutes: Minutes = 20


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """`grace_minutes`: staffing fell below the minimum, and the door closes to new people after so long.
    `hold_open_minutes`: somebody who vanished from rung 2 up is waited for before the lead is asked what next."""

    choice_after_minutes: Minutes = 10
    alert_lead_after_minutes: Minutes = 15
    hold_place_minutes: Minutes = 15
    hold_open_minutes: Minutes = 30
    most_waiting: Count = 50
    not_safe_seconds: Seconds = 60
    grace_minutes: Minutes = 10


class Lines(msgspec.Struct, frozen=True, kw_only=True):
    """What happens after a supporter's or a person's line died, each in seconds from then."""

    tell_person_seconds: Seconds = 30
    alert_lead_seconds: Seconds = 60
    take_over_seconds: Seconds = 180
    absent_seconds: Seconds = 120
    reconnect_seconds: Seconds = 30
    lost_after_seconds: Seconds = 10


class AskLead(msgspec.Struct, frozen=True, kw_only=True):
    """Asking the lead pages the lead at once, the on-call after the first clock, the second on-call after the next.

    Seconds, each counted from the moment of asking, rising.
    """

    chain_seconds: Annotated[tuple[Seconds, ...], Meta(min_length=2)] = (60, 120)


class Confidentiality(msgspec.Struct, frozen=True, kw_only=True):
    """The one setting of risk and confidentiality, and the wording a person sees before the chat."""

    policy: Policy = "capacity_led"
    version: Words = "1"
    wording: Texts = {}


class Urgency(msgspec.Struct, frozen=True, kw_only=True):
    """Phrases that move somebody who waits up the queue and put a question to the supporter, per language.

    A language written here replaces the shipped list of that language; an empty list is none.
    """

    phrases: Phrases = {}


class NoteChoice(msgspec.Struct, frozen=True, kw_only=True):
    key: Id
    label: Texts


class NoteField(msgspec.Struct, frozen=True, kw_only=True):
    """One field of the session note. The one with `outcome` is asked for at close; nothing else is mandatory."""

    key: Id
    label: Texts
    kind: Literal["text", "choice", "many"] = "text"
    choices: tuple[NoteChoice, ...] = ()
    sealed: Literal["note", "safety"] = "note"
    outcome: bool = False


class NoteForm(msgspec.Struct, frozen=True, kw_only=True):
    fields: tuple[NoteField, ...]

    @property
    def outcome(self) -> NoteField:
        """The one field that is mandatory, and only at close."""
        return next(field for field in self.fields if field.outcome)


class ReadyWords(msgspec.Struct, frozen=True, kw_only=True):
    """A reply a supporter may take up with a slash and change before sending. `text` per language."""

    key: Id
    text: Texts


class Retention(msgspec.Struct, frozen=True, kw_only=True):
    """How long each kind of record is kept; see `docs/` for what each holds."""

    words_days: Annotated[int, Meta(ge=1, le=3_660)] = 30
    note_months: Annotated[int, Meta(ge=1, le=120)] = 12
    safety_years: Annotated[int, Meta(ge=1, le=25)] = 7
    reach_days: Annotated[int, Meta(ge=1, le=3_660)] = 30
    audit_years: Annotated[int, Meta(ge=1, le=25)] = 7
    key_backups_days: Annotated[int, Meta(ge=1, le=31)] = 7


class Plans(msgspec.Struct, frozen=True, kw_only=True):
    """A plan somebody wants kept is looked through again after `review_days`; `forget_after_days` past that date,
    unless it was, its words are destroyed."""

    review_days: Annotated[int, Meta(ge=7, le=366)] = 90
    forget_after_days: Annotated[int, Meta(ge=1, le=366)] = 30


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """The seed of somebody who signs in. `shown_name` is the name people see; no password stands in a file."""

    id: Id
    name: Words
    shown_name: Words
    roles: Annotated[tuple[Role, ...], Meta(min_length=1)]
    languages: Annotated[tuple[str, ...], Meta(min_length=1)]
    channels: tuple[Channel, ...] = ("web",)
    level: Literal["new", "experienced"] = "new"
    kind: Literal["peer", "volunteer"] = "volunteer"
    email: str = ""


class Demonstration(msgspec.Struct, frozen=True, kw_only=True):
    """What only a demonstration has: everybody's shift is placed around the moment it starts."""

    shift_began_hours_ago: Annotated[int, Meta(ge=0, le=12)] = 1
    shift_lasts_hours: Annotated[int, Meta(ge=1, le=24)] = 12


class Definition(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """One service. Times of day are in `zone`; every other figure carries its unit in its name."""

    name: Words
    short_name: Words
    zone: str
    country: str
    region: str = ""
    demo: bool = False
    person_word: Words = "person"
    exit_to: str = "https://www.bbc.co.uk/weather"
    lead_number: str = ""
    languages: Languages = Languages()
    channels: Annotated[tuple[Channel, ...], Meta(min_length=1)] = ("web",)
    capacity: Capacity = Capacity()
    offers: Offers = Offers()
    waiting: Waiting = Waiting()
    lines: Lines = Lines()
    wrap_up_seconds: Seconds = 120
    idle_away_minutes: Minutes = 20
    break_minutes: Minutes = 15
    ask_lead: AskLead = AskLead()
    staffing: Minimum = Minimum()
    hours: Hours
    rota: Agreement = Agreement()
    ladder: Ladder = msgspec.field(default_factory=default_ladder)
    confidentiality: Confidentiality = Confidentiality()
    note_form: NoteForm
    ready_words: tuple[ReadyWords, ...] = ()
    urgency: Urgency = Urgency()
    messages: dict[str, Texts] = {}
    grounding: dict[str, tuple[str, ...]] = {}
    retention: Retention = Retention()
    plans: Plans = Plans()
    localities: tuple[Locality, ...] = ()
    crisis_contacts: tuple[CrisisContact, ...] = ()
    people: tuple[Person, ...] = ()
    shifts: tuple[Shift, ...] = ()
    demonstration: Demonstration = Demonstration()

    @cached_property
    def hash(self) -> str:
        """SHA-256, in hexadecimal, of what a live contact keeps: the same for the same shape on every machine."""
        return hashlib.sha256(encode(self)).hexdigest()

    @cached_property
    def opening_hours(self) -> OpeningHours:
        """The seed's hours, as something to ask."""
        return OpeningHours(self.hours)

    @property
    def seed_phrases(self) -> Phrases:
        """The phrase lists a service begins with: those of its file, and ours in the other languages."""
        return shipped_phrases() | self.urgency.phrases

    def in_language(self, texts: Texts, language: str) -> Worded:
        """The text for `language` (RFC 4647 lookup), else the default language's, saying which one it is."""
        return in_language(texts, language, self.languages.default)

    def message(self, key: str, language: str, **values: str) -> Worded:
        """What the service says under `key`, with its placeholders filled; `{service}` always is.

        Raises `KeyError` for a key the service does not have.
        """
        return self.in_language(self.messages[key], language).filled(service=self.name, **values)


def encode(definition: Definition) -> bytes:
    """The pinned shape as canonical JSON: everything but people, shifts, numbers, hours, phrases, localities."""
    pinned = msgspec.structs.replace(
        definition,
        lead_number="",
        hours=Hours(zone=definition.zone, channels=()),
        rota=Agreement(),
        urgency=Urgency(),
        localities=(),
        crisis_contacts=(),
        people=(),
        shifts=(),
    )
    return msgspec.json.encode(pinned, order="sorted")


def decode(kept: bytes) -> Definition:
    """The pinned shape a live contact began with, as `encode` kept it."""
    return msgspec.json.decode(kept, type=Definition)
