"""Where in the code a death leaves another state behind than a moment earlier, read from the code itself.

A place is a statement that awaits something or hands it on. What a process leaves behind can differ before it and after
it, and nowhere between two places: so these are all there are on the way of a text or a call, in the order of the code.
"""

import ast
import mmap
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType
from typing import Any

import msgspec

HOUSE = Path(__file__).resolve().parents[2]
ON_THE_WAY = (
    "sms/hooks.py",
    "sms/intake.py",
    "sms/phone_line.py",
    "sms/outbox.py",
    "sms/twilio_carrier.py",
    "sms/twilio_http.py",
    "sms/voice_hooks.py",
    "sms/calls.py",
    "helpline/logbook.py",
    "helpline/stores/sqlite_writer.py",
    "helpline/stores/sqlite_commits.py",
)
# What hands something on without waiting for it: to another thread, to a task, to the file.
HANDS_ON = frozenset({"execute", "executemany", "put", "call_soon_threadsafe", "do", "write", "commit"})
_HEAD = 2
_NUMBER = 4


class Place(msgspec.Struct, frozen=True):
    """Lines `first` to `last` of a file; `words` is the statement on one line."""

    file: str
    function: str
    first: int
    last: int
    words: str

    def __str__(self) -> str:
        return f"{self.file}: {self.function}: {self.words}"


class Moment(msgspec.Struct, frozen=True):
    """Before a place, or after it."""

    place: Place
    after: bool

    def __str__(self) -> str:
        return f"{'after' if self.after else 'before'} {self.place}"


def places(files: Sequence[str] = ON_THE_WAY) -> tuple[Place, ...]:
    """All of them, in the order of the code."""
    return tuple(place for file in files for place in _in_file(file))


def moments(found: Sequence[Place]) -> tuple[Moment, ...]:
    return tuple(Moment(place, after) for place in found for after in (False, True))


def _in_file(file: str) -> Iterator[Place]:
    text = (HOUSE / file).read_text()
    lines = text.splitlines()

    def walk(node: ast.AST, name: str) -> Iterator[Place]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                yield from walk(child, f"{name}.{child.name}" if name else child.name)
                continue
            if isinstance(child, ast.stmt) and name and _leaves_a_mark(child):
                first, last = _lines(child)
                words = " ".join(" ".join(lines[first - 1 : last]).split())
                yield Place(file, name, first, last, words)
            yield from walk(child, name)

    return walk(ast.parse(text), "")


def _lines(node: ast.stmt) -> tuple[int, int]:
    """Those of a statement, of a compound one only those of its head."""
    body = getattr(node, "body", None)
    return node.lineno, body[0].lineno - 1 if body else node.end_lineno or node.lineno


def _leaves_a_mark(node: ast.stmt) -> bool:
    if isinstance(node, ast.AsyncFor | ast.AsyncWith):
        return True
    if isinstance(node, ast.Try):
        return False
    own = (
        child
        for name, child in ast.iter_fields(node)
        if name not in ("body", "orelse", "finalbody", "handlers")
    )
    return any(_marks(one) for one in own)


def _marks(child: Any) -> bool:
    if isinstance(child, list):
        return any(_marks(one) for one in child)
    if not isinstance(child, ast.AST) or isinstance(child, ast.Lambda):
        return False
    if isinstance(child, ast.Await) or (isinstance(child, ast.comprehension) and child.is_async):
        return True
    if isinstance(child, ast.Call) and isinstance(child.func, ast.Attribute) and child.func.attr in HANDS_ON:
        return True
    return any(_marks(one) for one in ast.iter_child_nodes(child))


class Passed:
    """Which moments a process came by, and at which it is to die: kept in a file that both sides look at.

    Two numbers come first: at which moment to die (-1: none), and at the how manieth coming by. Then, for each moment,
    how often it was passed since `arm`.
    """

    def __init__(self, file: Path, among: Sequence[Moment]) -> None:
        size = (_HEAD + len(among)) * _NUMBER
        with file.open("r+b" if file.exists() else "w+b") as opened:
            opened.truncate(size)
            self._map = mmap.mmap(opened.fileno(), size)
        self._numbers = memoryview(self._map).cast("i")
        self.among = among

    def arm(self, moment: Moment | None, nth: int = 1) -> None:
        """Forget what was passed, and die at the nth coming by this moment."""
        self._numbers[0] = -1
        for number in range(len(self.among)):
            self._numbers[_HEAD + number] = 0
        self._numbers[1] = nth
        self._numbers[0] = -1 if moment is None else self.among.index(moment)

    def seen(self) -> dict[Moment, int]:
        """How often it came by each, since it was armed."""
        counted = zip(self.among, self._numbers[_HEAD:], strict=True)
        return {moment: count for moment, count in counted if count}

    def pass_by(self, number: int) -> None:
        """The process comes by the moment of this number; it may be its last."""
        self._numbers[_HEAD + number] += 1
        if self._numbers[0] == number:
            self._numbers[1] -= 1
            if self._numbers[1] <= 0:
                os.kill(os.getpid(), signal.SIGKILL)


class Watched(ast.NodeTransformer):
    """A file's code that says, by `passes(number)`, at which of its moments it is; `first` is the number of its first."""

    def __init__(self, found: Sequence[Place], first: int) -> None:
        self._numbers = {(one.first, one.last): first + 2 * nth for nth, one in enumerate(found)}

    def visit(self, node: ast.AST) -> Any:
        self.generic_visit(node)
        number = (
            self._numbers.get(_lines(node)) if isinstance(node, ast.stmt) and _leaves_a_mark(node) else None
        )
        return node if number is None else self._told(node, number)

    def _told(self, node: Any, number: int) -> list[ast.stmt]:
        before, after = _passes(number, node), _passes(number + 1, node)
        if isinstance(node, ast.Return) and node.value is not None:
            kept = ast.Assign([ast.Name("_returned", ast.Store())], node.value)
            given = ast.Return(ast.Name("_returned", ast.Load()))
            return [before, *(ast.copy_location(one, node) for one in (kept, after, given))]
        if hasattr(node, "body"):
            node.body.insert(0, after)
            if isinstance(node, ast.If | ast.While | ast.AsyncFor):
                node.orelse.insert(0, after)
            return [before, node]
        return [before, node, after]


def _passes(number: int, where: ast.stmt) -> ast.stmt:
    call = ast.Call(ast.Name("_passes", ast.Load()), [ast.Constant(number)], [])
    return ast.copy_location(ast.Expr(call), where)


class _Loader(SourceFileLoader):
    def __init__(
        self, name: str, path: str, found: Sequence[Place], first: int, passes: Callable[[int], None]
    ) -> None:
        super().__init__(name, path)
        self._found, self._first, self._passes = found, first, passes

    def get_code(self, fullname: str) -> CodeType:
        """Never from what an earlier run compiled, and kept for none."""
        tree = ast.parse(self.get_data(self.path))
        watched = ast.fix_missing_locations(Watched(self._found, self._first).visit(tree))
        return compile(watched, self.path, "exec", dont_inherit=True)

    def exec_module(self, module: Any) -> None:
        module._passes = self._passes
        super().exec_module(module)


class Watching(MetaPathFinder):
    """Put first in `sys.meta_path` before anything of ours is imported; `passes` is called at every moment."""

    def __init__(self, among: Sequence[Moment], passes: Callable[[int], None]) -> None:
        self._passes = passes
        self._files: dict[str, tuple[list[Place], int]] = {}
        for number, moment in enumerate(among):
            module = moment.place.file.removesuffix(".py").replace("/", ".")
            found, _ = self._files.setdefault(module, ([], number))
            if not moment.after:
                found.append(moment.place)

    def find_spec(self, name: str, path: object, target: object = None) -> ModuleSpec | None:
        if name not in self._files:
            return None
        found, first = self._files[name]
        file = str(HOUSE / found[0].file)
        return spec_from_file_location(name, file, loader=_Loader(name, file, found, first, self._passes))
