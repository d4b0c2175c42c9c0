"""Being rung back: what the person may ask, and what whoever is with them may press.

A request from the page has a contact of its own beside the chat's: `call_token` makes its token from the chat's, so
that whoever holds the one finds the other, and neither shows in the other.
"""

from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import msgspec

from helpline import call_backs
from helpline.call_events import CallWithdrawn, LineRung
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
    # From a day ago, so that parts count from where the running shift began, also where a door never closes.
    open_ = core.hours.spans(now - timedelta(days=1), until, CHANNEL)
    doors = [(span.opens_at, span.closes_at) for span in open_]
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


async def ask(line: PersonSide, token: str, language: str, asked: Asked, chat: str = "") -> Contact:
    """Keep a request: the first, or another in its place. `TimeGone` when its time can no longer be promised.

    After one that is over it is a new contact, linked with that one; and with the `chat` it was asked in, if any.
    """
    body = _body(asked)
    there = await request_of(line, token)
    if there is not None and there.phase not in OVER:
        if not await _asked_before(line, there, body):
            decide = call_backs.ask(line.pinned(there), body, _window(line, language, asked.window))
            await line.logbook.change(there.log, decide, via=CHANNEL)
    else:
        window = _window(line, language, asked.window)
        earlier: tuple[str, ...] = ()
        if there is not None:
            earlier = (there.log,)
            await line.forget_token(call_token(token))
        there = await _begin(line, language, body, window, token=call_token(token), linked=earlier)
    if chat:
        await _link(line, there.log, chat)
    return await line.contact(there.log)


async def beside_chat(line: PersonSide, token: str, chat: str, asked: Asked) -> None:
    """A call was asked for in a chat. Is somebody with them and rings now, it is theirs to ring, in the time there is.

    Else it is a request of its own beside the chat, for when somebody rings; where nobody does, the chat alone keeps it.
    """
    there = await line.contact(chat)
    if rings_now(line, there):
        window = soonest_window(line, there.language)
        await line.logbook.change(chat, call_backs.keep_time(line.pinned(there), window))
    elif choices(line, there.language).soonest is not None:
        await ask(line, token, there.language, asked, chat)


def rings_now(line: Core, chat: Contact) -> bool:
    """Somebody is with them in the chat, and this is a time in which people are rung."""
    soon = choices(line, chat.language).soonest
    return chat.phase == "live" and soon is not None and soon.begins_at <= line.clock.now()


async def _asked_before(line: PersonSide, there: Contact, body: CallMe) -> bool:
    return await line.logbook.repeat_of(there.log, PERSON, body.client_id, body.digest) is not None


async def _link(line: PersonSide, one: str, other: str) -> None:
    """Both say so. Each is written once, however often it is asked for."""
    await line.logbook.change(one, call_backs.link(other))
    await line.logbook.change(other, call_backs.link(one))


# -- who rings the line --------------------------------------------------------------------------------------------


async def rang(line: PersonSide, language: str, asked: Asked, *, pressed: bool) -> Contact:
    """A number rang the line: it is a request, and one with what that number has open.

    Only here two become one by their number, for the carrier itself told it; what is typed on a page may be anybody's.
    """
    body = _body(asked)
    rung = LineRung(pressed=pressed, client_id=body.client_id, digest=body.digest)
    there = await open_by_number(line, asked.number)
    window = soonest_window(line, language)
    if there is None:
        counted = msgspec.structs.replace(rung, client_id="", digest="")
        return await _begin(line, language, body, window, rung=counted)
    if not await _asked_before(line, there, body):
        decide = call_backs.rang(rung, call_backs.ask(line.pinned(there), body, window))
        await line.logbook.change(there.log, decide, via=CHANNEL)
    return await line.contact(there.log)


async def rang_hidden(line: PersonSide, call: str) -> None:
    """Somebody with a hidden number rang the line; `call` is the carrier's name for it, and makes two of them one."""
    await _over_at_once(line, call, LineRung(hidden=True))


async def not_to_be_rung(line: PersonSide, call: str, number: str = "") -> None:
    """Who rang the line wants no call. With a `number`, what that number has open is taken back."""
    there = await open_by_number(line, number) if number else None
    withdrawn = CallWithdrawn(digest=digest("not_to_be_rung"))
    if there is not None:
        try:
            told = await line.logbook.change(
                there.log, call_backs.withdraw(withdrawn), claims=(line.keys.claim("carrier", call),)
            )
        except ClaimTaken:
            return
        if told.events:
            return
    await _over_at_once(line, call, withdrawn)


async def told_of(line: Core, call: str) -> bool:
    """Whether it is known already that this call asks for nothing."""
    return await line.store.find(line.keys.claim("carrier", call)) is not None


async def _over_at_once(line: PersonSide, call: str, body: LineRung | CallWithdrawn) -> None:
    started = _started(line, line.definition.languages.default)
    contact = new_id("c-")
    await line.logbook.create(contact)
    decide = call_backs.over_at_once(started, body)
    try:
        await line.logbook.change(contact, decide, via=CHANNEL, claims=(line.keys.claim("carrier", call),))
    except ClaimTaken:
        line.logbook.forget_unwritten(contact)
    except NotSaved:
        raise
    except HelplineError:
        line.logbook.forget_unwritten(contact)
        raise


async def open_by_number(line: PersonSide, number: str) -> Contact | None:
    """The contact in which this number waits to be rung, or somebody texts from it."""
    for claim in (_ring_claim(line, number), line.keys.claim("phone", number)):
        held = await line.store.find(claim)
        there = await line.contact(held[0]) if held is not None else None
        if there is not None and there.phase not in OVER:
            return there
    return None


def _ring_claim(line: Core, number: str) -> bytes:
    """By which the open request of a number is found."""
    return line.keys.claim("ring", number)


def _body(asked: Asked) -> CallMe:
    if not asked.number.startswith("+"):
        raise BadRequest("Please give the number with its area code.")
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


def soonest_window(core: Core, language: str) -> Window | None:
    """The first time in which somebody rings; None when nobody does in the coming week."""
    now = core.clock.now()
    return soonest(spans(core, language, now), now)


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


async def _begin(
    line: PersonSide,
    language: str,
    body: CallMe,
    window: Window | None,
    *,
    token: str = "",
    rung: LineRung | None = None,
    linked: tuple[str, ...] = (),
) -> Contact:
    """A contact for the request, linked with the one that this number had before or has open."""
    claims = [line.token_claim(token)] if token else []
    ring = _ring_claim(line, body.number or "")
    held = await line.store.find(ring)
    other = await line.contact(held[0]) if held is not None else None
    if other is not None and other.phase in OVER:
        await line.store.release(other.log, [ring])
    if other is None or other.phase in OVER:
        claims.append(ring)
    linked = tuple(dict.fromkeys((*linked, *((other.log,) if other is not None else ()))))
    contact = new_id("c-")
    started = _started(line, language)
    decide = call_backs.begin(line.definition, started, body, window, rung=rung, linked=linked)
    await line.logbook.create(contact)
    try:
        written = await line.logbook.change(contact, decide, via=CHANNEL, claims=claims)
    except ClaimTaken as taken:
        line.logbook.forget_unwritten(contact)
        if taken.claim == ring and token:
            # Somebody asked for this number in the same moment: the two are linked.
            return await _begin(line, language, body, window, token=token, rung=rung, linked=linked)
        return await line.contact(taken.log)
    except NotSaved:
        # It may still land: whoever asks again finds it then.
        raise
    except HelplineError:
        line.logbook.forget_unwritten(contact)
        raise
    for one in linked:
        await line.logbook.change(one, call_backs.link(contact))
    fold: Contact = written.fold
    return fold


def _started(line: Core, language: str) -> Started:
    definition = line.definition
    return Started(
        channel=CHANNEL,
        language=language,
        definition=definition.hash,
        policy=f"{definition.confidentiality.policy}/{definition.confidentiality.version}",
        open=False,
    )


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
