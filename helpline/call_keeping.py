"""Being rung back: what the person may ask, and what whoever is with them may press.

A request from the page has a contact of its own beside the chat's: `call_token` makes its token from the chat's, so
that whoever holds the one finds the other, and neither shows in the other.
"""

from datetime import datetime
from functools import partial
from typing import Any
from uuid import uuid4

import msgspec

from helpline import call_backs
from helpline.call_windows import AHEAD, Span, Window, chosen, parts, soonest, staffed
from helpline.calls import CHANNEL, call_shown
from helpline.contact import Contact, new_id
from helpline.core import Answer, Core
from helpline.errors import BadRequest, ClaimTaken, HelplineError, NotFound, NotSaved
from helpline.events import PERSON, CallMe, ReachFields, Started
from helpline.numbers import dialled
from helpline.people import Principal
from helpline.person_side import PersonSide
from helpline.staff_side import StaffSide
from helpline.talking import digest

Json = dict[str, Any]
SOONEST = "soonest"
OVER = ("wrap_up", "ended")


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What was given with a request. `number` is E.164; `window` a key of `Choices`; every safety answer is no at first."""

    client_id: str
    number: str
    window: str = SOONEST
    details: ReachFields = None
    safe_name: bool = False
    safe_message: bool = False
    safe_text: bool = False


class Choices(msgspec.Struct, frozen=True):
    """What can be promised now: as soon as can be, and parts of the shifts of the coming week."""

    soonest: Window | None
    parts: tuple[Window, ...]


class TimeGone(BadRequest):
    """The time they chose has passed, or nobody is on in it any more."""


def call_token(token: str) -> str:
    """The token of the request that belongs to the chat's `token`."""
    return f"call/{token}"


def spans(core: Core, language: str, now: datetime) -> list[Span]:
    """When somebody who rings is on in the coming week; in this language, where anybody who speaks it is."""
    if CHANNEL not in core.definition.channels:
        return []
    until = now + AHEAD
    duties = [
        (duty, account)
        for duty in core.roster.rota.occurrences(now, until)
        if duty.role == "supporter"
        and (account := core.people.get(duty.person)) is not None
        and account.active
        and CHANNEL in core.roster.channels_of(account)
        and (not duty.channels or CHANNEL in duty.channels)
    ]
    speaking = [one for one in duties if language in one[1].languages] or duties
    doors = [(span.opens_at, span.closes_at) for span in core.hours.spans(now, until, CHANNEL)]
    shifts = [(duty.starts_at, duty.ends_at) for duty, _ in speaking]
    return staffed(shifts, doors, core.roster.leaving)


def choices(core: Core, language: str) -> Choices:
    """What may be chosen now."""
    now = core.clock.now()
    found = spans(core, language, now)
    return Choices(soonest(found, now), tuple(parts(found, now)))


async def request_of(line: PersonSide, token: str) -> Contact | None:
    """The request that belongs to this token, however it stands."""
    held = await line.contact_of(call_token(token))
    return await line.contact(held) if held is not None else None


async def ask(line: PersonSide, token: str, language: str, asked: Asked) -> Contact:
    """Keep a request: the first, or another in its place. `TimeGone` when its time can no longer be promised."""
    if not asked.number.startswith("+"):
        raise BadRequest("Please give the number with its area code.")
    body = _body(asked)
    there = await request_of(line, token)
    if there is not None and there.phase not in OVER:
        before = await line.logbook.repeat_of(there.log, PERSON, asked.client_id, body.digest)
        if before is None:
            decide = call_backs.ask(line.pinned(there), body, _window(line, language, asked.window))
            await line.logbook.change(there.log, decide, via=CHANNEL)
        return await line.contact(there.log)
    window = _window(line, language, asked.window)
    if there is not None:
        await line.forget_token(call_token(token))
    return await _begin(line, call_token(token), language, body, window)


def _body(asked: Asked) -> CallMe:
    safe = (asked.safe_name, asked.safe_message, asked.safe_text)
    mark = digest("call_me", asked.number, asked.details, asked.window, *safe)
    return CallMe(
        number=asked.number,
        details=asked.details,
        safe_name=asked.safe_name,
        safe_message=asked.safe_message,
        safe_text=asked.safe_text,
        client_id=asked.client_id,
        digest=mark,
    )


def _window(core: Core, language: str, key: str) -> Window | None:
    """None only when nobody rings in the coming week: then the lead has the request."""
    now = core.clock.now()
    found = spans(core, language, now)
    if key == SOONEST or not found:
        return soonest(found, now)
    window = chosen(found, key, now)
    if window is None:
        raise TimeGone("That time has passed, or nobody is free in it now.")
    return window


async def _begin(line: PersonSide, token: str, language: str, body: CallMe, window: Window | None) -> Contact:
    definition = line.definition
    contact = new_id("c-")
    started = Started(
        channel=CHANNEL,
        language=language,
        definition=definition.hash,
        policy=f"{definition.confidentiality.policy}/{definition.confidentiality.version}",
        open=False,
    )
    decide = call_backs.begin(definition, started, body, window)
    await line.logbook.create(contact)
    try:
        claim = line.token_claim(token)
        written = await line.logbook.change(contact, decide, via=CHANNEL, claims=(claim,))
    except ClaimTaken as taken:
        line.logbook.forget_unwritten(contact)
        return await line.contact(taken.log)
    except NotSaved:
        # It may still land: whoever asks again finds it then.
        raise
    except HelplineError:
        line.logbook.forget_unwritten(contact)
        raise
    fold: Contact = written.fold
    return fold


# -- whoever is with them ------------------------------------------------------------------------------------------


async def _request(line: StaffSide, contact: str) -> CallMe:
    """The newest request in a contact; `NotFound` when there is none."""
    fold = await line.contact(contact)
    if not fold.calls.asked:
        raise NotFound("They have not asked to be rung.")
    body = (await line.event_at(contact, fold.calls.asked)).body
    assert isinstance(body, CallMe)
    return body


async def card(line: StaffSide, who: Principal, contact: str) -> Json:
    """`call` of docs/protocol.md: when, in which language, what to say and what not. Never the number."""
    fold = await line.may_read(who, contact)
    body = await _request(line, contact)
    details = body.details or {}
    account = line.people.get(who.id)
    return {
        "name": details.get("name", ""),
        "code_word": details.get("code_word", ""),
        "words": details.get("words", ""),
        "when": body.when,
        "safe_name": body.safe_name,
        "safe_message": body.safe_message,
        "safe_text": body.safe_text,
        "bridged": line.rings,
        "own_number": bool(account and account.phone),
        **(call_shown(fold) or {}),
    }


async def ring(line: StaffSide, who: Principal, contact: str, *, client_id: str) -> Answer:
    """Have the carrier ring: the supporter first. `BadRequest` without their own number or without a phone line."""
    account = line.people.get(who.id)
    if not line.rings:
        raise BadRequest("There is no phone line here. Show the number and ring them by hand.")
    if account is None or not account.phone:
        raise BadRequest("Put in your own number first. Only the phone line uses it.")
    mark = digest("call_placing")
    press = partial(call_backs.place, call=f"k-{uuid4().hex}", client_id=client_id, mark=mark)
    return await line.press(who, contact, client_id, mark, press)


async def made(line: StaffSide, who: Principal, contact: str, *, outcome: str, client_id: str) -> Answer:
    """How it went."""
    mark = digest("call_made", outcome)
    press = partial(call_backs.made, outcome=outcome, client_id=client_id, mark=mark)
    return await line.press(who, contact, client_id, mark, press)


async def own_number(line: StaffSide, who: Principal, number: str) -> None:
    """The number the phone line rings them on; empty takes it out. `BadRequest` when it is none."""
    known = dialled(number, line.definition.country) if number.strip() else ""
    if known is None or (known and not known.startswith("+")):
        raise BadRequest("That does not look like a phone number.")
    await line.people.set_phone(who.id, known)
