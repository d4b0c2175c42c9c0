"""What is pressed on the rota's pages: POST /rota/do, one command each, and POST /rota/undo."""

import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime, time, timedelta

import msgspec
from aiohttp import web

from helpline.errors import BadRequest, HelplineError, NotFound, Objected
from helpline.people import Principal
from helpline.permissions import require
from helpline.rota_keeping import RotaKeeping
from helpline.service import Helpline
from rota import nights
from rota.book import AnyChange, Book
from rota.cover import Plan
from rota.members import Member
from rota.shifts import Slot
from webchat.keys import HELPLINE
from webchat.rota_frame import Refusal, done, entered, form, way_back
from webchat.rota_pages import PAGES, SHIFT, drawn
from webchat.rota_view import href

MOST_ASKED = 20
_CLIENT_ID = re.compile(r"[\w-]{8,64}", re.ASCII)
_ANYWAY = {"take": "Take it anyway", "put_on": "Put them on anyway", "agree_swap": "Agree anyway"}


def add_routes(app: web.Application) -> None:
    for path, pressed in (("/rota/do", press), ("/rota/undo", undo)):
        app.router.add_post(path, pressed)
        app.router.add_get(path, begin_anew)


class Press(msgspec.Struct, frozen=True):
    """One press: the fields of its form, read as they are asked for. `BadRequest` for what is not as it should be."""

    helpline: Helpline
    who: Principal
    fields: Mapping[str, str]
    to: tuple[str, ...]

    @property
    def rota(self) -> RotaKeeping:
        return self.helpline.rota

    def slot(self, name: str = "slot") -> Slot:
        try:
            return Slot.parse(self.fields.get(name, ""))
        except ValueError:
            raise NotFound("There is no such shift.") from None

    @property
    def ask(self) -> str:
        return self.fields.get("ask", "")

    @property
    def client_id(self) -> str:
        if not _CLIENT_ID.fullmatch(self.fields.get("client_id", "")):
            raise BadRequest("This page is out of date. Please open it again.")
        return self.fields["client_id"]

    @property
    def anyway(self) -> bool:
        return bool(self.fields.get("anyway"))

    @property
    def why(self) -> str:
        return self.fields.get("why", "")

    def walls(self) -> tuple[datetime, datetime]:
        """The wall times of `date`, `starts` and `ends`; an end that is not after the start is next morning's."""
        try:
            day = date.fromisoformat(self.fields.get("date", ""))
            starts, ends = (
                time.fromisoformat(self.fields.get(name, "").zfill(5)) for name in ("starts", "ends")
            )
        except ValueError:
            raise BadRequest("Please give a day and two times, such as 18:00 and 22:30.") from None
        if starts.tzinfo is not None or ends.tzinfo is not None:
            raise BadRequest("Please give two times without a zone, such as 18:00 and 22:30.")
        next_day = timedelta(days=ends <= starts)
        return datetime.combine(day, starts), datetime.combine(day, ends) + next_day


Doing = Callable[[Press], Awaitable[int]]


async def press(request: web.Request) -> web.StreamResponse:
    """POST /rota/do {csrf, client_id, action, back, slot | ask, person, to…, date, starts, ends, why, anyway}.

    303 to `back`, which says what it came to. What is refused is said on the page that asked, with the status of
    the refusal: 400, 403, 404, or 409 when the rota says no; 409 offers `anyway` where only warnings stand against.
    """
    return await _acted(request, lambda pressed: _action(pressed)(pressed))


async def begin_anew(request: web.Request) -> web.StreamResponse:
    """GET of what is only posted, as when the address of a page that said no is opened again: 303 to My shifts."""
    raise web.HTTPSeeOther("/rota")


async def undo(request: web.Request) -> web.StreamResponse:
    """POST /rota/undo {csrf, client_id, back, seq}: 303 to `back`; 403 not theirs or too late, 404, 409 moved on."""
    return await _acted(request, _undo)


async def _acted(request: web.Request, doing: Doing) -> web.StreamResponse:
    who = await entered(request)
    posted = await form(request)
    fields = {name: value for name, value in posted.items() if isinstance(value, str)}
    to = tuple(value for value in posted.getall("to", ()) if isinstance(value, str))
    back = way_back(fields.get("back", ""))
    pressed = Press(request.app[HELPLINE], who, fields, to[:MOST_ASKED])
    try:
        seq = await doing(pressed)
    except HelplineError as refused:
        return await drawn(request, who, _page_of(back, fields), _refusal(refused, fields), refused.status)
    raise done(back, seq)


def _page_of(back: str, fields: Mapping[str, str]) -> str:
    """The page a refusal is said on: the one that asked when it is ours to draw, else that of the shift."""
    if back.partition("?")[0] in PAGES or back.startswith(SHIFT):
        return back
    return href(fields["slot"]) if fields.get("slot") else "/rota"


def _refusal(refused: HelplineError, fields: Mapping[str, str]) -> Refusal:
    """What is said, and where only warnings stand against it, the same press with `anyway`."""
    if not (isinstance(refused, Objected) and refused.may_insist):
        return Refusal(refused.message, typed=fields)
    again = {name: value for name, value in fields.items() if name not in ("csrf", "client_id", "back")}
    again["anyway"] = "1"
    label = _ANYWAY.get(fields.get("action", ""), "Do it anyway")
    return Refusal(refused.message, again, label, fields)


def _action(pressed: Press) -> Doing:
    doing = ACTIONS.get(pressed.fields.get("action", ""))
    if doing is None:
        raise BadRequest
    return doing


async def _undo(pressed: Press) -> int:
    seq = pressed.fields.get("seq", "")
    if not re.fullmatch(r"[1-9]\d{0,11}", seq, re.ASCII):
        raise NotFound("There is no such change.")
    return await pressed.rota.undo(pressed.who, int(seq), pressed.client_id)


async def _take(pressed: Press) -> int:
    return await pressed.rota.take(
        pressed.who, pressed.slot(), pressed.client_id, anyway=pressed.anyway, why=pressed.why
    )


async def _give_back(pressed: Press) -> int:
    return await pressed.rota.give_back(pressed.who, pressed.slot(), pressed.client_id, pressed.why)


async def _sick(pressed: Press) -> int:
    return await pressed.rota.call_in_sick(pressed.who, pressed.slot(), pressed.client_id)


async def _confirm(pressed: Press) -> int:
    return await pressed.rota.confirm(pressed.who, pressed.slot(), pressed.client_id)


async def _ask_cover(pressed: Press) -> int:
    return await pressed.rota.ask_cover(
        pressed.who, pressed.slot(), pressed.client_id, to=pressed.to, why=pressed.why
    )


async def _offer_swap(pressed: Press) -> int:
    return await pressed.rota.offer_swap(
        pressed.who, pressed.slot("mine"), pressed.slot("theirs"), pressed.client_id, pressed.why
    )


async def _agree_swap(pressed: Press) -> int:
    return await pressed.rota.agree_swap(pressed.who, pressed.ask, pressed.client_id, anyway=pressed.anyway)


async def _approve_swap(pressed: Press) -> int:
    return await pressed.rota.approve_swap(pressed.who, pressed.ask, pressed.client_id)


async def _say_no(pressed: Press) -> int:
    return await pressed.rota.say_no(pressed.who, pressed.ask, pressed.client_id)


async def _withdraw(pressed: Press) -> int:
    return await pressed.rota.withdraw_ask(pressed.who, pressed.ask, pressed.client_id)


async def _offer_hands(pressed: Press) -> int:
    return await pressed.rota.offer_hands(pressed.who, pressed.client_id)


async def _let_on(pressed: Press) -> int:
    """Whoever offered to help may check in; their offer is settled with that."""
    require(pressed.who.roles, "board", "let_on")
    ask = pressed.rota.book.asks.get(pressed.ask)
    if ask is not None and ask.kind == "hands":
        await pressed.helpline.let_on(pressed.who, ask.by, "offered to help")
    return await pressed.rota.withdraw_ask(pressed.who, pressed.ask, pressed.client_id)


async def _ask_to_fill(pressed: Press) -> int:
    if not pressed.to:
        raise BadRequest("Please choose whom to ask.")
    return await pressed.rota.ask_to_fill(
        pressed.who, pressed.slot(), pressed.to, pressed.client_id, pressed.why
    )


async def _put_on(pressed: Press) -> int:
    return await pressed.rota.put_on(
        pressed.who,
        pressed.slot(),
        pressed.fields.get("person", ""),
        pressed.client_id,
        anyway=pressed.anyway,
        why=pressed.why,
    )


async def _take_off(pressed: Press) -> int:
    return await pressed.rota.take_off(pressed.who, pressed.slot(), pressed.client_id, pressed.why)


async def _cancel_night(pressed: Press) -> int:
    slot = pressed.slot()

    def decide(book: Book) -> tuple[AnyChange, ...]:
        return nights.cancel(_plan_of(pressed.rota, book), slot)

    return await pressed.rota.edit(
        pressed.who, decide, pressed.client_id, about=("cancel", slot), why=pressed.why
    )


async def _move_night(pressed: Press) -> int:
    slot, (starts, ends) = pressed.slot(), pressed.walls()

    def decide(book: Book) -> tuple[AnyChange, ...]:
        plan = _plan_of(pressed.rota, book)
        try:
            return nights.move(
                plan, slot, starts, ends, _holder(pressed.rota, plan, slot), anyway=pressed.anyway
            )
        except ValueError as error:
            raise BadRequest(str(error)) from None

    return await pressed.rota.edit(
        pressed.who, decide, pressed.client_id, about=("move", slot, starts, ends), why=pressed.why
    )


def _holder(rota: RotaKeeping, plan: Plan, slot: Slot) -> Member | None:
    person = plan.coming(slot).person
    try:
        return rota.member(person) if person else None
    except NotFound:
        return None


def _plan_of(rota: RotaKeeping, book: Book) -> Plan:
    """The plan of the very book a step is decided on."""
    plan = rota.plan()
    return msgspec.structs.replace(plan, book=book, rota=book.rota_from(plan.book, plan.rota))


ACTIONS: Mapping[str, Doing] = {
    "take": _take,
    "give_back": _give_back,
    "sick": _sick,
    "confirm": _confirm,
    "ask_cover": _ask_cover,
    "offer_swap": _offer_swap,
    "agree_swap": _agree_swap,
    "approve_swap": _approve_swap,
    "say_no": _say_no,
    "withdraw": _withdraw,
    "offer_hands": _offer_hands,
    "let_on": _let_on,
    "ask_to_fill": _ask_to_fill,
    "put_on": _put_on,
    "take_off": _take_off,
    "cancel_night": _cancel_night,
    "move_night": _move_night,
}
