"""The phrase lists as a book: one small document for each phrase, and the changes that make it so.

A phrase is known by its language and the hash of its folded words, as in the figures: the same words are the same
phrase however they are written, and one that was switched off and on again keeps its past.
"""

from collections.abc import Iterable, Mapping

import msgspec

from helpline.urgency import Phrases, phrase_id, words_of
from rota.documents import Change, Moved, put


class ListedPhrase(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One phrase of a language's list. When it is not `on` it is looked for no more, and stands in the list all the same."""

    lang: str
    text: str
    on: bool = True

    @property
    def id(self) -> str:
        """`en/5f0c2a91`, as prompts and figures name it."""
        return f"{self.lang}/{phrase_id(self.lang, self.text)}"


class PhraseChanged(Change[ListedPhrase], frozen=True, kw_only=True, tag="phrase"):
    """A phrase as it is from now on; without `after` it stands in the list no more."""


class PhraseLists(msgspec.Struct, frozen=True):
    """All lists of a service. `had` names every phrase there ever was: one that went does not come back by itself."""

    phrases: Mapping[str, ListedPhrase] = {}
    had: frozenset[str] = frozenset()

    def apply(self, changes: Iterable[PhraseChanged]) -> "PhraseLists":
        """The lists after these changes, whatever they held before: what happened has happened."""
        phrases, had = dict(self.phrases), set(self.had)
        for change in changes:
            put(phrases, change.id, change.after)
            had.add(change.id)
        return PhraseLists(phrases, frozenset(had))

    def turned(self, changes: Iterable[PhraseChanged]) -> tuple[PhraseChanged, ...]:
        """These changes backwards. `Moved` when one of them has been changed again since."""
        backwards = [change.turned for change in reversed(tuple(changes))]
        for back in backwards:
            if self.phrases.get(back.id) != back.before:
                raise Moved(back)
        return tuple(backwards)

    @property
    def in_use(self) -> Phrases:
        """What is looked for, by language."""
        found: dict[str, list[str]] = {}
        for one in self.phrases.values():
            if one.on:
                found.setdefault(one.lang, []).append(one.text)
        return {lang: tuple(each) for lang, each in found.items()}

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that have a phrase, on or off."""
        return tuple(sorted({one.lang for one in self.phrases.values()}))

    def of(self, lang: str) -> tuple[ListedPhrase, ...]:
        """One language's phrases, by the alphabet."""
        found = [one for one in self.phrases.values() if one.lang == lang]
        return tuple(sorted(found, key=lambda one: words_of(one.text)))

    # -- the changes that make it so -------------------------------------------------------------------------------

    def putting(self, phrase: ListedPhrase) -> tuple[PhraseChanged, ...]:
        """The change that puts a phrase in place; none when it is so already."""
        held = self.phrases.get(phrase.id)
        return () if held == phrase else (PhraseChanged(id=phrase.id, before=held, after=phrase),)

    def rewording(self, held: ListedPhrase, text: str) -> tuple[PhraseChanged, ...]:
        """The changes that put other words in a phrase's place, as much in use as it was."""
        new = msgspec.structs.replace(held, text=text)
        gone = () if new.id == held.id else (PhraseChanged(id=held.id, before=held),)
        return (*gone, *self.putting(new))

    def becoming(self, lang: str, texts: Iterable[str]) -> tuple[PhraseChanged, ...]:
        """The changes that make these a language's list: what is not among them is switched off, not lost."""
        wanted: dict[str, ListedPhrase] = {}
        for text in texts:
            one = ListedPhrase(lang=lang, text=text)
            wanted.setdefault(one.id, one)
        off = [
            msgspec.structs.replace(one, on=False) for one in self.of(lang) if one.on and one.id not in wanted
        ]
        return tuple(change for one in (*wanted.values(), *off) for change in self.putting(one))
