"""Asking to be rung, when that may be, and what becomes of it, decided purely: `(contact, now) -> drafts`.

A request never runs out in silence: whatever is not kept is the lead's, and said to the person.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from helpline.call_events import (
    CallDue,
    CallEnded,
    CallMachine,
    CallMade,
    CallPlaced,
    CallPlacing,
    CallUnkept,
    CallWindow,
    CallWithdrawn,
    LineRung,
    MissedText,
    NumberShown,
)
from helpline.call_windows import Window
from helpline.calls import CALL_ALERTS, CHANNEL, MISSED, MOST_TRIES, bound
from helpline.contact import Contact
from helpline.definition import Definition
from helpline.errors import BadRequest, NotAllowed, NotNow
from helpline.events import (
    PERSON,
    SERVICE,
    By,
    CallMe,
    ChoiceMade,
    Clock,
    ClockFired,
    Closed,
    Linked,
    OfferEnded,
    Started,
)
from helpline.logbook import Decide, Draft
from helpline.paging import page_once

# How long before the end of their time the lead hears of who has not been rung.
LEAD_BEFORE_END = timedelta(minutes=15)
# A call that goes on as their time ends is not cut off; it is asked again how it went.
STILL_RINGING = timedelta(minutes=15)
# A neutral text that is later than this says nothing that still helps, and may come at a bad hour.
TEXT_WITHIN = timedelta(hours=1)
# From this rung somebody's life comes before the time they gave.
AT_ANY_TIME_FROM = 3
# Ends of a bridged call after which their phone has rung.
THEY_WERE_RUNG = frozenset({"completed", "busy", "no-answer"})
OUTCOMES = ("talked", "no_answer", "engaged", "voicemail", "wrong_number", "not_again")


def begin(
    definition: Definition,
    started: Started,
    body: CallMe,
    window: Window | None,
    *,
    rung: LineRung | None = None,
    linked: Sequence[str] = (),
) -> Decide:
    """A contact that begins with a request. It waits for its time, and not in the queue of those who chat.

    `rung`: it came by ringing the line. `linked` are the contacts it belongs with.
    """

    def decide(c: Contact, now: datetime) -> Sequence[Draft]:
        if c.seq:
            return []
        there = msgspec.structs.replace(c, channel=CHANNEL, phase="stored")
        came: list[Draft] = [(PERSON, started), *([(PERSON, rung)] if rung is not None else [])]
        belongs: list[Draft] = [(SERVICE, Linked(one)) for one in linked]
        return [*came, (PERSON, body), *belongs, *_for(definition, there, window, now)]

    return decide


def ask(definition: Definition, body: CallMe, window: Window | None) -> Decide:
    """A request, or another in its place. Never a reason to lose the place in a queue.

    In a chat or among texts it is for who is with them, and its time is kept as well.
    """

    def decide(c: Contact, now: datetime) -> Sequence[Draft]:
        drafts: list[Draft] = [(PERSON, body)]
        if c.choice is not None and "call_me" in c.choice.options:
            drafts.append((PERSON, ChoiceMade("call_me")))
        if c.channel != CHANNEL and window is None:
            return drafts
        if c.channel == CHANNEL and c.offer is not None:
            drafts.insert(0, (SERVICE, OfferEnded(c.offer.offer, "withdrawn")))
        # Answered by the request itself, so that what follows may alert anew.
        settled = tuple(one for one in c.alerts if one.what not in CALL_ALERTS)
        return [*drafts, *_for(definition, msgspec.structs.replace(c, alerts=settled), window, now)]

    return decide


def keep_time(definition: Definition, window: Window | None) -> Decide:
    """The time in which a request in a chat may be rung, where it has none yet."""

    def decide(c: Contact, now: datetime) -> Sequence[Draft]:
        if window is None or not c.calls.open or c.calls.begins_at is not None:
            return []
        return _for(definition, c, window, now)

    return decide


def time_for(definition: Definition, c: Contact, window: Window | None, now: datetime) -> list[Draft]:
    """The time of a request made in a talk; none when nobody rings in the coming week, which who is with them sees."""
    return _for(definition, c, window, now) if window is not None else []


def _for(definition: Definition, c: Contact, window: Window | None, now: datetime) -> list[Draft]:
    if window is None:
        return page_once(definition, c, "call-asked", "call_asked", now)
    clocks = [
        Clock("call_ending", "", max(window.begins_at, window.ends_at - LEAD_BEFORE_END)),
        Clock("call_over", "", window.ends_at),
    ]
    begun = window.begins_at <= now
    if not begun:
        clocks.insert(0, Clock("call_due", "", window.begins_at))
    body = CallWindow(window.begins_at, window.ends_at, window.soonest, tuple(clocks))
    drafts: list[Draft] = [(SERVICE, body)]
    if begun and c.channel == CHANNEL and c.phase in ("stored", "waiting"):
        drafts.append((SERVICE, _due(definition, now, 0)))
    return drafts


def _due(definition: Definition, now: datetime, late: int) -> CallDue:
    told = now + timedelta(minutes=definition.waiting.alert_lead_after_minutes)
    return CallDue(late, (Clock("wait_alert", "", told),))


def clock_due(definition: Definition, c: Contact, clock: Clock, now: datetime, late: int) -> list[Draft]:
    """Their time begins, is nearly over, or is over."""
    fired: list[Draft] = [(SERVICE, ClockFired(clock.kind, clock.of, late))]
    if c.calls.over:
        return fired
    if clock.kind == "call_due":
        due = c.channel == CHANNEL and c.phase == "stored" and c.calls.allowed(now)
        return [*fired, (SERVICE, _due(definition, now, late))] if due else fired
    if clock.kind == "call_ending":
        quiet = c.calls.ringing or c.calls.tried
        return (
            fired if quiet else [*fired, *page_once(definition, c, "call-waiting", "call_waiting", now, late)]
        )
    if c.calls.ringing and c.phase == "live":
        again = (Clock(clock.kind, clock.of, now + STILL_RINGING),)
        return [(SERVICE, ClockFired(clock.kind, clock.of, late, again))]
    if c.offer is not None and c.phase == "waiting":
        fired.append((SERVICE, OfferEnded(c.offer.offer, "withdrawn")))
    unkept: Draft = (SERVICE, CallUnkept(late))
    return [*fired, unkept, *page_once(definition, c, "call-unkept", "call_unkept", now, late)]


def may_ring(c: Contact, now: datetime) -> None:
    """`NotNow` with the reason when they must not be rung now."""
    calls = c.calls
    if not calls.asked:
        raise NotNow("They have not asked to be rung.")
    if calls.over == "not_again":
        raise NotNow("They asked not to be rung.")
    if calls.over == "withdrawn":
        raise NotNow("They took their request back.")
    if calls.over == "wrong_number":
        raise NotNow("That number was not theirs.")
    if calls.ended in THEY_WERE_RUNG:
        raise NotNow("Say first how it went.")
    in_time(c, now)
    if c.rung >= AT_ANY_TIME_FROM or calls.over:
        return
    if calls.missed >= MOST_TRIES:
        raise NotNow("They were tried three times. The lead decides what comes next.")
    if calls.again_at is not None and now < calls.again_at:
        raise NotNow("Please leave fifteen minutes between two tries.")


def in_time(c: Contact, now: datetime) -> None:
    """`NotNow` outside the time they gave. From rung 3 on somebody's life comes before it."""
    if c.rung >= AT_ANY_TIME_FROM or not bound(c):
        return
    if c.calls.begins_at is not None and now < c.calls.begins_at:
        raise NotNow("Their time has not begun. It may not be safe for them before.")
    if not c.calls.allowed(now):
        raise NotNow("The time they gave is over. It may not be safe for them now.")


def _with_them(by: By, c: Contact) -> None:
    if c.part(by.id) is None:
        raise NotAllowed("Only who is with them may ring them.")
    if c.phase not in ("live", "wrap_up"):
        raise NotNow("This contact has ended.")


def show_number(by: By, _: Definition, *, client_id: str, mark: str) -> Decide:
    """To ring them by hand. Each showing is an event."""

    def decide(c: Contact, now: datetime) -> Sequence[Draft]:
        _with_them(by, c)
        may_ring(c, now)
        return [(by, NumberShown(client_id, mark))]

    return decide


def place(by: By, _: Definition, *, call: str, client_id: str, mark: str) -> Decide:
    """The press that has the carrier ring: the supporter first. One call of a contact at a time."""

    def decide(c: Contact, now: datetime) -> Sequence[Draft]:
        _with_them(by, c)
        if c.calls.placing is not None:
            raise NotNow("A call to them is on its way already.")
        may_ring(c, now)
        return [(by, CallPlacing(call, client_id, mark))]

    return decide


def placed(call: str, sid: str) -> Decide:
    """The carrier has it. Nothing when the call is no longer the one on its way."""

    def decide(c: Contact, now: datetime) -> Sequence[Draft]:
        placing = c.calls.placing
        if placing is None or placing.call != call or placing.sid:
            return []
        return [(SERVICE, CallPlaced(call, sid))]

    return decide


def ended(call: str, outcome: str, seconds: int = 0) -> Decide:
    """How it ended; a second word about the same call changes nothing."""

    def decide(c: Contact, now: datetime) -> Sequence[Draft]:
        if c.calls.placing is None or c.calls.placing.call != call:
            return []
        return [(SERVICE, CallEnded(call, outcome, seconds))]

    return decide


def made(by: By, definition: Definition, *, outcome: str, client_id: str, mark: str) -> Decide:
    """How it went, in one press. After the last try that can be made in their time the lead has it."""

    def decide(c: Contact, now: datetime) -> Sequence[Draft]:
        if outcome not in OUTCOMES:
            raise BadRequest("That is not one of the outcomes.")
        _with_them(by, c)
        if not c.calls.ringing:
            raise NotNow("Ring them first.")
        last = outcome in MISSED and not _another(c, now)
        drafts: list[Draft] = [(by, CallMade(outcome, last, client_id, mark))]
        if last or outcome == "wrong_number":
            # What stood about this request is answered by the try; this alert is what is left to do.
            settled = tuple(one for one in c.alerts if one.what not in CALL_ALERTS)
            there = msgspec.structs.replace(c, alerts=settled)
            drafts += page_once(definition, there, "call-not-reached", "call_not_reached", now)
        return drafts

    return decide


def machine(call: str) -> Decide:
    """The carrier takes it for a machine: said at the desk once, and nothing follows by itself."""

    def decide(c: Contact, now: datetime) -> Sequence[Draft]:
        placing = c.calls.placing
        if placing is None or placing.call != call or c.calls.machine:
            return []
        return [(SERVICE, CallMachine(call))]

    return decide


def missed_text() -> Decide:
    """One neutral text to who was not reached, for who said that texts are safe; once for a request."""

    def decide(c: Contact, now: datetime) -> Sequence[Draft]:
        return [(SERVICE, MissedText())] if wants_text(c, now) else []

    return decide


def wants_text(c: Contact, now: datetime) -> bool:
    """Whether nobody reached them, they said that texts are safe, and none has gone yet."""
    calls, texts = c.calls, c.texts
    if calls.given_up_at is None or calls.over or calls.texted or not calls.safe_text:
        return False
    over_at = min(calls.given_up_at, calls.ends_at or calls.given_up_at)
    return now - over_at <= TEXT_WITHIN and not texts.opted_out and not texts.unanswerable


def rang(rung: LineRung, request: Decide) -> Decide:
    """They rang the line again. While they wait to be rung it is only counted; else it is a request."""

    def decide(c: Contact, now: datetime) -> Sequence[Draft]:
        if c.calls.open and not rung.pressed:
            return [(PERSON, rung)]
        counted = msgspec.structs.replace(rung, client_id="", digest="")
        return [(PERSON, counted), *request(c, now)]

    return decide


def over_at_once(started: Started, body: LineRung | CallWithdrawn) -> Decide:
    """Somebody rang the line whom nobody can ring, or who wants no call: kept, and over with that."""

    def decide(c: Contact, now: datetime) -> Sequence[Draft]:
        return [] if c.seq else [(PERSON, started), (PERSON, body), (SERVICE, Closed("stored"))]

    return decide


def withdraw(withdrawn: CallWithdrawn) -> Decide:
    """They do not want to be rung after all. A contact that was for the call alone ends with it."""

    def decide(c: Contact, now: datetime) -> Sequence[Draft]:
        if not c.calls.asked or c.calls.over:
            return []
        drafts: list[Draft] = [(PERSON, withdrawn)]
        if c.channel != CHANNEL or c.phase not in ("stored", "waiting"):
            return drafts
        if c.offer is not None:
            drafts.insert(0, (SERVICE, OfferEnded(c.offer.offer, "withdrawn")))
        return drafts if c.rung >= 2 else [*drafts, (SERVICE, Closed("person"))]

    return decide


def link(other: str) -> Decide:
    """This contact belongs with `other`; said once."""

    def decide(c: Contact, now: datetime) -> Sequence[Draft]:
        return [] if other in c.linked else [(SERVICE, Linked(other))]

    return decide


def _another(c: Contact, now: datetime) -> bool:
    """Whether there is room for one more try after this one."""
    from_now = msgspec.structs.replace(c.calls, tried=())
    room = not bound(c) or from_now.allowed(now + timedelta(minutes=15))
    return room and c.calls.missed + 1 < MOST_TRIES
