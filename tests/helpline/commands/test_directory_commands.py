"""`helpline directory import` and `export`: with the server running and without, what they print and what they keep."""

import asyncio
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from app import COMMANDS
from helpline.clock import SystemClock
from helpline.commands.control import control_socket
from helpline.commands.directory import directory_export, directory_import
from helpline.errors import BadRequest
from helpline.service import Helpline
from helpline.settings import Settings
from tests.helpline.evening import definition_in

TABLE = "name,hours\nNight café,mon-fri 18:00-23:00\nHaven,evenings\n"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    definition_in(tmp_path)
    return Settings(definition=tmp_path / "evening.toml", data=tmp_path / "data", keys=tmp_path / "keys")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    file = tmp_path / "directory.csv"
    file.write_text(TABLE, encoding="utf-8")
    return file


def console() -> tuple[Console, StringIO]:
    text = StringIO()
    return Console(file=text, width=200, highlight=False), text


def test_a_file_is_looked_at_then_kept_and_written_out_again(
    settings: Settings, table: Path, tmp_path: Path
) -> None:
    to, text = console()
    refused = tmp_path / "refused.csv"
    assert directory_import(settings, table, to, save=False, refused=refused) == 1
    said = text.getvalue()
    assert "2 entries read. Would be taken in: 1 new, 0 changed, 0 the same." in said
    assert "line 3: “evenings” cannot be read" in said
    assert "2/2" in said
    assert "Haven" in refused.read_text(encoding="utf-8")
    assert directory_import(settings, table, console()[0], save=True, refused=None) == 1
    out = tmp_path / "out.json"
    to, text = console()
    assert directory_export(settings, out, to, public=True) == 0
    assert "Night café" in out.read_text(encoding="utf-8")
    to, text = console()
    assert directory_import(settings, out, to, save=True, refused=None) in (0, 1)
    assert "1 the same" in text.getvalue()


def test_no_file_is_no_import(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="no such file"):
        directory_import(settings, tmp_path / "none.csv", console()[0], save=False, refused=None)


async def test_the_running_server_takes_it_in_and_everybody_sees_it(settings: Settings, table: Path) -> None:
    definition = definition_in(settings.data.parent)
    helpline = await Helpline.open(definition, data=settings.data, keys=settings.keys, clock=SystemClock())
    try:
        async with control_socket(settings.data, helpline, COMMANDS):
            to, _ = console()
            await asyncio.to_thread(directory_import, settings, table, to, save=True, refused=None)
            assert [one.name for one in helpline.directory.services] == ["Night café"]
            [step] = await helpline.directory.history(limit=1)
            assert (step.what, step.by.name) == ("imported", "The command line")
    finally:
        await helpline.close()
