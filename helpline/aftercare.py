"""Beside the rung and after it: tracks, when we are in touch again, and what our own people need before they go."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec

from helpline.contact import Contact
from helpline.definition import Definition
from helpline.errors import BadRequest, NotAllowed, NotFound, NotNow
from helpline.events import SERVICE, Alerted, By, FollowUpSet, TaskDone, TaskSet, TrackSet
from helpline.logbook import Decide, Draft
from rota.shifts import OnDuty

DEBRIEF_FROM = 3
HOW = ("done", "not_wanted", "later")


class Window(msgspec.Struct, frozen=True):
    """From when until when a follow-up is offered."""

    earliest: datetime
    latest: datetime


def set_track(by: By, body: TrackSet) -> Decide:
    """On or off; what it is already is written only with words."""

    def decide(c: Contact, now: datetime) -> list[Draft]:
        if (body.track in c.ladder.tracks) == body.on and not (body.words or "").strip():
            raise NotNow("That is how it is already.")
        return [(by, body)]

    return decide


def follow_up_window(c: Contact, definition: Definition, now: datetime) -> Window | None:
    """24 to 72 hours on after rung 2, within 24 after 3 or 4 (the pinned ladder's own clocks); below 2 none."""
    if c.highest_rung < 2:
        return None
    clocks = definition.ladder.rungs[min(c.highest_rung, 3)].clocks
    latest = clocks.get("follow_up")
    if not latest:
        return None
    earliest = clocks.get("follow_up_from", 0)
    return Window(now + timedelta(seconds=earliest), now + timedelta(seconds=latest))


def staffed(window: Window, occurrences: Iterable[OnDuty]) -> list[Window]:
    """The parts of a window in which somebody of ours who answers is on the rota, merged, in order."""
    parts = sorted(
        (max(one.starts_at, window.earliest), min(one.ends_at, window.latest))
        for one in occurrences
        if one.person and one.role in ("supporter", "lead")
    )
    merged: list[Window] = []
    for begins, ends in parts:
        if begins >= ends:
            continue
        if merged and begins <= merged[-1].latest:
            merged[-1] = Window(merged[-1].earliest, max(ends, merged[-1].latest))
        else:
            merged.append(Window(begins, ends))
    return merged


def follow_up(by: By, definition: Definition, body: FollowUpSet, on: Iterable[OnDuty]) -> Decide:
    """Agree when we are in touch again: inside the window, and inside a time when somebody is on the rota."""
    shifts = tuple(on)

    def decide(c: Contact, now: datetime) -> list[Draft]:
        window = follow_up_window(c, definition, now)
        if window is None:
            raise NotNow("A follow-up belongs to making a plan or a step above it.")
        if not body.earliest < body.latest:
            raise BadRequest("The end of that time is not after its beginning.")
        # Whoever chose from a list a few minutes ago chose well.
        grace = timedelta(minutes=15)
        if body.earliest < window.earliest - grace or body.latest > window.latest + grace:
            raise BadRequest("That is outside the time in which a follow-up is offered here.")
        whole = Window(body.earliest, body.latest)
        if whole not in staffed(whole, shifts):
            raise BadRequest("Nobody is on the rota for all of that time. Choose one when somebody is.")
        return [(by, body)]

    return decide


def debrief(c: Contact) -> list[Draft]:
    """What the owner should have before they leave, once they were with somebody at rung 3 or 4."""
    owner = c.part(c.owner)
    if owner is None or c.highest_rung < DEBRIEF_FROM:
        return []
    task = f"debrief-{owner.id}"
    return [] if c.ladder.task(task) is not None else [(SERVICE, TaskSet(task, "debrief", owner.id))]


def task_done(who: By, body: TaskDone, *, lead: bool) -> Decide:
    """Theirs to close, or a lead's. `later` is told to the lead."""

    def decide(c: Contact, now: datetime) -> list[Draft]:
        task = c.ladder.task(body.task)
        if task is None:
            raise NotFound("There is no such task.")
        if task.who != who.id and not lead:
            raise NotAllowed("That is for somebody else.")
        if task.how:
            raise NotNow("That was closed already.")
        drafts: list[Draft] = [(who, body)]
        if body.how == "later":
            drafts.append((SERVICE, Alerted(f"later-{body.task}", "debrief_later", "lead")))
        return drafts

    return decide


def left_without(who: str) -> Decide:
    """They went home before it. The lead hears of it, once."""

    def decide(c: Contact, now: datetime) -> list[Draft]:
        return [
            (SERVICE, Alerted(f"left-{task.task}", "debrief_left", "lead"))
            for task in c.ladder.open_tasks
            if task.who == who and c.alert(f"left-{task.task}") is None
        ]

    return decide
