"""The `helpline` command: what it prints, what it keeps, and its exit status."""

import asyncio
import json
import re
import stat
from collections.abc import AsyncIterator
from io import StringIO
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.console import Console
from typer.testing import CliRunner

from app import COMMANDS, DEMO, cli
from helpline.clock import SystemClock
from helpline.commands import demo, doctor, serve
from helpline.commands.control import NAME, NotDone, control_socket, done
from helpline.commands.people import added, new_password
from helpline.commands.rota_on import on_duty
from helpline.definition import Definition, read_definition
from helpline.errors import BadRequest, HelplineError, StoreBusy
from helpline.service import Helpline
from helpline.settings import Settings

OLA = {"id": "ola", "name": "Ola", "shown_name": "Ola", "roles": ["supporter"], "languages": ["pl"]}


def _settings(folder: Path, **more: Any) -> Settings:
    return msgspec.structs.replace(
        Settings(definition=DEMO, data=folder / "data", keys=folder / "keys", demo=True), **more
    )


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Helpline]:
    """A server's half: the files open, and the socket for commands."""
    settings = _settings(tmp_path)
    definition = read_definition(DEMO)
    helpline = await Helpline.open(definition, data=settings.data, keys=settings.keys, clock=SystemClock())
    async with control_socket(settings.data, helpline, COMMANDS):
        yield helpline
    await helpline.close()


async def test_somebody_is_added_while_the_server_runs(running: Helpline, tmp_path: Path) -> None:
    answer = await done(_settings(tmp_path), "people add", added, OLA)
    assert await running.people.signs_in("ola", answer["password"]) is not None
    with pytest.raises(NotDone, match="somebody called ola already"):
        await done(_settings(tmp_path), "people add", added, OLA)


async def test_with_no_server_the_command_opens_the_files_itself(tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    answer = await done(settings, "people add", added, OLA)
    helpline = await Helpline.open(
        read_definition(DEMO), data=settings.data, keys=settings.keys, clock=SystemClock()
    )
    assert await helpline.people.signs_in("ola", answer["password"]) is not None
    with pytest.raises(StoreBusy):
        await done(settings, "people add", added, {**OLA, "id": "lou2"})
    await helpline.close()


async def test_the_control_socket_is_this_users_only_and_gone_when_the_server_is(tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    helpline = await Helpline.open(
        read_definition(DEMO), data=settings.data, keys=settings.keys, clock=SystemClock()
    )
    async with control_socket(settings.data, helpline, COMMANDS):
        assert stat.S_IMODE((settings.data / NAME).stat().st_mode) == 0o600
    assert not (settings.data / NAME).exists()
    await helpline.close()


async def test_what_is_no_request_is_refused_and_the_next_is_served(
    running: Helpline, tmp_path: Path
) -> None:
    for line in (b"nonsense\n", b"[]\n", b'{"do":"no such thing"}\n'):
        reader, writer = await asyncio.open_unix_connection(tmp_path / "data" / NAME)
        writer.write(line)
        assert msgspec.json.decode(await reader.readline())["error"]
        writer.close()
    answer = await done(_settings(tmp_path), "rota on", on_duty, {"at": ""})
    assert {duty["person"] for duty in answer["on"]} >= {"ania", "jo"}


async def test_a_role_that_is_none_is_refused_by_name(running: Helpline, tmp_path: Path) -> None:
    with pytest.raises(NotDone, match="roles"):
        await done(_settings(tmp_path), "people add", added, {**OLA, "roles": ["queen"]})


async def test_an_instant_needs_its_offset(running: Helpline, tmp_path: Path) -> None:
    for at in ("yesterday", "2026-03-29T01:30:00"):
        with pytest.raises(NotDone, match="at "):
            await done(_settings(tmp_path), "rota on", on_duty, {"at": at})
    with pytest.raises(BadRequest):
        await on_duty(running, {"at": "yesterday"})


def test_passwords_can_be_read_out_and_differ() -> None:
    made = {new_password() for _ in range(100)}
    assert len(made) == 100
    assert all(len(one) == 19 and not set(one) & set("l1o0i") for one in made)


def test_the_demonstration_tells_where_to_go_and_keeps_its_sign_ins(tmp_path: Path) -> None:
    served: list[tuple[Settings, Definition]] = []
    told = [StringIO(), StringIO()]
    for out in told:
        status = demo.demo(
            DEMO, tmp_path / "demo", 8123, lambda *given: served.append(given), Console(file=out, width=200)
        )
        assert status == 0
    (settings, _), _ = served
    assert (settings.host, settings.demo) == ("127.0.0.1", True)
    for place in (
        "localhost:8123/chat",
        "localhost:8123/desk",
        "127.0.0.1:8123/board",
        "localhost:8123/demo/phone",
    ):
        assert f"http://{place}\n" in re.sub(r" +\n", "\n", told[0].getvalue())
    sign_ins = json.loads((tmp_path / "demo" / demo.SIGN_INS).read_text())
    assert stat.S_IMODE((tmp_path / "demo" / demo.SIGN_INS).stat().st_mode) == 0o600
    for out in told:
        assert all(password in out.getvalue() for password in sign_ins.values())


def test_a_demonstration_without_a_folder_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    folders: list[Path] = []
    demo.demo(DEMO, None, 8123, lambda settings, _: folders.append(settings.data), Console(file=StringIO()))
    assert folders[0].is_relative_to(tmp_path)
    assert not folders[0].exists()


@pytest.fixture
def ready_to_serve(tmp_path: Path) -> Path:
    """The demonstration made into what `serve` accepts: approved, and real numbers for fictitious ones."""
    text = DEMO.read_text()
    text = text.replace("\ndemo = true", "\ndemo = false", 1)
    return _written(tmp_path / "service.toml", text)


def _written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def _serve(definition: Path, folder: Path) -> tuple[int, str, list[Settings]]:
    served: list[Settings] = []
    out = StringIO()
    settings = serve.settings_for(definition, data=folder / "data", keys=None)
    status = serve.serve(settings, lambda given, _: served.append(given), Console(file=out, width=400))
    return status, out.getvalue(), served


def test_serve_refuses_by_file_key_and_mend_and_opens_nothing(ready_to_serve: Path, tmp_path: Path) -> None:
    status, told, served = _serve(ready_to_serve, tmp_path)
    assert status == 1
    assert "service.toml: ladder.approved_by:" in told
    assert "fictitious" in told
    assert served == []
    assert not (tmp_path / "data").exists()


def test_serve_sends_a_demonstration_to_demo(tmp_path: Path) -> None:
    status, told, served = _serve(DEMO, tmp_path)
    assert (status, served) == (1, [])
    assert "helpline demo" in told


def test_the_first_start_makes_the_key_outside_the_data_and_says_to_keep_a_copy(
    ready_to_serve: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "refusals_to_serve", lambda *_, **__: [])
    status, told, served = _serve(ready_to_serve, tmp_path)
    assert status == 0
    key = served[0].keys / "service.key"
    assert str(key) in told
    assert "Keep a copy" in told
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert not key.is_relative_to(served[0].data)
    status, told, _ = _serve(ready_to_serve, tmp_path)
    assert (status, "Keep a copy" in told) == (0, False)
    key.unlink()
    with pytest.raises(HelplineError, match=r"service\.key is missing"):
        _serve(ready_to_serve, tmp_path)


def test_more_than_one_worker_needs_more_than_this_machine(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="MongoDB and Redis"):
        serve.settings_for(DEMO, data=tmp_path / "data", keys=None, workers=2)
    with pytest.raises(BadRequest, match="--public-origin"):
        serve.settings_for(DEMO, data=tmp_path / "data", keys=None, host="0.0.0.0")
    with pytest.raises(BadRequest, match="https://"):
        serve.settings_for(DEMO, data=tmp_path / "data", keys=None, public_origin="chat.example.org")


def test_the_doctor_says_what_is_well_and_what_to_look_at(tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    out = StringIO()
    assert doctor.doctor(settings, Console(file=out, width=400)) == 1
    assert "LOOK  key" in out.getvalue()
    asyncio.run(demo.employed(settings, read_definition(DEMO)))
    out = StringIO()
    assert doctor.doctor(settings, Console(file=out, width=400)) == 0, out.getvalue()
    (settings.keys / "service.key").chmod(0o644)
    with pytest.raises(HelplineError, match="chmod 600"):
        doctor.doctor(settings, Console(file=StringIO(), width=400))


def test_the_command_line_asks_the_rota(tmp_path: Path) -> None:
    folders = ["--data", str(tmp_path / "data"), "--keys", str(tmp_path / "keys")]
    answered = CliRunner().invoke(cli, ["rota", "on", str(DEMO), "--json", *folders])
    assert answered.exit_code == 0, answered.output
    on = json.loads(answered.output.strip().splitlines()[-1])["on"]
    assert {duty["role"] for duty in on} >= {"supporter", "lead"}
    assert "Ania" in CliRunner().invoke(cli, ["rota", "on", str(DEMO), *folders]).output


def test_the_command_line_has_every_command() -> None:
    told = CliRunner().invoke(cli, ["--help"]).output
    for command in ("serve", "demo", "check", "new", "doctor", "people", "rota", "backup", "restore", "keys"):
        assert command in told
