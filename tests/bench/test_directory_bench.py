"""What `bench directory` measures: the same density of services in a small directory and a large one."""

from datetime import timedelta

from bench.directory import (
    EACH_DISTRICT,
    EVENING,
    FULL,
    LARGE,
    QUICK,
    SMALL,
    Near,
    check,
    localities,
    services,
)


def test_both_forms_take_medians_of_three_rounds_and_more() -> None:
    assert min(QUICK.rounds, FULL.rounds) >= 3
    assert (SMALL, LARGE) == (100, 20_000)


def test_every_district_is_its_own_and_serves_twenty() -> None:
    places = localities(LARGE)
    assert len({place.districts for place in places}) == len(places) == LARGE // EACH_DISTRICT
    where = [one.localities[0] for one in services(LARGE, places)]
    assert {where.count(place.id) for place in places[:20]} == {EACH_DISTRICT}


def test_the_directory_is_the_same_in_every_run() -> None:
    places = localities(SMALL)
    assert services(SMALL, places) == services(SMALL, places)


def test_a_small_directory_answers_as_the_measure_assumes() -> None:
    near = Near(SMALL)
    check(near)
    assert near.ask(10) > 0
    assert near.asked == 10
    later = near.lookup.near(near.entries[0].localities[0], EVENING + timedelta(hours=9))
    assert len(later) == EACH_DISTRICT
