"""Going home while somebody is still on the ladder: a lead says why, and the chain has them.

Nobody is kept here: with a reason, or by "I must stop now", everybody can always go.
"""

from collections.abc import Callable, Iterable
from datetime import datetime

from helpline.aftercare import left_without
from helpline.contact import Contact
from helpline.definition import Definition
from helpline.errors import StillOnTheLadder
from helpline.events import SERVICE, Alerted
from helpline.logbook import Decide, Draft, Logbook
from helpline.paging import until_acknowledged

ON_THE_LADDER = 2


def still_there(contacts: Iterable[Contact], who: str) -> list[Contact]:
    """Everybody at rung 2 or above who is not over, and whom `who` does not have themselves."""
    return [
        one
        for one in contacts
        if one.rung >= ON_THE_LADDER and one.phase in ("waiting", "stored", "live") and one.owner != who
    ]


def reason_wanted(contacts: Iterable[Contact]) -> StillOnTheLadder:
    """Names who is still on the ladder, and the ways on."""
    names = ", ".join(f"{one.name} (step {one.rung})" for one in contacts)
    return StillOnTheLadder(
        f"Still on the ladder: {names}. Ask the on-call to take them over, take them over yourself, or say why you "
        "leave now: the on-call is paged until somebody has them."
    )


def lead_has_gone(definition: Definition, who: str) -> Decide:
    """A lead went home while they were on the ladder: the on-call is asked to have them, until one says so by name."""

    def decide(c: Contact, now: datetime) -> list[Draft]:
        alert = f"lead-gone-{who}-{c.rung_seq}"
        standing = c.alert(alert)
        if not still_there([c], who) or (standing is not None and not standing.acknowledged_by):
            return []
        clocks = (until_acknowledged(definition, c.rung, alert, now),)
        return [(SERVICE, Alerted(alert, "lead_gone", "on_call", clocks=clocks))]

    return decide


async def gone_home(
    logbook: Logbook,
    pinned: Callable[[Contact], Definition],
    contacts: Iterable[Contact],
    who: str,
    *,
    lead: bool,
) -> None:
    """Tell what they left behind: a debrief they did not have and, after a lead, everybody on the ladder."""
    for one in tuple(contacts):
        if any(task.who == who for task in one.ladder.open_tasks):
            await logbook.change(one.log, left_without(who))
        if lead and still_there([one], who):
            await logbook.change(one.log, lead_has_gone(pinned(one), who))
