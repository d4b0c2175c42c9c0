"""What a person and those with them may say and do, decided purely: `(contact, now) -> drafts`."""

import hashlib
from datetime import datetime, timedelta
from typing import Any

import msgspec

from helpline.aftercare import debrief
from helpline.contact import Contact
from helpline.definition import Definition
from helpline.errors import BadRequest, NotAllowed, NotNow
from helpline.events import (
    PERSON,
    SERVICE,
    Alerted,
    By,
    CallMe,
    ChoiceAsked,
    ChoiceMade,
    Clock,
    Closed,
    Corrected,
    Feedback,
    Left,
    NotSafe,
    OfferEnded,
    Reopened,
    Said,
    Seen,
    Started,
    Told,
    Withdrawn,
)
from helpline.help_loop import until_confirmed
from helpline.logbook import Decide, Draft
from helpline.paging import page
from helpline.prompting import with_prompts
from helpline.urgency import PhraseBook


class Message(msgspec.Struct, frozen=True):
    """One thing to say, with the id that makes saying it twice harmless."""

    client_id: str
    text: str


class Door(msgspec.Struct, frozen=True):
    """Whether new people are taken now; `why` is `hours`, `staffing`, `closure`, `channel` or empty, `opens_at` UTC or unknown."""

    open: bool
    why: str = ""
    opens_at: datetime | None = None


def digest(*parts: Any) -> str:
    """Sixteen hexadecimal characters that tell the same call from another with the same id."""
    return hashlib.blake2b(msgspec.msgpack.encode(parts), digest_size=8).hexdigest()


def start(
    definition: Definition,
    body: Started,
    first: Message | None,
    door: Door,
    *,
    full: bool,
    book: PhraseBook,
) -> Decide:
    """Somebody comes. Never refused: closed is stored and said, full is said with a choice."""

    def decide(c: Contact, now: datetime) -> list[Draft]:
        if c.seq:
            return []
        clocks = waiting_clocks(definition, now) if door.open else ()
        drafts: list[Draft] = [(PERSON, msgspec.structs.replace(body, open=door.open, clocks=clocks))]
        if first is not None:
            drafts.append((PERSON, said(first, body.language)))
        if not door.open:
            drafts.append((SERVICE, Told("closed", door.opens_at)))
        elif full:
            drafts.append((SERVICE, ChoiceAsked("full", ("wait", "call_me"))))
            drafts.append((SERVICE, Alerted("full", "full", "lead")))
        return with_prompts(c, drafts, book)

    return decide


def waiting_clocks(definition: Definition, now: datetime) -> tuple[Clock, ...]:
    """The clocks of somebody who waits: when a choice is put, and when the lead is told."""
    waiting = definition.waiting
    return (
        Clock("long_wait", "", now + timedelta(minutes=waiting.choice_after_minutes)),
        Clock("wait_alert", "", now + timedelta(minutes=waiting.alert_lead_after_minutes)),
    )


def said(message: Message, lang: str) -> Said:
    return Said(message.text, lang, message.client_id, digest(message.text, lang))


def reopening(c: Contact, definition: Definition, door: Door, now: datetime) -> list[Draft]:
    """What comes first when the person writes after the end, or again while stored: the log never refuses them."""
    if c.phase not in ("ended", "wrap_up") and not (c.phase == "stored" and door.open):
        return []
    clocks = waiting_clocks(definition, now) if door.open else ()
    drafts: list[Draft] = [(SERVICE, Reopened(door.open, clocks))]
    if c.phase != "stored":
        # The page first: from rung 2 there is no moment with neither an owner nor a page that runs.
        drafts.insert(0, (SERVICE, page(definition, c, f"reopened-{c.seq + 1}", "reopened", now)))
    if not door.open:
        drafts.append((SERVICE, Told("closed", door.opens_at)))
    return drafts


def say_as_person(
    definition: Definition, messages: list[Message], lang: str, door: Door, book: PhraseBook
) -> Decide:
    def decide(c: Contact, now: datetime) -> list[Draft]:
        words: list[Draft] = [(PERSON, said(message, lang or c.language)) for message in messages]
        return with_prompts(c, [*reopening(c, definition, door, now), *words], book)

    return decide


def say_as_staff(by: By, messages: list[Message], lang: str) -> Decide:
    """Only who is in the conversation speaks in it, and not after the end."""

    def decide(c: Contact, now: datetime) -> list[Draft]:
        if c.part(by.id) is None:
            raise NotAllowed("You are not in this conversation.")
        if c.phase != "live":
            raise NotNow("This conversation has ended.")
        return [(by, said(message, lang or c.language)) for message in messages]

    return decide


def correct(
    by: By, of: int, of_talk: int, text: str, client_id: str, *, author: str, book: PhraseBook
) -> Decide:
    """Other words in place of the event at seq `of`. `author` is who said that, by account id or `person`."""

    def decide(c: Contact, now: datetime) -> list[Draft]:
        _own_words(c, by, author)
        other: Draft = (by, Corrected(of, of_talk, text, client_id, digest("correct", of, text)))
        return with_prompts(c, [other], book)

    return decide


def withdraw(by: By, of: int, of_talk: int, client_id: str, *, author: str) -> Decide:
    def decide(c: Contact, now: datetime) -> list[Draft]:
        _own_words(c, by, author)
        return [(by, Withdrawn(of, of_talk, client_id, digest("withdraw", of)))]

    return decide


def _own_words(c: Contact, by: By, author: str) -> None:
    if (by.id or by.role) != author:
        raise NotAllowed("Only who wrote it can change it.")


def not_safe(definition: Definition, client_id: str) -> Decide:
    """First in the queue for a human, with a clock of its own; the lead is alerted at once wherever they stand."""

    def decide(c: Contact, now: datetime) -> list[Draft]:
        alone = c.phase != "live"
        due = now + timedelta(seconds=definition.waiting.not_safe_seconds)
        clocks = (Clock("not_safe", "", due),) if alone and c.clock("not_safe") is None else ()
        drafts: list[Draft] = []
        if c.phase in ("ended", "wrap_up"):
            if c.rung >= 2:
                drafts.append((SERVICE, page(definition, c, f"reopened-{c.seq + 1}", "reopened", now)))
            drafts.append((SERVICE, Reopened(True, waiting_clocks(definition, now))))
        drafts.append((PERSON, NotSafe(client_id, digest("not_safe"), clocks)))
        standing = c.alert("not-safe")
        if standing is None or standing.acknowledged_by or clocks:
            drafts.append((SERVICE, Alerted("not-safe", "not_safe", "lead")))
        return drafts

    return decide


def choose(choice: str, client_id: str) -> Decide:
    """Answer the honest choice that stands. A language must be one of those offered."""

    def decide(c: Contact, now: datetime) -> list[Draft]:
        if c.choice is None:
            raise NotNow("There is nothing to choose right now.")
        if choice not in c.choice.options:
            raise BadRequest("That is not one of the choices.")
        return [(PERSON, ChoiceMade(choice, client_id, digest("choose", choice)))]

    return decide


def ask_choice(why: str, options: tuple[str, ...]) -> Decide:
    """Put a choice, once: never while the same one stands, to somebody who is being served, or who waits to be rung."""

    def decide(c: Contact, now: datetime) -> list[Draft]:
        stands = c.choice is not None and (c.choice.why, c.choice.options) == (why, options)
        if c.phase != "waiting" or c.channel == "call" or stands:
            return []
        return [(SERVICE, ChoiceAsked(why, options))]

    return decide


def somebody_here() -> Decide:
    """Take back "nobody is here" from who was told so: what they see must go on being true."""

    def decide(c: Contact, now: datetime) -> list[Draft]:
        if c.phase != "waiting" or c.channel == "call" or not c.told_nobody:
            return []
        return [(SERVICE, Told("somebody_here"))]

    return decide


def call_me(body: CallMe) -> Decide:
    """A call-back request: kept, seen by the lead, and never a reason to lose the place in the queue."""

    def decide(c: Contact, now: datetime) -> list[Draft]:
        drafts: list[Draft] = [(PERSON, body)]
        if c.choice is not None and "call_me" in c.choice.options:
            drafts.append((PERSON, ChoiceMade("call_me")))
        return drafts

    return decide


def give_feedback(body: Feedback) -> Decide:
    def decide(c: Contact, now: datetime) -> list[Draft]:
        return [(PERSON, body)]

    return decide


def leave(definition: Definition, why: str, client_id: str) -> Decide:
    """The person goes. While waiting that ends it, unless they said they were not safe.

    A live conversation stays with its supporter, who sees that they went and decides what comes next. It is the same
    on every rung: were it not, going would tell the person where on the ladder they stood.
    """

    def decide(c: Contact, now: datetime) -> list[Draft]:
        if c.phase == "ended" or c.left == why:
            return []
        held = c.rung >= 2 and c.phase in ("waiting", "stored")
        drafts: list[Draft] = [(PERSON, Left(why, client_id, digest("leave", why), held))]
        if c.offer is not None and c.phase == "waiting" and not c.not_safe and not held:
            drafts.insert(0, (SERVICE, OfferEnded(c.offer.offer, "withdrawn")))
        if c.not_safe and c.phase in ("waiting", "stored"):
            drafts.append((SERVICE, Alerted("left-not-safe", "left_not_safe", "lead")))
        if c.phase == "live" and c.rung >= 2:
            drafts.append((SERVICE, page(definition, c, "left-on-ladder", "left_on_ladder", now)))
        return drafts

    return decide


def close(by: By, why: str, client_id: str) -> Decide:
    """The end of the conversation, by somebody in it."""

    def decide(c: Contact, now: datetime) -> list[Draft]:
        if c.phase != "live":
            raise NotNow("This conversation has already ended.")
        if c.part(by.id) is None:
            raise NotAllowed("You are not in this conversation.")
        until_confirmed(c)
        drafts: list[Draft] = debrief(c)
        if c.offer is not None:
            drafts.append((SERVICE, OfferEnded(c.offer.offer, "withdrawn")))
        drafts.append((by, Closed(why, client_id, digest("close", why))))
        return drafts

    return decide


def seen(*, person: int = 0, supporter: int = 0) -> Decide:
    """Move a reading mark forward; going back or past the end writes nothing."""

    def decide(c: Contact, now: datetime) -> list[Draft]:
        mark = Seen(min(person, c.talk), min(supporter, c.seq))
        if mark.person <= c.seen_person and mark.supporter <= c.seen_supporter:
            return []
        return [(SERVICE, mark)]

    return decide
