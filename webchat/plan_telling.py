"""A plan that changed, told to both sides of every chat it stands open in.

The frame holds the plan as it now is, so that one that got lost or came late changes nothing: the newest `seq` wins.
"""

from helpline.contact import Contact
from helpline.logbook import Change
from helpline.plan import Plan
from helpline.service import Helpline
from webchat.announcing import person_room
from webchat.sockets import Namespace
from webchat.staff_sockets import staff_room


class PlanTelling:
    """Listens to the core; reading the words takes a moment, so changes meanwhile are told as one."""

    def __init__(self, helpline: Helpline, person: Namespace, desk: Namespace) -> None:
        self._helpline, self._person, self._desk = helpline, person, desk
        self._telling: dict[str, bool] = {}
        self._stop = helpline.listen(self.heard)

    def close(self) -> None:
        """Tell nobody any more."""
        self._stop()

    def heard(self, change: Change) -> None:
        """A listener of the core."""
        if not isinstance(change.after, Plan):
            return
        if change.log in self._telling:
            self._telling[change.log] = True
            return
        self._telling[change.log] = False
        self._helpline.in_background(self._tell(change.log))

    async def _tell(self, plan: str) -> None:
        try:
            again = True
            while again:
                self._telling[plan] = False
                await self._push(plan)
                again = self._telling[plan]
        finally:
            del self._telling[plan]

    async def _push(self, plan: str) -> None:
        shown = await self._helpline.plans.shown(plan)
        fold: Plan = await self._helpline.logbook.load(plan)
        for contact in fold.contacts:
            held: Contact | None = self._helpline.logbook.held(contact)
            if held is None:
                continue
            told = {"contact": contact, "plan": shown}
            self._person.push("plan", told, person_room(contact))
            self._desk.push("plan", told, *(staff_room(one.id) for one in held.participants))
