"""Moving on the risk ladder, attempts at reaching help, asking the lead, and what their clocks do.

Only a human sets a rung: `set_rung` needs a `Principal`, which only signing in makes. Anyone may go up at any time;
coming down from 3 or 4 needs a lead and a written reason. Nothing here stands before a number or rung 4.
"""

from datetime import datetime, timedelta

import msgspec

from helpline.call_backs import clock_due
from helpline.calls import CALL_CLOCKS, CHANNEL
from helpline.contact import Contact
from helpline.definition import Definition
from helpline.directory import EMERGENCY
from helpline.errors import BadRequest, NotAllowed, NotNow
from helpline.events import (
    SERVICE,
    Alerted,
    Attempted,
    By,
    ChoiceAsked,
    Clock,
    ClockFired,
    LeadAsked,
    OfferEnded,
    Released,
    RungSet,
    RungWithdrawn,
    Told,
)
from helpline.help_loop import WAY_OUT, ask_again, first_check, until_confirmed
from helpline.ladder_parts import EMERGENCY_RUNG
from helpline.logbook import Decide, Draft
from helpline.offers import held_open, place_given_up, while_away
from helpline.paging import next_in_chain, not_taken_up, page, page_once, until_acknowledged
from helpline.people import Principal
from helpline.talking import digest, waiting_clocks

MISTAKE_SECONDS = 60
# Clocks of a rung that begin when it is set, by the key they have in the definition.
FROM_THE_START = ("review", "first_outside_call", "noted_every", "call_started", "safeguarding_told")
# Those that, once fired, start again: a review is due every twenty minutes, not once.
AGAIN = ("review", "noted_every")
LEADS = ("lead", "on_call", "second_on_call", "supervisor", "safeguarding_lead")


def set_rung(who: Principal, by: By, definition: Definition, body: RungSet) -> Decide:
    """Say what we are doing now. Up at any time; down from 3 or 4 only by a lead, with `basis` in words.

    The rung where we are already, with words, adds those to the step: talk first, the record after. It moves nothing.
    """

    def decide(c: Contact, now: datetime) -> list[Draft]:
        if not who.id or by.id != who.id:
            raise NotAllowed
        if not 0 <= body.to <= 4:
            raise BadRequest("There are five rungs, 0 to 4.")
        if body.to == c.rung:
            if not (body.basis or body.person_said or body.wishes or body.asked):
                raise NotNow("That is where we are already.")
            return [(by, msgspec.structs.replace(body, was=c.rung))]
        if body.to < c.rung and c.rung >= 3:
            if not who.is_any("lead", "on_call", "second_on_call", "supervisor"):
                raise NotAllowed("Coming down from here needs the lead. Ask the lead.")
            if not (body.basis or "").strip():
                raise BadRequest("Coming down from here needs a reason in your own words.")
            until_confirmed(c)
        clocks = (*_clocks_of(definition, body.to, now, c), *while_away(definition, c, body.to, now))
        gone = c.person_lost is not None and c.rung < 2 <= body.to
        if gone:
            clocks = (*clocks, held_open(definition, now))
        told: list[Draft] = []
        if body.to >= 2 and (body.to > c.rung or c.nobodys):
            alert = f"rung-{c.seq + 1}"
            acknowledged = (until_acknowledged(definition, body.to, alert, now),)
            told = [(SERVICE, Alerted(alert, f"rung_{body.to}", "lead", clocks=acknowledged))]
            # The step brings its page's clock along: there is no seq at which nobody has them and no page runs.
            clocks = (*clocks, *acknowledged)
        drafts: list[Draft] = [(by, msgspec.structs.replace(body, was=c.rung, clocks=clocks)), *told]
        if gone:
            raised = msgspec.structs.replace(c, rung=body.to)
            drafts += page_once(definition, raised, f"vanished-{c.seq + 1}", "vanished", now)
        return drafts

    return decide


def _clocks_of(definition: Definition, rung: int, now: datetime, c: Contact) -> tuple[Clock, ...]:
    """The clocks that begin when a contact comes to this rung."""
    seconds = definition.ladder.rungs[rung].clocks
    # 999 may have answered before anybody pressed rung 4: then what is due is that help reached them.
    called = rung == EMERGENCY_RUNG and c.ladder.reached_999 is not None
    begun = tuple(
        Clock(kind, str(rung), now + timedelta(seconds=seconds[kind]))
        for kind in FROM_THE_START
        if kind in seconds
        and not (called and kind == "call_started")
        and not (kind == "safeguarding_told" and c.clock(kind))
    )
    return (*begun, *first_check(c, definition, now)) if called else begun


def withdraw_rung(by: By, definition: Definition, of: int, client_id: str) -> Decide:
    """A wrong press is cheap: within 60 s whoever made it takes it back, and the alert stands down."""

    def decide(c: Contact, now: datetime) -> list[Draft]:
        if c.rung_seq != of or c.rung_by != by.id or c.rung_at is None:
            raise NotNow("That step cannot be taken back: another came after it.")
        if now - c.rung_at > timedelta(seconds=MISTAKE_SECONDS):
            raise NotNow("That was more than a minute ago. Move to the right step instead.")
        if c.rung == EMERGENCY_RUNG and c.ladder.loop is not None and c.ladder.loop.called_at is not None:
            raise NotNow("999 has been called from this step. " + WAY_OUT)
        away = while_away(definition, c, c.rung_was, now)
        clocks = (*_clocks_of(definition, c.rung_was, now, c), *away)
        drafts: list[Draft] = []
        back_up = msgspec.structs.replace(c, rung=c.rung_was)
        if c.rung_was >= 2 and c.nobodys:
            drafts = [(SERVICE, page(definition, back_up, f"nobody-{c.seq + 1}", "nobody_has_them", now))]
        elif c.rung_was >= 2 and any(clock.due <= now for clock in away):
            drafts = page_once(definition, back_up, "owner-absent", "owner_absent", now)
        back = RungWithdrawn(of, c.rung_was, client_id, digest("rung_withdraw", of), clocks)
        return [*drafts, (by, back)]

    return decide


def attempt(by: By, definition: Definition, body: Attempted) -> Decide:
    """One try at reaching somebody. Starts the clock after which the next number is put forward."""

    def decide(c: Contact, now: datetime) -> list[Draft]:
        seconds = definition.ladder.rungs[c.rung].clocks.get("each_number")
        clocks: tuple[Clock, ...] = ()
        if seconds and body.outcome != "answered":
            clocks = (Clock("each_number", body.crisis_contact, now + timedelta(seconds=seconds)),)
        if c.rung == EMERGENCY_RUNG and body.role == EMERGENCY:
            due = (
                first_check(c, definition, now)
                if body.outcome == "answered"
                else _ring_again(c, definition, now)
            )
            clocks = (*clocks, *due)
        return [(by, msgspec.structs.replace(body, clocks=clocks))]

    return decide


def _ring_again(c: Contact, definition: Definition, now: datetime) -> tuple[Clock, ...]:
    """They were rung and did not answer: the emergency call is still to be made."""
    seconds, running = (
        definition.ladder.rungs[EMERGENCY_RUNG].clocks.get("call_started"),
        c.clock("call_started"),
    )
    if not seconds or running is None:
        return ()
    return (Clock("call_started", str(EMERGENCY_RUNG), now + timedelta(seconds=seconds)),)


def ask_lead(by: By, definition: Definition, why: str | None, client_id: str) -> Decide:
    """The lead at once, then the on-call, then the second on-call, each after a clock of its own."""

    def decide(c: Contact, now: datetime) -> list[Draft]:
        alert = f"asked-{c.seq + 1}"
        first = now + timedelta(seconds=definition.ask_lead.chain_seconds[0])
        clocks = (Clock("acknowledge", alert, first),)
        return [(by, LeadAsked(alert, why, client_id, digest("ask_lead", why), clocks))]

    return decide


def clocks_due(definition: Definition) -> Decide:
    """What the clocks that are due make happen: each fires once, and says how late it was."""

    def decide(c: Contact, now: datetime) -> list[Draft]:
        drafts: list[Draft] = []
        for clock in sorted(c.clocks, key=lambda clock: clock.due):
            if clock.due <= now:
                late = int((now - clock.due).total_seconds())
                drafts += _fire(definition, c, clock, now, late)
        return drafts

    return decide


def _fire(definition: Definition, c: Contact, clock: Clock, now: datetime, late: int) -> list[Draft]:
    if clock.kind == "offer":
        if c.offer is None or c.offer.offer != clock.of:
            return [(SERVICE, ClockFired(clock.kind, clock.of, late))]
        return [(SERVICE, OfferEnded(clock.of, "expired"))]
    if clock.kind == "acknowledge":
        return next_in_chain(definition, c, clock, now, late)
    if clock.kind == "take_up":
        return not_taken_up(definition, c, clock, now, late)
    if clock.kind in ("confirm_first", "confirm_every"):
        return ask_again(definition, c, clock, now, late)
    if clock.kind in CALL_CLOCKS:
        return clock_due(definition, c, clock, now, late)
    again: tuple[Clock, ...] = ()
    seconds = definition.ladder.rungs[c.rung].clocks.get(clock.kind, 0)
    if seconds and ((clock.kind in AGAIN and c.phase == "live") or _still_to_ring(c, clock)):
        again = (Clock(clock.kind, clock.of, now + timedelta(seconds=seconds)),)
    fired: list[Draft] = [(SERVICE, ClockFired(clock.kind, clock.of, late, again))]
    follows = _consequence(definition, c, clock, now, late)
    # Whose owner counts as absent from here on is paged for first: there is no seq between with nobody and no page.
    return [*follows, *fired] if clock.kind == "take_over" and c.rung >= 2 else [*fired, *follows]


def _still_to_ring(c: Contact, clock: Clock) -> bool:
    """999 has not answered yet. Until it has, and whoever has closed what, the lead hears of it again and again."""
    loop = c.ladder.loop
    return clock.kind == "call_started" and c.unconfirmed and (loop is None or loop.called_at is None)


def _consequence(definition: Definition, c: Contact, clock: Clock, now: datetime, late: int) -> list[Draft]:
    match clock.kind:
        case "not_safe":
            told: list[Draft] = [(SERVICE, Told("not_safe_nobody"))]
            return [*told, (SERVICE, Alerted("not-safe", "not_safe", "on_call", late))]
        case "long_wait":
            return [(SERVICE, ChoiceAsked("long_wait", ("wait", "call_me")))] if c.choice is None else []
        case "wait_alert":
            return [(SERVICE, Alerted("long-wait", "long_wait", "lead", late))]
        case "place_held":
            given_up = c.phase == "waiting" and not c.not_safe and c.rung < 2
            return place_given_up(now, c) if given_up else []
        case "tell_person":
            # Who is rung has no page that could tell them.
            return [(SERVICE, Told("line_lost_supporter"))] if c.channel != CHANNEL else []
        case "alert_lead":
            return [(SERVICE, page(definition, c, "line-lost", "supporter_line", now))]
        case "take_over" if c.rung >= 2:
            return page_once(definition, c, "owner-absent", "owner_absent", now, late)
        case "take_over":
            let_go: list[Draft] = [(SERVICE, page(definition, c, "line-released", "released", now))]
            if c.offer is not None:
                let_go.insert(0, (SERVICE, OfferEnded(c.offer.offer, "withdrawn")))
            return [*let_go, (SERVICE, Released("queue", "line", clocks=waiting_clocks(definition, now)))]
        case "first_outside_call" | "call_started" | "safeguarding_told" | "record_after":
            return page_once(definition, c, f"{clock.kind}-{c.rung_seq}", clock.kind, now, late)
        case "hold_open":
            return page_once(definition, c, f"hold-open-{c.rung_seq}", "hold_open", now, late)
        case _:
            return []
