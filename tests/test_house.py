"""The house's own rules: where code may live and what it may lean on.

Each failure names the offending file and line, so the mend needs no further search.
"""

import ast
import io
import json
import os
import re
import tokenize
import tomllib
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

HOUSE = Path(__file__).resolve().parent.parent
PACKAGES = ("helpline", "rota", "webchat", "sms")
MAY_IMPORT: dict[str, set[str]] = {
    "app": {"webchat", "sms", "helpline", "rota"},
    "webchat": {"helpline", "rota"},
    "sms": {"helpline", "rota"},
    "helpline": {"rota"},
    "rota": set(),
}
OURS = {"bench", "tests", *MAY_IMPORT}
CHANNEL_LIBRARIES = {"aiohttp", "aiohttp_jinja2", "engineio", "socketio", "twilio"}
VAGUE_NAMES = {"base", "common", "helper", "helpers", "manager", "managers", "util", "utils"}
LONGEST_MODULE = 400
NOT_OURS = {".git", ".venv", "node_modules", "vendor", "__pycache__", "htmlcov", "test-results"}
TEXT = {
    ".cfg",
    ".css",
    ".html",
    ".js",
    ".json",
    ".md",
    ".mjs",
    ".py",
    ".sh",
    ".sql",
    ".toml",
    ".txt",
    ".yml",
    "",
}
# Written in halves, or this file would be its own offender.
UNFINISHED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
NOT_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}
JINJA = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
# An import map cannot be an outside file, and a block of JSON is never run; CSP lets each in by nonce or not at all.
DATA_SCRIPTS = {"importmap", "application/json"}


def house_files(*suffixes: str, under: str = "") -> Iterator[Path]:
    """Files of the house with one of these suffixes, leaving out what set-up, tools and services put there."""
    for folder, folders, names in os.walk(HOUSE / under):
        folders[:] = sorted(name for name in folders if name not in NOT_OURS and not name.endswith("_cache"))
        yield from (Path(folder, name) for name in sorted(names) if Path(name).suffix in suffixes)


def modules() -> Iterator[Path]:
    """The product's own Python, without tests and benchmarks."""
    if (HOUSE / "app.py").exists():
        yield HOUSE / "app.py"
    for package in PACKAGES:
        yield from house_files(".py", under=package)


def room_of(path: Path) -> str:
    """The package a file lives in; `app` for app.py itself."""
    return path.relative_to(HOUSE).parts[0].removesuffix(".py")


def imports(source: str) -> Iterator[tuple[int, str]]:
    """Line and top-level name of everything imported, inside functions and by `import_module` too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name.partition(".")[0]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.lineno, node.module.partition(".")[0]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            for argument in node.args[:1]:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield node.lineno, argument.value.partition(".")[0]


def lines_of_code(source: str) -> int:
    """Lines that hold code: no blank lines, comments or docstrings."""
    documentation: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        ):
            documentation.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    code: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in NOT_CODE:
            code.update(range(token.start[0], token.end[0] + 1))
    return len(code - documentation)


class InlineCode(HTMLParser):
    """Collects what a strict Content-Security-Policy would refuse in a template."""

    def __init__(self, template: str) -> None:
        super().__init__()
        self.found: list[tuple[int, str]] = []
        # Blanked out length for length, so that a quote inside Jinja does not end an attribute and lines still count.
        self.feed(JINJA.sub(lambda match: re.sub(r"[^\n]", "_", match[0]), template))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        line = self.getpos()[0]
        given = dict(attrs)
        if tag == "style":
            self.found.append((line, "<style>"))
        if tag == "script" and "src" not in given and given.get("type") not in DATA_SCRIPTS:
            self.found.append((line, "<script> without src"))
        for name, value in attrs:
            if name == "style" or name.startswith("on"):
                self.found.append((line, f"{name}= on <{tag}>"))
            if value and value.strip().lower().startswith("javascript:"):
                self.found.append((line, f"{name}=javascript: on <{tag}>"))


def listed(offenders: list[str]) -> str:
    return "\n  " + "\n  ".join(offenders)


def at(path: Path, line: int, what: str) -> str:
    return f"{path.relative_to(HOUSE)}:{line}: {what}"


def locked(lock: str) -> dict[str, str]:
    """Name to version of every library in a lock file."""
    pins = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;]+)", (HOUSE / lock).read_text(), re.MULTILINE)
    return {canonicalize_name(name): version for name, version in pins}


def test_imports_point_one_way_from_app_through_the_channels_and_the_service_to_the_rota() -> None:
    offenders = [
        at(path, line, f"{room_of(path)} imports {name}")
        for path in modules()
        for line, name in imports(path.read_text())
        if name in OURS - MAY_IMPORT[room_of(path)] - {room_of(path)}
    ]
    assert not offenders, listed(offenders)


def test_the_service_and_the_rota_know_no_channel_and_no_web_framework() -> None:
    offenders = [
        at(path, line, f"{room_of(path)} imports {name}")
        for path in modules()
        if room_of(path) in {"helpline", "rota"}
        for line, name in imports(path.read_text())
        if name in CHANNEL_LIBRARIES
    ]
    assert not offenders, listed(offenders)


def test_an_import_is_seen_wherever_it_hides() -> None:
    source = "def late():\n    import webchat.views\n    return import_module('sms.carrier')\n"
    assert list(imports(source)) == [(2, "webchat"), (3, "sms")]


def test_every_module_is_named_after_something() -> None:
    offenders = [
        str(path.relative_to(HOUSE))
        for path in house_files(".py", ".js", ".mjs")
        if VAGUE_NAMES & {part.lower() for part in path.relative_to(HOUSE).with_suffix("").parts}
    ]
    assert not offenders, listed(offenders)


def test_no_module_is_longer_than_a_reader_can_hold() -> None:
    lengths = {path: lines_of_code(path.read_text()) for path in modules()}
    for path in house_files(".js", ".mjs", under="webchat"):
        lengths[path] = sum(
            1 for line in path.read_text().splitlines() if not re.match(r"\s*(//|/?\*|$)", line)
        )
    offenders = [
        f"{path.relative_to(HOUSE)}: {length} lines of code, {LONGEST_MODULE} at most"
        for path, length in lengths.items()
        if length > LONGEST_MODULE
    ]
    assert not offenders, listed(offenders)


def test_only_lines_that_hold_code_count_towards_a_modules_length() -> None:
    assert lines_of_code('"""Two\nlines."""\n\n# why\nx = [\n    1,\n]\n') == 3


def test_the_locks_name_no_registry_so_that_everybody_installs_from_their_own() -> None:
    addresses = re.compile(
        r"https?://|git\+|^\s*--(?:index|extra-index|find-links|trusted)|\"resolved\"|registry\s*="
    )
    offenders = [
        at(HOUSE / name, number, line.strip())
        for name in (
            "requirements.lock",
            "requirements-test.lock",
            "package-lock.json",
            "package.json",
            ".npmrc",
        )
        for number, line in enumerate((HOUSE / name).read_text().splitlines(), 1)
        if addresses.search(line)
    ]
    assert not offenders, listed(offenders)


def test_every_locked_library_carries_its_hash() -> None:
    offenders = []
    for lock in ("requirements.lock", "requirements-test.lock"):
        entries = re.split(r"^(?=[A-Za-z0-9])", (HOUSE / lock).read_text(), flags=re.MULTILINE)[1:]
        offenders += [f"{lock}: {entry.split()[0]}" for entry in entries if "--hash=sha256:" not in entry]
    packages: dict[str, dict[str, object]] = json.loads((HOUSE / "package-lock.json").read_text())["packages"]
    offenders += [
        f"package-lock.json: {name}"
        for name, package in packages.items()
        if name and "integrity" not in package
    ]
    assert not offenders, listed(offenders)


def test_the_locks_hold_what_pyproject_asks_for_and_the_tests_run_on_what_is_shipped() -> None:
    project = tomllib.loads((HOUSE / "pyproject.toml").read_text())
    runtime, test = locked("requirements.lock"), locked("requirements-test.lock")
    wanted = [(runtime, Requirement(line)) for line in project["project"]["dependencies"]]
    wanted += [(test, Requirement(line)) for line in project["dependency-groups"]["test"]]
    offenders = []
    for lock, requirement in wanted:
        version = lock.get(canonicalize_name(requirement.name))
        if version is None or not requirement.specifier.contains(version):
            offenders.append(f"{requirement}: {version or 'absent'} in the lock; run `make lock`")
    offenders += [
        f"{name}: {runtime[name]} shipped, {test.get(name)} tested"
        for name in runtime
        if test.get(name) != runtime[name]
    ]
    assert not offenders, listed(offenders)


def test_templates_hold_no_inline_script_or_style() -> None:
    offenders = [
        at(path, line, what)
        for path in house_files(".html", under="templates")
        for line, what in InlineCode(path.read_text()).found
    ]
    assert not offenders, listed(offenders)


def test_inline_code_is_seen_between_jinja_and_data_is_let_through() -> None:
    template = """
    <script type="application/json">{{ words | tojson }}</script>
    <script src="{{ url("desk.js") }}" type="module"></script>
    <script nonce="{{ nonce }}">alert(1)</script>
    <p class="{{ "a" if b > c else 'd' }}" style="color: red">
    <button {% if busy %}disabled{% endif %} onclick="go()">
    """
    assert InlineCode(template).found == [
        (4, "<script> without src"),
        (5, "style= on <p>"),
        (6, "onclick= on <button>"),
    ]


def test_nothing_is_left_for_later() -> None:
    offenders = [
        at(path, number, line.strip())
        for path in house_files(*TEXT)
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if UNFINISHED.search(line)
    ]
    assert not offenders, listed(offenders)
