"""One telling example of every kind of event: every field set, nothing left at its default."""

from datetime import UTC, date, datetime, time
from typing import Any

import msgspec

from helpline.directory import CrisisContact
from helpline.directory_book import AnyChange as DirectoryChange
from helpline.directory_book import (
    CallLogged,
    CheckCall,
    ContactChanged,
    ContactPlanned,
    ServiceChanged,
    ServicePlanned,
)
from helpline.directory_services import Service
from helpline.events import KINDS, Body, By, Clock, Event
from helpline.phrase_book import ListedPhrase, PhraseChanged
from rota.availability import Availability, Spoken
from rota.book import (
    AnyChange,
    Ask,
    AskChanged,
    AvailabilityChanged,
    Confirmation,
    Confirmed,
    Feed,
    FeedChanged,
    HoursChanged,
    NightChanged,
    ShiftChanged,
    TermsChanged,
)
from rota.hours import ALL_DAY, ChannelHours, Hours
from rota.members import Adjustments, Terms
from rota.shifts import Override, Shift, Slot

AT = datetime(2026, 1, 14, 20, 15, 30, 123456, tzinfo=UTC)
WORDS = {"words": "I said this", "note": "noted this", "safety": "said tonight", "reach": "+441632960199"}
NIGHT = Slot("friday-late", datetime.fromisoformat("2026-11-27T22:00"))
LATE = Shift(
    id="friday-late",
    zone="Europe/London",
    starts=datetime.fromisoformat("2026-01-02T22:00"),
    ends=datetime.fromisoformat("2026-01-03T02:00"),
    role="supporter",
    person="ania",
    channels=("web",),
    languages=("pl", "en"),
    rrule="FREQ=WEEKLY",
    from_=date(2026, 2, 1),
)
ASKED = Ask(id="ask-1", kind="cover", by="ania", at=AT, slot=NIGHT, to=("dev",), said_no=("mari",))
OPEN = Hours(zone="Europe/London", channels=(ChannelHours(channel="web", week=(ALL_DAY,) * 7),))
TERMS = Terms(
    adjustments=Adjustments(not_before=time(19, 30), no_nights=True),
    weekly_hours=8.5,
    trained={"safeguarding": date(2027, 3, 31)},
)
# One change of every document of the rota's book.
CHANGES: tuple[AnyChange, ...] = (
    ShiftChanged(id=LATE.id, after=LATE),
    NightChanged(id=str(NIGHT), before=Override(of=NIGHT.of, person="", languages=())),
    Confirmed(id=str(NIGHT), after=Confirmation("dev")),
    AskChanged(id=ASKED.id, before=ASKED),
    HoursChanged(id="hours", after=OPEN),
    TermsChanged(id="ania", after=TERMS),
    FeedChanged(id="ania", after=Feed("0f3a")),
    AvailabilityChanged(id="ania", after=Availability(spoken=(Spoken(since=AT, weight=1),))),
)

TEAM = CrisisContact(
    id="team",
    name="Moorside crisis team",
    role="crisis_team",
    number="01632 960114",
    version=2,
    localities=("moorside",),
    hours=OPEN,
    languages=("en", "ur"),
    text_relay="18001 01632 960114",
    order=1,
    verify_by=date(2027, 3, 31),
    fallback="duty",
    alternatives=("line",),
    note="Choose option 2",
)
CAFE = Service(
    id="cafe",
    name="Harbour café",
    kind="crisis_cafe",
    description="A warm room and somebody to talk to",
    localities=("moorside",),
    number="01632 960115",
    website="https://cafe.example",
    hours=OPEN,
    languages=("en",),
    access="Walk in",
    eligibility="Over 16",
    verify_by=date(2027, 3, 31),
    instead=("line",),
    version=3,
)
# One change of every document of the directory's book.
DIRECTORY: tuple[DirectoryChange, ...] = (
    ContactChanged(id="team", after=TEAM),
    ContactPlanned(id="team@2026-12-01", before=TEAM),
    ServiceChanged(id="cafe", before=CAFE),
    ServicePlanned(id="cafe@2026-12-01", after=CAFE),
    CallLogged(
        id="call-1",
        after=CheckCall(sort="contact", entry="team", version=2, at=AT, by="Ania", outcome="changed"),
    ),
)
PHRASES = (
    PhraseChanged(
        id="en/eb8a4d64",
        before=ListedPhrase(lang="en", text="had enough"),
        after=ListedPhrase(lang="en", text="Had enough", on=False),
    ),
)
SHIFT_CHANGE = msgspec.inspect.type_info(ShiftChanged)


def body_of(kind: str) -> Body:
    """An example of a kind, every field of it away from its default."""
    body = KINDS[kind]
    return body(**{field.name: _value(field) for field in msgspec.structs.fields(body)})


def event_of(kind: str, seq: int = 1) -> Event:
    body = body_of(kind)
    return Event(seq=seq, at=AT, by=By("supporter", "ania", "Ania"), body=body, via="sms", v=body.v)


def _value(field: msgspec.structs.FieldInfo) -> Any:
    info = msgspec.inspect.type_info(field.type)
    retention = ""
    if isinstance(info, msgspec.inspect.Metadata):
        # Each class has words of its own, so that one in the place of another would show.
        retention, info = (info.extra_json_schema or {}).get("title", ""), info.type
    word = WORDS.get(retention, f"a {field.name}")
    options = info.types if isinstance(info, msgspec.inspect.UnionType) else (info,)
    for option in options:
        match option:
            case msgspec.inspect.DictType():
                return {"one": word, "two": word + " too"}
            case msgspec.inspect.VarTupleType(item_type=msgspec.inspect.UnionType(types=kinds)):
                return CHANGES if kinds[0] == SHIFT_CHANGE else DIRECTORY
            case msgspec.inspect.VarTupleType(item_type=msgspec.inspect.StructType(cls=kind)):
                return PHRASES if kind is PhraseChanged else (Clock("review", field.name, AT),)
            case msgspec.inspect.VarTupleType():
                return (word, word + " too")
            case msgspec.inspect.BoolType():
                return field.default is not True
            case msgspec.inspect.IntType():
                return 3
            case msgspec.inspect.DateTimeType():
                return AT
            case msgspec.inspect.LiteralType():
                return option.values[-1]
            case msgspec.inspect.StrType():
                return word
    raise AssertionError(f"no example for {field}")
