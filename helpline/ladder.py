"""The risk ladder, pure: what we are doing now to keep somebody safe, what to ask, and who to ring next.

A rung is no score. Nothing here sets one: only a person who signed in does. Order suggests, it never gates.
"""

from datetime import date, datetime
from functools import cache
from typing import Literal

import msgspec

from helpline.directory import CrisisContact
from helpline.messages import Texts, Worded

Outcome = Literal["answered", "no_answer", "engaged", "refused", "left_message", "wrong_number", "other"]
Track = Literal["S", "H", "T", "X"]
"""Beside any rung: safeguarding, harm to others, third-party caller, the supporter's own distress."""


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


class Attempt(msgspec.Struct, frozen=True):
    """One try at reaching a crisis contact, with the version of its entry that was dialled."""

    crisis_contact: str
    version: int
    outcome: Outcome
    at: datetime


class Suggestion(msgspec.Struct, frozen=True):
    """Who to ring next, and why this one: `first` (open, checked, not tried), `stale`, or `always` (999)."""

    contact: CrisisContact
    why: Literal["first", "stale", "always"]


class PanelContact(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the panel's list. `contact` is None for a role nobody is named for."""

    role: str
    contact: CrisisContact | None
    state: Literal["suggested", "open", "closed", "stale", "tried", "unset"]
    stale: bool = False
    opens_at: datetime | None = None
    outcome: Outcome | None = None
    tried_at: datetime | None = None
    instead: tuple[str, ...] = ()
    """Ids to use instead of one that is closed."""


class PanelRung(msgspec.Struct, frozen=True, kw_only=True):
    number: int
    short: str
    here: bool


class Panel(msgspec.Struct, frozen=True, kw_only=True):
    """What the desk's panel shows. `prompts` are in the person's language when there are any, and say so."""

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


@cache
def default_ladder() -> Ladder:
    """The whole default ladder, from `ladder.toml`, not approved by anybody."""
    raise NotImplementedError
