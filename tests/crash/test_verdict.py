"""The verdict on a storm finds whatever may go wrong in one: it is tried on evenings that were spoilt on purpose."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from helpline.attendance import Attendance
from helpline.contact import Contact, fold
from helpline.events import (
    PERSON,
    SERVICE,
    Accepted,
    Alerted,
    Body,
    By,
    Clock,
    Event,
    NotSafe,
    RungSet,
    Said,
    Started,
)
from tests.crash.evening import Kept, Log
from tests.crash.verdict import Desk, Message, Shown, Side, Talk, clock_mistakes, mistakes

BEGAN = datetime(2026, 3, 6, 20, 0, tzinfo=UTC)
SUPPORTER = By("supporter", "s0", "s0")
POINTS = ["before sync 1 of the log", "after the last"]
Evening = tuple[Talk, Kept]
CHAIN = Clock("acknowledge", "rung-1", BEGAN + timedelta(seconds=5))


def log_of(*events: tuple[By, Body, int]) -> Log:
    """A log of who wrote what and so many seconds after the beginning."""
    numbered = tuple(
        Event(seq=seq, at=BEGAN + timedelta(seconds=after), by=by, body=body)
        for seq, (by, body, after) in enumerate(events, start=1)
    )
    return Log(fold(Contact("c-TEST"), numbered), numbered)


def message(n: int, text: str, seq: int) -> Message:
    return Message(n, f"id {text}", text, sent=0, acked=1, seq=seq)


def said(text: str) -> Said:
    return Said(text=text, lang="en", client_id=f"id {text}", digest="-")


def good() -> Evening:
    """Two messages of the person and one of the supporter, all of them where they belong."""
    log = log_of(
        (PERSON, Started(channel="web", language="en", definition="", policy="", locality="", client_id="-", digest="-"), 0),
        (SUPPORTER, Accepted("o-1", "-", "-"), 1),
        (PERSON, said("p 1"), 2),
        (SUPPORTER, said("s 1"), 3),
        (PERSON, said("p 2"), 4),
    )  # fmt: skip
    shown = tuple(
        Shown(event.seq, event.kind, event.by.role, getattr(event.body, "text", None), getattr(event.body, "client_id", None))
        for event in log.events
    )  # fmt: skip
    person = Side((message(1, "p 1", 3), message(2, "p 2", 5)), "", shown, ())
    desk = Desk((message(1, "s 1", 4),), "", shown, (), "s0")
    shift = Attendance("a-1", supporter="s0", slots={"c-TEST": "o-1"})
    return Talk("en 1", "c-TEST", person, (desk,)), Kept({"c-TEST": log}, (shift,))


def with_log(evening: Evening, events: tuple[Event, ...]) -> Evening:
    talk, kept = evening
    return talk, Kept({"c-TEST": replace(kept.contacts["c-TEST"], events=events)}, kept.attendances)


def lost_from_the_log(evening: Evening) -> Evening:
    events = evening[1].contacts["c-TEST"].events
    return with_log(evening, events[:4])


def twice_in_the_log(evening: Evening) -> Evening:
    events = evening[1].contacts["c-TEST"].events
    return with_log(evening, (*events, replace(events[2], seq=6)))


def out_of_order(evening: Evening) -> Evening:
    one, two, first, between, second = evening[1].contacts["c-TEST"].events
    return with_log(evening, (one, two, replace(second, seq=3), between, replace(first, seq=5)))


def a_gap(evening: Evening) -> Evening:
    events = evening[1].contacts["c-TEST"].events
    return with_log(evening, (*events[:4], replace(events[4], seq=6)))


def never_sent(evening: Evening) -> Evening:
    events = evening[1].contacts["c-TEST"].events
    return with_log(evening, (*events, Event(seq=6, at=BEGAN, by=PERSON, body=said("who said this"))))


def lost_from_the_supporters_screen(evening: Evening) -> Evening:
    talk, kept = evening
    (desk,) = talk.desks
    return replace(talk, desks=(replace(desk, shown=desk.shown[:4]),)), kept


def twice_on_the_persons_screen(evening: Evening) -> Evening:
    talk, kept = evening
    again = (*talk.person.shown, replace(talk.person.shown[3], seq=6))
    return replace(talk, person=replace(talk.person, shown=again)), kept


def other_words_under_a_number(evening: Evening) -> Evening:
    talk, kept = evening
    told = ("number 3 was said “p 1”, then said “p 2”",)
    return replace(talk, person=replace(talk.person, troubles=told)), kept


def a_slot_nobody_holds(evening: Evening) -> Evening:
    talk, kept = evening
    slots = {"c-TEST": "o-1", "c-GONE": "o-2"}
    return talk, Kept(kept.contacts, (replace(kept.attendances[0], slots=slots),))


def no_slot_for_a_holder(evening: Evening) -> Evening:
    talk, kept = evening
    return talk, Kept(kept.contacts, (replace(kept.attendances[0], slots={}),))


def two_shifts_at_once(evening: Evening) -> Evening:
    talk, kept = evening
    return talk, Kept(kept.contacts, kept.attendances * 2)


def the_whole_contact_lost(evening: Evening) -> Evening:
    return evening[0], Kept({}, ())


def test_an_evening_where_all_went_well_has_no_mistakes() -> None:
    talk, kept = good()
    assert mistakes([talk], kept, POINTS) == []


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lost_from_the_log, "message 2 of person (sent at point 0: before sync 1 of the log, acknowledged at point 1 as 5) is lost: it is not in the log"),
        (twice_in_the_log, "message 1 of person (sent at point 0: before sync 1 of the log, acknowledged at point 1 as 3) is in the log 2 times"),
        (out_of_order, "stands in the log before an earlier one"),
        (a_gap, "event 5 of the log has the number 6"),
        (never_sent, "event 6 of the log is a message nobody sent"),
        (lost_from_the_supporters_screen, "is lost: it is not on the supporter's screen"),
        (twice_on_the_persons_screen, "message 1 of s0 (sent at point 0: before sync 1 of the log, acknowledged at point 1 as 4) is on the person's screen 2 times"),
        (other_words_under_a_number, "the screen of person was told two things"),
        (a_slot_nobody_holds, "s0 has a slot for contact c-GONE and does not hold it"),
        (no_slot_for_a_holder, "s0 holds contact c-TEST without a slot"),
        (two_shifts_at_once, "s0 has 2 shifts at once"),
        (the_whole_contact_lost, "the whole contact c-TEST of en 1 is not in the store"),
    ],
    ids=lambda given: given.__name__ if callable(given) else "",
)  # fmt: skip
def test_what_went_wrong_is_told(spoil: Callable[[Evening], Evening], sentence: str) -> None:
    talk, kept = spoil(good())
    assert sentence in "\n".join(mistakes([talk], kept, POINTS))


def alerted(to: str, late: int, *clocks: Clock) -> Alerted:
    return Alerted("rung-1", "rung_3", to, late, clocks)


def test_a_clock_that_fires_once_and_says_how_late_is_right() -> None:
    begun = (SUPPORTER, RungSet(to=3, was=0), 0)
    log = log_of(begun, (SERVICE, alerted("lead", 0, CHAIN), 0), (SERVICE, alerted("on_call", 2), 7))
    assert clock_mistakes(log, until=BEGAN + timedelta(hours=1)) == []


@pytest.mark.parametrize(
    ("events", "sentence"),
    [
        ([(SERVICE, alerted("on_call", 2), 7), (SERVICE, alerted("second_on_call", 3), 8)], "was not running: twice?"),
        ([(SERVICE, alerted("on_call", 0), 7)], "says 0 s late at event 3"),
        ([(SERVICE, alerted("on_call", 0), 4)], "fired at event 3 before it was due"),
        ([(PERSON, NotSafe("-", "-"), 9)], "clock acknowledge rung-1 was due at 2026-03-06 20:00:05+00:00 and never fired"),
    ],
)  # fmt: skip
def test_a_clock_that_went_wrong_is_told(events: list[tuple[By, Body, int]], sentence: str) -> None:
    begun = (SUPPORTER, RungSet(to=3, was=0), 0)
    log = log_of(begun, (SERVICE, alerted("lead", 0, CHAIN), 0), *events)
    assert sentence in "\n".join(clock_mistakes(log, until=BEGAN + timedelta(hours=1)))
