"""What the benchmarks make of what was timed."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.figures import Rounds, lateness, per_round, percentile, percentiles, rounded, waits

durations = st.floats(min_value=0, max_value=1e6)


def test_a_percentile_is_one_of_the_values_by_nearest_rank() -> None:
    hundred = [float(n) for n in range(1, 101)]
    assert percentiles(hundred) == {"p50": 50.0, "p95": 95.0, "p99": 99.0}
    assert percentile([3.0, 1.0, 2.0], 50) == 2.0
    assert percentile([7.0], 99) == 7.0


def test_a_percentile_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 99)


@given(st.lists(durations, min_size=1), st.floats(min_value=0.1, max_value=100))
def test_at_least_its_share_of_all_values_is_at_or_below_a_percentile(
    values: list[float], share: float
) -> None:
    found = percentile(values, share)
    assert found in values
    below = sum(value <= found for value in values)
    assert below / len(values) >= share / 100 - 1e-9
    assert sum(value < found for value in values) / len(values) < share / 100 + 1e-9


def test_a_wait_counts_from_when_a_message_was_meant_to_be_sent() -> None:
    assert waits([[10.0, 12.0, 15.0]]) == [5.0]
    assert lateness([[10.0, 12.0, 15.0]]) == [2.0]


def test_a_stall_is_felt_by_everybody_who_was_meant_to_send_during_it() -> None:
    # One message every 10 ms; the server stalls from 0 to 100 ms and the driver holds back until it answers.
    held_back = [[float(due), 0.0 if due == 0 else 100.0, 101.0] for due in range(0, 100, 10)]
    naive = [done - sent for _, sent, done in held_back]
    assert percentile(naive, 50) == 1.0
    assert percentile(waits(held_back), 50) == 51.0


def test_a_message_that_never_came_took_for_ever_and_is_not_left_out() -> None:
    assert waits([[0.0, 0.0, 1.0], [0.0, 0.0, None]]) == [1.0, math.inf]
    assert percentile(waits([[0.0, 0.0, 1.0], [0.0, 0.0, None]]), 99) == math.inf


def test_a_message_that_was_never_sent_is_a_mistake_of_the_bench() -> None:
    with pytest.raises(ValueError, match="never sent"):
        lateness([[None, None, None]])


def test_a_ratio_compares_within_each_round_so_that_a_slow_round_spoils_nothing() -> None:
    rounds = Rounds()
    for product, tuned in ((80.0, 100.0), (8.0, 10.0), (90.0, 100.0)):
        rounds.add("product", product)
        rounds.add("tuned", tuned)
    assert rounds.ratio("product", "tuned") == 0.8
    assert rounds.medians() == {"product": 80.0, "tuned": 100.0}


def test_a_ratio_needs_the_same_rounds_on_both_sides() -> None:
    with pytest.raises(ValueError, match="same rounds"):
        per_round([1.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="same rounds"):
        per_round([], [])


@given(st.lists(durations.filter(bool), min_size=1))
def test_whatever_is_compared_with_itself_is_one(values: list[float]) -> None:
    assert per_round(values, values) == 1.0


def test_figures_are_rounded_to_four_digits_all_the_way_down_and_infinity_is_null() -> None:
    assert rounded({"a": [1234.567, math.inf], "b": {"c": 0.00012346}, "d": 7}) == {
        "a": [1235.0, None],
        "b": {"c": 0.0001235},
        "d": 7,
    }
