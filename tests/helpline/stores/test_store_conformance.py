"""What every store must do, whichever database is underneath (`ports.Store`)."""

import asyncio
import hashlib
from datetime import UTC, datetime, timedelta

import pytest

from helpline.errors import ClaimTaken, Conflict
from helpline.ports import Head, Record, Store
from helpline.stores.audit_chain import first_break
from tests.helpline.stores.conftest import Opener

EVENING = datetime(2026, 3, 6, 22, 40, 0, 123456, tzinfo=UTC)
HOUR = timedelta(hours=1)


def seqs(records: list[Record]) -> list[tuple[int, int]]:
    return [(record.first_seq, record.count) for record in records]


async def test_what_was_appended_is_read_back_in_order(store: Store) -> None:
    await store.append(Record("c-1", 1, 2, b"first"))
    await store.append(Record("c-1", 3, 1, b"second"))
    assert await store.read("c-1") == [Record("c-1", 1, 2, b"first"), Record("c-1", 3, 1, b"second")]


async def test_logs_do_not_see_each_other(store: Store) -> None:
    await store.append(Record("c-1", 1, 1, b"one"))
    await store.append(Record("c-10", 1, 1, b"ten"))
    assert await store.read("c-1") == [Record("c-1", 1, 1, b"one")]
    assert await store.read("c-2") == []


async def test_reading_after_a_seq_gives_the_record_that_holds_the_next_event(store: Store) -> None:
    for first, count in ((1, 1), (2, 3), (5, 1), (6, 2)):
        await store.append(Record("c-1", first, count, b"-"))
    assert seqs(await store.read("c-1", after=0)) == [(1, 1), (2, 3), (5, 1), (6, 2)]
    assert seqs(await store.read("c-1", after=1)) == [(2, 3), (5, 1), (6, 2)]
    assert seqs(await store.read("c-1", after=2)) == [(2, 3), (5, 1), (6, 2)]
    assert seqs(await store.read("c-1", after=4)) == [(5, 1), (6, 2)]
    assert seqs(await store.read("c-1", after=6)) == [(6, 2)]
    assert seqs(await store.read("c-1", after=7)) == []
    assert seqs(await store.read("c-1", after=1, limit=2)) == [(2, 3), (5, 1)]


@pytest.mark.parametrize("first_seq", [1, 2, 4, 9])
async def test_an_append_that_does_not_continue_the_log_conflicts_and_changes_nothing(
    store: Store, first_seq: int
) -> None:
    await store.append(Record("c-1", 1, 2, b"first"))
    with pytest.raises(Conflict):
        await store.append(Record("c-1", first_seq, 1, b"second", (b"claim",), (first_seq,)))
    assert await store.read("c-1") == [Record("c-1", 1, 2, b"first")]
    assert await store.find(b"claim") is None


async def test_a_log_begins_at_one(store: Store) -> None:
    with pytest.raises(Conflict):
        await store.append(Record("c-1", 2, 1, b"-"))
    assert await store.read("c-1") == []


@pytest.mark.parametrize("first_seq", [1, 2, 4])
async def test_a_log_from_before_a_restart_still_refuses_what_does_not_continue_it(
    open_store: Opener, first_seq: int
) -> None:
    before = await open_store()
    await before.append(Record("c-1", 1, 2, b"first"))
    await before.close()
    after = await open_store()
    with pytest.raises(Conflict):
        await after.append(Record("c-1", first_seq, 1, b"second"))
    await after.append(Record("c-1", 3, 1, b"second"))
    await after.append(Record("c-2", 1, 1, b"another"))
    assert seqs(await after.read("c-1")) == [(1, 2), (3, 1)]
    assert seqs(await after.read("c-2")) == [(1, 1)]


async def test_of_two_appends_with_the_same_seq_exactly_one_is_kept(store: Store) -> None:
    bodies = [b"a", b"b", b"c", b"d"]
    outcomes = await asyncio.gather(
        *[store.append(Record("c-1", 1, 1, body)) for body in bodies], return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes].count(Conflict) == 3
    assert len(await store.read("c-1")) == 1


async def test_a_claim_is_found_with_the_event_that_made_it(store: Store) -> None:
    await store.append(Record("c-1", 1, 3, b"-", (b"start", b"token"), (1, 3)))
    assert await store.find(b"start") == ("c-1", 1)
    assert await store.find(b"token") == ("c-1", 3)
    assert await store.find(b"other") is None


async def test_a_claim_is_held_once_in_the_whole_store_and_the_refusal_says_by_whom(store: Store) -> None:
    await store.append(Record("c-1", 1, 2, b"-", (b"phone",), (2,)))
    with pytest.raises(ClaimTaken) as refused:
        await store.append(Record("c-2", 1, 1, b"-", (b"new", b"phone"), (1, 1)))
    assert (refused.value.claim, refused.value.log, refused.value.seq) == (b"phone", "c-1", 2)
    assert await store.read("c-2") == []
    assert await store.find(b"new") is None


async def test_a_claim_is_held_once_even_in_its_own_log(store: Store) -> None:
    await store.append(Record("c-1", 1, 1, b"-", (b"client id",), (1,)))
    with pytest.raises(ClaimTaken) as refused:
        await store.append(Record("c-1", 2, 1, b"-", (b"client id",), (2,)))
    assert (refused.value.log, refused.value.seq) == ("c-1", 1)


async def test_records_without_claims_never_collide(store: Store) -> None:
    await asyncio.gather(*[store.append(Record(f"c-{n}", 1, 1, b"-")) for n in range(20)])
    for n in range(20):
        assert seqs(await store.read(f"c-{n}")) == [(1, 1)]


async def test_a_claim_given_back_can_be_made_again(store: Store) -> None:
    await store.append(Record("c-1", 1, 1, b"-", (b"phone", b"token"), (1, 1)))
    await store.release("c-1", [b"phone", b"never held"])
    assert await store.find(b"phone") is None
    assert await store.find(b"token") == ("c-1", 1)
    await store.append(Record("c-2", 1, 1, b"-", (b"phone",), (1,)))
    assert await store.find(b"phone") == ("c-2", 1)


async def test_a_claim_that_another_log_has_by_now_is_not_given_back_by_whoever_is_late(store: Store) -> None:
    await store.append(Record("c-1", 1, 1, b"-", (b"phone",), (1,)))
    await store.release("c-1", [b"phone"])
    await store.append(Record("c-2", 1, 1, b"-", (b"phone",), (1,)))
    await store.release("c-1", [b"phone"])
    assert await store.find(b"phone") == ("c-2", 1)
    with pytest.raises(ClaimTaken):
        await store.append(Record("c-3", 1, 1, b"-", (b"phone",), (1,)))


@pytest.mark.parametrize(
    "record",
    [
        Record("c-1", 0, 1, b"-"),
        Record("c-1", 1, 0, b"-"),
        Record("c-1", 1, 1, b"-", (b"claim",), ()),
        Record("c-1", 1, 1, b"-", (b"claim", b"claim"), (1, 1)),
        Record("c-1", 1, 1, b"-", head=Head("c-2", 1, True, None, EVENING)),
    ],
)
async def test_a_record_that_makes_no_sense_is_the_callers_mistake(store: Store, record: Record) -> None:
    with pytest.raises(ValueError):
        await store.append(record)
    assert await store.read("c-1") == []


async def test_a_head_is_there_as_soon_as_its_record_is_acknowledged(store: Store) -> None:
    head = Head("c-1", 1, True, EVENING + HOUR, EVENING)
    await store.append(Record("c-1", 1, 1, b"-", head=head))
    assert await store.heads() == [head]


async def test_a_head_is_not_written_when_its_record_is_refused(store: Store) -> None:
    with pytest.raises(Conflict):
        await store.append(Record("c-1", 5, 1, b"-", head=Head("c-1", 5, True, None, EVENING)))
    assert await store.heads() == []


async def test_only_live_logs_are_among_the_heads_and_a_later_head_replaces_an_earlier_one(
    store: Store,
) -> None:
    await store.append(Record("c-1", 1, 1, b"-", head=Head("c-1", 1, True, None, EVENING)))
    await store.append(Record("c-2", 1, 1, b"-", head=Head("c-2", 1, True, None, EVENING)))
    await store.append(Record("c-3", 1, 1, b"-"))
    await store.append(Record("c-1", 2, 1, b"-"))
    assert [head.log for head in await store.heads()] == ["c-1", "c-2"]
    moved = Head("c-2", 2, True, EVENING + HOUR, EVENING)
    await store.append(Record("c-2", 2, 1, b"-", head=moved))
    await store.append(Record("c-1", 3, 1, b"-", head=Head("c-1", 3, False, None, EVENING)))
    assert await store.heads() == [moved]


async def test_which_of_many_logs_have_gone_on_is_one_question(store: Store) -> None:
    for log, count in (("c-1", 1), ("c-2", 3), ("c-3", 2)):
        await store.append(Record(log, 1, count, b"-"))
    assert await store.grown({"c-1": 1, "c-2": 3, "c-3": 2}) == []
    assert await store.grown({}) == []
    await store.append(Record("c-2", 4, 2, b"-"))
    await store.append(Record("c-2", 6, 1, b"-"))
    told = {"c-1": 1, "c-2": 3, "c-3": 0, "c-4": 0, "c-22": 0}
    assert sorted(await store.grown(told)) == ["c-2", "c-3"]
    many = {f"c-9{number}": 0 for number in range(3_000)}
    assert await store.grown({**many, "c-2": 5}) == ["c-2"]
    assert await store.grown({**many, "c-2": 6}) == []


async def test_a_log_whose_first_record_had_no_head_can_get_one_later(store: Store) -> None:
    await store.append(Record("c-1", 1, 1, b"-"))
    late = Head("c-1", 2, True, None, EVENING)
    await store.append(Record("c-1", 2, 1, b"-", head=late))
    assert await store.heads() == [late]


async def test_logs_are_listed_by_opening_newest_first_closed_ones_too(store: Store) -> None:
    for name, hours, live in (("c-a", 0, True), ("c-b", 1, False), ("c-c", 2, True), ("s-a", 1, True)):
        head = Head(name, 1, live, None, EVENING + hours * HOUR)
        await store.append(Record(name, 1, 1, b"-", head=head))
    await store.append(Record("c-without", 1, 1, b"-"))
    until = EVENING + 3 * HOUR
    assert [head.log for head in await store.logs("c-", EVENING, until)] == ["c-c", "c-b", "c-a"]
    assert [head.log for head in await store.logs("c-", EVENING, EVENING + HOUR)] == ["c-a"]
    assert [head.log for head in await store.logs("", EVENING + HOUR, EVENING + 2 * HOUR)] == ["s-a", "c-b"]
    assert [head.log for head in await store.logs("c-", EVENING, until, limit=1)] == ["c-c"]
    assert [head.live for head in await store.logs("c-b", EVENING, until)] == [False]
    assert await store.logs("c_", EVENING, until) == []
    assert await store.logs("%", EVENING, until) == []


async def test_a_document_is_new_once_and_then_changes_from_the_version_one_saw(store: Store) -> None:
    first = await store.put("shift", "a", b"one", 0)
    assert (first.version, first.body, first.gone) == (1, b"one", False)
    with pytest.raises(Conflict):
        await store.put("shift", "a", b"again", 0)
    second = await store.put("shift", "a", b"two", 1)
    assert second.version == 2
    with pytest.raises(Conflict):
        await store.put("shift", "a", b"late", 1)
    with pytest.raises(Conflict):
        await store.put("shift", "b", b"never was", 1)
    assert await store.get("shift", "a") == second
    assert await store.get("shift", "b") is None
    assert await store.get("person", "a") is None


async def test_changes_of_documents_share_one_rising_number(store: Store) -> None:
    first = await store.put("shift", "a", b"-", 0)
    second = await store.put("person", "a", b"-", 0)
    third = await store.put("shift", "a", b"-", 1)
    assert first.change < second.change < third.change


async def test_a_change_number_is_never_given_out_twice(open_store: Opener) -> None:
    before = await open_store()
    last = await before.put("session", "a", b"-", 0)
    await before.drop("session", ["a"])
    await before.close()
    after = await open_store()
    assert (await after.put("session", "b", b"-", 0)).change > last.change


async def test_of_many_who_change_one_document_from_the_same_version_one_succeeds(store: Store) -> None:
    outcomes = await asyncio.gather(
        *[store.put("hours", "all", bytes([n]), 0) for n in range(10)], return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes].count(Conflict) == 9
    assert len(await store.all("hours")) == 1


async def test_a_document_that_is_gone_stays_known_as_gone(store: Store) -> None:
    await store.put("person", "a", b"one", 0)
    gone = await store.put("person", "a", b"", 1, gone=True)
    kept = await store.put("person", "b", b"two", 0)
    assert await store.get("person", "a") == gone
    assert gone.gone
    assert await store.all("person") == [gone, kept]
    with pytest.raises(Conflict):
        await store.put("person", "a", b"new", 0)
    assert not (await store.put("person", "a", b"back", 2)).gone


async def test_dropped_documents_leave_nothing(store: Store) -> None:
    for id_ in "abc":
        await store.put("session", id_, b"-", 0)
    await store.put("person", "a", b"-", 0)
    await store.drop("session", ["a", "c", "never was"])
    assert [document.id for document in await store.all("session")] == ["b"]
    assert len(await store.all("person")) == 1
    assert (await store.put("session", "a", b"-", 0)).version == 1


async def test_audit_entries_are_chained_without_gaps_whoever_writes_at_once(store: Store) -> None:
    await asyncio.gather(*[store.audit(f"entry {n}".encode()) for n in range(30)])
    entries = await store.audit_entries()
    assert [entry.n for entry in entries] == list(range(1, 31))
    assert {entry.body for entry in entries} == {f"entry {n}".encode() for n in range(30)}
    assert first_break(entries) is None
    link = bytes(32)
    for entry in entries:
        link = hashlib.sha256(link + entry.n.to_bytes(8, "big") + entry.body).digest()
        assert entry.link == link


async def test_the_chain_goes_on_after_a_restart_and_is_read_in_pages(open_store: Opener) -> None:
    before = await open_store()
    first = await before.audit(b"one")
    await before.close()
    after = await open_store()
    second = await after.audit(b"two")
    assert await after.audit_entries(after=1) == [second]
    assert await after.audit_entries(limit=1) == [first]
    assert first_break([second], after=1, previous=first.link) is None


async def test_a_changed_or_missing_audit_entry_is_found(store: Store) -> None:
    for n in range(5):
        await store.audit(bytes([n]))
    entries = await store.audit_entries()
    changed = type(entries[2])(entries[2].n, b"changed", entries[2].link)
    assert first_break([*entries[:2], changed, *entries[3:]]) == 3
    assert first_break([*entries[:3], *entries[4:]]) == 4


async def test_facts_are_those_of_the_time_asked_for(store: Store) -> None:
    for n in range(4):
        await store.keep_facts(f"c-{n}", 1, EVENING + n * HOUR, bytes([n]))
    assert await store.facts(EVENING + HOUR, EVENING + 3 * HOUR) == [b"\x01", b"\x02"]


async def test_a_log_counts_once_in_the_facts_under_the_newest_definition(store: Store) -> None:
    await store.keep_facts("c-1", 1, EVENING, b"one")
    await store.keep_facts("c-1", 1, EVENING, b"closed again")
    assert await store.facts(EVENING, EVENING + HOUR) == [b"closed again"]
    await store.keep_facts("c-1", 2, EVENING, b"redefined")
    await store.keep_facts("c-1", 1, EVENING, b"from an older node")
    assert await store.facts(EVENING, EVENING + HOUR) == [b"redefined"]


async def test_a_lease_is_held_by_one_until_it_ends(store: Store) -> None:
    until = EVENING + HOUR
    assert await store.lease("dispatcher", "node a", until, EVENING)
    assert not await store.lease("dispatcher", "node b", until + HOUR, EVENING)
    assert await store.lease("pages", "node b", until, EVENING)
    assert await store.lease("dispatcher", "node a", until + HOUR, EVENING)
    assert not await store.lease("dispatcher", "node b", until + 2 * HOUR, until)
    assert await store.lease("dispatcher", "node b", until + 2 * HOUR, until + HOUR)
    assert not await store.lease("dispatcher", "node a", until + 3 * HOUR, until + HOUR)


async def test_of_many_who_want_a_lease_one_gets_it(store: Store) -> None:
    wanted = [store.lease("dispatcher", f"node {n}", EVENING + HOUR, EVENING) for n in range(8)]
    assert (await asyncio.gather(*wanted)).count(True) == 1


async def test_everything_is_still_there_after_a_restart(open_store: Opener) -> None:
    before = await open_store()
    head = Head("c-1", 1, True, EVENING, EVENING)
    await before.append(Record("c-1", 1, 1, b"words", (b"claim",), (1,), head))
    document = await before.put("shift", "a", b"-", 0)
    await before.keep_facts("c-1", 1, EVENING, b"facts")
    await before.lease("dispatcher", "node a", EVENING + HOUR, EVENING)
    await before.close()
    after = await open_store()
    assert after.epoch == before.epoch
    assert await after.read("c-1") == [Record("c-1", 1, 1, b"words")]
    assert await after.find(b"claim") == ("c-1", 1)
    assert await after.heads() == [head]
    assert await after.all("shift") == [document]
    assert await after.facts(EVENING, EVENING + HOUR) == [b"facts"]
    assert not await after.lease("dispatcher", "node b", EVENING + HOUR, EVENING)


async def test_what_waits_when_the_store_is_closed_is_written_first(open_store: Opener) -> None:
    before = await open_store()
    waiting = [asyncio.ensure_future(before.append(Record(f"c-{n}", 1, 1, b"-"))) for n in range(50)]
    await asyncio.sleep(0)
    await before.close()
    await asyncio.gather(*waiting)
    after = await open_store()
    for n in range(50):
        assert seqs(await after.read(f"c-{n}")) == [(1, 1)]


async def test_a_naive_instant_is_refused(store: Store) -> None:
    naive = EVENING.replace(tzinfo=None)
    with pytest.raises(TypeError):
        await store.append(Record("c-1", 1, 1, b"-", head=Head("c-1", 1, True, naive, EVENING)))
    with pytest.raises(TypeError):
        await store.facts(naive, naive)
    assert await store.read("c-1") == []


async def test_of_those_who_wait_together_the_refused_take_nobody_with_them(store: Store) -> None:
    await store.append(Record("c-held", 1, 1, b"-", (b"held",), (1,)))
    outcomes = await asyncio.gather(
        store.append(Record("c-1", 1, 1, b"-", (b"a",), (1,))),
        store.append(Record("c-held", 1, 1, b"late")),
        store.append(Record("c-2", 1, 1, b"-", (b"b", b"held"), (1, 1))),
        store.append(Record("c-3", 1, 1, b"-", (b"odd",), (2**70,))),
        store.append(Record("c-4", 1, 1, b"-", (b"b",), (1,))),
        store.append(Record("c-5", 1, 1, b"-", (b"b",), (1,))),
        return_exceptions=True,
    )
    kinds = [type(None), Conflict, ClaimTaken, OverflowError, type(None), ClaimTaken]
    assert [type(outcome) for outcome in outcomes] == kinds
    assert [len(await store.read(f"c-{n}")) for n in range(1, 6)] == [1, 0, 0, 1, 0]
    assert await store.find(b"b") == ("c-4", 1)


async def test_the_store_has_a_time_of_its_own_aware_and_going_on(store: Store) -> None:
    first = await store.now()
    assert first.tzinfo is not None
    # The engine runs on this very machine; on another its clock may differ, which is why nodes ask.
    assert abs(first - datetime.now(UTC)) < timedelta(minutes=1)
    assert await store.now() >= first


async def test_whoever_says_first_which_keys_the_data_belongs_to_decides_for_good(open_store: Opener) -> None:
    store = await open_store()
    said = await asyncio.gather(*[store.belong_to(f"key/{n}") for n in range(5)])
    assert len(set(said)) == 1
    await store.close()
    assert await (await open_store()).belong_to("another/1") == said[0]
