"""The two forms of a result: a table for people, one line of JSON for machines."""

import os
import platform
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path

import msgspec
import psutil
from rich.console import Console
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
    table = Table(title=f"bench {result.bench}", title_justify="left")
    table.add_column("figure")
    table.add_column("value", justify="right")
    for name, value in _flat(result.figures):
        table.add_row(name, _shown(value))
    console.print(table)
    table = Table(title="ratios", title_justify="left")
    table.add_column("ratio")
    table.add_column("value", justify="right")
    for name, value in result.ratios.items():
        table.add_row(name, _shown(value))
    console.print(table)
    for note in result.notes:
        console.print(f"- {note}", highlight=False)


def _flat(figures: Mapping[str, object], under: str = "") -> Iterator[tuple[str, object]]:
    for name, value in figures.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{under}{name} · ")
        else:
            yield f"{under}{name}", value


def _shown(value: object) -> str:
    value = rounded(value, 3)
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:g}"
    return str(value)
