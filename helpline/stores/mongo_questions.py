"""A question to MongoDB is seen through, also when whoever asked it has gone away.

The driver keeps two of its promises only to those who wait: cancelled while it opens a connection, it leaves the socket
to the garbage collector, and cancelled within a try, it may take that for an answer that got lost and try again.
"""

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from helpline.agenda import told_to_end
from helpline.errors import NotSaved

T = TypeVar("T")
P = ParamSpec("P")


class Questions:
    """The questions of one store that are under way."""

    def __init__(self) -> None:
        self._under_way: set[asyncio.Task[Any]] = set()

    async def answer(self, question: Coroutine[Any, Any, T]) -> T:
        """The answer; whoever is cancelled waits no more, and the question goes on.

        `NotSaved` where the question itself came to nothing: that is no word to whoever asked to end.
        """
        asked = asyncio.ensure_future(question)
        self._under_way.add(asked)
        asked.add_done_callback(self._under_way.discard)
        try:
            return await asyncio.shield(asked)
        except asyncio.CancelledError:
            if asked.cancelled() and not told_to_end():
                raise NotSaved from None
            raise

    async def settled(self) -> None:
        """Returns once none is under way. Each has a limit of its own."""
        while self._under_way:
            await asyncio.wait(self._under_way)


class _Asks(Protocol):
    @property
    def questions(self) -> Questions: ...


S = TypeVar("S", bound=_Asks)


def seen_through(
    ask: Callable[Concatenate[S, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[S, P], Coroutine[Any, Any, T]]:
    """A method that asks, and is not cut short."""

    @wraps(ask)
    async def asked(self: S, /, *given: P.args, **named: P.kwargs) -> T:
        return await self.questions.answer(ask(self, *given, **named))

    return asked
