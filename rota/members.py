"""Who may be on the rota, and on what terms: roles, languages, what was agreed for them, training and its dates."""

from datetime import date, time
from typing import Annotated

import msgspec
from msgspec import Meta


class Adjustments(msgspec.Struct, frozen=True, kw_only=True):
    """What was agreed with somebody so that they can take part (reasonable adjustments, Equality Act 2010 s. 20).

    `not_before` is the earliest wall time at which a shift of theirs starts. One contact at a time and longer
    breaks bear on the shift itself, not on who may take it.
    """

    not_before: time | None = None
    one_at_a_time: bool = False
    no_phone: bool = False
    no_nights: bool = False
    longer_breaks: bool = False


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What was agreed with one member.

    `weekly_hours` is their own limit, in place of the service's. `trained` is course → the last day on which that
    training counts.
    """

    adjustments: Adjustments = Adjustments()
    weekly_hours: Annotated[float, Meta(ge=0, le=168)] | None = None
    trained: dict[str, date] = {}
    note: str = ""


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who may be given shifts. `peer`: with lived experience, and not to be left alone on a shift."""

    id: str
    name: str
    roles: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    peer: bool = False
    terms: Terms = Terms()
