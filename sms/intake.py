"""A text that came in becomes part of a contact: the one its number has open, or a new one.

Durable on return, and the same text twice is once: its id at the carrier is a claim. Whatever goes wrong with what
follows from a text, the text is kept.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import NAMESPACE_URL, uuid5

import msgspec
import structlog

from helpline import call_backs, talking
from helpline.call_keeping import soonest_window
from helpline.call_windows import Window
from helpline.contact import Contact, new_id
from helpline.definition import Definition
from helpline.errors import ClaimTaken, HelplineError, NotFound
from helpline.events import (
    PERSON,
    SERVICE,
    CallMe,
    ChoiceMade,
    LanguageAsked,
    LineKnown,
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
from sms.inbound import Opted, Text
from sms.keywords import Ask, Keyword, keyword
from sms.lately import MOST, Lately
from sms.tongues import written_in
from sms.wording import said_under

log = structlog.get_logger()

# After so long a text is not the end of the same talk but the beginning of another.
ANOTHER_AFTER = timedelta(hours=12)
BY_TEXT = "sms"


class Came(msgspec.Struct, frozen=True):
    """A text, and the how manieth of its number within a minute it is.

    `asked` is the plain thing it asks for, if it is such a word; `window`, for a call, when somebody can ring.
    """

    text: Text
    country: str
    nth: int = 1
    asked: Keyword | None = None
    window: Window | None = None

    @property
    def number(self) -> str:
        """Where it came from as it is dialled; as it was given when that is no telephone number."""
        return dialled(self.text.from_, self.country) or self.text.from_


def reachable(number: str) -> bool:
    """A sender that is a word or a short code can be read and not answered."""
    return number.startswith("+")


async def take_in(helpline: Helpline, text: Text, lately: Lately | None = None) -> str:
    """The contact the text is in. Errors are the store's: then the carrier keeps the text and it comes again."""
    now = helpline.clock.now()
    known = (lately or Lately()).of(text.from_)
    came = Came(text, helpline.definition.country, known.heard(now))
    sid = helpline.keys.claim("carrier", text.sid)
    # Who goes on writing is not looked for again. That the same text comes twice is found out when it is kept.
    there: Contact | None = helpline.logbook.held(known.contact) if known.contact else None
    if there is not None and _goes_on(there, now):
        return await _join(helpline, there, came, sid)
    known.contact = ""
    known.contact = contact = await _placed(helpline, came, sid)
    return contact


async def _placed(helpline: Helpline, came: Came, sid: bytes) -> str:
    claim = helpline.keys.claim("phone", came.number)
    for _ in range(3):
        held = await helpline.store.find(claim)
        before = ""
        if held is not None:
            there = await _standing(helpline, held[0])
            if there is not None and _goes_on(there, helpline.clock.now()):
                return await _join(helpline, there, came, sid)
            # An old text that comes again begins nothing.
            known = await helpline.store.find(sid)
            if known is not None:
                return known[0]
            await helpline.store.release(held[0], [claim])
            before = held[0]
        try:
            return await _begin(helpline, came, (claim, sid), before)
        except ClaimTaken as taken:
            if taken.claim == sid:
                return taken.log
    raise HelplineError


def _goes_on(there: Contact, now: datetime) -> bool:
    return there.ended_at is None or now - there.ended_at < ANOTHER_AFTER


async def _standing(helpline: Helpline, contact: str) -> Contact | None:
    try:
        return await helpline.contact(contact)
    except NotFound:
        return None


async def _join(helpline: Helpline, there: Contact, came: Came, sid: bytes) -> str:
    door = helpline.door(BY_TEXT) if there.phase in ("stored", "wrap_up", "ended") else talking.Door(True)
    definition = helpline.pinned(there)
    came = _understood(helpline, came, asked_for(definition, came.text), there.language)
    decide = joining(definition, came, door, helpline.phrases.book)
    try:
        await helpline.logbook.change(there.log, decide, via=BY_TEXT, claims=(sid,))
    except ClaimTaken as taken:
        return taken.log
    return there.log


async def _begin(helpline: Helpline, came: Came, claims: Sequence[bytes], before: str) -> str:
    definition, text = helpline.definition, came.text
    asked = asked_for(definition, text)
    language = _language(definition, text, asked)
    contact = new_id("c-")
    body = Started(
        channel=BY_TEXT,
        language=language,
        definition=definition.hash,
        policy=f"{definition.confidentiality.policy}/{definition.confidentiality.version}",
        client_id=_client_id(text),
        digest=digest("start", text.sid),
    )
    full = len(helpline.dispatcher.queue) >= definition.waiting.most_waiting
    decide = beginning(
        definition,
        body,
        _understood(helpline, came, asked, language),
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


def _language(definition: Definition, text: Text, asked: Keyword | None) -> str:
    """What they named, else what they plainly wrote in: whoever speaks it is asked first."""
    named = asked.language if asked is not None else ""
    return named or written_in(text.body, definition.languages.promised) or definition.languages.default


def beginning(
    definition: Definition,
    body: Started,
    came: Came,
    door: talking.Door,
    *,
    full: bool,
    book: PhraseBook,
    before: str = "",
) -> Decide:
    """The first text of a contact. Open, it is answered at once that somebody will come; closed, when we open."""
    message, number = _message(came.text), came.number
    start = talking.start(definition, body, message, door, full=full, book=book)

    def decide(c: Contact, now: datetime) -> Sequence[Draft]:
        drafts = list(start(c, now))
        if not drafts:
            return []
        # The number comes before what the service answers in the same breath, which is to go to it; and behind their
        # words, whose seq a prompt has already counted.
        known: list[Draft] = [(SERVICE, NumberGiven(number) if reachable(number) else LineKnown("word"))]
        if before:
            known.append((SERVICE, Linked(before)))
        behind = 1 if message is None else 2
        if door.open and not full:
            known.append((SERVICE, Told("text_hello")))
        elif not door.open:
            # Whoever left a page is gone; whoever texted can still be answered, and the lead of the next shift sees it.
            known += page_once(definition, c, "stored", "stored", now)
        return [*drafts[:behind], *known, *drafts[behind:], *beside(definition, c, came, now)]

    return decide


def joining(definition: Definition, came: Came, door: talking.Door, book: PhraseBook) -> Decide:
    """A further text: theirs as if it were said, however the talk stands."""
    message = _message(came.text)

    def decide(c: Contact, now: datetime) -> Sequence[Draft]:
        if message is not None:
            drafts = list(talking.say_as_person(definition, [message], c.language, door, book)(c, now))
        else:
            drafts = talking.reopening(c, definition, door, now)
        return [*drafts, *beside(definition, c, came, now)]

    return decide


def beside(definition: Definition, c: Contact, came: Came, now: datetime) -> list[Draft]:
    """What came with the words: pictures, words that ask for something plain, and words that close or open their
    phone to us.

    Closing it in the middle of a talk is a safety event: "END" may be how somebody ends more than texts.
    """
    text = came.text
    drafts: list[Draft] = []
    if text.media:
        drafts.append((PERSON, PictureSent(text.media)))
    if text.opted == "STOP" or (text.opted == "START" and c.texts.opted_out):
        drafts += _opted(definition, c, text.opted, now)
    elif came.asked is not None:
        drafts += _asked(definition, c, came, came.asked, now)
    if came.nth == MOST + 1:
        drafts.append((SERVICE, Told("text_many")))
    return drafts


async def settle_opted(helpline: Helpline, number: str, word: Opted) -> None:
    """What counts of STOP and START is the last in the carrier's order, in whatever order they reached us."""
    held = await helpline.store.find(
        helpline.keys.claim("phone", dialled(number, helpline.definition.country) or number)
    )
    there = await _standing(helpline, held[0]) if held is not None else None
    if there is None or not _goes_on(there, helpline.clock.now()):
        return
    definition = helpline.pinned(there)

    def decide(c: Contact, now: datetime) -> Sequence[Draft]:
        return _opted(definition, c, word, now) if c.texts.opted_out != (word == "STOP") else []

    await helpline.logbook.change(there.log, decide, via=BY_TEXT)


def _opted(definition: Definition, c: Contact, word: Opted, now: datetime) -> list[Draft]:
    if word == "START":
        return [(PERSON, OptedOut(on=False))]
    return [(PERSON, OptedOut(on=True)), *page_once(definition, c, "opted-out", "opted_out", now)]


def asked_for(definition: Definition, text: Text) -> Keyword | None:
    """What plain thing the text asks for, if it is such a word and nothing else."""
    if text.opted == "HELP":
        return Keyword("help")
    words: dict[Ask, Iterable[str]] = {
        "help": said_under(definition, "keyword_help").values(),
        "call_me": said_under(definition, "keyword_call_me").values(),
    }
    return keyword(text.body, words, definition.languages.promised)


def _understood(helpline: Helpline, came: Came, asked: Keyword | None, language: str) -> Came:
    if asked is None:
        return came
    window = soonest_window(helpline, language) if asked.ask == "call_me" else None
    return msgspec.structs.replace(came, asked=asked, window=window)


def _asked(definition: Definition, c: Contact, came: Came, asked: Keyword, now: datetime) -> list[Draft]:
    """What follows from a keyword. Past the limit of a minute it is done all the same, and not answered."""
    drafts: list[Draft] = []
    there = c.texts.reachable if c.seq else reachable(came.number)
    answered = there and came.nth <= MOST
    if asked.ask == "call_me" and there:
        drafts += call_backs.ask(definition, CallMe(number=came.number), came.window)(c, now)
    elif asked.ask == "language" and not c.seq:
        answered = False  # the contact begins in it, and so does its first answer
    elif asked.ask == "language":
        if c.choice is not None and f"language:{asked.language}" in c.choice.options:
            drafts.append((PERSON, ChoiceMade(f"language:{asked.language}")))
        if c.language != asked.language:
            drafts.append((PERSON, LanguageAsked(asked.language)))
    if answered:
        drafts.append((SERVICE, Told(f"text_{asked.ask}")))
    return drafts


def _message(text: Text) -> Message | None:
    # Without an id of its own: that of the carrier is claimed with it, and makes two of them one.
    return Message("", text.body) if text.body.strip() else None


def _client_id(text: Text) -> str:
    return str(uuid5(NAMESPACE_URL, f"carrier:{text.sid}"))
