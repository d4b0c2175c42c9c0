"""When a shift is over and somebody is still with a person: they go on together, and the lead is told once.

Nothing is taken from anybody: the alert says only that somebody may want to be relieved. Its instant is worked out
from the rota whenever the service starts or the rota changes; that it was raised is in the contact's log.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from helpline.agenda import Agenda
from helpline.contact import Contact
from helpline.definition import Definition
from helpline.errors import HelplineError
from helpline.events import SERVICE
from helpline.logbook import Decide, Draft, Logbook
from helpline.paging import page
from helpline.ports import Clock
from helpline.roster import Roster

PAST_THE_END = timedelta(minutes=5)
RETRY = timedelta(seconds=2)


def tell_past_end(definition: Definition, who: str, ended: datetime) -> Decide:
    """`who` is still with them after the shift that ended at `ended`. Once for each of both."""
    alert = f"past-end-{ended:%Y%m%dT%H%MZ}-{who}"

    def decide(c: Contact, now: datetime) -> list[Draft]:
        if c.phase != "live" or c.owner != who or c.alert(alert) is not None:
            return []
        return [(SERVICE, page(definition, c, alert, "past_end", now))]

    return decide


class ShiftEnds:
    """Looks at every end of a shift, and at every contact that comes to somebody whose shift is over already."""

    def __init__(
        self,
        logbook: Logbook,
        roster: Roster,
        agenda: Agenda,
        clock: Clock,
        pinned: Callable[[Contact], Definition],
    ) -> None:
        self._logbook, self._roster, self._agenda = logbook, roster, agenda
        self._clock, self._pinned = clock, pinned

    def look(self) -> None:
        """A shift began or ended, the rota changed, or the service started."""
        ended = self._roster.ended(self._clock.now())
        for fold in self._logbook.all_held("c-"):
            if fold.phase == "live" and fold.owner in ended:
                self._watch(fold.log, fold.owner, ended[fold.owner])

    def owned(self, contact: Contact) -> None:
        """The contact has another owner."""
        now = self._clock.now()
        if contact.owner not in self._roster.on_duty(now):
            ended = self._roster.ended(now).get(contact.owner)
            if ended is not None:
                self._watch(contact.log, contact.owner, ended)

    def _watch(self, contact: str, who: str, ended: datetime) -> None:
        self._agenda.at(ended + PAST_THE_END, lambda: self._agenda.do(self._tell(contact, who, ended)))

    async def _tell(self, contact: str, who: str, ended: datetime) -> None:
        if self._roster.ended(self._clock.now()).get(who) != ended:
            return
        fold: Contact = await self._logbook.load(contact)
        try:
            await self._logbook.change(contact, tell_past_end(self._pinned(fold), who, ended))
        except HelplineError:
            self._agenda.at(
                self._clock.now() + RETRY, lambda: self._agenda.do(self._tell(contact, who, ended))
            )
            raise
