"""Reads that never fall behind what this process was told, not even when another member takes the lead.

After an election the new primary may for a moment answer majority reads from before a write that was acknowledged.
Each session is therefore advanced to the newest instant any earlier one has seen.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bson import Timestamp
from pymongo.asynchronous.client_session import AsyncClientSession

from helpline.stores.mongo_shape import Client


class Horizon:
    """The newest instant of the replica set's clock that this process has seen."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._newest: Timestamp | None = None

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncClientSession]:
        """A session that reads no older data than any session before it has seen or written."""
        async with self._client.start_session(causal_consistency=True) as session:
            if self._newest is not None:
                session.advance_operation_time(self._newest)
            try:
                yield session
            finally:
                seen = session.operation_time
                if seen is not None and (self._newest is None or seen > self._newest):
                    self._newest = seen
