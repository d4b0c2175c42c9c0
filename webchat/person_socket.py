"""`/person`: the calls a person's page makes. The contract is docs/protocol.md.

A person is their token: the cookie of `GET /chat`, or `auth: {token}`. Numbers here count talk events only, and
nothing a call answers, or takes its time over, tells that something else happened to the contact.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

import msgspec
from aiohttp import web
from msgspec import Meta

from helpline import call_keeping
from helpline.call_keeping import Asked
from helpline.errors import BadRequest, NoSession, NotFound
from helpline.events import PERSON
from helpline.numbers import dialled
from helpline.service import Helpline
from helpline.settings import Settings
from helpline.talking import Message as Said
from webchat.announcing import Announcing, person_room
from webchat.doorway import DOOR_ROOM
from webchat.engine import Caller
from webchat.plan_socket import PERSON_PLAN_CALLS, PersonPlans
from webchat.security import PERSON_COOKIE, cookie_name
from webchat.sockets import (
    MOST_MESSAGES,
    PAGE_OF_EVENTS,
    Answer,
    ClientId,
    Count,
    Limit,
    Limits,
    Message,
    Name,
    Short,
    Words,
    checked_text,
)

ONLY_DOOR = "only-door"

Language = Annotated[str, Meta(pattern=r"\A[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*\Z", max_length=35)]
Token = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9_-]{43,128}\Z")]
Feeling = Annotated[int, Meta(ge=1, le=5)]


class Auth(msgspec.Struct, frozen=True):
    """`only` "door": a page that is open at the start. It follows the door, and is nobody's presence in a chat."""

    token: Token | None = None
    only: Literal["", "door"] = ""


class Answers(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a person may say of themself before talking; each of it optional."""

    for_whom: Literal["", "me", "someone"] = ""
    name: Annotated[str, Meta(max_length=80)] = ""
    age_band: Annotated[str, Meta(max_length=20)] = ""
    area: Annotated[str, Meta(max_length=80)] = ""
    feel: Feeling | None = None


class Start(msgspec.Struct, frozen=True):
    client_id: ClientId
    language: Language
    first_message: Annotated[str, Meta()] | None = None
    answers: Answers | None = None


class Resume(msgspec.Struct, frozen=True):
    after: Count = 0
    before: Count | None = None
    epoch: Name | None = None
    limit: Limit = PAGE_OF_EVENTS


class Say(msgspec.Struct, frozen=True):
    client_id: ClientId | None = None
    text: Words | None = None
    messages: Annotated[list[Message], Meta(min_length=1, max_length=MOST_MESSAGES)] | None = None
    lang: Language | Literal[""] = ""


class Correct(msgspec.Struct, frozen=True):
    client_id: ClientId
    of: Count
    text: Words


class Withdraw(msgspec.Struct, frozen=True):
    client_id: ClientId
    of: Count


class NotSafe(msgspec.Struct, frozen=True):
    client_id: ClientId


class Choose(msgspec.Struct, frozen=True):
    client_id: ClientId
    choice: Name


class CallMe(msgspec.Struct, frozen=True):
    client_id: ClientId
    number: Annotated[str, Meta(min_length=3, max_length=40)]
    name: Annotated[str, Meta(max_length=80)] = ""
    when: Short = ""
    safe_name: bool = False
    safe_message: bool = False
    safe_text: bool = False
    code_word: Annotated[str, Meta(max_length=80)] = ""
    words: Annotated[str, Meta(max_length=4_000)] = ""


class Feedback(msgspec.Struct, frozen=True):
    client_id: ClientId
    listened: Annotated[str, Meta(max_length=20)] = ""
    feel_before: Feeling | None = None
    feel_after: Feeling | None = None
    again: Annotated[str, Meta(max_length=20)] = ""
    words: Annotated[str, Meta(max_length=4_000)] = ""


class Leave(msgspec.Struct, frozen=True):
    quick: bool = False
    client_id: ClientId | None = None


class Typing(msgspec.Struct, frozen=True):
    on: bool


class Seen(msgspec.Struct, frozen=True):
    seq: Count


def to_say(body: Any) -> list[Said]:
    """One message or several, as the core wants them; `BadRequest` for neither, `TooLong` for one too long."""
    if body.messages is not None:
        return [Said(one.client_id, checked_text(one.text)) for one in body.messages]
    if body.client_id is None or body.text is None:
        raise BadRequest("That was not understood: a message needs `client_id` and `text`.")
    return [Said(body.client_id, checked_text(body.text))]


class PersonSocket(PersonPlans):
    """The namespace `/person`."""

    calls: ClassVar[Mapping[str, type[msgspec.Struct]]] = {
        "start": Start,
        "resume": Resume,
        "say": Say,
        "correct": Correct,
        "withdraw": Withdraw,
        "not_safe": NotSafe,
        "choose": Choose,
        "call_me": CallMe,
        "feedback": Feedback,
        "leave": Leave,
        "typing": Typing,
        "seen": Seen,
        **PERSON_PLAN_CALLS,
    }
    urgent: ClassVar[frozenset[str]] = frozenset({"not_safe"})

    def __init__(self, helpline: Helpline, settings: Settings) -> None:
        super().__init__("/person", Limits.of(settings))
        self.helpline = helpline
        self.announcing: Announcing
        self._cookie = cookie_name(settings, PERSON_COOKIE)

    async def admit(self, caller: Caller, environ: Mapping[str, Any], auth: Any) -> None:
        request: web.Request = environ["aiohttp.request"]
        try:
            given = msgspec.convert(auth or {}, Auth)
            caller.token = msgspec.convert(given.token or request.cookies.get(self._cookie, ""), Token)
        except msgspec.ValidationError:
            raise NoSession from None
        self.enter(caller, _token_room(caller.token))
        self.enter(caller, DOOR_ROOM)
        if given.only == "door":
            self.enter(caller, ONLY_DOOR)
            return
        contact = await self.helpline.contact_of(caller.token)
        if contact is not None:
            await self.helpline.contact(contact)
            self._join(caller, contact)

    def greet(self, caller: Caller) -> None:
        """The door may have moved since the page was drawn."""
        if not caller.contact or self.helpline.person_state(caller.contact)["phase"] == "stored":
            self.tell(caller, "door", self.announcing.doorway.look())

    def gone(self, caller: Caller) -> None:
        if caller.contact:
            self.helpline.person_disconnected(caller.contact)
            if person_room(caller.contact) not in self.rooms:
                self.announcing.person_left(caller.contact)

    def _join(self, caller: Caller, contact: str) -> None:
        if not caller.contact and not caller.line.closed:
            caller.contact = contact
            self.go_out(caller, DOOR_ROOM)
            self.go_out(caller, ONLY_DOOR)
            self.enter(caller, person_room(contact))
            self.helpline.person_connected(contact)

    async def _contact(self, caller: Caller) -> str:
        """The contact this token holds; `NotFound` before `start`. It may have begun on another page."""
        if not caller.contact:
            contact = await self.helpline.contact_of(caller.token)
            if contact is None:
                raise NotFound("There is no conversation yet. Please start one.")
            await self.helpline.contact(contact)
            self._join(caller, contact)
        return caller.contact

    def _state(self, contact: str) -> dict[str, Any]:
        return self.announcing.state_for(contact)

    async def start(self, caller: Caller, body: Start) -> Answer:
        first = checked_text(body.first_message) if body.first_message else None
        given = msgspec.to_builtins(body.answers) if body.answers is not None else {}
        answer = await self.helpline.start(
            caller.token,
            client_id=body.client_id,
            language=body.language,
            first_message=first,
            answers={key: str(value) for key, value in given.items() if value},
        )
        self._join(caller, answer.contact)
        for tab in tuple(self.rooms.get(_token_room(caller.token), ())):
            if ONLY_DOOR not in tab.rooms:
                self._join(tab, answer.contact)
        fold = await self.helpline.contact(answer.contact)
        return {
            "contact": answer.contact,
            "name": fold.name,
            "seq": fold.talk,
            "epoch": self.helpline.store.epoch,
            "state": self._state(answer.contact),
        }

    async def resume(self, caller: Caller, body: Resume) -> Answer:
        epoch = self.helpline.store.epoch
        try:
            contact = await self._contact(caller)
        except NotFound:
            return {"none": True}
        fold = await self.helpline.newest(contact)
        if (body.epoch is not None and body.epoch != epoch) or body.after > fold.talk:
            return {"reset": True}
        events, more = await self.helpline.person_events(contact, body.after, body.before, body.limit)
        fold = await self.helpline.contact(contact)
        return {
            "events": events,
            "more": more,
            "state": self._state(contact),
            "seq": fold.talk,
            "epoch": epoch,
        }

    async def say(self, caller: Caller, body: Say) -> Answer:
        messages = to_say(body)
        contact = caller.contact or await self._contact(caller)
        with self.announcing.sending(caller, "", messages):
            answer = await self.helpline.say(contact, PERSON, messages, body.lang)
        if body.messages is None:
            return {"seq": answer.talk, "at": answer.at}
        return {"seq": answer.talk, "at": answer.at, "seqs": answer.talks or (answer.talk,)}

    async def correct(self, caller: Caller, body: Correct) -> Answer:
        text = checked_text(body.text)
        contact = await self._contact(caller)
        of = await self.helpline.seq_of_talk(contact, body.of)
        answer = await self.helpline.correct(contact, PERSON, of, text, body.client_id)
        return {"seq": answer.talk, "at": answer.at}

    async def withdraw(self, caller: Caller, body: Withdraw) -> Answer:
        contact = await self._contact(caller)
        of = await self.helpline.seq_of_talk(contact, body.of)
        answer = await self.helpline.withdraw(contact, PERSON, of, body.client_id)
        return {"seq": answer.talk, "at": answer.at}

    async def not_safe(self, caller: Caller, body: NotSafe) -> Answer:
        contact = await self._contact(caller)
        answer = await self.helpline.not_safe(contact, body.client_id)
        return {"seq": answer.talk, "at": answer.at, "state": self._state(contact)}

    async def choose(self, caller: Caller, body: Choose) -> Answer:
        contact = await self._contact(caller)
        answer = await self.helpline.choose(contact, body.choice, body.client_id)
        return {"seq": answer.talk, "at": answer.at, "state": self._state(contact)}

    async def call_me(self, caller: Caller, body: CallMe) -> Answer:
        contact = await self._contact(caller)
        number = dialled(body.number, self.helpline.definition.country)
        if number is None or not number.startswith("+"):
            raise BadRequest("That number cannot be rung. Please write it with its area code.")
        details = {"name": body.name, "code_word": body.code_word, "words": body.words}
        asked = Asked(
            client_id=body.client_id,
            number=number,
            details={key: value for key, value in details.items() if value} or None,
            safe_name=body.safe_name,
            safe_message=body.safe_message,
            safe_text=body.safe_text,
        )
        given = {name: value for name, value in msgspec.structs.asdict(asked).items() if name != "window"}
        answer = await self.helpline.call_me(contact, when=body.when, **given)
        await call_keeping.beside_chat(self.helpline, caller.token, contact, asked)
        return {"seq": answer.talk, "at": answer.at}

    async def feedback(self, caller: Caller, body: Feedback) -> Answer:
        contact = await self._contact(caller)
        answer = await self.helpline.feedback(
            contact,
            client_id=body.client_id,
            listened=body.listened,
            feel_before=body.feel_before or 0,
            feel_after=body.feel_after or 0,
            again=body.again,
            words=body.words or None,
        )
        return {"at": answer.at}

    async def leave(self, caller: Caller, body: Leave) -> Answer:
        """`quick` is never refused, and afterwards the token opens nothing: its sockets close."""
        contact = caller.contact or await self.helpline.contact_of(caller.token)
        if contact:
            await self.helpline.leave(contact, "quick" if body.quick else "ended", body.client_id or "")
        if body.quick:
            await self.forget(caller.token)
        return {}

    async def forget(self, token: str) -> None:
        """The token is dead: release it and close every socket that holds it, after what is queued has gone out."""
        await self.helpline.forget_token(token)
        for tab in tuple(self.rooms.get(_token_room(token), ())):
            self.drop(tab)

    async def typing(self, caller: Caller, body: Typing) -> Answer:
        if caller.contact:
            self.announcing.person_types(caller.contact, body.on)
        return {}

    async def seen(self, caller: Caller, body: Seen) -> Answer:
        if caller.contact:
            await self.announcing.person_has_seen(caller.contact, body.seq)
        return {}


def _token_room(token: str) -> str:
    return f"token:{token}"
