"""What the environment gives: a value itself, or the file it stands in, as containers and systemd hand out secrets."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from helpline.errors import BadRequest


def given(name: str, environ: Mapping[str, str] = os.environ) -> str:
    """What `name` holds, or what stands in the file that `name`_FILE names; empty without either.

    Raises `BadRequest` with the mend. It never repeats what it read.
    """
    value, file = environ.get(name, ""), environ.get(f"{name}_FILE", "")
    if value and file:
        raise BadRequest(f"{name} and {name}_FILE are both given: keep one of them.")
    return secret_in(Path(file), f"{name}_FILE") if file else value


def secret_in(file: Path, setting: str) -> str:
    """What stands in a file that `setting` names, without the line's end. Raises `BadRequest` with the mend."""
    try:
        secret = file.read_text(encoding="utf-8").strip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        said = getattr(error, "strerror", None) or "it is not text"
        raise BadRequest(f"{setting} {file}: cannot be read ({said})") from None
    if not secret:
        raise BadRequest(f"{setting} {file}: is empty; write into it what is to be kept secret")
    return secret


def open_to_others(file: Path) -> bool:
    """Whether anybody but we may read or change it.

    A secret that Kubernetes or a container engine mounts is another user's, and ours to read by its group alone.
    """
    held = file.stat()
    forbidden = 0o077 if held.st_uid == os.geteuid() else 0o037
    return bool(stat.S_IMODE(held.st_mode) & forbidden)
