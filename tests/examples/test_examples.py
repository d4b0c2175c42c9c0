"""Every definition we ship passes its own check, and a new one asks for just what only its service can know."""

import re
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from helpline import shape
from helpline.commands.check import check, check_file
from helpline.commands.new import new, skeleton, write_new
from helpline.definition import read_definition
from helpline.demonstration import shifts_around
from helpline.directory import ROLES, CrisisContact, Locality, locality_of
from helpline.ladder import Attempt, Ladder, default_ladder, panel
from helpline.messages import MESSAGES, default_confidentiality, default_grounding
from rota.shift_entry import shift_mistakes
from rota.shifts import Rota, Shift
from rota.staffing import Minimum

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.toml"))
DEMO = Path(__file__).parents[2] / "examples" / "demo.toml"
NOW = datetime(2026, 11, 22, 21, 30, tzinfo=UTC)
FIVE = {"en", "cy", "pl", "ur", "ar"}


def test_there_is_an_example() -> None:
    assert DEMO in EXAMPLES


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_passes_its_check(path: Path) -> None:
    checked = check_file(path, NOW)
    assert checked.errors == ()
    assert checked.definition is not None
    if checked.definition.demo:
        assert checked.refusals == ()


def test_the_demonstration_warns_of_nothing_but_the_number_that_shows_what_stale_looks_like() -> None:
    checked = check_file(DEMO, NOW)
    assert [mistake.what for mistake in checked.warnings] == [
        "Moorside home treatment, duty manager was to be verified by 2024-01-31"
    ]


def test_the_demonstration_answers_in_five_languages_and_one_supporter_opens_it() -> None:
    demo = read_definition(DEMO)
    spoken = {tag for person in demo.people if "supporter" in person.roles for tag in person.languages}
    assert spoken == set(demo.languages.promised) == FIVE
    assert (demo.staffing.supporters, demo.staffing.lead, demo.staffing.peers_alone) == (1, False, True)
    assert demo.opening_hours.is_open("web", NOW)
    assert demo.opening_hours.closes_at("web", NOW) is None
    assert demo.ladder == default_ladder()
    for words in demo.ready_words:
        assert set(words.text) == FIVE


@pytest.mark.parametrize(
    "instant",
    [NOW, datetime(2026, 3, 29, 0, 59, tzinfo=UTC), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)],
    ids=["an evening", "as clocks go forward", "as clocks go back"],
)
def test_everybody_of_the_demonstration_is_on_from_the_moment_it_starts(instant: datetime) -> None:
    demo = read_definition(DEMO)
    shifts = shifts_around(demo, instant)
    assert [mistake for shift in shifts for mistake in shift_mistakes(shift, channels=demo.channels)] == []
    rota = Rota(shifts)
    for later in (timedelta(0), timedelta(hours=9)):
        on = {(duty.person, duty.role) for duty in rota.on_duty_at(instant + later)}
        assert on == {
            ("ania", "supporter"),
            ("dev", "supporter"),
            ("mari", "supporter"),
            ("sasha", "supporter"),
            ("lou", "supporter"),
            ("jo", "lead"),
            ("kit", "on_call"),
            ("noor", "second_on_call"),
        }
    assert {shift.id for shift in shifts} == {
        shift.id for shift in shifts_around(demo, instant + timedelta(days=1))
    }


def test_at_rung_three_in_moorside_the_crisis_team_follows_the_on_call_who_did_not_answer() -> None:
    demo = read_definition(DEMO)
    locality = locality_of("bd3 1aa", demo.localities)
    assert locality is not None
    attempts = [Attempt("lead", 1, "answered", NOW), Attempt("on-call", 1, "no_answer", NOW)]
    shown = panel(demo.ladder, 3, locality.id, "pl", demo.crisis_contacts, attempts, NOW)
    assert (shown.suggestion.contact.id, shown.suggestion.contact.number) == (
        "moorside-crisis-team",
        "01632 960114",
    )


def test_at_night_in_larkdale_the_night_team_stands_in_for_the_team_that_is_closed() -> None:
    demo = read_definition(DEMO)
    attempts = [Attempt("lead", 1, "no_answer", NOW), Attempt("on-call", 1, "no_answer", NOW)]
    shown = panel(demo.ladder, 3, "larkdale", "en", demo.crisis_contacts, attempts, NOW)
    closed = next(line for line in shown.contacts if line.state == "closed")
    assert closed.contact is not None
    assert (closed.contact.id, closed.instead) == ("larkdale-crisis-team", ("larkdale-night-team",))
    assert closed.opens_at == datetime(2026, 11, 23, 8, tzinfo=UTC)
    assert shown.suggestion.contact.id == "larkdale-night-team"


def test_a_new_service_passes_its_check_and_is_refused_only_for_approval_and_numbers(tmp_path: Path) -> None:
    path = tmp_path / "ours.toml"
    write_new(path)
    checked = check_file(path, NOW)
    assert checked.errors == ()
    assert {mistake.key for mistake in checked.warnings} == {
        f"crisis_contacts[{place}].verify_by" for place in range(6)
    }
    assert {mistake.key for mistake in checked.refusals} == {
        "ladder.approved_by",
        "ladder.approved_on",
        "lead_number",
        *(f"crisis_contacts[{place}].number" for place in range(6)),
    }


def test_a_new_service_that_was_filled_in_is_refused_nothing(tmp_path: Path) -> None:
    text = skeleton().replace('approved_by = ""', 'approved_by = "A. Example, clinical lead"')
    text = text.replace("# approved_on = 2026-01-31", "approved_on = 2026-01-31")
    path = tmp_path / "ours.toml"
    # Outside the numbers for drama, and yet nobody's: no local number begins with 0.
    path.write_text(re.sub(r"0(1632 960|7700 900)", "01274 000", text), encoding="utf-8")
    checked = check_file(path, NOW)
    assert (checked.errors, checked.refusals) == ((), ())


def test_a_new_service_holds_the_whole_ladder_that_is_to_be_approved(tmp_path: Path) -> None:
    write_new(tmp_path / "ours.toml")
    assert read_definition(tmp_path / "ours.toml").ladder == default_ladder()
    assert skeleton().count("[[ladder.rungs]]") == 5


def test_a_new_service_explains_every_key_there_is() -> None:
    text = skeleton()
    tables: list[type[msgspec.Struct]] = [
        shape.Definition,
        shape.Languages,
        shape.Capacity,
        shape.Offers,
        shape.Waiting,
        shape.Lines,
        shape.AskLead,
        shape.Confidentiality,
        shape.NoteField,
        shape.NoteChoice,
        shape.ReadyWords,
        shape.Retention,
        shape.Person,
        shape.Demonstration,
        Locality,
        CrisisContact,
        Minimum,
        Shift,
        Ladder,
    ]
    missing = [
        f"{table.__name__}.{field.encode_name}"
        for table in tables
        for field in msgspec.structs.fields(table)
        if not re.search(rf"\b{field.encode_name}\b", text)
    ]
    assert missing == []
    assert [key for key in (*MESSAGES, *ROLES) if not re.search(rf"\b{key}\b", text)] == []


@pytest.fixture
def heard() -> Console:
    """A console that remembers what it was told; `heard.export_text()` gives it back."""
    return Console(record=True, highlight=False, soft_wrap=True, file=StringIO())


def test_a_new_definition_says_what_comes_next_and_checks_without_an_error(
    tmp_path: Path, heard: Console
) -> None:
    path = tmp_path / "ours.toml"
    assert new(path, heard) == 0
    assert f"helpline check {path}" in heard.export_text()
    assert check([path], heard, NOW) == 0
    assert "will not serve yet: ours.toml: ladder.approved_by: nobody has approved" in heard.export_text()


def test_nothing_is_ever_written_over_a_definition(tmp_path: Path, heard: Console) -> None:
    path = tmp_path / "ours.toml"
    path.write_text("ours", encoding="utf-8")
    assert new(path, heard) == 1
    assert "ours.toml is already there; give another name" in heard.export_text()
    assert path.read_text(encoding="utf-8") == "ours"


def test_a_folder_that_is_not_there_is_said_so(tmp_path: Path, heard: Console) -> None:
    assert new(tmp_path / "nowhere" / "ours.toml", heard) == 1
    assert "cannot be written (No such file or directory)" in heard.export_text()


def test_a_broken_file_among_several_makes_the_status_one_and_the_others_are_still_checked(
    tmp_path: Path, heard: Console
) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text('name = "x"\n[ladder]\nverison = "[bold]"\n', encoding="utf-8")
    assert check([broken, DEMO], heard, NOW) == 1
    said = heard.export_text().splitlines()
    assert (
        "error: broken.toml: short_name: is missing; write the name in quotes, as short as it may be"
        in said[0]
    )
    assert any("ladder.verison: is not known here; did you mean version?" in line for line in said)
    assert said[-1].startswith("warning: demo.toml: crisis_contacts[8].verify_by")


def test_a_file_with_nothing_to_mend_says_so(tmp_path: Path) -> None:
    path = tmp_path / "demo.toml"
    path.write_text(DEMO.read_text(encoding="utf-8").replace("2024-01-31", "2099-12-31"), encoding="utf-8")
    assert check_file(path, NOW).lines == ["demo.toml: nothing to mend"]


def test_the_shipped_words_are_whole_in_five_languages_with_the_same_placeholders() -> None:
    for key, texts in MESSAGES.items():
        assert set(texts) == FIVE, key
        wanted = set(re.findall(r"\{\w+\}", texts["en"]))
        for tag, text in texts.items():
            assert set(re.findall(r"\{\w+\}", text)) == wanted, (key, tag)
            assert "!" not in text, (key, tag)
    assert {len(lines) for lines in default_grounding().values()} == {len(default_grounding()["en"])}
    for policy in ("capacity_led", "immediate_life"):
        assert set(default_confidentiality(policy)) == FIVE


def test_where_the_words_name_an_emergency_number_they_all_do() -> None:
    for key in ("not_safe", "not_safe_nobody"):
        for text in MESSAGES[key].values():
            assert "999" in text
            assert "111" in text
