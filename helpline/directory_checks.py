"""What an edit of the crisis contacts must not do: leave somebody on the ladder with nowhere to go.

The checks are those a definition is read with, asked of the contacts as they would be. Only what an edit makes worse
is held against it, so that a directory with an old mistake can be mended step by step.
"""

import re
from collections.abc import Sequence
from datetime import date

import msgspec

from helpline.definition import Definition
from helpline.definition_checks import check, refusals_to_serve
from helpline.directory import EMERGENCY, CrisisContact, for_locality
from helpline.directory_book import DirectoryBook
from helpline.errors import BadRequest
from helpline.ladder import ACTING, listed

_AT = re.compile(r"crisis_contacts\[(\d+)\](?:\.(\w+))?")
_FIELD = re.compile(r"crisis contact (.+)\.(\w+)")


class Wrong(msgspec.Struct, frozen=True):
    """One thing wrong: with which contact ("" for none), at which of its fields ("" for all of it), and the mend."""

    contact: str
    field: str
    what: str
    mend: str

    def __str__(self) -> str:
        return f"{self.what[:1].upper()}{self.what[1:]}; {self.mend}."


class DeadEnd(BadRequest):
    """An edit that is refused. `wrongs` are every reason."""

    code = "dead_end"
    status = 422

    def __init__(self, wrongs: Sequence[Wrong]) -> None:
        super().__init__(" ".join(str(wrong) for wrong in wrongs))
        self.wrongs = tuple(wrongs)


def made_worse(
    definition: Definition, before: DirectoryBook, after: DirectoryBook, today: date
) -> tuple[Wrong, ...]:
    """What would be wrong after an edit that was not wrong before, today or on any day a planned change begins."""
    found: dict[Wrong, None] = {}
    for day in after.days_ahead(today):
        were = {_kind(wrong) for wrong in wrongs_of(definition, before.contacts_on(day))}
        now = wrongs_of(definition, after.contacts_on(day))
        found |= {wrong: None for wrong in now if _kind(wrong) not in were}
    return tuple(found)


def _kind(wrong: Wrong) -> tuple[str, str, str]:
    """What two mistakes have in common that are the same one, whatever was typed."""
    return wrong.contact, wrong.field, wrong.mend if wrong.contact else wrong.what


def wrongs_of(definition: Definition, contacts: Sequence[CrisisContact]) -> list[Wrong]:
    """Every error in these crisis contacts as the whole list a service has."""
    held = msgspec.structs.replace(definition, crisis_contacts=tuple(contacts))
    found = []
    for mistake in check(held):
        if mistake.kind == "error" and mistake.key.startswith(("crisis_contacts", "localities")):
            at = _AT.match(mistake.key)
            id = contacts[int(at[1])].id if at else ""
            found.append(Wrong(id, (at[2] or "") if at else "", mistake.what, _plain(mistake.mend)))
    refused = [
        Wrong(named[1], named[2], mistake.what, mistake.mend)
        for mistake in refusals_to_serve(definition, crisis_contacts=contacts)
        if (named := _FIELD.fullmatch(mistake.key))
    ]
    return [*found, *refused, *_dead_ends(definition, contacts)]


def _dead_ends(definition: Definition, contacts: Sequence[CrisisContact]) -> list[Wrong]:
    """From rung 3 every locality's list must hold an emergency number that always answers."""
    found: dict[Wrong, None] = {}
    for locality in ("", *(one.id for one in definition.localities)):
        near = for_locality(contacts, locality)
        for rung in definition.ladder.rungs[ACTING:]:
            steps = listed(definition.ladder.steps(rung.number), near)
            last = [one for one in steps if one.role == EMERGENCY]
            if not last or any(one.hours is not None for one in last):
                what = f"rung {rung.number} would have no emergency number that always answers"
                found[Wrong("", "", what, "keep one that is always open and serves everywhere")] = None
    return list(found)


def _plain(mend: str) -> str:
    """A mend as it is said on a page, where there is no file to write in."""
    if "[[crisis_contacts]]" in mend:
        return "keep one that is always open" if "on_call" in mend else "keep a crisis team for it"
    return mend.replace('hours = "always"', "that it is always open")
