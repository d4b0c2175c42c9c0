"""An evening of the whole core on real files: only the clock is set by hand."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from helpline.attendance import Attendance
from helpline.contact import Contact
from helpline.core import Answer
from helpline.definition import Definition, read_definition
from helpline.events import PERSON, Event
from helpline.logbook import Change
from helpline.people import Principal
from helpline.service import Helpline
from helpline.talking import Message
from tests.clock import SetClock

# A Wednesday in winter, when London's wall clock shows UTC.
EIGHT = datetime(2026, 1, 14, 20, 0, tzinfo=UTC)

TOP = """
name = "Evening line"
short_name = "Evening"
zone = "Europe/London"
country = "GB"
region = "ENG"
lead_number = "01632 960110"
[languages]
promised = ["en", "cy", "pl", "ur"]
[capacity]
new = 1
experienced = 2
"""
HOURS = """
[hours.channels.web]
week = { every_day = ["18:00-02:00"] }
"""
STAFFING = """
[staffing]
supporters = 1
lead = false
on_call = false
peers_alone = true
"""
NOTE = """
[[note_form.fields]]
key = "summary"
label = "What they wanted to talk about"
[[note_form.fields]]
key = "plan"
label = "Safety plan"
sealed = "safety"
[[note_form.fields]]
key = "outcome"
label = "How it ended"
kind = "choice"
outcome = true
choices = [{ key = "talked", label = "Talked" }, { key = "left", label = "They left" }]
"""
DIRECTORY = """
[[localities]]
id = "moorside"
name = "Moorside"
districts = ["BD1", "BD3"]
[[crisis_contacts]]
id = "lead"
name = "Shift lead"
role = "lead"
number = "01632 960110"
verify_by = 2099-12-31

[[crisis_contacts]]
id = "team"
name = "Moorside crisis team"
role = "crisis_team"
number = "01632 960114"
localities = ["moorside"]
verify_by = 2099-12-31
[[crisis_contacts]]
id = "on-call"
name = "Kit, on-call"
role = "on_call"
number = "07700 900111"
hours = "always"
verify_by = 2099-12-31
"""
PEOPLE: dict[str, tuple[str, tuple[str, ...], str]] = {
    "ania": ("supporter", ("pl", "en"), "experienced"),
    "dev": ("supporter", ("en", "ur"), "experienced"),
    "mari": ("supporter", ("cy", "en"), "experienced"),
    "lou": ("supporter", ("en",), "new"),
    "jo": ("lead", ("en",), "experienced"),
    "kit": ("on_call", ("en",), "experienced"),
    "noor": ("second_on_call", ("en", "ur"), "experienced"),
    "robin": ("supervisor", ("en",), "experienced"),
}


def person_table(id: str, *, role: str, languages: Sequence[str], level: str) -> str:
    tags = ", ".join(f'"{tag}"' for tag in languages)
    return (
        f'[[people]]\nid = "{id}"\nname = "{id.title()} Full-Name"\nshown_name = "{id.title()}"\n'
        f'roles = ["{role}"]\nlanguages = [{tags}]\nlevel = "{level}"\n'
    )


def shift_table(person: str, *, role: str, starts: str = "18:00", ends: str = "02:00") -> str:
    last = "14" if ends > starts else "15"
    return (
        f'[[shifts]]\nid = "{person}-{starts[:2]}"\nperson = "{person}"\nrole = "{role}"\n'
        f"starts = 2026-01-14T{starts}:00\nends = 2026-01-{last}T{ends}:00\n"
        'rrule = "FREQ=DAILY"\n'
    )


def everybody() -> str:
    """All of `PEOPLE`, and the evening shift of everybody whose role a rota has."""
    tables = []
    for id, (role, languages, level) in PEOPLE.items():
        tables.append(person_table(id, role=role, languages=languages, level=level))
        if role != "supervisor":
            tables.append(shift_table(id, role=role))
    return "".join(tables)


def definition_in(
    folder: Path, *more: str, hours: str = HOURS, staffing: str = STAFFING, people: str | None = None
) -> Definition:
    """The evening's definition; `more` are tables to add."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "evening.toml"
    tables = (TOP, hours, staffing, NOTE, DIRECTORY, everybody() if people is None else people, *more)
    path.write_text("".join(tables), encoding="utf-8")
    return read_definition(path)


def new_id() -> str:
    return str(uuid4())


class Evening:
    """The service on its files, and short ways to do what people do."""

    def __init__(self, folder: Path, definition: Definition | None = None, now: datetime = EIGHT) -> None:
        self.folder = folder
        self.definition = definition or definition_in(folder)
        self.clock = SetClock(now)
        self.heard: list[Change] = []
        self._open: Helpline | None = None

    @property
    def line(self) -> Helpline:
        assert self._open is not None
        return self._open

    async def open(self) -> "Evening":
        self.take(
            await Helpline.open(
                self.definition, data=self.folder / "data", keys=self.folder / "keys", clock=self.clock
            )
        )
        await self.line.run()
        await self.settled()
        return self

    def take(self, helpline: Helpline) -> None:
        """Go on with this service."""
        self._open = helpline
        helpline.listen(self.heard.append)

    async def close(self) -> None:
        if self._open is not None:
            helpline, self._open = self._open, None
            await helpline.close()

    async def restart(self) -> None:
        """Close the service and open it again on the same files. Nobody is connected afterwards."""
        await self.close()
        await self.open()

    async def settled(self) -> None:
        await self.line.dispatcher.settled()

    async def later(self, **by: float) -> None:
        """Let time pass, stopping wherever the service wanted to be woken."""
        await self.until(self.clock.now() + timedelta(**by))

    async def until(self, end: datetime) -> None:
        await self.settled()
        while (wake := self.clock.next_wake()) is not None and wake <= end:
            self.clock.set(max(wake, self.clock.now()))
            await self.settled()
        self.clock.set(end)
        await self.settled()

    # -- people ----------------------------------------------------------------------------------------------------

    def who(self, id: str) -> Principal:
        principal = self.line.people.principal(id)
        assert principal is not None
        return principal

    async def on(self, *ids: str, ready: bool = True, capacity: int | None = None) -> None:
        """They open their desk, check in, and are ready unless told otherwise."""
        for id in ids:
            self.line.supporter_connected(id)
            await self.line.check_in(self.who(id), client_id=new_id(), sound=True)
            if ready:
                await self.line.ready(self.who(id), capacity=capacity)
        await self.settled()

    async def person(
        self,
        language: str = "en",
        first: str | None = "hello",
        *,
        token: str | None = None,
        connected: bool = True,
        answers: dict[str, str] | None = None,
    ) -> str:
        """Somebody comes, with a page of theirs open. The contact's id."""
        answer = await self.line.start(
            token or new_id(), client_id=new_id(), language=language, first_message=first, answers=answers
        )
        if connected:
            self.line.person_connected(answer.contact)
        await self.settled()
        return answer.contact

    async def says(self, contact: str, text: str = "I am here", client_id: str = "") -> Answer:
        answer = await self.line.say(contact, PERSON, [Message(client_id or new_id(), text)])
        await self.settled()
        return answer

    async def answers(self, id: str, contact: str, text: str = "I am listening") -> Answer:
        answer = await self.line.say_to(self.who(id), contact, [Message(new_id(), text)])
        await self.settled()
        return answer

    async def accepts(self, id: str, contact: str) -> Answer:
        """They take the offer that stands."""
        offer = self.fold(contact).offer
        assert offer is not None, "nobody is being asked"
        assert offer.supporter == id, f"{offer.supporter} is being asked"
        answer = await self.line.accept(self.who(id), offer.offer, new_id())
        await self.settled()
        return answer

    async def declines(self, id: str, contact: str) -> None:
        offer = self.fold(contact).offer
        assert offer is not None
        assert offer.supporter == id
        await self.line.decline(self.who(id), offer.offer, None, new_id())
        await self.settled()

    async def with_(self, id: str, language: str = "en") -> str:
        """Somebody came and `id`, alone able to take them, is with them. The contact's id."""
        contact = await self.person(language)
        await self.accepts(id, contact)
        return contact

    async def ends(self, id: str, contact: str, outcome: str = "talked") -> None:
        """They end the conversation and say how it ended."""
        await self.line.close_contact(self.who(id), contact, new_id())
        await self.line.wrap_up(self.who(id), contact, outcome, new_id())
        await self.settled()

    # -- what is there ---------------------------------------------------------------------------------------------

    def fold(self, contact: str) -> Contact:
        held = self.line.logbook.held(contact)
        assert isinstance(held, Contact), "not in memory"
        return held

    def shift(self, id: str) -> Attendance:
        held = self.line.roster.attendance(id)
        assert held is not None, f"{id} is not checked in"
        return held

    def asked(self, contact: str) -> str:
        """Who is being asked to take it now, or nobody."""
        offer = self.fold(contact).offer
        return offer.supporter if offer else ""

    def slots(self, id: str) -> set[str]:
        return set(self.shift(id).slots)

    async def events(self, contact: str) -> list[Event]:
        return await self.line.logbook.read(contact)

    async def kinds(self, contact: str) -> list[str]:
        return [event.kind for event in await self.events(contact)]

    async def told(self, contact: str) -> list[str]:
        """What the service told the person, and what it let them choose."""
        shown, _ = await self.line.person_events(contact)
        return [
            event.get("what") or event["why"] for event in shown if event["kind"] in ("told", "choice_asked")
        ]

    def alerts(self, contact: str) -> dict[str, str]:
        """What is open, and to whom it went last: `{"not_safe": "on_call"}`."""
        return {alert.what: alert.to for alert in self.fold(contact).open_alerts}

    async def replayed(self, log: str) -> Any:
        """The fold of what lies on the disk, without what is in memory."""
        fold: Any = Contact(log) if log.startswith("c-") else Attendance(log)
        for event in await self.line.logbook.read(log):
            fold = fold.apply(event)
        return fold
