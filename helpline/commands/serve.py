"""`helpline serve`: a real service. Refuses, by file, key and mend, what is not fit for people in distress."""

import asyncio
from pathlib import Path

from rich.console import Console

from helpline.clock import SystemClock
from helpline.commands.workers import Run, is_worker, run_it
from helpline.definition import Definition, Mistake, read_definition, refusals_to_serve
from helpline.errors import BadRequest
from helpline.mail import mail_server
from helpline.service import Helpline
from helpline.service_key import SERVICE_KEY
from helpline.settings import (
    Settings,
    address_in_environment,
    bus_in_environment,
    default_data_folder,
    key_store_in_environment,
)
from helpline.stores.addresses import shown

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def settings_for(
    definition: Path,
    *,
    data: Path | None,
    keys: Path | None,
    store: str = "",
    key_store: str = "",
    bus: str = "",
    host: str = "127.0.0.1",
    port: int = 8080,
    public_origin: str = "",
    behind_proxy: bool = False,
    workers: int = 1,
    mail: str = "",
    mail_from: str = "",
    mail_password_file: Path | None = None,
    carrier: Path | None = None,
) -> Settings:
    """The settings a command was given; data and keys side by side in this user's own folder unless said."""
    if host not in LOOPBACK and not public_origin:
        raise BadRequest(
            f"--host {host}: say with --public-origin how browsers reach it, such as https://chat.example.org"
        )
    own = default_data_folder(definition.stem)
    return Settings(
        definition=definition,
        data=data or own / "data",
        keys=keys or (data.parent / f"{data.name}-keys" if data else own / "keys"),
        store=store or address_in_environment(),
        key_store=key_store or key_store_in_environment(),
        bus=bus or bus_in_environment(),
        workers=workers,
        host=host,
        port=port,
        public_origin=public_origin.rstrip("/"),
        behind_proxy=behind_proxy,
        mail=mail,
        mail_from=mail_from,
        mail_password_file=mail_password_file,
        carrier=carrier,
    )


def serve(settings: Settings, run: Run, say: Console) -> int:
    """Open the service and run it until it is told to stop. Exit status 1 when it refuses to open."""
    definition = read_definition(settings.definition)
    if definition.demo:
        say.print(
            f"{settings.definition.name}: demo: is a demonstration; run it with helpline demo", markup=False
        )
        return 1
    if is_worker():
        return run_it(settings, definition, run, say)
    if _refused(refusals_to_serve(definition, file=settings.definition.name), say):
        return 1
    if "sms" in definition.channels and settings.carrier is None:
        say.print("No phone line (--carrier): no text reaches this service.")
        if set(definition.channels) == {"sms"}:
            say.print(
                "It has no other channel, so it does not open. Give --carrier the file with your account."
            )
            return 1
    letters = mail_server(settings.mail, settings.mail_from, settings.mail_password_file)
    first = not (settings.keys / SERVICE_KEY).exists()
    refusals = asyncio.run(_opened(settings, definition))
    if first:
        say.print(f"Made the service key {settings.keys / SERVICE_KEY} (only you can read it).", markup=False)
        say.print(
            "Keep a copy in a safe place, apart from the data: without it nobody can read what was kept."
        )
    if _refused(refusals, say):
        return 1
    say.print(f"{definition.name}: {settings.origin}/chat", markup=False)
    if settings.store:
        say.print(f"Everything is kept in {shown(settings.store)}.", markup=False)
    if settings.key_store:
        say.print(f"The keys are kept in {shown(settings.key_store)}.", markup=False)
    if letters is None:
        say.print("No mail server (--mail): reminders and letters about the rota are not sent.")
    return run_it(settings, definition, run, say)


async def _opened(settings: Settings, definition: Definition) -> list[Mistake]:
    """Make what a first start makes, and look at the numbers as the store has them."""
    helpline = await Helpline.where(settings, definition, SystemClock())
    try:
        held = helpline.directory.contacts
        return refusals_to_serve(definition, file=settings.definition.name, crisis_contacts=held)
    finally:
        await helpline.close()


def _refused(refusals: list[Mistake], say: Console) -> bool:
    for refusal in refusals:
        say.print(str(refusal), markup=False)
    if refusals:
        say.print("The service does not open until this is mended.")
    return bool(refusals)
