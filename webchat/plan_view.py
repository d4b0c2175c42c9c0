"""What the page of a plan, its print and its plain text are drawn with."""

from typing import Any

import msgspec
from aiohttp import web

from helpline.directory import EMERGENCY, CrisisContact
from helpline.directory_services import Entry
from helpline.messages import Worded
from helpline.plan import PARTS, RING
from webchat.chat_view import Visitor
from webchat.directory_card import public
from webchat.keys import DEFINITION, HELPLINE
from webchat.words import day

FIRST = (EMERGENCY, "nhs_111")
Json = dict[str, Any]


class Part(msgspec.Struct, frozen=True):
    """One part with its name in the person's language, and its lines as they stand."""

    key: str
    name: Worded
    lines: tuple[Json, ...]
    rings: bool


class PlanPage(msgspec.Struct, frozen=True):
    """One plan as a page shows it. `until` is a day in words, empty when it is not kept."""

    id: str
    sort: str
    parts: tuple[Part, ...]
    wanted: str
    until: str
    review_due: bool


async def plans_of(request: web.Request, who: Visitor, contact: str) -> list[PlanPage]:
    """The plans that stand open in their chat, with the parts that are still empty."""
    definition = request.app[DEFINITION]
    found = []
    for shown in await request.app[HELPLINE].plans.shown_in(contact):
        parts = [
            Part(
                key,
                definition.message(f"plan_{key}", who.language),
                tuple(one for one in shown["lines"] if one["part"] == key),
                key == RING,
            )
            for key in PARTS[shown["sort"]]
        ]
        until = day(shown["until"], definition.zone, who.words.language) if shown["until"] else ""
        found.append(
            PlanPage(shown["plan"], shown["sort"], tuple(parts), shown["wanted"], until, shown["review_due"])
        )
    return found


async def numbers_for(request: web.Request, contact: str) -> list[tuple[str, str]]:
    """Name and number of who anybody may ring where they live, 999 and 111 last, so that they end the page."""
    helpline = request.app[HELPLINE]
    place = (await helpline.contact(contact)).locality
    entries = public(helpline.directory.contacts, helpline.directory.services, place)
    lines = {(one.name, one.number): _rank(one) for one in entries if one.number}
    return sorted(lines, key=lambda line: lines[line])


def _rank(entry: Entry) -> int:
    role = entry.role if isinstance(entry, CrisisContact) else ""
    return len(FIRST) - FIRST.index(role) if role in FIRST else 0


def as_text(who: Visitor, plans: list[PlanPage], numbers: list[tuple[str, str]]) -> str:
    """The plan to keep as plain text, empty parts left out."""
    words, said = who.words, []
    for plan in plans:
        said += [words[f"plan.{plan.sort}"], ""]
        for part in plan.parts:
            if part.lines:
                said += [part.name.text, *(f"- {line}" for line in _written(who, part)), ""]
    said += [words["plan.numbers"], *(f"{name}: {number}" for name, number in numbers), ""]
    return "\n".join(said)


def _written(who: Visitor, part: Part) -> list[str]:
    """Each writing that stands, with its number and whether it may be rung."""
    lines = []
    for line in part.lines:
        for one in line["writings"]:
            whole = [one["text"] or who.words["talk.not_kept"], one["number"] or ""]
            if one["may_ring"]:
                whole.append(who.words[f"plan.rung_{one['may_ring']}"])
            lines.append(", ".join(filter(None, whole)))
    return lines
