"""Whether enough people are on to open the door, and who is missing if not."""

from collections.abc import Collection, Iterable
from typing import Annotated

import msgspec
from msgspec import Meta

from rota.shifts import OnDuty


class Minimum(msgspec.Struct, frozen=True, kw_only=True):
    """What a service needs before it opens: two supporters, a lead and an on-call contact unless it says otherwise.

    `languages` are those promised; each needs a supporter on who has that very tag. A peer may be the only one of
    supporters and leads on shift only where `peers_alone` is set.
    """

    supporters: Annotated[int, Meta(ge=1, le=1_000)] = 2
    lead: bool = True
    on_call: bool = True
    peers_alone: bool = False
    languages: tuple[str, ...] = ()


class Missing(msgspec.Struct, frozen=True, kw_only=True):
    """What is short of the minimum: how many supporters, whether the lead, the on-call contact, company, languages."""

    supporters: int = 0
    lead: bool = False
    on_call: bool = False
    company: bool = False
    languages: tuple[str, ...] = ()

    @property
    def nothing(self) -> bool:
        """Whether the minimum is met."""
        return self == _NOTHING


_NOTHING = Missing()


def missing(
    on_duty: Iterable[OnDuty],
    minimum: Minimum,
    *,
    present: Collection[str],
    peers: Collection[str] | None = None,
) -> Missing:
    """What the people on duty lack of the minimum.

    On duty is rota ∩ present: supporters and the lead count when their id is among `present`. The on-call contact
    is reached by phone and counts by rota alone; a second on-call does not stand in for the first. Each person
    counts once in a role, however many shifts they have, and a lead who also has a supporter's shift counts as
    both. What is free (an empty person) counts for nobody. `peers` are the ids of peer supporters; None takes
    everybody for one.
    """
    on_duty = tuple(duty for duty in on_duty if duty.person)
    here = [duty for duty in on_duty if duty.person in present]
    supporters = {duty.person for duty in here if duty.role == "supporter"}
    leads = {duty.person for duty in here if duty.role == "lead"}
    spoken = {tag.casefold() for duty in here if duty.role == "supporter" for tag in duty.languages}
    together = supporters | leads
    lone_peer = len(together) == 1 and (peers is None or not together.isdisjoint(peers))
    return Missing(
        supporters=max(0, minimum.supporters - len(supporters)),
        lead=minimum.lead and not leads,
        on_call=minimum.on_call and not any(duty.role == "on_call" for duty in on_duty),
        company=lone_peer and not minimum.peers_alone,
        languages=tuple(tag for tag in minimum.languages if tag.casefold() not in spoken),
    )
