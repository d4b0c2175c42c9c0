"""What `bench cluster` measures: real nodes, real engines, the ratios that are asked for."""

from bench.cluster import BARE, FULL, INSERTS, MANAGED, PRODUCT, QUICK, TWO, Found, managed_rig, result
from bench.figures import Result
from bench.rig import product_rig, rig
from tests.engines import Redis, database_in


def test_both_forms_measure_what_every_ratio_is_made_of() -> None:
    for plan in (QUICK, FULL):
        assert plan.nodes == (1, 2, 3)
        assert (plan.pairs, plan.many) == (50, 500)
        assert min(plan.rounds, plan.appends.rounds) >= 3


def test_the_ratios_are_those_of_two_nodes_and_of_one_beside_an_insert_for_each_message() -> None:
    found = {1: Found(), TWO: Found()}
    for nodes, pairs, name, rate in (
        (1, 50, PRODUCT, 900.0),
        (1, 50, INSERTS, 300.0),
        (1, 50, MANAGED, 1.0),
        (TWO, 50, PRODUCT, 120.0),
        (TWO, 50, MANAGED, 100.0),
        (TWO, 500, PRODUCT, 500.0),
        (TWO, 500, MANAGED, 100.0),
    ):
        found[nodes].add(pairs, name, rate)
    kept = Result("store", {"machine": {}}, {"append_vs_driver": 0.9, "append_vs_driver_50": 1.0}, [])
    assert result(found, kept, QUICK).ratios == {
        "relay_50_vs_managed": 1.2,
        "relay_500_vs_managed": 5.0,
        "mongo_relay_vs_single_insert": 3.0,
        "append_vs_driver": 0.9,
    }


async def test_a_person_at_one_node_is_heard_at_the_next_in_the_product_and_in_both_yardsticks(
    replica_set: str, redis: Redis
) -> None:
    store = database_in(replica_set, "bench_cluster")
    product = product_rig(2, nodes=TWO, store=store, bus=redis.address)
    inserts = rig(INSERTS, "bare", (*BARE, "--insert", database_in(replica_set, "bench_inserts")))
    async with product as ours, managed_rig(TWO, redis.address) as theirs, inserts as one:
        assert len(ours.servers) == len(theirs.servers) == TWO
        for each in (ours, theirs, one):
            await each.open_pairs(2)
            await each.driver.do("flood", use=2, warm=0.1, seconds=0.3)
            counts = await each.driver.do("counts")
            assert counts["arrived"] == counts["acked"] > 0
            assert counts["failed"] == 0
