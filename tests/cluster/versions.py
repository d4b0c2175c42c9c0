"""Other versions of this program, to run beside it: the next one, made up here, and an earlier one from git's history."""

import io
import shutil
import subprocess
import tarfile
from pathlib import Path

from tests.crash.server import HOUSE

ROOMS = ("helpline", "webchat", "sms", "rota", "templates")
NODES = "helpline/nodes.py"

# What the next version has besides: a kind of event, a field of one there is, and more on the bus.
CANDLE = '''class CandleLit(Body, frozen=True, omit_defaults=True):
    """Beside the words of staff."""

    kind = "candle_lit"
    colour: str = ""


class Unknown('''
CHANGES: dict[str, tuple[tuple[str, str], ...]] = {
    "helpline/events.py": (
        ("class Unknown(", CANDLE),
        (
            'class Said(Body, frozen=True, omit_defaults=True):\n    """',
            'class Said(Body, frozen=True, omit_defaults=True):\n    mood: str = ""\n    """',
        ),
    ),
    "helpline/talking.py": (
        (
            "return Said(message.text, lang, message.client_id, digest(message.text, lang))",
            (
                "return Said(text=message.text, lang=lang, client_id=message.client_id, "
                'digest=digest(message.text, lang), mood="calm")'
            ),
        ),
        (
            "        return [(by, said(message, lang or c.language)) for message in messages]\n",
            (
                "        from helpline.events import CandleLit\n"
                "        words = [(by, said(message, lang or c.language)) for message in messages]\n"
                '        return [*words, (by, CandleLit("white"))]\n'
            ),
        ),
    ),
    "helpline/buses/frames.py": (
        ("    more: bool = False\n", "    more: bool = False\n    candles: int = 3\n"),
    ),
    "helpline/nodes.py": (
        ('    definition: str = ""\n', '    definition: str = ""\n    candles: int = 3\n'),
        (
            "        self._note_standing()\n",
            '        self._note_standing()\n        self._bus.pass_on("candles", b"3")\n',
        ),
    ),
}


def next_version(folder: Path) -> Path:
    """The `app.py` of a version that writes and says what this one does not know."""
    folder.mkdir()
    for room in ROOMS:
        shutil.copytree(HOUSE / room, folder / room, ignore=shutil.ignore_patterns("__pycache__"))
    for name, changes in CHANGES.items():
        text = (HOUSE / name).read_text()
        for before, after in changes:
            assert text.count(before) == 1, (name, before)
            text = text.replace(before, after)
        (folder / name).write_text(text)
    return Path(shutil.copy(HOUSE / "app.py", folder))


def earlier_version(folder: Path) -> Path | None:
    """The `app.py` of the first commit that could be one of several nodes; None where git has no such history."""
    commit = _git("log", "--diff-filter=A", "--format=%H", "--", NODES).decode().strip()
    packed = _git("archive", commit, "app.py", *ROOMS) if commit else b""
    if not packed:
        return None
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")
    vendor = Path("webchat", "static", "vendor")
    shutil.copytree(HOUSE / vendor, folder / vendor, dirs_exist_ok=True)
    return folder / "app.py"


def _git(*words: str) -> bytes:
    """What git says, nothing where it cannot say anything."""
    try:
        return subprocess.run(["git", *words], cwd=HOUSE, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return b""
