"""Is there an order of these operations, one after another, that explains every answer and every instant?

That is linearizability (Herlihy & Wing 1990): each operation seems to happen at one moment between its call and its
return. The search is Lowe's just-in-time linearization ("Testing for linearizability", 2017), a descendant of Wing &
Gong (1993): calls and returns are walked in order of time, an operation is placed only when its return demands it, and
what was placed together with the state it led to is remembered, so that no two ways to the same place are both gone.
Histories are taken apart by key first, which Horn & Kroening (2015) showed to lose nothing.

An operation that never returned may have happened at any moment since its call, or not at all.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import Any, Protocol

import msgspec

MOST_WAYS = 200_000
"""Of one search. Past it the history is said to be too hard, never to be right."""
FEW_WAYS = 2_000
"""Of one attempt at leaving an operation out of a counterexample."""


class Operation(msgspec.Struct, frozen=True):
    """What a client asked of `key`, and what it was told. Instants are nanoseconds of one clock that only goes forward.

    `returned` is None, and `answer` with it, for an operation whose outcome nobody knows.
    """

    client: str
    key: str
    asked: Any
    answer: Any
    called: int
    returned: int | None

    @property
    def open(self) -> bool:
        return self.returned is None


class Model(Protocol):
    """What the thing under test ought to do, one operation at a time."""

    def initial(self, key: str) -> Hashable: ...

    def step(self, state: Any, operation: Operation) -> Iterable[Hashable]:
        """The states it may lead to from `state`; none when it could not have been answered so.

        Of an open operation: every state it may have led to.
        """
        ...


class TooHard(Exception):
    """The search would take longer than it is worth; nothing is known of the history."""


Way = tuple[Hashable, frozenset[int]]
"""A state, and which of the operations under way are placed already."""


class Failure(msgspec.Struct, frozen=True):
    """A history that no order explains. `states` are all that were possible before `operations`, and `refused` is the
    one whose answer then fits nowhere, in particular not in any of the states of `by_then`, those possible just before
    it returned. What else was going on is left out: whatever became of it, no order fits."""

    key: str
    states: tuple[Hashable, ...]
    by_then: tuple[Hashable, ...]
    operations: tuple[Operation, ...]
    refused: Operation

    def __str__(self) -> str:
        began = min(operation.called for operation in self.operations)
        lines = [f"{self.key}: no order explains these, from {' or '.join(map(str, self.states))}"]
        for operation in sorted(self.operations, key=lambda one: one.called):
            ends = "      …" if operation.returned is None else f"{(operation.returned - began) / 1e6:7.1f}"
            said = "never answered" if operation.open else _said(operation.answer)
            mark = "  ← fits nowhere" if operation == self.refused else ""
            asked = _said(operation.asked)
            lines.append(
                f"  {(operation.called - began) / 1e6:7.1f} –{ends} ms  {operation.client}: {asked} → {said}{mark}"
            )
        lines.append(f"  by then: {' or '.join(map(str, self.by_then))}")
        return "\n".join(lines)


def _said(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def failures(model: Model, history: Iterable[Operation]) -> list[Failure]:
    """What is wrong with a history, key by key; empty when it is linearizable."""
    apart: dict[str, list[Operation]] = defaultdict(list)
    for operation in history:
        apart[operation.key].append(operation)
    found = (failure(model, key, operations) for key, operations in apart.items())
    return [each for each in found if each is not None]


def failure(model: Model, key: str, operations: Sequence[Operation]) -> Failure | None:
    """What is wrong with the history of one key, cut down to the operations that matter."""
    search = _Search(model, operations)
    for _ in search.walk({(model.initial(key), frozenset())}):
        if search.refused is not None:
            return _cut_down(model, key, operations, search.refused)
    return None


class _Search:
    """The walk through the calls and returns of one key."""

    def __init__(self, model: Model, operations: Sequence[Operation], most: int | None = None) -> None:
        self._model, self._operations, self._most = model, operations, most or MOST_WAYS
        self._pending: dict[int, Operation] = {}
        self.refused: int | None = None

    def walk(self, ways: set[Way]) -> Iterator[tuple[int, set[Way]]]:
        """After each call or return, its instant and the ways that are left; ends with `refused` when none is."""
        for instant, returns, number in _moments(self._operations):
            if returns:
                ways = self._placed(ways, number)
                if not ways:
                    self.refused = number
                del self._pending[number]
                ways = {(state, done - {number}) for state, done in ways}
            else:
                self._pending[number] = self._operations[number]
                ways = {self._with_what_changes_nothing(way) for way in ways}
            yield instant, ways
            if self.refused is not None:
                return

    def _placed(self, ways: set[Way], wanted: int) -> set[Way]:
        """Every way on from `ways` that has placed `wanted`, and nothing after it."""
        found: set[Way] = set()
        seen = set(ways)
        looked_at = list(ways)
        while looked_at:
            way = looked_at.pop()
            if wanted in way[1]:
                found.add(way)
                continue
            for following in self._on_from(way):
                if following not in seen:
                    seen.add(following)
                    looked_at.append(following)
            if len(seen) > self._most:
                raise TooHard(f"more than {self._most} ways through {self._operations[wanted]}")
        return found

    def _on_from(self, way: Way) -> Iterator[Way]:
        state, done = way
        for number, operation in self._pending.items():
            if number not in done:
                for after in self._model.step(state, operation):
                    if after != state or not operation.open:
                        yield self._with_what_changes_nothing((after, done | {number}))

    def _with_what_changes_nothing(self, way: Way) -> Way:
        """Whatever is under way, fits here and leaves the state alone is placed at once: waiting would gain nothing."""
        state, done = way
        more = {
            number
            for number, operation in self._pending.items()
            if number not in done
            and not operation.open
            and tuple(self._model.step(state, operation)) == (state,)
        }
        return (state, done | more) if more else way


def _moments(operations: Sequence[Operation]) -> list[tuple[int, bool, int]]:
    """Calls and returns in order of time; at the same instant calls come first, so that both overlap."""
    moments = [(one.called, False, number) for number, one in enumerate(operations)]
    moments += [
        (one.returned, True, number) for number, one in enumerate(operations) if one.returned is not None
    ]
    return sorted(moments)


# -- a counterexample to be read -----------------------------------------------------------------------------------


def _cut_down(model: Model, key: str, operations: Sequence[Operation], refused: int) -> Failure:
    """The last operations before the failure, from where something last happened, and of those only the needed ones.

    One that is not needed is held to nothing: it may have happened since its call, or not. That can only make more
    orders possible, so what is left fails whatever became of the others.
    """
    as_told, operations = operations, _ranked(operations)
    since, ways, by_then = _where_it_last_changed(model, key, operations)
    end = operations[refused].returned
    assert end is not None
    under_way = [
        number
        for number, one in enumerate(operations)
        if one.called <= end and (one.returned is None or one.returned > since)
    ]
    kept = set(under_way)
    for number in sorted(kept - {refused}, key=lambda n: -operations[n].called):
        if _still_fails(model, operations, since, ways, under_way, kept - {number}):
            kept.discard(number)
    needed = tuple(as_told[number] for number in sorted(kept))
    return Failure(key, _states(ways), _states(by_then), needed, as_told[refused])


def _states(ways: Iterable[Way]) -> tuple[Hashable, ...]:
    return tuple(sorted({state for state, _ in ways}, key=repr))


def _ranked(operations: Sequence[Operation]) -> list[Operation]:
    """The same with the place of each instant among all of them, so that no two are the same."""
    ranked = list(operations)
    for rank, (_, returns, number) in enumerate(_moments(operations)):
        if returns:
            ranked[number] = msgspec.structs.replace(ranked[number], returned=rank)
        else:
            ranked[number] = msgspec.structs.replace(ranked[number], called=rank)
    return ranked


def _where_it_last_changed(
    model: Model, key: str, operations: Sequence[Operation]
) -> tuple[int, set[Way], set[Way]]:
    """The last instant, with the ways there were, before the state became what it was just before the failure; and the
    ways there were then."""
    beginning: set[Way] = {(model.initial(key), frozenset())}
    walked = [(-1, beginning), *_Search(model, operations).walk(beginning)][:-1]
    by_then = walked[-1][1]
    for instant, ways in reversed(walked):
        if _states(ways) != _states(by_then):
            return instant, ways, by_then
    return *walked[0], by_then


def _still_fails(
    model: Model,
    operations: Sequence[Operation],
    since: int,
    ways: set[Way],
    under_way: Sequence[int],
    kept: set[int],
) -> bool:
    """Whether no order fits, from these ways on, when only `kept` of those under way are held to what they said."""
    window = [operations[number] if number in kept else _unknown(operations[number]) for number in under_way]
    window = [msgspec.structs.replace(one, called=max(one.called, since)) for one in window]
    renumbered = {number: n for n, number in enumerate(under_way)}
    beginning = {
        (state, frozenset(renumbered[number] for number in placed if number in renumbered))
        for state, placed in ways
    }
    search = _Search(model, window, FEW_WAYS)
    try:
        for _ in search.walk(beginning):
            pass
    except TooHard:
        return False
    return search.refused is not None


def _unknown(operation: Operation) -> Operation:
    return msgspec.structs.replace(operation, answer=None, returned=None)
