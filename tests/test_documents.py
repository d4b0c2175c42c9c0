"""The documents, held against the code: what they name exists, and what exists is named."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.main import get_command

import helpline.errors
import webchat.sockets
from app import cli
from helpline.errors import HelplineError
from helpline.events import KINDS
from helpline.showing import PERSON_SEES
from webchat.board_socket import BoardSocket
from webchat.desk_socket import DeskSocket
from webchat.ladder_socket import LADDER_CALLS
from webchat.person_socket import PersonSocket
from webchat.sockets import Namespace

HOUSE = Path(__file__).resolve().parent.parent
PROTOCOL = HOUSE / "docs" / "protocol.md"
NAMESPACES: dict[str, type[Namespace]] = {
    "/person": PersonSocket,
    "/desk": DeskSocket,
    "/board": BoardSocket,
}
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
TEST_NAME = re.compile(r"\btest_[a-z0-9_]+\b")
# Written in pieces, or this file would be its own offender.
NOT_FOR_A_DOCUMENT = re.compile(
    "/wo" + "rk/|/ro" + "ot/|/ho" + r"me/\w|/t" + "mp/|py" + "pi|npm" + r"js|regis" + r"try\."
)


def documents() -> Iterator[Path]:
    yield HOUSE / "README.md"
    yield from sorted((HOUSE / "docs").rglob("*.md"))


def prose(document: Path) -> str:
    """A document without its fenced blocks."""
    return FENCE.sub("", document.read_text())


def section(name: str) -> str:
    """One namespace's part of the protocol."""
    parts = re.split(r"^## ", PROTOCOL.read_text(), flags=re.MULTILINE)
    return next(part for part in parts if part.startswith(f"{name}\n"))


def examples_in(text: str) -> Iterator[dict[str, Any]]:
    """The objects of every JSON block, one after another; of single-object blocks too."""
    for language, block in FENCE.findall(text):
        if language == "json":
            yield from objects(block)


def objects(block: str) -> Iterator[dict[str, Any]]:
    reader, at = json.JSONDecoder(), 0
    while at < len(block.rstrip()):
        found, at = reader.raw_decode(block, at)
        yield found
        at += len(block[at:]) - len(block[at:].lstrip())


def table_rows(text: str, first_column: str) -> Iterator[list[str]]:
    """Cells of the rows of each table whose first heading is this."""
    inside = False
    for line in text.splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if not cells:
            inside = False
        elif cells[0] == first_column:
            inside = True
        elif inside and not set(cells[0]) <= {"-"}:
            yield cells


def documented_calls(name: str) -> dict[str, str]:
    """Each call of a namespace's table, with its body as written there."""
    return {row[0].strip("`"): row[1] for row in table_rows(section(name), "call")}


def anchors(document: Path) -> set[str]:
    """What the headings of a document are linked by."""
    titles = re.findall(r"^#+ (.+)$", FENCE.sub("", document.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def command_paths() -> set[tuple[str, ...]]:
    found: set[tuple[str, ...]] = set()

    def walk(command: Any, path: tuple[str, ...]) -> None:
        for name, inner in getattr(command, "commands", {}).items():
            found.add((*path, name))
            walk(inner, (*path, name))

    walk(get_command(cli), ())
    return found


def options_of(path: tuple[str, ...]) -> set[str]:
    command: Any = get_command(cli)
    for name in path:
        command = command.commands[name]
    options = {option for one in command.params for option in (*one.opts, *one.secondary_opts)}
    return {*options, "--help"}


def commands_shown(document: Path) -> Iterator[tuple[str, list[str]]]:
    """The line and the words after `helpline` of each command a document shows."""
    text = document.read_text()
    shown = [
        line for language, block in FENCE.findall(text) for line in block.replace("\\\n", " ").splitlines()
    ]
    shown += [code.replace("\n", " ") for code in re.findall(r"`([^`]+)`", prose(document))]
    for line in shown:
        match = re.match(r"(?:ExecStart=|sudo -u helpline )?(?:\S*/)?helpline( [^#]+)", line.strip())
        if match:
            yield line, match[1].split()


# -- the protocol --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMESPACES)
def test_the_protocol_documents_exactly_the_calls_there_are(name: str) -> None:
    assert set(documented_calls(name)) == set(NAMESPACES[name].calls)


@pytest.mark.parametrize("name", NAMESPACES)
def test_every_field_a_call_takes_is_documented(name: str) -> None:
    documented = documented_calls(name) | (
        {
            call: documented_calls("/desk")[call]
            for call in ("attempt", "rung", "rung_withdraw", "panel", *LADDER_CALLS)
        }
        if name == "/board"
        else {}
    )
    missing = [
        f"{call}: {field}"
        for call, schema in NAMESPACES[name].calls.items()
        for field in schema.__struct_fields__
        if not re.search(rf"\b{field}\b", documented[call])
    ]
    assert not missing


@pytest.mark.parametrize("name", NAMESPACES)
def test_every_call_has_an_example_and_its_body_is_one_the_call_takes(name: str) -> None:
    calls = NAMESPACES[name].calls
    shown = set()
    for example in examples_in(section(name)):
        if "call" in example:
            msgspec.convert(example["body"], calls[example["call"]], strict=True)
            unknown = set(example["body"]) - set(calls[example["call"]].__struct_fields__)
            assert not unknown, (example["call"], unknown)
            shown.add(example["call"])
    assert shown == set(calls)


@pytest.mark.parametrize("name", NAMESPACES)
def test_every_frame_the_server_pushes_has_an_example(name: str) -> None:
    source = "".join(path.read_text() for path in (HOUSE / "webchat").glob("*.py"))
    own = {"/person": "_person", "/desk": "_desk", "/board": "_board"}[name]
    pushed = set(re.findall(rf'self\.{own}\.push\(\s*"(\w+)"', source))
    whom = "person" if name == "/person" else "staff"
    pushed |= set(re.findall(rf'Passing\("{whom}", [\w.]+, "(\w+)"', source))
    if name in ("/desk", "/board"):
        pushed |= set(re.findall(r'_to_staff\(\s*\w+, "(\w+)"', source))
        pushed |= {"/desk": {"mine"}, "/board": {"snapshot"}}[name]
    assert {example["push"] for example in examples_in(section(name)) if "push" in example} == pushed
    assert "event" in pushed


def test_every_shape_an_example_refers_to_is_shown() -> None:
    text = PROTOCOL.read_text()
    shapes = {example["shape"] for example in examples_in(text) if "shape" in example}
    assert set(re.findall(r'"<(\w+)>"', text)) - {"event"} <= shapes


def errors_that_exist() -> dict[str, type[HelplineError]]:
    found = [
        value
        for module in (helpline.errors, webchat.sockets)
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, HelplineError)
    ]
    return {error.code: error for error in found}


def test_every_error_code_is_listed_with_what_a_client_should_do_next() -> None:
    errors = errors_that_exist()
    text = PROTOCOL.read_text()
    listed = {row[0].strip("`"): row[1].strip("`") for row in table_rows(text, "code")}
    inside = re.search(r"^(.+) are codes inside the service", text, re.MULTILINE)
    assert inside is not None
    never_sent = set(re.findall(r"`(\w+)`", inside[1]))
    assert set(listed) | never_sent == set(errors)
    assert not set(listed) & never_sent
    assert {code: errors[code].retry for code in listed} == listed


def test_every_kind_a_person_may_see_is_listed_with_its_fields() -> None:
    listed = {
        row[0].strip("`"): set(re.findall(r"\w+", " ".join(re.findall(r"`([^`]+)`", row[1]))))
        for row in table_rows(section("/person"), "kind")
    }
    expected = {kind: set(fields) for kind, fields in PERSON_SEES.items()}
    expected["said"] |= {"client_id"}
    expected["corrected"] |= {"of"}
    expected["withdrawn"] |= {"of"}
    assert listed == expected


def test_what_a_person_may_see_is_what_counts_for_their_numbers() -> None:
    assert set(PERSON_SEES) == {kind for kind, body in KINDS.items() if body.talk}


# -- hazards and security ------------------------------------------------------------------------------------------


def names_of_tests() -> set[str]:
    return {
        name
        for path in (HOUSE / "tests").rglob("test_*.py")
        for name in re.findall(r"^\s*(?:async )?def (test_\w+)", path.read_text(), re.MULTILINE)
    }


@pytest.mark.parametrize("name", ["hazards.md", "security.md"])
def test_every_test_a_document_leans_on_exists(name: str) -> None:
    text = (HOUSE / "docs" / name).read_text()
    files = set(re.findall(r"\b(test_\w+)\.py\b", text))
    named = set(TEST_NAME.findall(text)) - files
    assert named, f"{name} names no test"
    assert named <= names_of_tests()


def hazards() -> list[dict[str, str]]:
    """Each hazard's number and title, and what is said under each of its five headings."""
    found = []
    for part in re.split(r"^### ", (HOUSE / "docs" / "hazards.md").read_text(), flags=re.MULTILINE)[1:]:
        lines = dict(re.findall(r"^- \*\*(\w+)\*\*: (.+)$", part, re.MULTILINE))
        found.append({"title": part.splitlines()[0], **lines})
    return found


def test_every_hazard_says_cause_effect_control_proof_and_what_remains() -> None:
    assert len(hazards()) >= 18
    for hazard in hazards():
        assert {"Cause", "Effect", "Control", "Proof", "Remains"} <= set(hazard), hazard["title"]


def test_a_control_is_proven_by_a_test_or_said_not_to_be_there_yet() -> None:
    for hazard in hazards():
        if not hazard["Control"].startswith("No control yet"):
            assert TEST_NAME.search(hazard["Proof"]), hazard["title"]


# -- all documents -------------------------------------------------------------------------------------------------


def test_every_link_between_documents_leads_somewhere() -> None:
    lost = []
    for document in documents():
        for target in (one or other for one, other in LINK.findall(prose(document))):
            if re.match(r"https?:", target):
                continue
            path, _, anchor = target.partition("#")
            file = (document.parent / path).resolve() if path else document
            if not file.exists() or (anchor and anchor not in anchors(file)):
                lost.append(f"{document.relative_to(HOUSE)}: {target}")
    assert not lost


def test_every_document_can_be_reached_from_the_index() -> None:
    index = HOUSE / "docs" / "README.md"
    linked = {
        (index.parent / (one or other).partition("#")[0]).resolve()
        for one, other in LINK.findall(prose(index))
    }
    assert {path for path in documents() if path.parent == index.parent} - {index} <= linked


def test_every_file_a_document_names_in_code_exists() -> None:
    named = re.compile(r"`((?:helpline|webchat|rota|tests|templates|examples|bench|docs|deploy)/[\w./-]+)`")
    lost = [
        f"{document.relative_to(HOUSE)}: {name}"
        for document in documents()
        if document.parent.name != "decisions"
        for name in named.findall(prose(document))
        if not (HOUSE / name).exists()
    ]
    assert not lost


def test_every_command_a_document_shows_exists_with_its_options() -> None:
    paths, offenders, seen = command_paths(), [], 0
    for document in documents():
        if document.parent.name == "decisions":
            continue
        for line, words in commands_shown(document):
            path: tuple[str, ...] = ()
            while len(path) < len(words) and (*path, words[len(path)]) in paths:
                path = (*path, words[len(path)])
            options = {word.partition("=")[0] for word in words if word.startswith("--")}
            seen += 1
            if (words and not path and not options) or not options <= options_of(path):
                offenders.append(f"{document.relative_to(HOUSE)}: {line}")
    assert not offenders
    assert seen > 10


def test_every_make_target_a_document_shows_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (HOUSE / "Makefile").read_text(), re.MULTILINE))
    shown = {
        name
        for document in documents()
        for name in re.findall(r"(?:^|`)make ([a-z-]+)", document.read_text(), re.MULTILINE)
    }
    assert shown
    assert shown <= targets


def test_no_document_names_a_machines_path_or_a_registry() -> None:
    offenders = [
        f"{document.relative_to(HOUSE)}:{number}: {line.strip()}"
        for document in documents()
        for number, line in enumerate(document.read_text().splitlines(), 1)
        if NOT_FOR_A_DOCUMENT.search(line)
    ]
    assert not offenders


def test_the_pictures_are_those_that_are_taken_and_small_enough_for_a_slow_line() -> None:
    pictures = {path.name: path for path in (HOUSE / "docs" / "pictures").glob("*.png")}
    taken = (HOUSE / "docs" / "pictures" / "take.py").read_text()
    assert set(pictures) == set(re.findall(r'"([\w-]+\.png)": by_', taken))
    for picture in pictures.values():
        assert picture.read_bytes().startswith(b"\x89PNG")
        assert picture.stat().st_size <= 300_000
        assert f"docs/pictures/{picture.name}" in (HOUSE / "README.md").read_text()
