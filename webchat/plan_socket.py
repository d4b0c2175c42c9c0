"""The calls about a plan, on `/person` and on `/desk`. Both sides write the same plan; only the person gets a code."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta

from helpline import plan_presses
from helpline.events import PERSON
from helpline.plan_writing import LONGEST_LINE, Words
from helpline.service import Helpline
from webchat.engine import Caller
from webchat.ladder_socket import LADDER_CALLS, LadderNamespace
from webchat.sockets import Answer, ClientId, Count, Name, Namespace, Short

LineWords = Annotated[str, Meta(min_length=1, max_length=LONGEST_LINE)]
Number = Annotated[str, Meta(max_length=40)]
Sort = Literal["safety", "crisis"]
MayRing = Literal["", "yes", "no"]


class MyPlans(msgspec.Struct, frozen=True):
    """Nothing to say: the plans that stand open in this chat."""


class Begin(msgspec.Struct, frozen=True):
    client_id: ClientId
    sort: Sort


class Write(msgspec.Struct, frozen=True):
    client_id: ClientId
    plan: Name
    part: Name
    line: ClientId
    text: LineWords
    saw: Count = 0
    number: Number = ""
    may_ring: MayRing = ""


class TakeOut(msgspec.Struct, frozen=True):
    client_id: ClientId
    plan: Name
    line: ClientId
    saw: Count


class Keep(msgspec.Struct, frozen=True):
    client_id: ClientId
    plan: Name
    keep: bool


class OfPlan(msgspec.Struct, frozen=True):
    client_id: ClientId
    plan: Name


class Copy(msgspec.Struct, frozen=True):
    client_id: ClientId
    plan: Name
    how: Literal["shown", "printed", "text"]


PERSON_PLAN_CALLS: dict[str, type[msgspec.Struct]] = {
    "plan": MyPlans,
    "plan_begin": Begin,
    "plan_write": Write,
    "plan_take_out": TakeOut,
    "plan_keep": Keep,
    "plan_review": OfPlan,
    "plan_forget": OfPlan,
    "plan_copy": Copy,
}


def words_of(body: Write) -> Words:
    """What was put into a line, as the core wants it."""
    return Words(body.part, body.line, body.text, body.number, body.may_ring, body.saw)


class PersonPlans(Namespace):
    """The person's namespace with a plan's calls; put `PERSON_PLAN_CALLS` among its `calls`."""

    helpline: Helpline

    async def _contact(self, caller: Caller) -> str:
        """The contact their token holds."""
        raise NotImplementedError

    async def plan(self, caller: Caller, body: MyPlans) -> Answer:
        return {"plans": await self.helpline.plans.shown_in(await self._contact(caller))}

    async def plan_begin(self, caller: Caller, body: Begin) -> Answer:
        contact, plans = await self._contact(caller), self.helpline.plans
        return {"plan": await plans.shown(await plans.begin(contact, PERSON, body.sort, body.client_id))}

    async def plan_write(self, caller: Caller, body: Write) -> Answer:
        contact = await self._contact(caller)
        held = await self.helpline.plans.write(contact, body.plan, PERSON, words_of(body), body.client_id)
        return {"seq": held.seq}

    async def plan_take_out(self, caller: Caller, body: TakeOut) -> Answer:
        contact = await self._contact(caller)
        held = await self.helpline.plans.take_out(
            contact, body.plan, PERSON, body.line, body.saw, body.client_id
        )
        return {"seq": held.seq}

    async def plan_keep(self, caller: Caller, body: Keep) -> Answer:
        """The code goes to this one socket, in this one answer."""
        contact, plans = await self._contact(caller), self.helpline.plans
        if not body.keep:
            held = await plans.keep_no_longer(contact, body.plan, PERSON, body.client_id)
            return {"seq": held.seq, "until": None, "code": ""}
        code = await plans.keep(contact, body.plan, PERSON, body.client_id)
        held = await plans.of(contact, body.plan)
        return {"seq": held.seq, "until": held.until, "code": code}

    async def plan_review(self, caller: Caller, body: OfPlan) -> Answer:
        contact = await self._contact(caller)
        held = await self.helpline.plans.review(contact, body.plan, PERSON, body.client_id)
        return {"seq": held.seq, "until": held.until}

    async def plan_forget(self, caller: Caller, body: OfPlan) -> Answer:
        """Answered once nobody can read it any more."""
        contact = await self._contact(caller)
        await self.helpline.plans.forget(contact, body.plan, PERSON, body.client_id)
        return {}

    async def plan_copy(self, caller: Caller, body: Copy) -> Answer:
        contact = await self._contact(caller)
        held = await self.helpline.plans.copied(contact, body.plan, body.how, body.client_id)
        return {"seq": held.seq}


class PlansOf(msgspec.Struct, frozen=True):
    contact: Name


class BeginIn(Begin, frozen=True, kw_only=True):
    contact: Name


class WriteIn(Write, frozen=True, kw_only=True):
    contact: Name


class TakeOutIn(TakeOut, frozen=True, kw_only=True):
    contact: Name


class KeepIn(Keep, frozen=True, kw_only=True):
    contact: Name


class OfPlanIn(OfPlan, frozen=True, kw_only=True):
    contact: Name


class Followed(msgspec.Struct, frozen=True):
    client_id: ClientId
    contact: Name
    plan: Name
    how: Literal["followed", "partly", "not_followed"]
    why: Short | None = None


DESK_PLAN_CALLS: dict[str, type[msgspec.Struct]] = {
    "plan": PlansOf,
    "plan_begin": BeginIn,
    "plan_write": WriteIn,
    "plan_take_out": TakeOutIn,
    "plan_keep": KeepIn,
    "plan_review": OfPlanIn,
    "plan_followed": Followed,
}


class DeskPlans(LadderNamespace):
    """The desk's namespace with a plan's calls; put `DESK_PLAN_CALLS` among its `calls`."""

    calls: ClassVar[Mapping[str, type[msgspec.Struct]]] = {**LADDER_CALLS, **DESK_PLAN_CALLS}

    async def plan(self, caller: Caller, body: PlansOf) -> Answer:
        return {"plans": await plan_presses.plans(self.helpline, self.who(caller), body.contact)}

    async def plan_begin(self, caller: Caller, body: BeginIn) -> Answer:
        who = self.who(caller)
        shown = await plan_presses.begin(
            self.helpline, who, body.contact, sort=body.sort, client_id=body.client_id
        )
        return {"plan": shown}

    async def plan_write(self, caller: Caller, body: WriteIn) -> Answer:
        held = await plan_presses.write(
            self.helpline,
            self.who(caller),
            body.contact,
            plan=body.plan,
            words=words_of(body),
            client_id=body.client_id,
        )
        return {"seq": held.seq}

    async def plan_take_out(self, caller: Caller, body: TakeOutIn) -> Answer:
        held = await plan_presses.take_out(
            self.helpline,
            self.who(caller),
            body.contact,
            plan=body.plan,
            of=body.line,
            saw=body.saw,
            client_id=body.client_id,
        )
        return {"seq": held.seq}

    async def plan_keep(self, caller: Caller, body: KeepIn) -> Answer:
        held = await plan_presses.keep(
            self.helpline,
            self.who(caller),
            body.contact,
            plan=body.plan,
            keep=body.keep,
            client_id=body.client_id,
        )
        return {"seq": held.seq, "until": held.until}

    async def plan_review(self, caller: Caller, body: OfPlanIn) -> Answer:
        held = await plan_presses.review(
            self.helpline, self.who(caller), body.contact, plan=body.plan, client_id=body.client_id
        )
        return {"seq": held.seq, "until": held.until}

    async def plan_followed(self, caller: Caller, body: Followed) -> Answer:
        answer = await plan_presses.followed(
            self.helpline,
            self.who(caller),
            body.contact,
            plan=body.plan,
            how=body.how,
            why=body.why,
            client_id=body.client_id,
        )
        return {"seq": answer.seq, "at": answer.at}
