"""`python -m bench NAME [--quick] [--json]`."""

import argparse
import asyncio
import sys
import time
from collections.abc import Callable, Coroutine
from typing import Any

from rich.console import Console

from bench import (
    appends,
    cluster,
    connections,
    directory,
    dispatch,
    growth,
    idle,
    profiling,
    relay,
    rota,
    texts,
)
from bench.figures import Result
from bench.report import as_json, print_table
from bench.rig import BenchFailed

BENCHES: dict[str, Callable[..., Coroutine[Any, Any, Result]]] = {
    "relay": relay.run,
    "connections": connections.run,
    "dispatch": dispatch.run,
    "rota": rota.run,
    "directory": directory.run,
    "texts": texts.run,
    "store": appends.run,
    "cluster": cluster.run,
    "idle": idle.run,
    "growth": growth.run,
}


def main() -> int:
    arguments = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    arguments.add_argument("name", choices=BENCHES)
    arguments.add_argument("--quick", action="store_true", help="within three minutes, with the same ratios")
    arguments.add_argument("--json", action="store_true", help="one JSON object as the last line")
    arguments.add_argument("--profile", action="store_true", help="relay: where the product's time goes")
    given = arguments.parse_args()
    progress = Console(stderr=True)
    run = profiling.run if given.profile else BENCHES[given.name]

    began = time.monotonic()

    def say(what: str) -> None:
        progress.print(f"{time.monotonic() - began:6.1f} s  {what}", style="dim", highlight=False)

    try:
        result = asyncio.run(run(quick=given.quick, say=say))
    except BenchFailed as failed:
        progress.print(f"bench {given.name}: {failed}", style="bold")
        return 1
    except KeyboardInterrupt:
        progress.print("stopped")
        return 130
    if given.json:
        print(as_json(result), flush=True)
    else:
        print_table(result, Console())
    return 0


if __name__ == "__main__":
    sys.exit(main())
