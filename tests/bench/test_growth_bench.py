"""What `bench growth` measures: the same service with and without a past."""

from bench.growth import FULL, QUICK, Plan, measured, result


def test_the_full_form_grows_to_a_million_and_both_begin_with_none() -> None:
    assert FULL.closed == (0, 100_000, 1_000_000)
    assert FULL.in_mongodb == (0, 100_000)
    assert QUICK.closed[0] == 0
    assert min(QUICK.rounds, FULL.rounds) >= 3


async def test_a_service_filled_with_closed_contacts_starts_and_relays() -> None:
    plan = Plan(rounds=1, closed=(0, 30), in_mongodb=(), pairs=2, flood_seconds=0.3)
    told = result(*await measured(plan, lambda _: None))
    assert set(told.ratios) == {"relay_vs_empty", "start_vs_empty"}
    assert min(told.ratios.values()) > 0
    rates = told.figures["SQLite, by closed contacts"]["acknowledged messages a second"]  # type: ignore[index]
    assert set(rates) == {"0", "30"}
