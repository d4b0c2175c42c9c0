"""The crisis contacts of a service: who may be rung, where, when, and whether the number was checked lately."""

from datetime import date
from typing import Literal

import msgspec

from rota.hours import OpeningHours

Line = Literal["public", "professional"]


class Locality(msgspec.Struct, frozen=True, kw_only=True):
    """An area served by one crisis team. `districts` are postcode districts such as `BD3`."""

    id: str
    name: str
    districts: tuple[str, ...] = ()


class CrisisContact(msgspec.Struct, frozen=True, kw_only=True):
    """A number on the ladder. `hours` of None is always; `localities` empty is everywhere.

    `line` says who may be given the number: `professional` is for us to ring, never to hand out. `verify_by` is
    the last day on which the number counts as checked; from the next day on it is stale: shown, with a warning.
    `fallback` is the id of the contact to go on to from here, `alternatives` are ids offered beside it.
    """

    id: str
    name: str
    role: str
    number: str
    version: int = 1
    line: Line = "professional"
    localities: tuple[str, ...] = ()
    hours: OpeningHours | None = None
    languages: tuple[str, ...] = ()
    text_relay: str = ""
    order: int = 0
    verify_by: date | None = None
    fallback: str = ""
    alternatives: tuple[str, ...] = ()
    note: str = ""
