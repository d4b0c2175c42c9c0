"""Nothing the person is given tells them that something was hidden from them."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from helpline.contact import Contact
from helpline.definition import Definition
from helpline.events import PERSON, RungSet
from helpline.logbook import Change
from helpline.showing import for_person
from helpline.talking import Message
from tests.conftest import PROVING
from tests.helpline.evening import Evening, definition_in, new_id

# What happens where the person may see it, in the order of one contact's life.
LIFE = ("say", "answer", "wait", "not_safe", "say", "line", "answer", "wait", "close", "say")
HIDDEN = ("note", "rung", "attempt", "ask", "acknowledge", "watch", "handover", "seen", "shift", "others")


class Side:
    """One contact, and everything its person is given: frames as they come, states, and what a fresh page loads."""

    def __init__(self, folder: Path, definition: Definition | None = None, words: str = "words") -> None:
        self.evening = Evening(folder, definition)
        self.words = words
        self.contact = ""
        self.given: list[Any] = []

    def heard(self, change: Change) -> None:
        if change.log == self.contact and isinstance(change.after, Contact):
            talk = change.before.talk
            for event in change.events:
                if event.body.talk:
                    talk += 1
                    self.given.append(self.nameless(for_person(event, change.log, talk)))

    def nameless(self, shown: Any) -> Any:
        """Without what is drawn at random for every contact."""
        return {key: value for key, value in shown.items() if key not in ("contact", "name", "client_id")}

    async def look(self) -> None:
        line = self.evening.line
        await self.evening.settled()
        self.given.append(self.nameless(line.person_state(self.contact)))
        self.given.append(line.queue_place(self.evening.fold(self.contact)))
        events, more = await line.person_events(self.contact, 0, None, 200)
        self.given.append(([self.nameless(event) for event in events], more))
        events, more = await line.person_events(self.contact, 0, 5, 2)
        self.given.append(([self.nameless(event) for event in events], more))

    async def begin(self) -> None:
        await self.evening.open()
        await self.evening.on("ania", "dev", "jo")
        answer = await self.evening.line.start(
            new_id(), client_id=new_id(), language="pl", first_message="hello"
        )
        self.contact = answer.contact
        self.evening.line.listen(self.heard)
        self.evening.line.person_connected(self.contact)
        await self.evening.settled()
        await self.evening.accepts("ania", self.contact)

    async def seen_step(self, step: str) -> None:
        line, c, ania = self.evening.line, self.contact, self.evening.who("ania")
        answer = None
        match step:
            case "say":
                answer = await line.say(c, PERSON, [Message(new_id(), self.words)])
            case "answer":
                await line.say_to(ania, c, [Message(new_id(), "words")])
            case "wait":
                await self.evening.later(minutes=4)
            case "not_safe":
                answer = await line.not_safe(c, new_id())
            case "line":
                line.person_disconnected(c)
                await self.evening.later(seconds=30)
                line.person_connected(c)
            case "close":
                await line.close_contact(ania, c, new_id())
        if answer is not None:
            self.given.append((answer.talk, answer.talks))
        await self.look()

    async def hidden_step(self, step: str) -> None:
        line, c = self.evening.line, self.contact
        ania, jo = self.evening.who("ania"), self.evening.who("jo")
        fold = self.evening.fold(c)
        match step:
            case "note":
                await line.note(jo, c, version=10_000, fields={"summary": "words"}, client_id=new_id())
            case "rung":
                body = RungSet(0 if fold.rung else 3, 0, basis="words", client_id=new_id())
                await line.set_rung(jo, c, body)
            case "attempt":
                await line.attempt(jo, c, crisis_contact="team", outcome="engaged", client_id=new_id())
            case "ask" if fold.part("ania") is not None:
                await line.ask_lead(ania, c, new_id(), "words")
            case "acknowledge" if fold.open_alerts:
                await line.acknowledge(jo, c, fold.open_alerts[0].alert, new_id())
            case "watch":
                await line.watch(jo, c)
            case "handover" if fold.phase == "live" and fold.offer is None:
                await line.transfer(ania, c, "jo", new_id(), "words")
                await self.evening.settled()
                await self.evening.declines("jo", c)
            case "seen":
                await line.seen_by_supporter(c, fold.seq)
            case "shift":
                await line.away(self.evening.who("dev"), "pause")
                await line.ready(self.evening.who("dev"))
            case "others":
                other = await self.evening.person("cy")
                await line.leave(other, "ended", new_id())
        await self.evening.settled()


async def lived(
    folder: Path, hidden: list[tuple[str, ...]], definition: Definition | None = None, words: str = "words"
) -> list[Any]:
    side = Side(folder, definition, words)
    try:
        await side.begin()
        for step, between in zip(LIFE, hidden, strict=True):
            for other in between:
                await side.hidden_step(other)
            await side.seen_step(step)
    finally:
        await side.evening.close()
    return side.given


@settings(max_examples=100 if PROVING else 4, deadline=None)
@given(
    st.lists(
        st.lists(st.sampled_from(HIDDEN), max_size=3).map(tuple), min_size=len(LIFE), max_size=len(LIFE)
    ).filter(any)
)
def test_with_and_without_what_is_hidden_the_person_is_given_the_same(hidden: list[tuple[str, ...]]) -> None:
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        plain = asyncio.run(lived(Path(one), [()] * len(LIFE)))
        assert asyncio.run(lived(Path(other), hidden)) == plain


NO_PHRASES = "[urgency]\nphrases = { en = [], cy = [], pl = [], ur = [], ar = [] }\n"
WRITTEN = ("hello", "I want to die", "nie chcę żyć", "it was a joke")


async def waited(folder: Path, said: list[tuple[int, str]], *, lists: bool) -> list[Any]:
    """Three who wait for one supporter who is not ready; each is given what follows from words of any of them."""
    evening = Evening(folder, definition_in(folder, *(() if lists else (NO_PHRASES,))))
    given: list[Any] = []
    await evening.open()
    try:
        await evening.on("lou", ready=False)
        people = []
        for _ in range(3):
            people.append(await evening.person("en"))
            await evening.later(seconds=1)
        for who, text in said:
            answer = await evening.line.say(people[who], PERSON, [Message(new_id(), text)])
            await evening.later(seconds=20)
            given.append((answer.talk, answer.talks))
            for contact in people:
                state = evening.line.person_state(contact)
                events, more = await evening.line.person_events(contact)
                shown = [{**one, "contact": "", "client_id": ""} for one in events]
                given.append(
                    ({**state, "name": ""}, evening.line.queue_place(evening.fold(contact)), shown, more)
                )
        prompts = [evening.fold(contact).prompts.standing for contact in people]
        assert any(prompts) == (lists and any(text in WRITTEN[1:3] for _, text in said))
    finally:
        await evening.close()
    return given


@settings(max_examples=60 if PROVING else 4, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from(WRITTEN)), min_size=1, max_size=5))
def test_with_and_without_phrase_lists_whoever_waits_is_given_the_same(said: list[tuple[int, str]]) -> None:
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        plain = asyncio.run(waited(Path(one), said, lists=False))
        assert asyncio.run(waited(Path(other), said, lists=True)) == plain


def test_a_phrase_in_every_message_of_a_whole_evening_shows_nowhere_on_the_persons_side() -> None:
    quiet: list[tuple[str, ...]] = [()] * len(LIFE)
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        without = definition_in(Path(one), NO_PHRASES)
        plain = asyncio.run(lived(Path(one), quiet, without, "chcę umrzeć"))
        assert asyncio.run(lived(Path(other), quiet, None, "chcę umrzeć")) == plain
