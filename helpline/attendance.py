"""A supporter's shift: the fold of its log, and the decisions about it.

Readiness is durable, connection is not: a lost line does not undo "ready", it only keeps new offers away until the
supporter is back or has been gone too long. A slot is held before an offer is put, so two offers never share one.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from helpline.contact import BEGINNING
from helpline.errors import NotNow
from helpline.events import (
    SERVICE,
    Away,
    Body,
    By,
    CheckedIn,
    CheckedOut,
    Event,
    HandoverLeft,
    Ready,
    SlotFreed,
    SlotHeld,
)
from helpline.logbook import Decide, Draft

LEAD_ROLES = ("lead", "on_call", "second_on_call", "supervisor")


class Attendance(msgspec.Struct, frozen=True):
    """One supporter on one shift. `slots` maps a contact to the offer that holds the slot."""

    log: str
    seq: int = 0
    at: datetime = BEGINNING
    opened_at: datetime = BEGINNING
    supporter: str = ""
    shown_name: str = ""
    roles: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    profile_capacity: int = 1
    capacity: int = 1
    checked_in: bool = False
    ready: bool = False
    reason: str = ""
    break_until: datetime | None = None
    until: datetime | None = None
    extra: str = ""
    slots: Mapping[str, str] = {}
    idle_since: datetime = BEGINNING
    notes_read: int = 0
    notes_left: int = 0

    @property
    def leads(self) -> bool:
        """A lead may take anybody over, whatever their language."""
        return any(role in LEAD_ROLES for role in self.roles)

    @property
    def live(self) -> bool:
        return self.checked_in

    @property
    def due(self) -> datetime | None:
        return None

    def apply(self, event: Event) -> "Attendance":
        changed: dict[str, Any] = {"seq": event.seq, "at": event.at}
        effect = _EFFECTS.get(type(event.body))
        if effect is not None:
            effect(self, event, event.body, changed)
        return msgspec.structs.replace(self, **changed)


def _checked_in(a: Attendance, event: Event, body: CheckedIn, to: dict[str, Any]) -> None:
    to |= {
        "opened_at": event.at,
        "supporter": body.supporter,
        "shown_name": body.shown_name,
        "roles": body.roles,
        "languages": body.languages,
        "channels": body.channels,
        "profile_capacity": body.capacity,
        "capacity": body.capacity,
        "checked_in": True,
        "reason": "arrived",
        "extra": body.extra,
        "until": body.until,
        "idle_since": event.at,
        "notes_read": body.notes_read,
        "notes_left": 0,
    }


def _ready(a: Attendance, event: Event, body: Ready, to: dict[str, Any]) -> None:
    to |= {
        "ready": True,
        "reason": "",
        "channels": body.channels,
        "capacity": body.capacity,
        "break_until": None,
    }


def _away(a: Attendance, event: Event, body: Away, to: dict[str, Any]) -> None:
    until = max(body.until, a.break_until) if body.until and a.break_until else body.until or a.break_until
    to |= {"ready": False, "reason": body.reason, "break_until": until}


def _slot_held(a: Attendance, event: Event, body: SlotHeld, to: dict[str, Any]) -> None:
    to["slots"] = {**a.slots, body.contact: body.offer}


def _slot_freed(a: Attendance, event: Event, body: SlotFreed, to: dict[str, Any]) -> None:
    to["slots"] = {contact: offer for contact, offer in a.slots.items() if contact != body.contact}
    if body.why != "expired":
        to["idle_since"] = event.at


def _handover_left(a: Attendance, event: Event, body: HandoverLeft, to: dict[str, Any]) -> None:
    to["notes_left"] = a.notes_left + 1


def _checked_out(a: Attendance, event: Event, body: CheckedOut, to: dict[str, Any]) -> None:
    to |= {"checked_in": False, "ready": False, "reason": "checked_out"}


_EFFECTS: dict[type[Any], Any] = {
    CheckedIn: _checked_in,
    Ready: _ready,
    Away: _away,
    SlotHeld: _slot_held,
    SlotFreed: _slot_freed,
    CheckedOut: _checked_out,
    HandoverLeft: _handover_left,
}


def check_in(by: By, body: CheckedIn) -> Decide:
    """Start the shift. Doing it twice changes nothing."""

    def decide(a: Attendance, now: datetime) -> list[Draft]:
        return [] if a.checked_in else [(by, body)]

    return decide


def be_ready(by: By, channels: tuple[str, ...] | None, capacity: int | None) -> Decide:
    """Ready for offers, clamped to the profile: capacity from 1 to the profile's, channels among its own."""

    def decide(a: Attendance, now: datetime) -> list[Draft]:
        if not a.checked_in:
            raise NotNow("Please check in first.")
        on = tuple(one for one in (channels or a.channels) if one in a.channels) or a.channels
        at_once = min(max(capacity or a.profile_capacity, 1), a.profile_capacity)
        if a.ready and (a.channels, a.capacity) == (on, at_once):
            return []
        return [(by, Ready(on, at_once))]

    return decide


def be_away(by: By, reason: str, minutes: int = 0) -> Decide:
    """No new offers. A break may be extended by a later one, never shortened."""

    def decide(a: Attendance, now: datetime) -> list[Draft]:
        if not a.checked_in or (not a.ready and reason in (a.reason, "gone") and not minutes):
            return []
        return [(by, Away(reason, now + timedelta(minutes=minutes) if minutes else None))]

    return decide


def hold_slot(contact: str, offer: str, at_once: int | None = None) -> Decide:
    """Keep a slot for a contact; writes nothing when they are not ready or have none free (`at_once` overrides)."""

    def decide(a: Attendance, now: datetime) -> list[Draft]:
        limit = a.capacity if at_once is None else min(a.capacity, at_once)
        if not a.ready or contact in a.slots or len(a.slots) >= limit:
            return []
        return [(SERVICE, SlotHeld(contact, offer))]

    return decide


def take_slot(contact: str, held_for: str = "taken") -> Decide:
    """A slot for what is theirs already, whatever their capacity: a lead took it over, or its offer stands."""

    def decide(a: Attendance, now: datetime) -> list[Draft]:
        return [] if contact in a.slots or not a.checked_in else [(SERVICE, SlotHeld(contact, held_for))]

    return decide


def free_slot(contact: str, why: str) -> Decide:
    def decide(a: Attendance, now: datetime) -> list[Draft]:
        return [(SERVICE, SlotFreed(contact, why))] if contact in a.slots else []

    return decide


def check_out(by: By, body: CheckedOut, *, owns: bool) -> Decide:
    """End the shift. Refused while a live contact is theirs: a shift's end never drops anybody."""

    def decide(a: Attendance, now: datetime) -> list[Draft]:
        if not a.checked_in:
            return []
        if owns:
            raise NotNow("Somebody is still with you. Finish, hand over, or press “I must stop now”.")
        return [(by, body)]

    return decide


def leave_handover(by: By, body: HandoverLeft) -> Decide:
    """A word for the next shift, while this one is on."""

    def decide(a: Attendance, now: datetime) -> list[Draft]:
        if not a.checked_in:
            raise NotNow("Please check in first.")
        return [(by, body)]

    return decide


def events_of(*bodies: Body) -> list[Draft]:
    """What the service itself records."""
    return [(SERVICE, body) for body in bodies]
