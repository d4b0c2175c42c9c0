"""What the service promises, one operation at a time: the models its histories are held against.

Answers are what clients were told. A refusal is the code of its error.
"""

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

from tests.linear.checker import Operation


class Log(NamedTuple):
    """A log: its last seq, and a digest of everything in it."""

    seq: int = 0
    digest: str = ""

    def __str__(self) -> str:
        return f"a log at seq {self.seq} ({self.digest or 'empty'})"


def digest(before: str, body: str) -> str:
    """What a log with `before` digests to once `body` was appended."""
    return hashlib.sha256(f"{before}/{body}".encode()).hexdigest()[:10]


class Appending:
    """`append first_seq count body` → `ok` or `conflict`; `read` → the last seq and the digest."""

    def initial(self, key: str) -> Log:
        return Log()

    def step(self, state: Log, operation: Operation) -> Iterable[Log]:
        what, *given = operation.asked
        if what == "read":
            return (state,) if operation.open or tuple(operation.answer) == state else ()
        first, count, body = given
        fits = first == state.seq + 1
        after = Log(first + count - 1, digest(state.digest, body))
        if operation.open:
            return (after,) if fits else ()
        if operation.answer == "ok":
            return (after,) if fits else ()
        return () if fits else (state,)


class Claiming:
    """One claim. `claim log` → `ok` or the log that has it; `find` → that log or nothing; `release log` gives back what
    that log has, and nothing when another has it. State: who holds it."""

    def initial(self, key: str) -> str:
        return ""

    def step(self, state: str, operation: Operation) -> Iterable[str]:
        what, *given = operation.asked
        answer, unknown = operation.answer, operation.open
        if what == "find":
            return (state,) if unknown or answer == state else ()
        log = given[0]
        if what == "release":
            return ("",) if state == log else (state,)
        if state == "":
            return (log,) if unknown or answer == "ok" else ()
        return (state,) if not unknown and answer == state else ()


class Versions:
    """One document. `put expected` → the new version or `conflict`; `get` → the version and who wrote it."""

    def initial(self, key: str) -> tuple[int, str]:
        return (0, "")

    def step(self, state: tuple[int, str], operation: Operation) -> Iterable[tuple[int, str]]:
        what, *given = operation.asked
        if what == "get":
            return (state,) if operation.open or tuple(operation.answer) == state else ()
        expected, writer = given
        if expected != state[0]:
            return (state,) if not operation.open and operation.answer == "conflict" else ()
        return ((expected + 1, writer),) if operation.open or operation.answer == "ok" else ()


class Leasing:
    """One lease. `lease holder until now` → whether they have it. State: who has it, and until when."""

    def initial(self, key: str) -> tuple[str, int]:
        return ("", 0)

    def step(self, state: tuple[str, int], operation: Operation) -> Iterable[tuple[str, int]]:
        _, holder, until, now = operation.asked
        if state[0] in ("", holder) or state[1] <= now:
            return ((holder, until),) if operation.open or operation.answer is True else ()
        return (state,) if not operation.open and operation.answer is False else ()


class Held(NamedTuple):
    """The contacts that have a slot, and the seq of the last change of them that is known."""

    contacts: frozenset[str] = frozenset()
    seq: int = 0

    def __str__(self) -> str:
        return f"{{{', '.join(sorted(self.contacts))}}} at seq {self.seq}"


class Slots:
    """One supporter's slots, `capacity` of them. `hold contact` → its seq, or `no` when it is held already or none is
    free; `free contact` → its seq or `no`; `read` → the contacts that have one."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity

    def initial(self, key: str) -> Held:
        return Held()

    def step(self, state: Held, operation: Operation) -> Iterable[Held]:
        what, *given = operation.asked
        if what == "read":
            return (state,) if operation.open or frozenset(operation.answer) == state.contacts else ()
        contact, answer = given[0], operation.answer
        room = len(state.contacts) < self._capacity
        fits = contact not in state.contacts and room if what == "hold" else contact in state.contacts
        if not fits:
            return (state,) if answer == "no" else ()
        seq = state.seq + 1 if answer is None else answer
        if answer == "no" or seq <= state.seq:
            return ()
        after = state.contacts | {contact} if what == "hold" else state.contacts - {contact}
        return (Held(after, seq),)


class Once:
    """Whatever is started first stands: `start` → its name, the same for everybody."""

    def initial(self, key: str) -> str:
        return ""

    def step(self, state: str, operation: Operation) -> Iterable[str]:
        if operation.open:
            return ()
        return (operation.answer,) if state in ("", operation.answer) else ()


SOME_LOG = "a shift nobody was told of"


class OnShift:
    """Somebody's shift. `check_in` → the log of the one they are on, begun now if there was none; `check_out` → that
    log, again if they have left it, or `not_now`. State: the log they are on, and those that are over."""

    def initial(self, key: str) -> tuple[str, frozenset[str]]:
        return ("", frozenset())

    def step(
        self, state: tuple[str, frozenset[str]], operation: Operation
    ) -> Iterable[tuple[str, frozenset[str]]]:
        on, over = state
        if operation.asked[0] == "check_in":
            if operation.open:
                return (state,) if on else ((SOME_LOG, over),)
            log = operation.answer
            return ((log, over),) if on == log or (on in ("", SOME_LOG) and log not in over) else ()
        if operation.open:
            return (("", over | {on}),) if on else ()
        if operation.answer == "not_now":
            return () if on else (state,)
        [log] = operation.answer
        if on == SOME_LOG:
            return (("", over | {log}),) if log not in over else ()
        return (("", over | {on}),) if log == on or (not on and log in over) else ()


class Talking:
    """What a person wrote. `say ids` → the seq of each, the same as before for an id that was kept before; `read` → ids
    with their seqs, in order. State: those."""

    def initial(self, key: str) -> tuple[tuple[str, int], ...]:
        return ()

    def step(
        self, state: tuple[tuple[str, int], ...], operation: Operation
    ) -> Iterable[tuple[tuple[str, int], ...]]:
        what, *given = operation.asked
        if what == "read":
            return (state,) if operation.open or operation.answer == state else ()
        if operation.answer is None:
            return ()
        after, known = state, dict(state)
        for id, seq in zip(given[0], operation.answer, strict=True):
            if id in known:
                if known[id] != seq:
                    return ()
            elif after and after[-1][1] >= seq:
                return ()
            else:
                after = (*after, (id, seq))
                known[id] = seq
        return (after,)


class Hands(NamedTuple):
    """In whose hands a contact is: `waiting`, `live`, `wrap_up` or `ended`; who has them, and who is in with them; the
    standing offer and whose it is; and the seq of the last thing that is known to have happened."""

    phase: str = "waiting"
    owner: str = ""
    others: frozenset[str] = frozenset()
    offer: str = ""
    offered_to: str = ""
    seq: int = 0

    def __str__(self) -> str:
        offer = f", {self.offer} to {self.offered_to}" if self.offer else ""
        return f"{self.phase}{f' with {self.owner}' if self.owner else ''}{offer} at seq {self.seq}"

    def without_offer(self) -> "Hands":
        return self._replace(offer="", offered_to="")

    def has(self, who: str) -> bool:
        return who == self.owner or who in self.others


Pressed = tuple[Hands | None, set[str]]
"""What a press leads to, None where it is refused; and the refusals that fit."""


class Assigning:
    """One contact's owner. What clients ask: `accept offer`, `decline offer`, `transfer to`, `take_over`, `release`,
    `close`, `wrap_up`, each by `who`, answered with the seq it was written at or an error's code; and `read`.

    What the service does by itself (`offered`, `offer_ended`, `reopened`) comes from the log, with its seq. Every seq
    is given once and each is later than all before it. An open operation has the seq at which the log has it.
    """

    def initial(self, key: str) -> Hands:
        return Hands()

    def step(self, state: Hands, operation: Operation) -> Iterable[Hands]:
        what, *given = operation.asked
        if what == "read":
            return (state,) if operation.open else _as_read(state, *operation.answer)
        after, refusals = getattr(self, what)(state, *given)
        if isinstance(operation.answer, str):
            return (state,) if operation.answer in refusals else ()
        seq = state.seq + 1 if operation.answer is None else operation.answer
        return (after._replace(seq=seq),) if after is not None and seq > state.seq else ()

    def accept(self, s: Hands, who: str, offer: str) -> Pressed:
        if s.offer != offer or s.offered_to != who:
            return None, {"offer_gone"}
        stay = s.others | {s.owner} - {""} if s.phase == "live" else frozenset()
        return Hands("live", who, stay - {who}), set()

    def decline(self, s: Hands, who: str, offer: str) -> Pressed:
        if s.offer != offer or s.offered_to != who:
            return None, {"offer_gone"}
        return s.without_offer(), set()

    def transfer(self, s: Hands, who: str, to: str, offer: str) -> Pressed:
        """Not now: also when the colleague is not ready, which is another log's. Of two reasons either may be said."""
        if s.owner != who or s.phase != "live":
            return None, {"not_allowed", "not_found", "not_now"}
        return (None if s.offer else s._replace(offer=offer, offered_to=to)), {"not_now"}

    def take_over(self, s: Hands, who: str) -> Pressed:
        if s.phase not in ("waiting", "live") or s.owner == who:
            return None, {"not_now"}
        return Hands("live", who), set()

    def release(self, s: Hands, who: str) -> Pressed:
        if s.owner != who or s.phase != "live":
            return None, {"not_allowed", "not_found"}
        return Hands("waiting"), set()

    def close(self, s: Hands, who: str) -> Pressed:
        if s.phase != "live":
            return None, {"not_now", "not_found"}
        if not s.has(who):
            return None, {"not_allowed", "not_found"}
        return s.without_offer()._replace(phase="wrap_up"), set()

    def wrap_up(self, s: Hands, who: str) -> Pressed:
        if s.phase != "wrap_up":
            return None, {"not_now", "not_found"}
        if s.owner != who:
            return None, {"not_allowed", "not_found"}
        return Hands("ended"), set()

    def offered(self, s: Hands, to: str, offer: str) -> Pressed:
        """The service puts them to somebody, who waits and has no offer standing."""
        fits = s.phase == "waiting" and not s.offer
        return (s._replace(offer=offer, offered_to=to) if fits else None), set()

    def offer_ended(self, s: Hands, offer: str) -> Pressed:
        return (s.without_offer() if s.offer == offer else None), set()

    def reopened(self, s: Hands) -> Pressed:
        """The person wrote again."""
        return (Hands("waiting") if s.phase in ("wrap_up", "ended") else None), set()


def _as_read(state: Hands, phase: str, owner: str, offer: str, seq: int) -> Iterable[Hands]:
    """A read has everything that has happened; other things than these may have been written since."""
    same = (phase, owner, offer) == (state.phase, state.owner, state.offer) and seq >= state.seq
    return (state._replace(seq=seq),) if same else ()
