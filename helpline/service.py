"""`Helpline`: the commands, and what channels call. One object for the whole service on this node."""

from pathlib import Path
from typing import Any

from helpline import tonight
from helpline.core import Parts
from helpline.definition import Definition
from helpline.opening import one_at_a_time
from helpline.people import Principal
from helpline.plan_contacts import own_contacts
from helpline.ports import Clock
from helpline.seeds import begin_rota
from helpline.settings import Settings
from helpline.staff_side import StaffSide


class Helpline(StaffSide):
    """Open it, `run` it, call its commands, `close` it. Every command is durable when it returns."""

    @classmethod
    async def open(
        cls,
        definition: Definition,
        *,
        data: Path,
        keys: Path,
        clock: Clock,
        bus: str = "",
        store: str = "",
        key_store: str = "",
    ) -> "Helpline":
        """Open data and keys (made when neither exists). Raises `StoreBusy`, `KeyMissing` and their like.

        `bus` is the address of Redis where several nodes run over one store, empty where this is the only one.
        `store` is the address of a MongoDB, empty for SQLite in `data`; `key_store` that of another for the keys,
        empty for a file in `keys`.
        """
        parts = await cls._parts(definition, data, keys, clock, bus, store, key_store)
        return await cls.on(parts, definition, clock)

    @classmethod
    async def where(cls, settings: Settings, definition: Definition, clock: Clock) -> "Helpline":
        """Open what these settings point at."""
        return await cls.open(
            definition,
            data=settings.data,
            keys=settings.keys,
            clock=clock,
            bus=settings.bus,
            store=settings.store,
            key_store=settings.key_store,
        )

    @classmethod
    async def on(cls, parts: Parts, definition: Definition, clock: Clock) -> "Helpline":
        """Open it on parts that are open already. They close with it, also when this fails."""
        helpline = cls(definition, clock, parts)
        try:
            await parts.bus.open()
            async with one_at_a_time(parts.store, parts.bus):
                await begin_rota(helpline.rota, definition, clock.now())
                await helpline.directory.open()
                await helpline.phrases.open()
                await helpline.post.open()
        except BaseException:
            await helpline.close()
            raise
        return helpline

    def mine(self, who: Principal) -> dict[str, Any]:
        """What a desk shows on connect."""
        return tonight.mine(self, who)

    def snapshot(self) -> dict[str, Any]:
        """What a board shows on connect."""
        return tonight.snapshot(self)

    async def panel(self, contact: str) -> dict[str, Any]:
        """The ladder panel of a contact."""
        fold = await self.contact(contact)
        return tonight.ladder_panel(self, fold, await own_contacts(self, fold))

    def supporter_connected(self, who: str) -> None:
        self.dispatcher.lines.supporter_connected(who)

    def supporter_disconnected(self, who: str) -> None:
        self.dispatcher.lines.supporter_disconnected(who)

    def person_connected(self, contact: str) -> None:
        self.dispatcher.lines.person_connected(contact)

    def person_disconnected(self, contact: str) -> None:
        self.dispatcher.lines.person_disconnected(contact)

    def person_came_by(self, contact: str) -> None:
        """A page without a socket was asked for."""
        self.dispatcher.lines.person_came_by(contact)
