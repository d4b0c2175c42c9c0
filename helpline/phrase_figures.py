"""How often each phrase prompted, and how often somebody said "not that": counted by phrase, never by person.

Whole calendar months only, so that no two periods differ by one evening. Small numbers are hidden by the rule of all
our figures: whatever fewer than five contacts stand behind is not told, nor what would give it away.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

SMALL = 5
"""Contacts behind a number before it may be told."""
OFTEN_FALSE = 0.5
FEW = f"fewer than {SMALL} people"


class _Facts(msgspec.Struct, frozen=True):
    """What this report reads of a contact's facts: by phrase, how often it prompted and how often that was false."""

    prompts: dict[str, tuple[int, int]] = {}


class Counted(msgspec.Struct, frozen=True):
    """One phrase in a period: prompts and false ones, and the contacts behind each. Not to be shown as it is."""

    put: int = 0
    false: int = 0
    contacts: int = 0
    contacts_false: int = 0

    def and_in(self, put: int, false: int) -> "Counted":
        """With one more contact, in which it prompted so often."""
        return Counted(
            self.put + put, self.false + false, self.contacts + 1, self.contacts_false + (false > 0)
        )

    @property
    def told(self) -> bool:
        """Enough contacts for the number of prompts to be told."""
        return self.contacts >= SMALL

    @property
    def false_told(self) -> bool:
        """Neither the false ones nor what would be left of the others are a small number."""
        return self.told and all(not n or n >= SMALL for n in self._parts)

    @property
    def _parts(self) -> tuple[int, int]:
        return self.contacts_false, self.contacts - self.contacts_false

    @property
    def mostly_false(self) -> bool:
        """Told, and at least half of its prompts were false: a reason to look at the phrase again."""
        return self.told and self.false >= OFTEN_FALSE * self.put


def counted(facts: Iterable[bytes], live: Iterable[Mapping[str, tuple[int, int]]]) -> dict[str, Counted]:
    """By phrase (`en/5f0c2a91`), from the facts of contacts that have ended and from those that have not."""
    decoder = msgspec.json.Decoder(_Facts)
    found: dict[str, Counted] = {}
    for prompts in (*(decoder.decode(one).prompts for one in facts), *live):
        for name, (put, false) in prompts.items():
            found[name] = found.get(name, Counted()).and_in(put, false)
    return found


def first_of(months: int, now: datetime) -> datetime:
    """The first instant of the month that begins a period of so many months, the one of `now` included."""
    back = now.year * 12 + now.month - months
    return now.replace(year=back // 12, month=back % 12 + 1, day=1, hour=0, minute=0, second=0, microsecond=0)


def put_words(one: Counted) -> str:
    """How often it prompted, as it may be told: `12`, `0` or `fewer than 5 people`."""
    return str(one.put) if one.told or not one.contacts else FEW


def false_words(one: Counted) -> str:
    """How often it was false, as it may be told; empty where the number of prompts is not."""
    if not one.told:
        return ""
    if one.false_told:
        return str(one.false)
    return FEW if one.contacts_false < SMALL else f"all but {FEW}"


def sum_words(all_of_them: Sequence[Counted]) -> str:
    """How often a list prompted. With a hidden number in it the sum says only what is shown anyway."""
    shown = sum(one.put for one in all_of_them if one.told)
    hidden = any(one.contacts and not one.told for one in all_of_them)
    return f"at least {shown}" if hidden and shown else FEW if hidden else str(shown)
