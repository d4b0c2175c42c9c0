"""The two forms of a result: a table for people, one line of JSON for machines."""

import os
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import msgspec
import psutil
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bench.figures import Result, rounded

LIBRARIES = ("python-socketio", "python-engineio", "aiohttp", "uvloop", "msgspec", "cryptography")


def machine() -> dict[str, object]:
    """What the figures were taken on. Ratios carry over to other machines, figures do not."""
    return {
        "cores": os.cpu_count(),
        "processor": _processor(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load_average": os.getloadavg()[0],
        "libraries": {name: version(name) for name in LIBRARIES},
    }


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def as_json(result: Result) -> str:
    """`{"bench", "figures", "ratios", "notes"}` on one line."""
    return msgspec.json.encode(rounded(msgspec.to_builtins(result))).decode()


def print_table(result: Result, console: Console) -> None:
    table = Table(title=f"bench {result.bench}", title_justify="left", box=SIMPLE_HEAD)
    table.add_column("figure")
    table.add_column("value", justify="right")
    for name, value in result.figures.items():
        _add_rows(table, name, value, depth=0)
    console.print(table)
    if result.ratios:
        table = Table(title="ratios", title_justify="left", box=SIMPLE_HEAD)
        table.add_column("ratio")
        table.add_column("value", justify="right")
        for name, ratio in result.ratios.items():
            table.add_row(name, _shown(ratio))
        console.print(table)
    for note in result.notes:
        console.print(f"- {note}", highlight=False)


def _add_rows(table: Table, name: str, value: object, depth: int) -> None:
    """A figure, or a heading with those under it one step further in."""
    indented = "  " * depth + escape(name)
    if isinstance(value, Mapping):
        table.add_row(f"[bold]{indented}[/bold]" if depth == 0 else indented, "")
        for key, one in value.items():
            _add_rows(table, str(key), one, depth + 1)
    else:
        table.add_row(indented, escape(_shown(value)))


def _shown(value: object) -> str:
    value = rounded(value, 3)
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:g}"
    return str(value)
