"""What `bench idle` measures: pages that come back by themselves after their node was killed."""

from bench.idle import FULL, QUICK, Plan, measured, result


def test_the_full_form_is_of_ten_thousand() -> None:
    assert FULL.persons == 10_000
    assert FULL.rest_seconds == 60.0
    assert QUICK.persons < FULL.persons


async def test_everybody_comes_back_after_a_kill_and_somebody_new_is_answered_meanwhile() -> None:
    plan = Plan(persons=60, drivers=2, rest_seconds=0.2, newcomer_seconds=1.0)
    found = await measured(plan, lambda _: None)
    assert found.away == 0
    assert len(found.back_seconds) == plan.persons
    assert min(found.back_seconds) > 0
    assert found.new_before_ms
    assert found.new_after_ms
    assert found.bytes_each > 0
    told = result(plan, found)
    assert told.figures["persons connected"] == plan.persons
    assert told.figures["not back"] == 0
