"""A text that came in becomes part of a contact: the one its number has open, or a new one.

Durable on return, and the same text twice is once: its id at the carrier is a claim. Whatever goes wrong with what
follows from a text, the text is kept.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import NAMESPACE_URL, uuid5

import structlog

from helpline import talking
from helpline.contact import Contact, new_id
from helpline.definition import Definition
from helpline.errors import ClaimTaken, HelplineError, NotFound
from helpline.events import (
    PERSON,
    SERVICE,
    Linked,
    NumberGiven,
    OptedOut,
    PictureSent,
    Started,
    Told,
)
from helpline.logbook import Decide, Draft
from helpline.numbers import dialled
from helpline.paging import page_once
from helpline.service import Helpline
from helpline.talking import Message, digest
from helpline.urgency import PhraseBook
from sms.inbound import Text

log = structlog.get_logger()

# After so long a text is not the end of the same talk but the beginning of another.
ANOTHER_AFTER = timedelta(hours=12)
BY_TEXT = "sms"


async def take_in(helpline: Helpline, text: Text) -> str:
    """The contact the text is in. Errors are the store's: then the carrier keeps the text and it comes again."""
    sid = helpline.keys.claim("carrier", text.sid)
    known = await helpline.store.find(sid)
    if known is not None:
        return known[0]
    number = dialled(text.from_, helpline.definition.country) or text.from_
    claim = helpline.keys.claim("phone", number)
    for _ in range(3):
        held = await helpline.store.find(claim)
        there = await _standing(helpline, held[0]) if held is not None else None
        now = helpline.clock.now()
        if there is not None and (there.ended_at is None or now - there.ended_at < ANOTHER_AFTER):
            return await _join(helpline, there, text, sid)
        if held is not None:
            await helpline.store.release([claim])
        try:
            return await _begin(helpline, number, text, (claim, sid), held[0] if held else "")
        except ClaimTaken as taken:
            if taken.claim == sid:
                return taken.log
    raise HelplineError


async def _standing(helpline: Helpline, contact: str) -> Contact | None:
    try:
        return await helpline.contact(contact)
    except NotFound:
        return None


async def _join(helpline: Helpline, there: Contact, text: Text, sid: bytes) -> str:
    door = helpline.door(BY_TEXT) if there.phase in ("stored", "wrap_up", "ended") else talking.Door(True)
    decide = joining(helpline.pinned(there), text, door, helpline.phrases.book)
    try:
        await helpline.logbook.change(there.log, decide, via=BY_TEXT, claims=(sid,))
    except ClaimTaken as taken:
        return taken.log
    return there.log


async def _begin(helpline: Helpline, number: str, text: Text, claims: Sequence[bytes], before: str) -> str:
    definition = helpline.definition
    contact = new_id("c-")
    body = Started(
        channel=BY_TEXT,
        language=definition.languages.default,
        definition=definition.hash,
        policy=f"{definition.confidentiality.policy}/{definition.confidentiality.version}",
        client_id=_client_id(text),
        digest=digest("start", text.sid),
    )
    full = len(helpline.dispatcher.queue) >= definition.waiting.most_waiting
    decide = beginning(
        definition,
        body,
        number,
        text,
        helpline.door(BY_TEXT),
        full=full,
        book=helpline.phrases.book,
        before=before,
    )
    await helpline.logbook.create(contact)
    try:
        await helpline.logbook.change(contact, decide, via=BY_TEXT, claims=claims)
    except HelplineError:
        helpline.logbook.forget_unwritten(contact)
        raise
    return contact


def beginning(
    definition: Definition,
    body: Started,
    number: str,
    text: Text,
    door: talking.Door,
    *,
    full: bool,
    book: PhraseBook,
    before: str = "",
) -> Decide:
    """The first text of a contact. Open, it is answered at once that somebody will come; closed, when we open."""
    message = _message(text)
    start = talking.start(definition, body, message, door, full=full, book=book)

    def decide(c: Contact, now: datetime) -> Sequence[Draft]:
        drafts = list(start(c, now))
        if not drafts:
            return []
        # The number comes before what the service answers in the same breath, which is to go to it; and behind their
        # words, whose seq a prompt has already counted.
        # A sender that is a word or a short code can be read and not answered.
        known: list[Draft] = [(SERVICE, NumberGiven(number))] if number.startswith("+") else []
        if before:
            known.append((SERVICE, Linked(before)))
        behind = 1 if message is None else 2
        if door.open and not full:
            known.append((SERVICE, Told("text_hello")))
        return [*drafts[:behind], *known, *drafts[behind:], *beside(definition, c, text, now)]

    return decide


def joining(definition: Definition, text: Text, door: talking.Door, book: PhraseBook) -> Decide:
    """A further text: theirs as if it were said, however the talk stands."""
    message = _message(text)

    def decide(c: Contact, now: datetime) -> Sequence[Draft]:
        if message is not None:
            drafts = list(talking.say_as_person(definition, [message], c.language, door, book)(c, now))
        else:
            drafts = talking.reopening(c, definition, door, now)
        return [*drafts, *beside(definition, c, text, now)]

    return decide


def beside(definition: Definition, c: Contact, text: Text, now: datetime) -> list[Draft]:
    """What came with the words: pictures, and words that close or open their phone to us.

    Closing it in the middle of a talk is a safety event: "END" may be how somebody ends more than texts.
    """
    drafts: list[Draft] = []
    if text.media:
        drafts.append((PERSON, PictureSent(text.media)))
    if text.opted == "STOP":
        drafts.append((PERSON, OptedOut(on=True)))
        drafts += page_once(definition, c, "opted-out", "opted_out", now)
    elif text.opted == "START" and c.texts.opted_out:
        drafts.append((PERSON, OptedOut(on=False)))
    return drafts


def _message(text: Text) -> Message | None:
    return Message(_client_id(text), text.body) if text.body.strip() else None


def _client_id(text: Text) -> str:
    return str(uuid5(NAMESPACE_URL, f"carrier:{text.sid}"))
