"""Where everything is put together: `init_app` for the web application, `main` for the `helpline` command."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Annotated

import aiohttp_jinja2
import jinja2
import structlog
import typer
from aiohttp import web

from helpline.clock import SystemClock
from helpline.commands import api_keys as opening
from helpline.commands import backup as keeping
from helpline.commands import check as checking
from helpline.commands import demo as demonstrating
from helpline.commands import directory as listing
from helpline.commands import doctor as examining
from helpline.commands import keys as guarding
from helpline.commands import move as moving
from helpline.commands import new as beginning
from helpline.commands import people as employing
from helpline.commands import rota_gaps as looking_ahead
from helpline.commands import rota_import as taking_in
from helpline.commands import rota_on as asking_the_rota
from helpline.commands import serve as serving
from helpline.commands.control import Doing, control_socket
from helpline.commands.garbage import collected_when_idle
from helpline.commands.options import (
    BusAddress,
    DataFolder,
    DefinitionFile,
    KeysFolder,
    KeyStoreAddress,
    StoreAddress,
    Workers,
    say,
)
from helpline.definition import BrokenDefinition, Definition, read_definition
from helpline.errors import HelplineError
from helpline.mail import SmtpMail, mail_server
from helpline.people import Account
from helpline.ports import Clock
from helpline.service import Helpline
from helpline.sessions import KIND as SESSION
from helpline.sessions import Sessions
from helpline.settings import Settings, address_in_environment, bus_in_environment
from sms import phone_line, phone_pages
from sms.circuit import Circuit
from sms.line_check import line_checked
from sms.refusals import in_plain_words
from webchat import (
    board_pages,
    calendar_pages,
    call_pages,
    chat_pages,
    desk_pages,
    directory_card,
    directory_near,
    directory_pages,
    exchange_pages,
    hours_pages,
    import_pages,
    phrase_pages,
    plan_pages,
    probes,
    record_pages,
    record_summary_pages,
    rota_api,
    rota_edit_pages,
    rota_pages,
    rota_planning_pages,
    rota_presses,
    sign_in,
    static_files,
)
from webchat.announcing import Announcing
from webchat.board_socket import BoardSocket
from webchat.desk_socket import DeskSocket
from webchat.engine import LARGEST_FRAME, attach, make_server
from webchat.keys import DEFINITION, HELPLINE, PEOPLE, REFUSALS, SESSIONS, SETTINGS, SIO
from webchat.person_socket import PersonSocket
from webchat.plan_telling import PlanTelling
from webchat.security import guard, is_our_origin, put_headers
from webchat.serving import serve as serve_until_told
from webchat.socket_keys import (
    ANNOUNCING,
    BOARD_SOCKET,
    DESK_SOCKET,
    PERSON_SOCKET,
    close_sessions,
    namespaces,
)

log = structlog.get_logger()
HOUSE = Path(__file__).resolve().parent
DEMO = HOUSE / "examples" / "demo.toml"
NAMESPACES = ("/person", "/desk", "/board")
PAGES = (
    chat_pages,
    call_pages,
    sign_in,
    desk_pages,
    board_pages,
    rota_pages,
    rota_presses,
    rota_planning_pages,
    rota_edit_pages,
    calendar_pages,
    import_pages,
    hours_pages,
    directory_pages,
    directory_card,
    directory_near,
    exchange_pages,
    phrase_pages,
    plan_pages,
    record_pages,
    record_summary_pages,
    rota_api,
    probes,
)
SWEEP_SECONDS = 30.0
COMMANDS: Mapping[str, Doing] = {
    "people add": employing.added,
    "people password": employing.repassworded,
    "rota on": asking_the_rota.on_duty,
    "rota gaps": looking_ahead.gaps_ahead,
    "rota import": taking_in.imported,
    "directory import": listing.imported,
    "directory export": listing.exported,
    "api add": opening.added,
    "api remove": opening.removed,
    "api list": opening.listed,
    "doctor": examining.examined,
}

# -- the web application -------------------------------------------------------------------------------------------


def init_app(
    settings: Settings, clock: Clock | None = None, *, definition: Definition | None = None
) -> web.Application:
    """The whole service as one application. Its files open when it starts and close when it stops.

    Raises `BrokenDefinition` when the file named in `settings` cannot be used.
    """
    app = web.Application(middlewares=[guard], client_max_size=LARGEST_FRAME)
    app[SETTINGS] = settings
    app[DEFINITION] = definition if definition is not None else read_definition(settings.definition)
    app[REFUSALS] = in_plain_words()
    app[SIO] = make_server(_our_origins(settings), NAMESPACES, websocket_only=settings.workers > 1)
    attach(app, app[SIO])
    aiohttp_jinja2.setup(
        app,
        loader=jinja2.FileSystemLoader(HOUSE / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for pages in PAGES:
        pages.add_routes(app)
    static_files.add_routes(app, HOUSE / "webchat" / "static")
    app.on_response_prepare.append(put_headers)
    app.cleanup_ctx.append(_service(clock or SystemClock()))
    app.cleanup_ctx.append(_sockets)
    _phone(app, settings)
    app.on_shutdown.append(_hang_up)
    return app


def _phone(app: web.Application, settings: Settings) -> None:
    """The phone line: the carrier's, or in a demonstration that takes texts or calls the pretended one."""

    def turned(circuit: Circuit) -> None:
        app[ANNOUNCING].phone_silent(circuit.since if circuit.open else None)

    if settings.carrier is not None:
        phone_line.attach(app, HELPLINE, settings.carrier, settings.origin, app[DEFINITION].country, turned)
    elif settings.demo and {"sms", "call"} & set(app[DEFINITION].channels):
        phone_pages.attach(app, HELPLINE, settings.origin, turned)


def _our_origins(settings: Settings) -> Callable[[str, dict[str, str]], bool]:
    def ours(origin: str, environ: dict[str, str]) -> bool:
        return is_our_origin(settings, origin, environ.get("HTTP_HOST", ""))

    return ours


def _service(clock: Clock) -> Callable[[web.Application], AsyncIterator[None]]:
    async def opened(app: web.Application) -> AsyncIterator[None]:
        settings = app[SETTINGS]
        helpline = await Helpline.where(settings, app[DEFINITION], clock)
        try:
            app[HELPLINE], app[PEOPLE] = helpline, helpline.people
            app[SESSIONS] = await Sessions.open(helpline.store, helpline.keys, clock, helpline.people)
            await helpline.run()
            helpline.post.start(_mail(settings, app[DEFINITION]), settings.origin)
            async with control_socket(settings.data, helpline, COMMANDS):
                yield
        finally:
            await helpline.close()

    return opened


def _mail(settings: Settings, definition: Definition) -> SmtpMail | None:
    server = mail_server(settings.mail, settings.mail_from, settings.mail_password_file)
    return SmtpMail(server, definition.rota.shown_as) if server is not None else None


async def _sockets(app: web.Application) -> AsyncIterator[None]:
    """The three namespaces, what tells them of changes, and the end of sessions that are over."""
    helpline, settings, sessions, server = app[HELPLINE], app[SETTINGS], app[SESSIONS], app[SIO]
    person = app[PERSON_SOCKET] = PersonSocket(helpline, settings)
    desk = app[DESK_SOCKET] = DeskSocket(helpline, settings, sessions)
    board = app[BOARD_SOCKET] = BoardSocket(helpline, settings, sessions)
    announcing = app[ANNOUNCING] = Announcing(helpline, person, desk, board)
    for namespace in (person, desk, board):
        namespace.announcing = announcing
        server.register_namespace(namespace)
    plans = PlanTelling(helpline, person, desk)
    helpline.people.listen(lambda account: _let_go(app, account))

    async def sessions_moved(id: str | None) -> None:
        close_sessions(app, await sessions.reread(id))

    helpline.following.follow(SESSION, sessions_moved)
    sweeping = asyncio.create_task(_sweep(app))
    yield
    sweeping.cancel()
    await asyncio.gather(sweeping, return_exceptions=True)
    plans.close()
    await announcing.close()
    await server.shutdown()


async def _sweep(app: web.Application) -> None:
    """An open page keeps its session from idling; a session that is over closes its pages."""
    while True:
        await asyncio.sleep(SWEEP_SECONDS)
        try:
            await _swept(app)
        except HelplineError as error:
            log.warning("sessions were not looked through; they are in a while", error=type(error).__name__)


async def _swept(app: web.Application) -> None:
    sessions = app[SESSIONS]
    for namespace in (app[DESK_SOCKET], app[BOARD_SOCKET]):
        for session in namespace.open_sessions():
            await sessions.touch(session)
    close_sessions(app, await sessions.sweep())


def _let_go(app: web.Application, account: Account) -> None:
    """An account that was deactivated is signed out everywhere, and its pages hang up at once."""

    async def ended() -> None:
        close_sessions(app, await app[SESSIONS].end_all(account.id))

    if not account.active:
        app[HELPLINE].in_background(ended())


async def _hang_up(app: web.Application) -> None:
    """Answer what was asked, then close every socket, so that stopping is quick and loses nothing."""
    await app[HELPLINE].drain()
    for place in namespaces(app):
        await place.settle()
    await app[SIO].eio.disconnect()


# -- running it ----------------------------------------------------------------------------------------------------


def run(settings: Settings, definition: Definition) -> None:
    """Serve until told to stop (SIGTERM, SIGINT), answering first what was asked."""
    _log_as(pretty=settings.demo)
    app = init_app(settings, definition=definition)
    app.cleanup_ctx.append(collected_when_idle)
    serve_until_told(app, settings)


def _log_as(*, pretty: bool) -> None:
    drawn: list[structlog.typing.Processor] = (
        [structlog.dev.ConsoleRenderer()]
        if pretty
        else [structlog.processors.dict_tracebacks, structlog.processors.JSONRenderer()]
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *drawn,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING if pretty else logging.INFO),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING)


# -- the command ---------------------------------------------------------------------------------------------------

cli = typer.Typer(
    name="helpline",
    help="A peer-support and out-of-hours helpline.",
    no_args_is_help=True,
    add_completion=False,
)
rota = typer.Typer(help="Who is on.", no_args_is_help=True)
cli.add_typer(employing.cli, name="people")
cli.add_typer(rota, name="rota")
cli.add_typer(listing.cli, name="directory")
cli.add_typer(opening.cli, name="api")
cli.add_typer(guarding.cli, name="keys")
cli.command("move")(moving.asked)
cli.command("backup")(keeping.backup)
cli.command("restore")(keeping.restore)


def main() -> None:
    """The `helpline` command. Exit status 0 when it went well, 1 when it did not, 2 when it was asked wrongly."""
    try:
        cli()
    except BrokenDefinition as broken:
        say.print(str(broken), markup=False)
        raise SystemExit(1) from None
    except HelplineError as refused:
        say.print(refused.message, markup=False)
        raise SystemExit(1) from None


@cli.command()
def serve(
    definition: DefinitionFile,
    data: DataFolder = None,
    keys: KeysFolder = None,
    store: StoreAddress = "",
    key_store: KeyStoreAddress = "",
    bus: BusAddress = "",
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on.")] = 8080,
    public_origin: Annotated[str, typer.Option(help="As browsers see it: https://chat.example.org")] = "",
    behind_proxy: Annotated[bool, typer.Option(help="Believe X-Forwarded-For.")] = False,
    workers: Workers = 1,
    mail: Annotated[str, typer.Option(help="Your mail server: smtp+starttls://user@host:587")] = "",
    mail_from: Annotated[str, typer.Option(help="Letters come from this address.")] = "",
    mail_password_file: Annotated[
        Path | None, typer.Option(help="Holds the password; or put it in HELPLINE_MAIL_PASSWORD.")
    ] = None,
    carrier: Annotated[
        Path | None, typer.Option(help="For texts: the file with your account at Twilio.")
    ] = None,
) -> None:
    """Run the service. Refuses while its ladder is not approved or a number is a fictitious one."""
    settings = serving.settings_for(
        definition,
        data=data,
        keys=keys,
        store=store,
        key_store=key_store,
        bus=bus,
        host=host,
        port=port,
        public_origin=public_origin,
        behind_proxy=behind_proxy,
        workers=workers,
        mail=mail,
        mail_from=mail_from,
        mail_password_file=mail_password_file,
        carrier=carrier,
    )
    raise typer.Exit(serving.serve(settings, run, say))


@cli.command()
def demo(
    data: DataFolder = None,
    port: Annotated[int, typer.Option(help="The port to listen on, on this machine only.")] = 8080,
    definition: Annotated[Path, typer.Option(help="Another demonstration's TOML file.")] = DEMO,
    store: StoreAddress = "",
    bus: BusAddress = "",
    workers: Workers = 1,
) -> None:
    """Show the service on this machine, with somebody on shift."""
    kept, heard = store or address_in_environment(), bus or bus_in_environment()
    raise typer.Exit(demonstrating.demo(definition, data, port, run, say, kept, heard, workers))


@cli.command()
def check(files: Annotated[list[Path], typer.Argument(metavar="FILE...")]) -> None:
    """Read service definitions and tell every mistake."""
    raise typer.Exit(checking.check(files, say))


@cli.command()
def new(file: Annotated[Path, typer.Argument(metavar="FILE")]) -> None:
    """Write a service of your own to fill in."""
    raise typer.Exit(beginning.new(file, say))


@cli.command()
def doctor(
    definition: DefinitionFile,
    data: DataFolder = None,
    keys: KeysFolder = None,
    carrier: Annotated[Path | None, typer.Option(help="Look over the phone line of this file too.")] = None,
    public_origin: Annotated[str, typer.Option(help="As the carrier calls us: https://…")] = "",
) -> None:
    """Look over a service's files, keys and logs."""
    settings = serving.settings_for(
        definition, data=data, keys=keys, public_origin=public_origin, carrier=carrier
    )
    raise typer.Exit(examining.doctor(settings, say, line_checked))


@rota.command("on")
def rota_on(
    definition: DefinitionFile,
    at: Annotated[
        str, typer.Option("--at", help="An instant, such as 2026-03-29T01:30:00Z; now when left out.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    data: DataFolder = None,
    keys: KeysFolder = None,
) -> None:
    """Say who is on at an instant."""
    settings = serving.settings_for(definition, data=data, keys=keys)
    raise typer.Exit(asking_the_rota.rota_on(settings, at, say, as_json=as_json))


@rota.command("gaps")
def rota_gaps(
    definition: DefinitionFile,
    weeks: Annotated[
        int | None,
        typer.Option(
            "--weeks",
            min=1,
            max=looking_ahead.MOST_WEEKS,
            help="How far to look; as the service does when left out.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    data: DataFolder = None,
    keys: KeysFolder = None,
) -> None:
    """Tell what is short of the minimum in the weeks ahead. Works while the server runs."""
    settings = serving.settings_for(definition, data=data, keys=keys)
    raise typer.Exit(looking_ahead.rota_gaps(settings, weeks, say, as_json=as_json))


@rota.command("import")
def rota_import(
    definition: DefinitionFile,
    file: Annotated[Path, typer.Argument(help="A calendar file (.ics).", metavar="CALENDAR")],
    source: Annotated[str, typer.Option(help="What to call where it comes from.")] = "",
    save: Annotated[bool, typer.Option("--save", help="Keep it. Left out, it is only looked at.")] = False,
    data: DataFolder = None,
    keys: KeysFolder = None,
) -> None:
    """Say what a calendar would change, and with --save keep it. Works while the server runs."""
    settings = serving.settings_for(definition, data=data, keys=keys)
    raise typer.Exit(taking_in.rota_import(settings, file, source, say, save=save))


if __name__ == "__main__":
    main()
