"""The crisis contacts of a service: who may be rung, where, when, and whether the number was checked lately."""

import re
import unicodedata
from collections.abc import Iterable
from datetime import date, datetime
from functools import lru_cache
from typing import Literal

import msgspec

from rota.hours import Hours, OpeningHours

Line = Literal["public", "professional"]

EMERGENCY = "emergency_999"
RING = "ring"
"""The one channel in a crisis contact's `hours`."""
ROLES: dict[str, str] = {
    "lead": "the shift lead",
    "on_call": "the on-call clinical or safeguarding lead",
    "second_on_call": "the second on-call",
    "manager": "our own manager",
    "everyone": "everyone, by message",
    "own_contact": "the contact in the person's own crisis plan, with their consent",
    "chosen_person": "somebody the person chooses",
    "gp": "the person's GP",
    "crisis_line": "a crisis line, handed over warmly",
    "crisis_team": "the locality's crisis resolution and home treatment team",
    "crisis_duty_manager": "the crisis team's duty manager",
    "home_treatment_manager": "the home-treatment duty manager",
    "amhp": "an approved mental health professional",
    "emergency_duty_team": "the council's emergency duty team",
    "nhs_111": "the NHS 111 mental-health option",
    "safeguarding_lead": "the safeguarding lead",
    "ask_up": "go up a rung and ask",
    EMERGENCY: "999",
}
"""Every step a contact list may name, with its words. A crisis contact's `role` is one of them."""

INSIDE = frozenset(
    {"lead", "on_call", "second_on_call", "manager", "everyone", "safeguarding_lead", "ask_up"}
)
"""Roles of our own: ringing them is no outside call."""

NATIONAL = frozenset({EMERGENCY, "nhs_111", "ask_up"})
"""Roles whose number is the same for everybody and needs no verify-by date."""


class Locality(msgspec.Struct, frozen=True, kw_only=True):
    """An area served by one crisis team. `districts` are postcode districts such as `BD3`."""

    id: str
    name: str
    districts: tuple[str, ...] = ()


class CrisisContact(msgspec.Struct, frozen=True, kw_only=True):
    """A number on the ladder. `hours` of None is always, else they are those of the one channel `RING`; `localities` empty is everywhere.

    `line` says who may be given the number: `professional` is for us to ring, never to hand out. `verify_by` is
    the last day on which the number counts as checked; from the next day on it is stale: shown, with a warning.
    Among contacts of one role the lowest `order` comes first. `fallback` is the id of the contact to go on to
    from here, `alternatives` are ids offered beside it. `note` is what to say or press (`choose option 2`).
    """

    id: str
    name: str
    role: str
    number: str
    version: int = 1
    line: Line = "professional"
    localities: tuple[str, ...] = ()
    hours: Hours | None = None
    languages: tuple[str, ...] = ()
    text_relay: str = ""
    order: int = 0
    verify_by: date | None = None
    fallback: str = ""
    alternatives: tuple[str, ...] = ()
    note: str = ""


def for_locality(contacts: Iterable[CrisisContact], locality: str) -> tuple[CrisisContact, ...]:
    """Those who serve `locality` and those who serve everywhere; with `""` (not known) only the latter."""
    return tuple(contact for contact in contacts if not contact.localities or locality in contact.localities)


def is_open(contact: CrisisContact, instant: datetime) -> bool:
    """Whether somebody answers there at this instant, by the hours they gave."""
    return contact.hours is None or _asked(contact.hours).is_open(RING, instant)


def opens_at(contact: CrisisContact, instant: datetime) -> datetime | None:
    """When a closed contact opens next, in UTC. None when it is open, or not known to open within a year."""
    if contact.hours is None or is_open(contact, instant):
        return None
    return _asked(contact.hours).next_opening(RING, instant)


@lru_cache(1_024)
def _asked(hours: Hours) -> OpeningHours:
    return OpeningHours(hours)


def is_stale(contact: CrisisContact, today: date) -> bool:
    """Whether the number is past its verify-by date, or was never verified. `today` is the service's local date."""
    if contact.verify_by is None:
        return contact.role not in NATIONAL
    return contact.verify_by < today


# Outward code, and the inward code when it was given (Royal Mail, "Programmers' guide to PAF", postcode formats).
_POSTCODE = re.compile(r"\b([A-Z]{1,2}[0-9][A-Z0-9]?)[ ]*(?:[0-9][A-Z]{2})?\b")


def district_of(text: str) -> str | None:
    """The postcode district in what somebody typed: `BD3` from "bd31aa", "BD3 1AA", "BD3" or "near bd3"."""
    found = _POSTCODE.search(_plain(text).upper())
    return found.group(1) if found else None


class Places:
    """The localities of a service, found by postcode or by name, however typed."""

    def __init__(self, localities: Iterable[Locality]) -> None:
        self._localities = tuple(localities)
        self._by_district = {
            _plain(district).upper().replace(" ", ""): locality
            for locality in self._localities
            for district in locality.districts
        }

    def of(self, postcode_or_area: str) -> Locality | None:
        """The locality somebody named. None when it is not one of ours."""
        plain = _plain(postcode_or_area)
        for found in _POSTCODE.finditer(plain.upper()):
            district = found.group(1)
            # EC1A lies in EC1, for a service that lists the larger one.
            larger = district.rstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
            locality = self._by_district.get(district) or self._by_district.get(larger)
            if locality:
                return locality
        named = [locality for locality in self._localities if _names(locality, plain)]
        return max(named, key=lambda locality: len(locality.name), default=None)


def locality_of(postcode_or_area: str, localities: Iterable[Locality]) -> Locality | None:
    """The locality somebody named, by postcode or by its name. Who asks often keeps `Places`."""
    return Places(localities).of(postcode_or_area)


def _names(locality: Locality, plain: str) -> bool:
    return any(
        word and re.search(rf"(?<!\w){re.escape(word)}(?!\w)", plain) is not None
        for word in (_plain(locality.name), _plain(locality.id))
    )


def _plain(text: str) -> str:
    """Folded, without accents, and with every run of other marks as one space."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(mark for mark in decomposed if not unicodedata.combining(mark))
    return re.sub(r"[^\w]+", " ", letters).strip()
