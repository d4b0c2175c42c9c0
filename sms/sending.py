"""What is written of a text on its way, decided purely: `(contact, now) -> drafts`."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from helpline.contact import Contact
from helpline.definition import Definition
from helpline.events import (
    SERVICE,
    LineKnown,
    TextHeld,
    TextStatus,
    TextTaken,
    TextTrying,
)
from helpline.logbook import Decide, Draft
from helpline.paging import page_once
from helpline.texts import Sending
from sms.carrier import NOT_SENT, further
from sms.refusals import meaning, tried_enough

# After the first silence, the second, and so on; the last goes on until the person has been reached or given up.
PAUSES = tuple(timedelta(seconds=seconds) for seconds in (30, 60, 120, 300, 600))
# Their phone may be off for the night: three tries, with time between them.
OUT_OF_REACH = timedelta(minutes=5)
# What may have been taken in spite of silence is looked for only when it would be listed.
LISTED_AFTER = timedelta(seconds=30)


def not_before(sending: Sending) -> datetime | None:
    """When it may be tried, or looked for; None for at once.

    Cut off in the middle of a try, nobody knows yet whether the carrier has it: it waits until it would be listed.
    """
    if sending.again_at is None and sending.trying and sending.tried_at is not None:
        return sending.tried_at + LISTED_AFTER
    return sending.again_at


def trying(sending: Sending, part: int, parts: int, words: str) -> Decide:
    """About to hand over. Nothing when it is no longer the next to go."""

    def decide(c: Contact, now: datetime) -> Sequence[Draft]:
        if c.texts.next != sending:
            return []
        return [(SERVICE, TextTrying(sending.of, part, parts, sending.tries + 1, words))]

    return decide


def taken(of: int, part: int, sid: str, segments: int) -> Decide:
    """The carrier has it. Nothing when that is known."""

    def decide(c: Contact, now: datetime) -> Sequence[Draft]:
        going = c.texts.sending
        if not any((one.of, one.part) == (of, part) for one in going):
            return []
        return [(SERVICE, TextTaken(of, part, sid, segments))]

    return decide


def silent(of: int, part: int, *, unknown: bool, wait: float = 0.0) -> Decide:
    """The carrier was not heard. It is tried again, however long that takes."""

    def decide(c: Contact, now: datetime) -> Sequence[Draft]:
        sending = next((one for one in c.texts.sending if (one.of, one.part) == (of, part)), None)
        if sending is None or not sending.trying:
            return []
        pause = PAUSES[min(max(sending.tries, 1), len(PAUSES)) - 1]
        again = now + max(pause, LISTED_AFTER if unknown else timedelta(0), timedelta(seconds=wait))
        return [(SERVICE, TextHeld(of, part, "silent", unknown=unknown, again_at=again))]

    return decide


def refused(definition: Definition, of: int, part: int, code: int) -> Decide:
    """The carrier said no."""

    def decide(c: Contact, now: datetime) -> Sequence[Draft]:
        sending = next((one for one in c.texts.sending if (one.of, one.part) == (of, part)), None)
        if sending is None:
            return []
        return not_gone(definition, c, of, part, "refused", code, sending.tries, now)

    return decide


def line_known(line: str) -> Decide:
    """What the carrier says of their number. It is asked once."""

    def decide(c: Contact, now: datetime) -> Sequence[Draft]:
        return [] if c.texts.line else [(SERVICE, LineKnown(line))]

    return decide


def read_aloud(definition: Definition, of: int, part: int) -> Decide:
    """It must not go: a landline may read it to whoever picks up. Said at once to those who could ring them."""

    def decide(c: Contact, now: datetime) -> Sequence[Draft]:
        if not any((one.of, one.part) == (of, part) for one in c.texts.sending):
            return []
        held: Draft = (SERVICE, TextHeld(of, part, "landline"))
        return [held, *page_once(definition, c, "not-a-mobile", "not_a_mobile", now)]

    return decide


def taken_back(of: int, part: int) -> Decide:
    """It was not found at the carrier, and goes no more: its words were taken back meanwhile."""

    def decide(c: Contact, now: datetime) -> Sequence[Draft]:
        there = any((one.of, one.part) == (of, part) for one in c.texts.sending)
        return [(SERVICE, TextHeld(of, part, "withdrawn"))] if there else []

    return decide


def told(definition: Definition, sid: str, status: str, code: int) -> Decide:
    """What the carrier says became of a text. What leads back or comes late changes nothing."""

    def decide(c: Contact, now: datetime) -> Sequence[Draft]:
        way = c.texts.way_of(sid)
        if way is None or not further(way.status, status):
            return []
        drafts: list[Draft] = [(SERVICE, TextStatus(sid, status, code))]
        if status in NOT_SENT:
            drafts += not_gone(definition, c, way.of, way.part, "undelivered", code, way.tries, now)
        return drafts

    return decide


def not_gone(
    definition: Definition, c: Contact, of: int, part: int, why: str, code: int, tries: int, now: datetime
) -> list[Draft]:
    """It did not go: again later, or given up, and told to those who have to act on it; nothing of that where its
    words were taken back."""
    back = of in c.texts.taken_back
    again = None if back or tried_enough(code, tries) else now + OUT_OF_REACH
    drafts: list[Draft] = [(SERVICE, TextHeld(of, part, why, code, again_at=again))]
    if meaning(code).alert and not back:
        drafts += page_once(definition, c, "text-unsent", "text_unsent", now)
    return drafts
