"""The checker itself: held against every order there is, and against histories whose answer is known."""

import itertools
from collections.abc import Hashable, Iterable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.linear import checker
from tests.linear.checker import Model, Operation, TooHard, failures
from tests.linear.models import Appending, Assigning, Claiming, Slots


class Register:
    """`write value` and `read` → value, as in the literature."""

    def initial(self, key: str) -> int:
        return 0

    def step(self, state: int, operation: Operation) -> Iterable[int]:
        what, *given = operation.asked
        if what == "write":
            return (given[0],)
        return (state,) if operation.open or operation.answer == state else ()


class Queue:
    """`enqueue value` and `dequeue` → the oldest value, or None from an empty one."""

    def initial(self, key: str) -> tuple[Any, ...]:
        return ()

    def step(self, state: tuple[Any, ...], operation: Operation) -> Iterable[tuple[Any, ...]]:
        what, *given = operation.asked
        if what == "enqueue":
            return ((*state, *given),)
        first = state[0] if state else None
        return (state[1:],) if operation.open or operation.answer == first else ()


def during(
    called: int, returned: int | None, asked: Any, answer: Any = None, client: str = "", key: str = "x"
) -> Operation:
    return Operation(client or f"client {called}", key, asked, answer, called, returned)


def some_order_explains(model: Model, operations: Sequence[Operation]) -> bool:
    """The definition itself: try every order of every choice of those that may not have happened."""
    done = [one for one in operations if not one.open]
    may_have = [one for one in operations if one.open]
    for size in range(len(may_have) + 1):
        for happened in itertools.combinations(may_have, size):
            for order in itertools.permutations([*done, *happened]):
                if _in_time(order) and _explains(model, order):
                    return True
    return False


def _in_time(order: Sequence[Operation]) -> bool:
    return not any(
        later.returned is not None and later.returned < earlier.called
        for earlier, later in itertools.combinations(order, 2)
    )


def _explains(model: Model, order: Sequence[Operation]) -> bool:
    states: set[Hashable] = {model.initial("x")}
    for operation in order:
        states = {after for state in states for after in model.step(state, operation)}
    return bool(states)


spans = st.tuples(st.integers(0, 8), st.one_of(st.none(), st.integers(1, 4)))
register_calls = st.one_of(
    st.tuples(st.just(("read",)), st.integers(0, 2)),
    st.tuples(st.tuples(st.just("write"), st.integers(0, 2)), st.none()),
)
appends = st.one_of(
    st.tuples(st.just(("read",)), st.sampled_from([(0, ""), (1, "a"), (2, "b")])),
    st.tuples(
        st.tuples(st.just("append"), st.integers(1, 3), st.just(1), st.just("e")),
        st.sampled_from(["ok", "conflict"]),
    ),
)
claims = st.one_of(
    st.tuples(st.just(("find",)), st.sampled_from(["", "a", "b"])),
    st.tuples(st.tuples(st.just("claim"), st.sampled_from("ab")), st.sampled_from(["ok", "a", "b"])),
    st.tuples(st.tuples(st.just("release"), st.sampled_from("ab")), st.just("ok")),
)
slots = st.one_of(
    st.tuples(st.just(("read",)), st.sampled_from([(), ("c",), ("c", "d")])),
    st.tuples(st.tuples(st.just("hold"), st.sampled_from("cde")), st.sampled_from([1, 2, 3, "no"])),
    st.tuples(st.tuples(st.just("free"), st.sampled_from("cd")), st.sampled_from([2, 3, 4, "no"])),
)


class OnlySeq(Appending):
    """The log without its digest, so that reads made up by chance are sometimes right."""

    def step(self, state: Any, operation: Operation) -> Iterable[Any]:
        if operation.asked == ("read",):
            return (state,) if operation.open or operation.answer[0] == state.seq else ()
        return super().step(state, operation)


def history_of(calls: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Operation]]:
    def one(number: int, call: Any, span: tuple[int, int | None]) -> Operation:
        (asked, answer), (called, lasts) = call, span
        if lasts is None:
            return during(called, None, asked, client=str(number))
        return during(called, called + lasts, asked, answer, client=str(number))

    return st.lists(st.tuples(calls, spans), max_size=5).map(
        lambda drawn: [one(number, *each) for number, each in enumerate(drawn)]
    )


@pytest.mark.parametrize(
    ("model", "calls"),
    [(Register(), register_calls), (OnlySeq(), appends), (Claiming(), claims), (Slots(2), slots)],
    ids=["a register", "a log", "a claim", "slots"],
)
def test_the_search_says_what_trying_every_order_says(model: Model, calls: st.SearchStrategy[Any]) -> None:
    seen: set[bool] = set()

    @given(history_of(calls))
    def holds(history: list[Operation]) -> None:
        expected = some_order_explains(model, history)
        seen.add(expected)
        wrong = failures(model, history)
        assert bool(wrong) != expected
        assert all(one.refused in one.operations for one in wrong)

    holds()
    assert seen == {True, False}


# Herlihy & Wing, "Linearizability: a correctness condition for concurrent objects", 1990, figure 1: the four queues.
FIGURE_1A = [
    during(0, 20, ("enqueue", "x"), client="A"),
    during(10, 30, ("enqueue", "y"), client="B"),
    during(40, 50, ("dequeue",), "x", client="B"),
    during(45, 60, ("dequeue",), "y", client="A"),
    during(70, 80, ("enqueue", "z"), client="A"),
]
FIGURE_1B = [
    during(0, 10, ("enqueue", "x"), client="A"),
    during(20, 30, ("enqueue", "y"), client="B"),
    during(40, 50, ("dequeue",), "y", client="A"),
]
FIGURE_1C = [during(0, 30, ("enqueue", "x"), client="A"), during(10, 20, ("dequeue",), "x", client="B")]
FIGURE_1D = [
    during(0, 20, ("enqueue", "x"), client="A"),
    during(10, 30, ("enqueue", "y"), client="B"),
    during(40, 60, ("dequeue",), "y", client="A"),
    during(50, 70, ("dequeue",), "y", client="C"),
]


def test_the_queues_of_herlihy_and_wing_are_judged_as_they_are_in_the_paper() -> None:
    assert not failures(Queue(), FIGURE_1A)
    assert failures(Queue(), FIGURE_1B)
    assert not failures(Queue(), FIGURE_1C)
    assert failures(Queue(), FIGURE_1D)


def test_a_read_may_see_what_is_being_written_and_then_nobody_may_see_less() -> None:
    writing = during(0, 100, ("write", 1))
    sees = during(10, 20, ("read",), 1)
    assert not failures(Register(), [writing, sees, during(15, 40, ("read",), 0)])
    assert failures(Register(), [writing, sees, during(30, 40, ("read",), 0)])


def test_what_was_never_answered_may_happen_late_or_never_but_not_twice() -> None:
    lost = during(0, None, ("write", 1))
    assert not failures(Register(), [lost, during(10, 20, ("read",), 0)])
    assert not failures(Register(), [lost, during(10, 20, ("read",), 0), during(900, 910, ("read",), 1)])
    others = [during(10, 20, ("read",), 1), during(30, 40, ("write", 2)), during(50, 60, ("read",), 1)]
    assert failures(Register(), [lost, *others])


def test_keys_are_judged_apart_and_the_one_that_is_wrong_is_named() -> None:
    right = [during(0, 10, ("write", 1), key="right"), during(20, 30, ("read",), 1, key="right")]
    wrong = [during(0, 10, ("write", 1), key="wrong"), during(20, 30, ("read",), 0, key="wrong")]
    assert [one.key for one in failures(Register(), [*right, *wrong])] == ["wrong"]


def test_a_counterexample_has_only_what_it_needs_and_can_be_read() -> None:
    history = [during(20 * n, 20 * n + 10, ("write", n)) for n in range(1, 100)]
    history += [during(20 * n + 5, 20 * n + 15, ("read",), n) for n in range(1, 100)]
    history += [during(5_000, 5_010, ("read",), 98, client="late")]
    [found] = failures(Register(), history)
    assert len(found.operations) <= 3
    assert found.refused.client == "late"
    said = str(found)
    assert "late: read → 98  ← fits nowhere" in said
    assert "write 99" in said
    assert len(said.splitlines()) == 2 + len(found.operations)
    assert "by then: 99" in said


def test_of_a_double_acceptance_the_second_is_shown_and_who_had_them_by_then() -> None:
    offered = during(0, 10, ("offered", "dev", "o-1"), 3, client="the service")
    first = during(20, 30, ("accept", "dev", "o-1"), 4, client="dev")
    again = during(40, 50, ("accept", "dev", "o-1"), 5, client="dev's other window")
    talk = [during(n, n + 1, ("read",), ("live", "dev", "", n)) for n in range(60, 160, 5)]
    [found] = failures(Assigning(), [offered, first, again, *talk])
    assert found.refused.client == "dev's other window"
    assert "by then: live with dev at seq 4" in str(found)
    assert "accept dev o-1 → 5  ← fits nowhere" in str(found)


def test_a_history_too_hard_to_judge_is_never_called_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checker, "MOST_WAYS", 50)
    at_once = [during(0, 100, ("enqueue", number)) for number in range(8)]
    with pytest.raises(TooHard):
        failures(Queue(), at_once)
