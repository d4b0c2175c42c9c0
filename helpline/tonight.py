"""The evening as the desk and the board show it, put together from what is in memory."""

from collections.abc import Sequence
from typing import Any

import msgspec

from helpline.attendance import Attendance
from helpline.contact import Contact
from helpline.core import HANDOVERS_FROM, Core
from helpline.directory import CrisisContact
from helpline.ladder import Attempt, Panel, PanelContact, panel
from helpline.ladder_showing import beside, on_ladder
from helpline.nodes import Standing
from helpline.people import Principal
from helpline.plan_contacts import may_suggest, shown_not_suggested
from helpline.showing import alert, summary

Json = dict[str, Any]
IN_TIME_SECONDS = 300


def summary_of(core: Core, contact: Contact) -> Json:
    return {**summary(contact, core.store.epoch, core.rung_names), "ladder": on_ladder(contact)}


def attendance_of(core: Core, who: str) -> Json:
    """`attendance` of docs/protocol.md."""
    held = core.roster.attendance(who)
    leaves_at = core.roster.leaves_at(who, core.clock.now())
    ends = leaves_at or (held.until if held else None)
    going = held is not None and not held.extra and ends is not None
    slots = held.slots if held else {}
    return {
        "checked_in": held is not None,
        "ready": bool(held and held.ready),
        "reason": held.reason if held else "",
        "until": held.break_until if held else None,
        "capacity": held.capacity if held else 0,
        "slots": list(slots),
        "on_rota": leaves_at is not None,
        "shift_ends": ends,
        "leaving_from": ends - core.roster.leaving if going and ends else None,
        "notes_left": held.notes_left if held else 0,
    }


def lead_now(core: Core) -> Json:
    """Who leads tonight, the number to ring, and whether a page of theirs is open."""
    account = core.roster.in_role("lead", core.clock.now())
    return {
        "name": account.shown_name if account else "",
        "number": core.definition.lead_number,
        "here": bool(account and core.roster.here(account.id)),
    }


def offer_of(core: Core, contact: Contact) -> Json | None:
    """`offer` of docs/protocol.md, while one stands."""
    standing = contact.offer
    if standing is None:
        return None
    now = core.clock.now()
    since = contact.waiting_since or contact.opened_at
    giver = contact.part(standing.transfer)
    answers = {key: value for key, value in contact.answers.items() if key != "area"}
    return {
        "offer": standing.offer,
        "contact": contact.log,
        "name": contact.name,
        "channel": contact.channel,
        "language": contact.language,
        "waited_seconds": int((now - since).total_seconds()),
        "line": "lost" if contact.person_lost else "on",
        "expires_in_ms": max(0, int((standing.due - now).total_seconds() * 1000)),
        "chose_to_say": answers,
        "not_safe": contact.not_safe,
        "transfer": _handed_on(core, contact, giver.name if giver else "") if standing.transfer else None,
    }


def _handed_on(core: Core, contact: Contact, giver: str) -> Json:
    """What a colleague sees of a contact before they take it over: the step, the last try, what is due when."""
    shown = summary_of(core, contact)
    set_by = core.people.get(contact.rung_by)
    return {
        "from": giver,
        "reason": None,
        "rung": contact.rung,
        "rung_short": shown["rung_short"],
        "rung_by": set_by.shown_name if set_by else "",
        "rung_at": contact.rung_at,
        "attempt": shown["attempts"][-1] if shown["attempts"] else None,
        "due": [one for one in shown["clocks"] if one["kind"] not in ("offer", "acknowledge", "take_up")],
        "notes": contact.note_version > 0,
    }


def handover(core: Core) -> list[Json]:
    """What the last shifts left in writing, the oldest first."""
    since = core.clock.now() - HANDOVERS_FROM
    return [msgspec.structs.asdict(one) for one in core.handovers if one.at >= since]


def involved(contact: Contact, who: str) -> bool:
    """Theirs: they are in it, and it is not over."""
    return contact.part(who) is not None and contact.phase in ("live", "wrap_up")


def mine(core: Core, who: Principal) -> Json:
    """What a desk shows on connect."""
    account = core.people.get(who.id)
    held = core.roster.attendance(who.id)
    live = core.contacts()
    contacts = [contact for contact in live if involved(contact, who.id)]
    offered = [one for one in live if one.offer is not None and one.offer.supporter == who.id]
    tasked = [one for one in live if one.ladder.tasks]
    alerts = [alert(contact, one) for contact in contacts for one in contact.open_alerts]
    return {
        "me": {
            "id": who.id,
            "name": who.name,
            "roles": list(who.roles),
            "languages": list(account.languages) if account else [],
            "channels": list(held.channels) if held else [],
            "capacity": core.roster.capacity_of(account) if account else 1,
        },
        "attendance": attendance_of(core, who.id),
        "lead": lead_now(core),
        "contacts": [summary_of(core, contact) for contact in contacts],
        "offers": [offer_of(core, contact) for contact in offered],
        "alerts": alerts,
        "handover": handover(core),
        "tasks": _tasks_of(tasked, who.id),
        "now": core.clock.now(),
    }


def _tasks_of(contacts: Sequence[Contact], who: str) -> list[Json]:
    """What they should still have before they leave: `task` of docs/protocol.md with its contact."""
    return [
        {"contact": contact.log, "name": contact.name, **shown}
        for contact in contacts
        for shown in on_ladder(contact)["tasks"]
        if shown["who"] == who and not shown["how"]
    ]


def supporters(core: Core) -> list[Json]:
    """Everybody on the rota now, let on or checked in, in order of name."""
    now = core.clock.now()
    on = core.roster.on_duty(now)
    let_on = {extra.person for extra in core.cabinets.extras if extra.until > now}
    here = {attendance.supporter: attendance for attendance in core.roster.checked_in()}
    shown = []
    for id in {*on, *here, *let_on}:
        account = core.people.get(id)
        if account is not None:
            shown.append(_supporter(core, id, account.shown_name, here.get(id), on.get(id)))
    return sorted(shown, key=lambda one: (not one["checked_in"], one["name"]))


def _supporter(core: Core, id: str, name: str, held: Attendance | None, duty: Any) -> Json:
    account = core.people.get(id)
    return {
        "id": id,
        "name": name,
        "role": duty.role if duty else "extra",
        "checked_in": held is not None,
        "ready": bool(held and held.ready),
        "reason": held.reason if held else "",
        "break_until": held.break_until if held else None,
        "connected": core.roster.here(id),
        "slots": len(held.slots) if held else 0,
        "capacity": held.capacity if held else 0,
        "until": duty.ends_at if duty else None,
        "languages": list(account.languages) if account else [],
    }


def figures(core: Core) -> Json:
    """The board's five figures; the share is of those answered since the service started, None before the first."""
    now = core.clock.now()
    contacts = core.contacts()
    waiting = [one for one in contacts if one.phase == "waiting"]
    waits = core.waits()
    rota = [duty for duty in core.roster.on_duty(now).values() if duty.role == "supporter"]
    return {
        "waiting": len(waiting),
        "longest_seconds": max(
            (int((now - (one.waiting_since or now)).total_seconds()) for one in waiting), default=0
        ),
        "live": sum(1 for one in contacts if one.phase == "live"),
        "supporters_on": sum(1 for one in core.roster.checked_in() if core.roster.here(one.supporter)),
        "supporters_rota": len(rota),
        "answered_in_5_percent": round(100 * sum(w <= IN_TIME_SECONDS for w in waits) / len(waits))
        if waits
        else None,
        "prompts": core.prompts.put,
        "prompts_false": core.prompts.false,
    }


def door_of(core: Core) -> Json:
    now = core.clock.now()
    shown: Json = {}
    for channel in core.definition.channels:
        door = core.door(channel)
        closes = core.hours.closes_at(channel, now) if door.open else None
        shown[channel] = {"open": door.open, "closes_at": closes, "opens_at": door.opens_at}
    return shown


def waiting_of(core: Core, contact: Contact) -> Json:
    """A waiting contact with its place and whom it is offered to."""
    place = core.queue_place(contact)
    account = core.people.get(contact.offer.supporter) if contact.offer else None
    position = place["position"] if place else None
    held = core.dispatcher.queue.get(contact.log)
    if position is not None and held is not None:
        # Staff see the order in which people are really served.
        position = core.dispatcher.queue.turn(held)
    return {
        **summary_of(core, contact),
        "position": position,
        "offered_to": account.shown_name if account else None,
    }


def alerts(core: Core) -> list[Json]:
    return [alert(contact, one) for contact in core.contacts() for one in contact.open_alerts]


def no_phrases(core: Core) -> list[str]:
    """The promised languages in which no phrase is looked for."""
    return [tag for tag in core.definition.languages.promised if not core.phrases.book.has_list(tag)]


def phone(core: Core) -> Json:
    """How the phone line is: `silent_since` is null while the carrier answers, or where there is none."""
    return {"silent_since": core.phone_silent_since}


def nodes(core: Core) -> Json:
    """Since when the nodes have not heard each other, which were started with another service file than this one, and
    since when no new keys can be had."""
    standing = core.nodes.standing if core.nodes is not None else Standing()
    return {
        "silent_since": standing.silent_since,
        "differing": list(standing.differing),
        "no_keys_since": standing.no_keys_since,
    }


def snapshot(core: Core) -> Json:
    """Everything a board shows, on connect."""
    contacts = core.contacts()
    waiting = sorted(
        (one for one in contacts if one.phase == "waiting"),
        key=lambda one: (one.turn, one.waiting_since or one.opened_at),
    )
    return {
        "now": core.clock.now(),
        "name": core.definition.name,
        "open": door_of(core),
        "figures": figures(core),
        "waiting": [waiting_of(core, one) for one in waiting],
        "live": [summary_of(core, one) for one in contacts if one.phase in ("live", "wrap_up")],
        "supporters": supporters(core),
        "alerts": alerts(core),
        "stored": [summary_of(core, one) for one in contacts if one.phase == "stored"],
        "call_backs": [summary_of(core, one) for one in contacts if one.asked_call],
        "handover": handover(core),
        "over": [summary_of(core, one) for one in contacts if one.phase == "ended"],
        "no_phrases": no_phrases(core),
        "phone": phone(core),
        "nodes": nodes(core),
    }


def colleagues(core: Core, who: Principal, contact: Contact | None = None) -> list[Json]:
    """Who a contact could be handed to: checked in, and not oneself. First those who can take it now.

    `speaks`: the contact's language is on their profile; true for all of them when none is named.
    """
    people = []
    now = core.clock.now()
    for attendance in core.roster.checked_in():
        if attendance.supporter != who.id:
            free = core.roster.free(attendance.supporter, 0, now)
            leaves_at = core.roster.leaves_at(attendance.supporter, now)
            people.append(
                {
                    "id": attendance.supporter,
                    "name": attendance.shown_name,
                    "languages": list(attendance.languages),
                    "ready": attendance.ready and core.roster.here(attendance.supporter),
                    "free": free.slots if free else 0,
                    "speaks": contact is None or not set(contact.speaks).isdisjoint(attendance.languages),
                    "until": leaves_at,
                    "lead": attendance.leads,
                }
            )
    return sorted(people, key=lambda one: (not one["speaks"], -one["free"], one["name"]))


def ladder_panel(core: Core, contact: Contact, own: Sequence[CrisisContact] = ()) -> Json:
    """`panel` of docs/protocol.md: the pinned ladder with the numbers as they are now, and those of their own plan."""
    pinned = core.pinned(contact)
    attempts = [Attempt(a.crisis_contact, a.version, a.outcome, a.at) for a in contact.attempts]  # type: ignore[arg-type]
    attempts += _leads_who_have_it(core, contact)
    now = core.clock.now()

    def with_those(entries: Sequence[CrisisContact]) -> Panel:
        return panel(
            pinned.ladder,
            contact.rung,
            contact.locality,
            contact.language,
            entries,
            attempts,
            now,
            default_language=pinned.languages.default,
            zone=pinned.zone,
        )

    shown = with_those((*core.directory.contacts, *own))
    if own and not may_suggest(contact):
        shown = shown_not_suggested(shown, with_those(core.directory.contacts))
    return {**_panel(shown, core), "ladder": on_ladder(contact), **beside(core, contact)}


def _leads_who_have_it(core: Core, contact: Contact) -> list[Attempt]:
    """A lead who said "I have it" for this step was reached: the next number is somebody else's."""
    had = [
        one
        for one in contact.alerts
        if one.what == f"rung_{contact.rung}" and one.acknowledged_at is not None
    ]
    return [
        Attempt(entry.id, entry.version, "answered", one.acknowledged_at or one.at)
        for one in had
        if one.acknowledged_by != "stand_down"
        for entry in core.directory.contacts
        if entry.role == "lead"
    ]


def _panel(shown: Panel, core: Core) -> Json:
    prompts = [*shown.prompts]
    if shown.prompts_default and [one.text for one in shown.prompts_default] != [one.text for one in prompts]:
        prompts += shown.prompts_default
    return {
        "rung": shown.rung,
        "name": shown.name.text,
        "rungs": [
            {
                "number": rung.number,
                "short": rung.short,
                "name": rung.short,
                "state": "here" if rung.here else "past" if rung.number < shown.rung else "ahead",
            }
            for rung in shown.rungs
        ],
        "begins_when": shown.begins_when,
        "prompts": [{"lang": one.language, "text": one.text} for one in prompts],
        "do": shown.do,
        "contacts": [_line(one) for one in shown.contacts],
        "suggestion": shown.suggestion.contact.id,
        "emergency": {
            "id": shown.emergency.id,
            "name": shown.emergency.name,
            "number": shown.emergency.number,
        },
        "not_with_them": shown.rung >= 4,
        "vanished": shown.vanished,
        "lead_number": core.definition.lead_number,
    }


def _line(one: PanelContact) -> Json:
    entry = one.contact
    return {
        "id": entry.id if entry else one.role,
        "name": entry.name if entry else one.role,
        "role": one.role,
        "number": entry.number if entry else "",
        "line": entry.line if entry else "",
        "version": entry.version if entry else 0,
        "state": one.state,
        "stale": one.stale,
        "opens_at": one.opens_at,
        "outcome": one.outcome,
        "tried_at": one.tried_at,
        "instead": list(one.instead),
    }
