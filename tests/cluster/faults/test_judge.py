"""The judge of the failure suite finds whatever may go wrong in it: each wrong is planted in an evening that was right."""

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
    ClockFired,
    Event,
    Offered,
    OfferEnded,
    RungSet,
    Said,
    Started,
)
from helpline.showing import talk_numbers
from tests.cluster.faults.judge import (
    Report,
    Taken,
    Timed,
    TimedDesk,
    TimedSide,
    TimedTalk,
    latest,
    waited,
    words_of,
    wrongs,
)
from tests.crash.evening import Kept, Log
from tests.crash.verdict import Shown

BEGAN = datetime(2026, 3, 6, 20, 0, tzinfo=UTC)
S0, S1 = By("supporter", "s0", "s0"), By("supporter", "s1", "s1")
POINTS = ["calm", "kill -9 of the node that acts"]
CONTACT = "c-TEST"
PAGE = Clock("acknowledge", "rung-6", BEGAN + timedelta(seconds=15))
CALL = Clock("first_outside_call", "3", BEGAN + timedelta(seconds=12))
Evening = tuple[Report, Kept]
Step = tuple[By, Body, int]


def said(text: str) -> Said:
    return Said(text=text, lang="en", client_id=f"id {text}", digest="-")


def offered(offer: str, to: str) -> Offered:
    return Offered(offer, to, "a-1")


STEPS: tuple[Step, ...] = (
    (PERSON, Started(channel="web", language="en", definition="", policy="", locality="", client_id="-", digest="-"), 0),
    (SERVICE, offered("o-1", "s0"), 1),
    (S0, Accepted("o-1", "-", "-"), 2),
    (PERSON, said("p 1"), 3),
    (S0, said("s 1"), 4),
    (S0, RungSet(to=3, was=0, clocks=(CALL,)), 10),
    (SERVICE, Alerted("rung-6", "rung_3", "lead", 0, (PAGE,)), 10),
    (PERSON, said("p 2"), 11),
    (SERVICE, ClockFired("first_outside_call", "3", 0), 12),
    (SERVICE, Alerted("rung-6", "rung_3", "on_call", 1), 16),
)  # fmt: skip


def milliseconds(after: float) -> int:
    return int((BEGAN + timedelta(seconds=after)).timestamp() * 1_000)


def evening(*steps: Step) -> Evening:
    """What the store has when this was written, so many seconds after the beginning, and clients that saw just that."""
    events = tuple(
        Event(seq=seq, at=BEGAN + timedelta(seconds=after), by=by, body=body)
        for seq, (by, body, after) in enumerate(steps, start=1)
    )
    log = Log(fold(Contact(CONTACT), events), events)

    def words(role: str, numbered: list[tuple[int, Event]]) -> tuple[Timed, ...]:
        own = [(n, one) for n, one in numbered if isinstance(one.body, Said) and one.by.role == role]
        return tuple(
            Timed(
                place, one.body.client_id, one.body.text or "", 1, 1, n, at=milliseconds(0) + one.seq, took=40
            )
            for place, (n, one) in enumerate(own, start=1)
            if isinstance(one.body, Said)
        )

    def screen(numbered: list[tuple[int, Event]]) -> tuple[Shown, ...]:
        return tuple(
            Shown(n, one.kind, one.by.role, getattr(one.body, "text", None), getattr(one.body, "client_id", None))
            for n, one in numbered
        )  # fmt: skip

    theirs = [(number, event) for number, event in talk_numbers(list(events), 0)]
    all_of_it = [(event.seq, event) for event in events]
    fired = tuple(
        (event.seq, int(event.at.timestamp() * 1_000))
        for event in events
        if isinstance(event.body, ClockFired | Alerted)
    )
    desk = TimedDesk(words("supporter", all_of_it), "", screen(all_of_it), (), "s0", fired=fired)
    talk = TimedTalk("person 1", CONTACT, TimedSide(words("person", theirs), "", screen(theirs), ()), (desk,))
    report = Report((talk,), ((CONTACT, "rung-6", milliseconds(10)),), (Taken(CONTACT, "s0", 3, 0),))
    return report, Kept({CONTACT: log}, (Attendance("a-1", supporter="s0", slots={CONTACT: "o-1"}),))


def without(*gone: int) -> Evening:
    return evening(*(step for seq, step in enumerate(STEPS, start=1) if seq not in gone))


def as_clients_saw(store: Evening) -> Evening:
    """The store as it is there; the clients as of the evening that was right."""
    return evening(*STEPS)[0], store[1]


def sentences(of: Evening, reported: datetime = BEGAN + timedelta(seconds=30)) -> list[str]:
    return wrongs(*of, POINTS, reported)


def test_an_evening_where_all_went_well_has_no_mistakes() -> None:
    assert sentences(evening(*STEPS)) == []


def test_what_clocks_write_once_everybody_has_gone_is_on_no_screen_and_no_mistake() -> None:
    report, kept = as_clients_saw(evening(*STEPS, (SERVICE, Alerted("rung-6", "rung_3", "lead"), 40)))
    assert sentences((report, kept), reported=BEGAN + timedelta(seconds=39)) == []
    assert "ends at 10, the log at 11" in str(sentences((report, kept), BEGAN + timedelta(seconds=41)))


def two_owners() -> Evening:
    return evening(*STEPS[:5], (SERVICE, offered("o-2", "s1"), 5), (S1, Accepted("o-2", "-", "-"), 6))


def taken_without_an_offer() -> Evening:
    return evening(*STEPS[:2], (SERVICE, OfferEnded("o-1", "expired"), 2), STEPS[2])


def two_offers_at_once() -> Evening:
    return evening(*STEPS[:2], (SERVICE, offered("o-2", "s1"), 1), *STEPS[2:5])


def told_and_not_kept() -> Evening:
    report, kept = evening(*STEPS)
    return replace(report, accepts=(*report.accepts, Taken(CONTACT, "s1", 3, 0))), kept


def a_page_that_never_fired() -> Evening:
    return evening(*STEPS[:9])


def a_page_nobody_was_shown() -> Evening:
    report, kept = evening(*STEPS)
    return replace(report, alerts=()), kept


def a_clock_that_fired_twice() -> Evening:
    return evening(*STEPS, (SERVICE, ClockFired("first_outside_call", "3", 5), 17))


def fired_by_a_node_that_is_ahead() -> Evening:
    report, kept = evening(*STEPS)
    (talk,) = report.talks
    (desk,) = talk.desks
    desk = replace(desk, fired=((9, milliseconds(12 - 5)),))
    return replace(report, talks=(replace(talk, desks=(desk,)),)), kept


def dated_by_a_node_that_is_ahead() -> Evening:
    report, kept = evening(*STEPS)
    (talk,) = report.talks
    return replace(report, talks=(replace(talk, desks=(replace(talk.desks[0], ahead=90_000.0),)),)), kept


def lost() -> Evening:
    return as_clients_saw(without(8))


def doubled() -> Evening:
    return as_clients_saw(evening(*STEPS, STEPS[3]))


def out_of_order() -> Evening:
    changed = list(STEPS)
    changed[3], changed[7] = changed[7], changed[3]
    return as_clients_saw(evening(*changed))


def a_gap() -> Evening:
    report, kept = evening(*STEPS)
    log = kept.contacts[CONTACT]
    events = (*log.events[:9], replace(log.events[9], seq=11))
    return report, Kept({CONTACT: replace(log, events=events)}, kept.attendances)


def a_talk_event_shown_twice() -> Evening:
    report, kept = evening(*STEPS)
    (talk,) = report.talks
    shown = (*talk.person.shown, talk.person.shown[-1])
    return replace(report, talks=(replace(talk, person=replace(talk.person, shown=shown)),)), kept


@pytest.mark.parametrize(
    ("spoilt", "sentence"),
    [
        (two_owners, "s1 was given at event 7 what was s0's: two have it"),
        (taken_without_an_offer, "s0 took at event 4 what was not offered to them then"),
        (two_offers_at_once, "offered to s1 at event 3 while it was to s0"),
        (told_and_not_kept, "s1 was told that it is theirs, and the log does not say so"),
        (a_page_that_never_fired, "page missed: clock acknowledge rung-6 was due at 2026-03-06 20:00:15+00:00 and never fired"),
        (a_page_nobody_was_shown, "page rung-6 of event 7 never came to the lead's board"),
        (a_clock_that_fired_twice, "clock first_outside_call 3 fired at event 11 and was not running: twice?"),
        (fired_by_a_node_that_is_ahead, "clock first_outside_call 3 fired 5 s too early"),
        (dated_by_a_node_that_is_ahead, "something was dated 90 s after s0 was shown it"),
        (lost, "message 2 of person (sent at point 1: kill -9 of the node that acts, acknowledged at point 1 as 5) is lost: it is not in the log"),
        (doubled, "message 1 of person (sent at point 1: kill -9 of the node that acts, acknowledged at point 1 as 3) is in the log 2 times"),
        (out_of_order, "stands in the log before an earlier one"),
        (a_gap, "event 10 of the log has the number 11"),
        (a_talk_event_shown_twice, "the screen of person ends at 6, the log at 5"),
    ],
    ids=lambda given: given.__name__ if callable(given) else "",
)  # fmt: skip
def test_what_went_wrong_is_told(spoilt: Callable[[], Evening], sentence: str) -> None:
    assert sentence in "\n".join(sentences(spoilt()))


@pytest.mark.parametrize(
    ("spoilt", "figures"),
    [(lost, (3, 1, 0, 0)), (doubled, (3, 0, 1, 1)), (out_of_order, (3, 0, 0, 1))],
)
def test_the_figures_of_a_fault_count_each_kind_of_wrong(
    spoilt: Callable[[], Evening], figures: tuple[int, ...]
) -> None:
    of = spoilt()
    words = words_of(of[0], [one for one in sentences(of) if " in the log" in one], len(POINTS))
    assert [words[0].said, words[0].lost] == [0, 0]
    assert (words[1].said, words[1].lost, words[1].doubled, words[1].out_of_order) == figures


def test_the_longest_wait_and_the_latest_page_are_those_of_the_fault() -> None:
    report, kept = evening(*STEPS)
    (talk,) = report.talks
    slow = replace(talk.person.said[1], took=2_500)
    report = replace(
        report, talks=(replace(talk, person=replace(talk.person, said=(talk.person.said[0], slow))),)
    )
    begin = milliseconds(0)
    assert waited(report, begin, begin + 60_000, 2_000) == (2_500, 1)
    assert waited(report, begin, begin + 60_000, 2_500) == (2_500, 0)
    assert waited(report, begin + 60_000, begin + 61_000, 2_000) == (0, 0)
    assert latest(kept, BEGAN, BEGAN + timedelta(seconds=60)) == 1
    assert latest(kept, BEGAN, BEGAN + timedelta(seconds=14)) == 0
