"""How the relay benchmark keeps to its time."""

from bench.relay import FULL, QUICK, SHORTEST_PACE, shortened


def test_both_forms_measure_every_named_ratio() -> None:
    for plan in (QUICK, FULL):
        assert {50, 200} <= set(plan.pairs)
        assert 500 in plan.rates
        assert {"tuned", "product"} <= set(plan.paced)
        assert plan.connected == 2_000
        assert plan.rounds >= 3
        assert plan.memory.rounds >= 3
        assert 1_000 in plan.memory.counts


def test_the_open_loop_keeps_its_length_while_there_is_time() -> None:
    assert shortened(5.0, left=100.0, measurements=6) == 5.0


def test_the_open_loop_is_shortened_to_what_is_left() -> None:
    assert 2.0 < shortened(5.0, left=27.0, measurements=6) < 3.5


def test_the_open_loop_is_never_too_short_to_have_a_99th_percentile() -> None:
    assert shortened(5.0, left=-60.0, measurements=6) == SHORTEST_PACE
    assert SHORTEST_PACE * min(QUICK.rates) >= 1_000
