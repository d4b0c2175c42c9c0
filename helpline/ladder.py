"""The risk ladder, pure: what we are doing now to keep somebody safe, what to ask, and who to ring next.

A rung is no score. Nothing here sets one: only a person who signed in does. Order suggests, it never gates: 999
and "go to rung 4" are one press at every rung, whatever is suggested.
"""

import tomllib
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec

from helpline.directory import EMERGENCY, CrisisContact, for_locality, is_open, is_stale, opens_at
from helpline.messages import Texts, Worded, in_language, lookup

Outcome = Literal["answered", "no_answer", "engaged", "refused", "left_message", "wrong_number", "other"]
Track = Literal["S", "H", "T", "X"]
"""Beside any rung: safeguarding, harm to others, third-party caller, the supporter's own distress."""

CLOCKS: dict[str, str] = {
    "lead_told": "the lead has been told",
    "review": "the plan is looked at again",
    "follow_up_from": "a follow-up is offered, at the earliest",
    "follow_up": "a follow-up is offered, at the latest",
    "lead_acknowledges": "the lead has acknowledged, else the on-call is paged",
    "on_call_acknowledges": "the on-call has acknowledged, else the second on-call is paged",
    "first_outside_call": "the first call to somebody outside",
    "each_number": "one number was tried, and the next is suggested",
    "noted_every": "what is happening is noted",
    "call_started": "the emergency call has begun",
    "safeguarding_told": "the safeguarding lead has been told",
    "confirm_first": "the first check that help reached them",
    "confirm_every": "each check after that",
    "record_after": "the record is made, afterwards",
}
"""Every kind of clock a rung may have, in seconds, with what it counts to."""

ACTING = 3
"""From this rung on a list ends with an emergency number; below, with "go up and ask"."""


class Rung(msgspec.Struct, frozen=True, kw_only=True):
    """One rung. `contacts` are roles in the order suggested; `clocks` are seconds by kind."""

    number: int
    short: str
    name: Texts
    begins_when: str
    do: str
    prompts: dict[str, tuple[str, ...]] = {}
    contacts: tuple[str, ...] = ()
    clocks: dict[str, int] = {}
    vanished: str = ""


class Ladder(msgspec.Struct, frozen=True, kw_only=True):
    """Five rungs, 0 to 4. `last_resorts` are the roles to go on to when a list of rung 3 or 4 is used up."""

    version: str = "1"
    approved_by: str = ""
    approved_on: date | None = None
    rungs: tuple[Rung, ...]
    last_resorts: tuple[str, ...] = ()
    tracks: dict[Track, str] = {}

    def steps(self, rung: int) -> tuple[str, ...]:
        """The rung's list with the last resorts set in before its last, emergency step. Below rung 3 as it is."""
        listed = self.rungs[rung].contacts
        if rung < ACTING:
            return listed
        return (*listed[:-1], *(role for role in self.last_resorts if role not in listed), EMERGENCY)


class Attempt(msgspec.Struct, frozen=True):
    """One try at reaching a crisis contact, with the version of its entry that was dialled."""

    crisis_contact: str
    version: int
    outcome: Outcome
    at: datetime


class Suggestion(msgspec.Struct, frozen=True):
    """Who to ring next, and why: `first` (open, checked, not tried), `stale` (not checked lately), `always` (999)."""

    contact: CrisisContact
    why: Literal["first", "stale", "always"]


class PanelContact(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the panel's list. `contact` is None for a role nobody is named for (state `unset`).

    `instead` holds the ids to use instead of one that is closed. `stale` is said beside every other state.
    """

    role: str
    contact: CrisisContact | None
    state: Literal["suggested", "open", "closed", "stale", "tried", "unset"]
    stale: bool = False
    opens_at: datetime | None = None
    outcome: Outcome | None = None
    tried_at: datetime | None = None
    instead: tuple[str, ...] = ()


class PanelRung(msgspec.Struct, frozen=True, kw_only=True):
    number: int
    short: str
    here: bool


class Panel(msgspec.Struct, frozen=True, kw_only=True):
    """What the desk's panel shows. `prompts` are in the person's language where there are any; else they are the
    default language's and `prompts_fell_back` is true."""

    rungs: tuple[PanelRung, ...]
    rung: int
    name: Worded
    begins_when: str
    do: str
    prompts: tuple[Worded, ...]
    prompts_default: tuple[Worded, ...]
    prompts_fell_back: bool
    contacts: tuple[PanelContact, ...]
    suggestion: Suggestion
    emergency: CrisisContact
    locality: str
    vanished: str
    clocks: dict[str, int]


_ALWAYS = {
    EMERGENCY: CrisisContact(
        id=EMERGENCY, name="999, emergency services", role=EMERGENCY, number="999", line="public"
    ),
    "ask_up": CrisisContact(id="ask_up", name="Go up and ask the lead", role="ask_up", number=""),
}


@cache
def default_table() -> dict[str, Any]:
    """The default ladder as the table it is written in (`ladder.toml`), not to be changed."""
    return tomllib.loads(files("helpline").joinpath("ladder.toml").read_text(encoding="utf-8"))


@cache
def default_ladder() -> Ladder:
    """The whole default ladder, approved by nobody yet."""
    return msgspec.convert(default_table(), Ladder)


def emergency(crisis_contacts: Iterable[CrisisContact]) -> CrisisContact:
    """The emergency number: the service's own entry where it has one, else 999."""
    return next((contact for contact in crisis_contacts if contact.role == EMERGENCY), _ALWAYS[EMERGENCY])


def listed(steps: Sequence[str], crisis_contacts: Iterable[CrisisContact]) -> tuple[CrisisContact, ...]:
    """The contacts of a list of roles, in the order to try them, each once.

    Role by role; within a role by `order`, then id; each followed by the chain of its fallbacks. 999 and "go up
    and ask" are always there when their role is in the list; another role nobody is named for has no contact.
    """
    contacts = tuple(crisis_contacts)
    by_id = {contact.id: contact for contact in contacts}
    ordered: dict[str, CrisisContact] = {}
    for role in steps:
        of_role = sorted(
            (contact for contact in contacts if contact.role == role),
            key=lambda contact: (contact.order, contact.id),
        )
        if not of_role and role in _ALWAYS:
            of_role = [_ALWAYS[role]]
        for contact in of_role:
            following: CrisisContact | None = contact
            while following is not None and following.id not in ordered:
                ordered[following.id] = following
                following = by_id.get(following.fallback)
    return tuple(ordered.values())


def last_attempt(contact: CrisisContact, attempts: Iterable[Attempt]) -> Attempt | None:
    """The last attempt that counts for this contact: a wrong number that has been changed since does not."""
    counted = [
        attempt
        for attempt in attempts
        if attempt.crisis_contact == contact.id
        and (attempt.version == contact.version or attempt.outcome != "wrong_number")
    ]
    return max(counted, key=lambda attempt: attempt.at, default=None)


def next_step(
    rung: int,
    steps: Sequence[str],
    crisis_contacts: Iterable[CrisisContact],
    attempts: Sequence[Attempt],
    instant: datetime,
    zone: str = "Europe/London",
) -> Suggestion:
    """Who to suggest now: the first open, verified, untried contact of the list; always somebody.

    A stale or closed contact keeps its place in the list but is not suggested while another is open. When only
    stale ones are left, the first of those that is open; when every open one was tried, 999. From rung 3 a list
    without an emergency step is read as if it ended with one. `zone` decides which day it is for `verify_by`.
    """
    contacts = tuple(crisis_contacts)
    if rung >= ACTING and EMERGENCY not in steps:
        steps = (*steps, EMERGENCY)
    today = instant.astimezone(ZoneInfo(zone)).date()
    untried = [
        contact
        for contact in listed(steps, contacts)
        if last_attempt(contact, attempts) is None and is_open(contact, instant)
    ]
    for contact in untried:
        if not is_stale(contact, today):
            return Suggestion(contact, "first")
    if untried:
        return Suggestion(untried[0], "stale")
    return Suggestion(emergency(contacts), "always")


def panel(
    ladder: Ladder,
    rung: int,
    locality: str,
    language: str,
    crisis_contacts: Iterable[CrisisContact],
    attempts: Sequence[Attempt],
    instant: datetime,
    *,
    default_language: str = "en",
    zone: str = "Europe/London",
) -> Panel:
    """Everything the desk's panel shows at `rung`, for a person of `locality` ("" when not known) and `language`.

    `crisis_contacts` are all there are, as they are now: numbers and hours are never pinned to a contact.
    """
    here = ladder.rungs[rung]
    near = for_locality(crisis_contacts, locality)
    steps = ladder.steps(rung)
    suggestion = next_step(rung, steps, near, attempts, instant, zone)
    prompts, fell_back = _prompts(here, language, default_language)
    return Panel(
        rungs=tuple(
            PanelRung(number=each.number, short=each.short, here=each is here) for each in ladder.rungs
        ),
        rung=rung,
        name=in_language(here.name, language, default_language),
        begins_when=here.begins_when,
        do=here.do,
        prompts=prompts,
        prompts_default=_prompts(here, default_language, default_language)[0],
        prompts_fell_back=fell_back,
        contacts=_lines(here, steps, near, attempts, instant, suggestion, zone),
        suggestion=suggestion,
        emergency=emergency(near),
        locality=locality,
        vanished=here.vanished,
        clocks=here.clocks,
    )


def _prompts(rung: Rung, language: str, default: str) -> tuple[tuple[Worded, ...], bool]:
    if not rung.prompts:
        return (), False
    tag = lookup(rung.prompts, language, default)
    fell_back = not f"{language}-".lower().startswith(f"{tag}-".lower())
    return tuple(Worded(text, tag) for text in rung.prompts[tag]), fell_back


def _lines(
    here: Rung,
    steps: Sequence[str],
    contacts: tuple[CrisisContact, ...],
    attempts: Sequence[Attempt],
    instant: datetime,
    suggestion: Suggestion,
    zone: str,
) -> tuple[PanelContact, ...]:
    """The list as shown: nobody is left out for being closed, stale or tried, and an unnamed role is said so."""
    today = instant.astimezone(ZoneInfo(zone)).date()
    lines: list[PanelContact] = []
    shown: set[str] = set()
    for place, role in enumerate(steps):
        found = [contact for contact in listed(steps[: place + 1], contacts) if contact.id not in shown]
        shown.update(contact.id for contact in found)
        for contact in found:
            tried = last_attempt(contact, attempts)
            closed = not is_open(contact, instant)
            stale = is_stale(contact, today)
            state: Literal["suggested", "open", "closed", "stale", "tried"] = "open"
            if contact.id == suggestion.contact.id:
                state = "suggested"
            elif tried is not None:
                state = "tried"
            elif closed:
                state = "closed"
            elif stale:
                state = "stale"
            lines.append(
                PanelContact(
                    role=contact.role,
                    contact=contact,
                    state=state,
                    stale=stale,
                    opens_at=opens_at(contact, instant),
                    outcome=tried.outcome if tried else None,
                    tried_at=tried.at if tried else None,
                    instead=_instead(contact) if closed else (),
                )
            )
        # A last resort nobody is named for is no step of the rung itself, so it is not shown as missing.
        named = any(contact.role == role for contact in contacts) or role in _ALWAYS
        if not named and role in here.contacts:
            lines.append(PanelContact(role=role, contact=None, state="unset"))
    return tuple(lines)


def _instead(contact: CrisisContact) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in (contact.fallback, *contact.alternatives) if name))
