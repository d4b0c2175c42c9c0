"""Keeping the phrase lists: what a supervisor may do to them, and the lists ready to be looked through.

Every command is one step in the log `l-phrases`, decided on the newest lists. When it returns, the next message is
looked through with the new list: the matcher is made beside everything else and takes the old one's place at once.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

import msgspec

from helpline import book_log
from helpline.book_log import BookLog
from helpline.definition import Definition
from helpline.errors import BadRequest, NotAllowed, NotFound, NotNow
from helpline.events import SERVICE
from helpline.logbook import Change, Logbook
from helpline.people import Principal
from helpline.permissions import PHRASE_KEEPERS
from helpline.phrase_book import ListedPhrase, PhraseChanged, PhraseLists
from helpline.phrase_events import PhrasesChanged
from helpline.phrase_rules import checked_language, checked_phrase, stands_everywhere
from helpline.ports import Clock
from helpline.urgency import MOST, Match, PhraseBook
from rota.documents import Moved

LOG = "l-phrases"
STEPS_SHOWN = 50
MOST_TRIED = 50

Deciding = Callable[[PhraseLists, datetime], Sequence[PhraseChanged]]
Step = book_log.Step[PhraseChanged]


class Tried(msgspec.Struct, frozen=True):
    """One made-up message, and what of the lists would be found in it: the words that stand there, or nothing."""

    text: str
    found: str = ""
    phrase: str = ""


class PhraseKeeping:
    """The lists of one service. `book` finds what is in use now."""

    def __init__(self, logbook: Logbook, clock: Clock, definition: Definition) -> None:
        self._logbook = logbook
        self._steps: book_log.Steps[PhraseChanged] = book_log.Steps(logbook, LOG, PhrasesChanged)
        self._clock = clock
        self._definition = definition
        self._making: asyncio.Task[None] | None = None
        self._listeners: list[Callable[[], None]] = []
        self.lists = PhraseLists()
        self.book = PhraseBook({})
        logbook.listen(self._heard)

    async def open(self) -> None:
        """Read the log, or begin it; then add phrases the definition has and this service never had."""
        try:
            fold: BookLog[PhraseLists] = await self._logbook.load(LOG)
            self.lists = fold.book
        except NotFound:
            await self._logbook.create(LOG)
            await self._steps.take(SERVICE, "began", lambda lists, now: ())
        seeds = [
            ListedPhrase(lang=lang, text=text)
            for lang, each in self._definition.seed_phrases.items()
            for text in each
        ]

        def seeded(lists: PhraseLists, now: datetime) -> Sequence[PhraseChanged]:
            new = {seed.id: seed for seed in seeds if seed.id not in lists.had}
            return [change for seed in new.values() for change in lists.putting(seed)]

        if any(seed.id not in self.lists.had for seed in seeds):
            await self._steps.take(SERVICE, "seeded", seeded)
        await self._make()

    def _heard(self, change: Change) -> None:
        if change.log == LOG:
            self.lists = change.after.book
            self._making = asyncio.ensure_future(self._make())

    def listen(self, heard: Callable[[], None]) -> None:
        """Call `heard` whenever other lists are in use."""
        self._listeners.append(heard)

    async def _make(self) -> None:
        """The matcher anew, in a thread: thousands of phrases take their time, which is nobody's who writes just now."""
        lists = self.lists
        made = await asyncio.to_thread(PhraseBook, lists.in_use)
        if lists is self.lists:
            self.book = made
            for heard in self._listeners:
                heard()

    # -- what a supervisor does ------------------------------------------------------------------------------------

    async def add(self, who: Principal, lang: str, text: str, client_id: str, why: str = "") -> int:
        """Add a phrase to a language's list, or switch it on again; the seq of the step. `BadRequest` says what is wrong."""
        lang, text = checked_language(lang), self._checked(lang, text)
        phrase = ListedPhrase(lang=lang, text=text)

        def decide(lists: PhraseLists, now: datetime) -> Sequence[PhraseChanged]:
            held = lists.phrases.get(phrase.id)
            if held is not None and held.on:
                raise NotNow(f"It is in the list already: “{held.text}”.")
            if held is None:
                _room(lists, lang)
            return lists.putting(phrase)

        return await self._said(who, "added", (lang, text), decide, client_id, why)

    async def reword(self, who: Principal, id: str, text: str, client_id: str, why: str = "") -> int:
        """Put other words in a phrase's place. Its figures stay with the old words."""
        text = self._checked(id.partition("/")[0], text)

        def decide(lists: PhraseLists, now: datetime) -> Sequence[PhraseChanged]:
            held = _held(lists, id)
            new = msgspec.structs.replace(held, text=text)
            if new.id != held.id and new.id in lists.phrases:
                raise NotNow(f"Those words are in the list already: “{lists.phrases[new.id].text}”.")
            return lists.rewording(held, text)

        return await self._said(who, "reworded", (id, text), decide, client_id, why)

    async def switch(self, who: Principal, id: str, on: bool, client_id: str, why: str = "") -> int:
        """Look for a phrase, or look for it no more. It stays in the list."""

        def decide(lists: PhraseLists, now: datetime) -> Sequence[PhraseChanged]:
            return lists.putting(msgspec.structs.replace(_held(lists, id), on=on))

        return await self._said(who, "switched_on" if on else "switched_off", id, decide, client_id, why)

    async def replace(
        self, who: Principal, lang: str, texts: Iterable[str], client_id: str, *, seen: int
    ) -> int:
        """Make these a language's list, as a text file brings them. `NotNow` when the lists moved on since `seen`."""
        lang = checked_language(lang)
        given = tuple(texts)
        if len(given) > MOST:
            raise BadRequest(f"That is {len(given)} phrases. Keep the {MOST} that matter most.")
        # Each is held against all that the service says: a quarter of a second for a whole list.
        wanted = await asyncio.to_thread(lambda: tuple(self._checked(lang, text) for text in given))

        def decide(lists: PhraseLists, now: datetime) -> Sequence[PhraseChanged]:
            if self.seq != seen:
                raise NotNow("The lists were changed in the meantime. Please look again.")
            changes = lists.becoming(lang, wanted)
            if len(lists.apply(changes).of(lang)) > MOST * 2:
                raise BadRequest("Too many phrases that are switched off. Change some of them instead.")
            return changes

        return await self._said(who, "replaced", (lang, wanted), decide, client_id)

    async def undo(self, who: Principal, seq: int, client_id: str) -> int:
        """Turn one step round. `NotNow` when it has been built on."""
        step = await self._steps.undoable(seq, who, PHRASE_KEEPERS, self._clock.now())

        def decide(lists: PhraseLists, now: datetime) -> Sequence[PhraseChanged]:
            try:
                return lists.turned(step.changes)
            except Moved:
                raise NotNow("That has been changed again since, so it cannot simply be undone.") from None

        return await self._said(who, "undid", seq, decide, client_id, undoes=seq)

    # -- what is there ---------------------------------------------------------------------------------------------

    @property
    def seq(self) -> int:
        """The number of the newest step."""
        return self._steps.seq

    def phrase(self, id: str) -> ListedPhrase:
        """One phrase; `NotFound` when it is in no list."""
        return _held(self.lists, id)

    def try_out(
        self, lines: Iterable[str], lang: str, text: str = "", instead: str = ""
    ) -> tuple[Tried, ...]:
        """What would be found in made-up messages, with `text` added to the list of `lang`. Nothing of it is kept.

        `instead` is the id of the phrase that `text` takes the place of.
        """
        lists = self.lists
        if instead:
            lists = lists.apply([PhraseChanged(id=instead, before=lists.phrases.get(instead))])
        if text:
            lists = lists.apply(lists.putting(ListedPhrase(lang=lang, text=self._checked(lang, text))))
        book = self.book if lists is self.lists else PhraseBook(lists.in_use)
        return tuple(
            _tried(line, book.find(line, lang), lists) for line in tuple(lines)[:MOST_TRIED] if line.strip()
        )

    async def history(self, before: int | None = None, limit: int = STEPS_SHOWN) -> list[Step]:
        """The newest steps, newest first; those before a seq to page back."""
        return await self._steps.before(before, limit)

    # -- one step --------------------------------------------------------------------------------------------------

    def _checked(self, lang: str, text: str) -> str:
        text = checked_phrase(text)
        if said := stands_everywhere(self._definition, lang, text):
            raise BadRequest(said)
        return text

    async def _said(
        self,
        who: Principal,
        what: str,
        about: object,
        decide: Deciding,
        client_id: str,
        why: str = "",
        *,
        undoes: int = 0,
    ) -> int:
        if not who.is_any(*PHRASE_KEEPERS):
            raise NotAllowed
        seq = await self._steps.said(who, what, about, decide, client_id, why, undoes=undoes)
        if self._making is not None:
            await self._making
        return seq


def _tried(line: str, match: Match | None, lists: PhraseLists) -> Tried:
    if match is None:
        return Tried(line)
    named = lists.phrases.get(f"{match.lang}/{match.phrase}")
    return Tried(line, line[match.begins : match.ends], named.text if named else "")


def _held(lists: PhraseLists, id: str) -> ListedPhrase:
    held = lists.phrases.get(id)
    if held is None:
        raise NotFound("That phrase is in no list any more.")
    return held


def _room(lists: PhraseLists, lang: str) -> None:
    if len(lists.of(lang)) >= MOST:
        raise BadRequest(
            f"The list has {MOST} phrases already. Keep those that matter most: change one instead."
        )
