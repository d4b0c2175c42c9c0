"""What every command of `helpline` is told: the service's file, and where its data and its key are kept."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

DefinitionFile = Annotated[Path, typer.Argument(help="The service's own TOML file.", metavar="FILE")]
DataFolder = Annotated[Path | None, typer.Option("--data", help="Where the data is kept.")]
KeysFolder = Annotated[
    Path | None, typer.Option("--keys", help="Where the service key is kept: not in the data.")
]
StoreAddress = Annotated[
    str,
    typer.Option(
        "--store",
        help="Keep everything in MongoDB: mongodb://host1,host2,host3/?replicaSet=name. With a password, "
        "put it in HELPLINE_STORE instead.",
    ),
]
KeyStoreAddress = Annotated[
    str,
    typer.Option(
        "--key-store",
        help="Keep the keys in a MongoDB of their own, where nodes on several machines share them. With a password, "
        "put it in HELPLINE_KEY_STORE instead.",
    ),
]
BusAddress = Annotated[
    str,
    typer.Option(
        "--bus",
        help="Be one of several nodes over one MongoDB, which hear of each other through Redis: redis://host:6379/0. "
        "With a password, put it in HELPLINE_BUS instead.",
    ),
]
Workers = Annotated[int, typer.Option(help="One for each core. More than one needs MongoDB and Redis.")]
say = Console(highlight=False, soft_wrap=True)
