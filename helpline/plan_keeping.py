"""Plans of the service: begun, written, kept with a code, opened again, and forgotten when their time has come.

Forgetting destroys the keys of the words first and says so in the log after. What a crash left between is done at
the next start: a plan that ought to be forgotten stays live until its log says that it is.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from helpline import plan_writing
from helpline.agenda import Agenda
from helpline.contact import CROCKFORD, Contact, new_id
from helpline.errors import ClaimTaken, HelplineError, NotFound, NotNow
from helpline.event_shape import PERSON
from helpline.events import By
from helpline.logbook import Change, Decide, Logbook, Written
from helpline.plan import PARTS, Plan, forget_from, writings
from helpline.plan_events import PlanBegun
from helpline.plan_showing import Json, shown
from helpline.plan_writing import Words
from helpline.ports import Clock, Keys, Store
from helpline.shape import Definition
from helpline.talking import digest

WORDS_OF_A_PLAN = ("safety", "reach")
CODE_LETTERS = 16
GROUP = 4
UNKNOWN_CODE = (
    "That code opens nothing here. Please check it, letter by letter. You can talk here without it."
)


class PlanKeeping:
    """All of it. `by` is the person, or somebody of staff whose right to this contact was looked at before."""

    def __init__(
        self,
        logbook: Logbook,
        store: Store,
        keys: Keys,
        clock: Clock,
        agenda: Agenda,
        definition: Definition,
    ) -> None:
        self._logbook, self._store, self._keys, self._clock = logbook, store, keys, clock
        self._agenda = agenda
        self._days = definition.plans.review_days
        self._grace = timedelta(days=definition.plans.forget_after_days)
        self._hold = timedelta(minutes=definition.waiting.hold_place_minutes)
        self._looks: dict[str, datetime] = {}
        logbook.listen(self._heard)

    def resume(self, plans: Sequence[Plan]) -> None:
        """At start: look at every plan that is held, and finish what was begun."""
        for plan in plans:
            if plan.live:
                self._agenda.do(self.look(plan.log))

    # -- beginning and coming back ---------------------------------------------------------------------------------

    async def begin(self, contact: str, by: By, sort: str, client_id: str) -> str:
        """The plan of this sort that this contact began, begun now if there was none; its id."""
        if sort not in PARTS:
            raise NotFound("There is no such plan.")
        fold: Contact = await self._logbook.load(contact)
        if fold.phase == "ended":
            raise NotNow("This conversation has ended.")
        claim = self._one_of_each(contact, sort)
        there = await self._store.find(claim)
        if there is not None and (await self._logbook.load(there[0])).forgotten:
            # A crash came between forgetting it and giving its place back.
            await self._store.release(there[0], [claim])
            there = None
        plan = there[0] if there else await self._begin(fold, by, sort, client_id, claim)
        await self._logbook.change(contact, plan_writing.stands_open(by, plan, "begun", client_id))
        return plan

    def _one_of_each(self, contact: str, sort: str) -> bytes:
        return self._keys.claim("plan", contact, sort)

    async def _begin(self, contact: Contact, by: By, sort: str, client_id: str, claim: bytes) -> str:
        plan = new_id("w-")
        body = PlanBegun(sort, contact.language, contact.log, client_id, digest("plan_begin", sort))
        await self._logbook.create(plan)
        try:
            await self._logbook.change(
                plan, lambda p, now: [(by, body)] if not p.seq else [], claims=(claim,)
            )
        except ClaimTaken as taken:
            self._logbook.forget_unwritten(plan)
            return taken.log
        return plan

    async def come_back(self, contact: str, code: str, client_id: str) -> str:
        """Open a kept plan in this contact by its code. `NotFound`, kindly, for a code that opens nothing."""
        plan = await self.by_code(code)
        await self._logbook.change(plan.log, plan_writing.come_back(contact, client_id))
        await self._logbook.change(contact, plan_writing.stands_open(PERSON, plan.log, "returned", client_id))
        return plan.log

    async def by_code(self, code: str) -> Plan:
        """The kept plan a code opens; `NotFound` for none."""
        held = await self._store.find(self._code_claim(plain_code(code)))
        if held is not None:
            plan: Plan = await self._logbook.load(held[0])
            if plan.live and plan.kept and plan.code_at == held[1]:
                return plan
        raise NotFound(UNKNOWN_CODE)

    def _code_claim(self, code: str) -> bytes:
        return self._keys.claim("plan code", code)

    # -- writing ---------------------------------------------------------------------------------------------------

    async def of(self, contact: str, plan: str) -> Plan:
        """A plan that stands open in this contact; `NotFound` for any other."""
        fold: Contact = await self._logbook.load(contact)
        if plan not in fold.plans:
            raise NotFound("There is no such plan here.")
        held: Plan = await self._logbook.load(plan)
        return held

    async def write(self, contact: str, plan: str, by: By, words: Words, client_id: str) -> Plan:
        """Put a line in, or other words in its place."""
        mark = digest("plan_write", words)
        return await self._once(contact, plan, by, client_id, mark, plan_writing.write(by, words, client_id))

    async def take_out(self, contact: str, plan: str, by: By, line: str, saw: int, client_id: str) -> Plan:
        """Take a line out, as far as it had been seen."""
        mark = digest("plan_take_out", line, saw)
        decide = plan_writing.take_out(by, line, saw, client_id)
        return await self._once(contact, plan, by, client_id, mark, decide)

    async def copied(self, contact: str, plan: str, how: str, client_id: str) -> Plan:
        """They took it along."""
        decide = plan_writing.copied(how, client_id)
        return await self._once(contact, plan, PERSON, client_id, digest("plan_copy", how), decide)

    async def review(self, contact: str, plan: str, by: By, client_id: str) -> Plan:
        """It still holds: a new review date."""
        decide = plan_writing.review(by, self._days, client_id)
        return await self._once(contact, plan, by, client_id, digest("plan_review"), decide)

    # -- keeping and forgetting ------------------------------------------------------------------------------------

    async def keep(self, contact: str, plan: str, by: By, client_id: str) -> str:
        """Keep it. The person gets a code, the same again for the same `client_id`; staff get none."""
        await self.of(contact, plan)
        code = self._code_of(plan, client_id) if by.role == "person" else ""
        claims = (self._code_claim(code),) if code else ()
        decide, mark = plan_writing.keep(by, self._days, client_id), digest("plan_keep", True)
        try:
            await self._logbook.change(plan, decide, claims=claims)
        except HelplineError:
            if await self._logbook.repeat_of(plan, by, client_id, mark) is None:
                raise
        return in_groups(code)

    def _code_of(self, plan: str, client_id: str) -> str:
        """80 bits by a keyed hash of this very press: a repeat shows it again, and it is written down nowhere."""
        number = int.from_bytes(self._keys.claim("plan keep", plan, client_id), "big")
        return "".join(CROCKFORD[(number >> (5 * place)) & 31] for place in range(CODE_LETTERS))

    async def keep_no_longer(self, contact: str, plan: str, by: By, client_id: str) -> Plan:
        """Their no: it goes when the contact has ended."""
        decide = plan_writing.keep_no_longer(by, client_id, at_once=False)
        return await self._once(contact, plan, by, client_id, digest("plan_keep", False), decide)

    async def forget(self, contact: str, plan: str, by: By, client_id: str) -> None:
        """Forget it now: when this returns, its words cannot be read any more."""
        await self.of(contact, plan)
        await self._logbook.change(plan, plan_writing.keep_no_longer(by, client_id, at_once=True))
        await self.look(plan)

    async def forget_by_code(self, code: str, client_id: str) -> None:
        """The same for somebody who is in no chat, and has its code."""
        plan = await self.by_code(code)
        await self._logbook.change(plan.log, plan_writing.keep_no_longer(PERSON, client_id, at_once=True))
        await self.look(plan.log)

    async def look(self, plan: str) -> None:
        """Forget it if its time has come, or look again when it will have."""
        fold: Plan = await self._logbook.load(plan)
        if not fold.live:
            return
        at = forget_from(fold, await self._contacts_of(fold), self._hold, self._grace)
        if at is None:
            return
        if at > self._clock.now():
            if self._looks.get(plan) != at:
                self._looks[plan] = at
                self._agenda.at(at, lambda: self._agenda.do(self.look(plan)))
            return
        await self._logbook.destroy(plan, WORDS_OF_A_PLAN)
        why = "asked" if fold.wanted == "forget" else "ran_out" if fold.kept else "not_kept"
        await self._logbook.change(plan, plan_writing.forgotten(why))
        self._looks.pop(plan, None)
        await self._store.release(plan, [self._one_of_each(fold.contacts[0], fold.sort)])

    async def _contacts_of(self, plan: Plan) -> list[Contact]:
        """Its contacts, but for those that are no longer held: they have ended."""
        found = []
        for one in plan.contacts:
            try:
                found.append(await self._logbook.load(one))
            except NotFound:
                continue
        return found

    def _heard(self, change: Change) -> None:
        """A contact that ended, or came to life again, may settle what becomes of its plans."""
        after = change.after
        if isinstance(after, Plan) and after.forgotten and not change.here:
            self._agenda.do(self._logbook.destroyed_elsewhere(after.log), anywhere=True)
        if isinstance(after, Contact) and after.plans and after.phase == "ended":
            for plan in after.plans:
                self._agenda.do(self.look(plan))
        elif isinstance(after, Plan) and after.live and change.before.until != after.until:
            self._agenda.do(self.look(after.log))

    # -- what is shown ---------------------------------------------------------------------------------------------

    async def shown(self, plan: str) -> Json:
        """`plan` of docs/protocol.md, with its words."""
        fold: Plan = await self._logbook.load(plan)
        events = await self._logbook.read(plan) if fold.lines else []
        return shown(fold, writings(fold, events), self._clock.now())

    async def shown_in(self, contact: str) -> list[Json]:
        """Those that stand open in a contact and are still held."""
        fold: Contact = await self._logbook.load(contact)
        plans = [await self.shown(plan) for plan in fold.plans]
        return [one for one in plans if not one["forgotten"]]

    async def _once(self, contact: str, plan: str, by: By, client_id: str, mark: str, decide: Decide) -> Plan:
        await self.of(contact, plan)
        try:
            written: Written = await self._logbook.change(plan, decide)
        except HelplineError:
            before = await self._logbook.repeat_of(plan, by, client_id, mark)
            if before is None:
                raise
            written = before
        fold: Any = written.fold
        held: Plan = fold
        return held


def plain_code(typed: str) -> str:
    """A code as it was typed, in one spelling: Crockford's letters, where O is 0 and I and L are 1."""
    letters = "".join(letter for letter in typed.upper() if letter.isalnum())
    return letters.translate(str.maketrans("OIL", "011"))


def in_groups(code: str) -> str:
    """`7KQF-2M8X-…`; empty for none."""
    return "-".join(code[place : place + GROUP] for place in range(0, len(code), GROUP))
