"""The directory's book: what counts on which day, which version it is, and every step turned round."""

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpline.directory import RING, CrisisContact
from helpline.directory_book import CallLogged, CheckCall, DirectoryBook, touches
from helpline.directory_services import Service, open_first, opening, stale
from rota.documents import Moved
from rota.hours import Hours, OpeningHours
from rota.hours_entry import read_hours

TODAY = date(2026, 1, 14)
DAY = timedelta(days=1)
TEN = datetime(2026, 1, 14, 22, 0, tzinfo=UTC)
TEAM = CrisisContact(id="team", name="Moorside crisis team", role="crisis_team", number="01632 960114")
CAFE = Service(id="cafe", name="Harbour café")


def with_number(number: str) -> CrisisContact:
    return msgspec.structs.replace(TEAM, number=number)


def evenings(opens: str = "18:00-23:00") -> Hours:
    read = read_hours(
        {"zone": "Europe/London", "channels": {RING: {"week": {"every_day": [opens]}}}}, channels=(RING,)
    )
    assert isinstance(read, OpeningHours)
    return read.hours


def test_a_version_counts_up_with_every_change_and_is_never_given_twice() -> None:
    book = DirectoryBook()
    first = book.putting(TEAM, TODAY)
    book = book.apply(first)
    book = book.apply(book.putting(with_number("01632 960199"), TODAY))
    assert [one.version for one in book.contacts_on(TODAY)] == [2]
    book = book.apply(book.taking_out(TEAM))
    assert book.contacts_on(TODAY) == ()
    book = book.apply(book.putting(TEAM, TODAY))
    assert book.contacts["team"].version == 3


def test_putting_what_is_there_already_changes_nothing() -> None:
    book = DirectoryBook().apply(DirectoryBook().putting(TEAM, TODAY))
    assert book.putting(with_number(TEAM.number), TODAY) == ()


def test_a_planned_number_counts_from_its_local_day_on() -> None:
    book = DirectoryBook().apply(DirectoryBook().putting(TEAM, TODAY))
    book = book.apply(book.putting(with_number("01632 960199"), TODAY, TODAY + 3 * DAY))
    numbers = [book.contacts_on(TODAY + n * DAY)[0].number for n in (0, 2, 3, 40)]
    assert numbers == ["01632 960114", "01632 960114", "01632 960199", "01632 960199"]
    assert [(day, one.version) for day, one in book.coming("contact", "team", TODAY)] == [
        (TODAY + 3 * DAY, 2)
    ]


def test_a_change_made_now_takes_the_place_of_a_planned_one_that_counts_already_but_not_of_a_later_one() -> (
    None
):
    book = DirectoryBook().apply(DirectoryBook().putting(TEAM, TODAY))
    book = book.apply(book.putting(with_number("01632 960111"), TODAY, TODAY + DAY))
    book = book.apply(book.putting(with_number("01632 960122"), TODAY, TODAY + 5 * DAY))
    later = TODAY + 2 * DAY
    book = book.apply(book.putting(with_number("01632 960133"), later))
    assert book.contacts_on(later)[0].number == "01632 960133"
    assert book.contacts_on(TODAY + 5 * DAY)[0].number == "01632 960122"


def test_a_new_entry_may_begin_on_a_later_day() -> None:
    book = DirectoryBook().apply(DirectoryBook().putting(CAFE, TODAY, TODAY + DAY))
    assert (book.services_on(TODAY), len(book.services_on(TODAY + DAY))) == ((), 1)


def test_a_step_is_turned_round_with_a_version_of_its_own() -> None:
    book = DirectoryBook().apply(DirectoryBook().putting(TEAM, TODAY))
    step = book.putting(with_number("01632 960199"), TODAY)
    book = book.apply(step)
    book = book.apply(book.turned(step))
    assert (book.contacts["team"].number, book.contacts["team"].version) == ("01632 960114", 3)


def test_a_step_somebody_built_on_is_not_turned_round() -> None:
    book = DirectoryBook().apply(DirectoryBook().putting(TEAM, TODAY))
    step = book.putting(with_number("01632 960199"), TODAY)
    book = book.apply(step)
    book = book.apply(book.putting(with_number("01632 960188"), TODAY))
    with pytest.raises(Moved):
        book.turned(step)


def test_a_test_call_is_of_one_entry_and_the_newest_comes_first() -> None:
    def call(entry: str, minutes: int) -> CallLogged:
        at = TEN + timedelta(minutes=minutes)
        made = CheckCall(sort="contact", entry=entry, version=1, at=at, by="Jo", outcome="right")
        return CallLogged(id=f"{entry}-{minutes}", after=made)

    book = DirectoryBook().apply([call("team", 1), call("line", 2), call("team", 3)])
    assert [one.at.minute for one in book.calls_about("contact", "team")] == [3, 1]
    assert touches(call("team", 1), "contact", "team")
    assert not touches(call("team", 1), "service", "team")


numbers = st.sampled_from(["01632 960111", "01632 960122", "01632 960133"])
acts = st.lists(
    st.one_of(
        st.tuples(st.just("put"), numbers, st.integers(-1, 4)),
        st.tuples(st.just("out"), numbers, st.just(0)),
        st.tuples(st.just("day"), numbers, st.integers(1, 2)),
    ),
    max_size=12,
)


@given(acts)
def test_whatever_is_done_versions_only_rise_and_turning_the_last_step_brings_back_every_number(
    done: list[tuple[str, str, int]],
) -> None:
    book, today = DirectoryBook(), TODAY
    for act, number, days in done:
        before = book
        if act == "day":
            today += days * DAY
            continue
        begins = today + days * DAY if days > 0 else None
        step = (
            book.putting(with_number(number), today, begins)
            if act == "put"
            else book.taking_out(with_number(number))
        )
        book = before.apply(step)
        top = before.version("contact", "team")
        given_out = [one.after.version for one in step if one.after is not None]
        assert all(version > top for version in given_out)
        undone = book.apply(book.turned(step))
        for n in range(8):
            day = today + n * DAY
            assert [one.number for one in undone.contacts_on(day)] == [
                one.number for one in before.contacts_on(day)
            ]


# -- open now first --------------------------------------------------------------------------------------------------


def test_those_who_are_open_come_first_and_nobody_is_left_out() -> None:
    services = [
        Service(id="shut", name="Shut", hours=evenings("09:00-17:00"), verify_by=TODAY),
        Service(id="sooner", name="Sooner", hours=evenings("07:00-08:00"), verify_by=TODAY),
        Service(id="unknown", name="Unknown", verify_by=TODAY),
        Service(id="stale", name="A stale one", hours=evenings()),
        Service(id="open", name="Open", hours=evenings(), verify_by=TODAY),
    ]
    shown = open_first(services, TEN, TODAY)
    assert [one.entry.id for one in shown] == ["open", "stale", "unknown", "sooner", "shut"]
    assert [one.stale for one in shown] == [False, True, False, False, False]
    assert shown[3].opening.opens_at == datetime(2026, 1, 15, 7, 0, tzinfo=UTC)
    assert shown[0].opening.closes_at == datetime(2026, 1, 14, 23, 0, tzinfo=UTC)


def test_hours_nobody_knows_are_not_taken_for_open() -> None:
    assert opening(CAFE, TEN).open is None
    assert opening(TEAM, TEN).always


def test_a_service_nobody_ever_checked_is_stale() -> None:
    assert stale(CAFE, TODAY)
    assert not stale(msgspec.structs.replace(CAFE, verify_by=TODAY), TODAY)
    assert stale(msgspec.structs.replace(CAFE, verify_by=TODAY), TODAY + DAY)
