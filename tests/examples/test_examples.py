"""Every definition we ship passes its own check, and a new one asks for just what only its service can know."""

import re
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from helpline import shape
from helpline.commands.check import check, check_file
from helpline.commands.new import new, skeleton, write_new
from helpline.definition import read_definition
from helpline.demonstration import evenings_after, hours_around, shifts_around
from helpline.directory import ROLES, CrisisContact, Locality, locality_of
from helpline.ladder import Attempt, Ladder, default_ladder, listed, panel
from helpline.messages import MESSAGES, default_confidentiality, default_grounding
from helpline.numbers import is_fictitious
from rota.hours import OpeningHours
from rota.shift_entry import shift_mistakes
from rota.shifts import Rota, Shift
from rota.staffing import Minimum
from tests.examples.weeks import FOLDER, PATTERNS, example

EXAMPLES = sorted(FOLDER.glob("*.toml"))
DEMO = FOLDER / "demo.toml"
NOW = datetime(2026, 11, 22, 21, 30, tzinfo=UTC)
FIVE = {"en", "cy", "pl", "ur", "ar"}


def test_there_is_an_example_of_every_pattern_and_a_demonstration() -> None:
    assert {path.stem for path in EXAMPLES} == {"demo", *PATTERNS}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_passes_its_check(path: Path) -> None:
    checked = check_file(path, NOW)
    assert checked.errors == ()
    assert checked.definition is not None
    if checked.definition.demo:
        assert checked.refusals == ()


# Words that name a number, which a service must replace as it replaces the others.
NUMBERS_IN_WORDS = {"haven": ("messages.who_answers.en", "messages.who_answers.cy")}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_is_refused_for_approval_and_numbers_alone_and_warned_of_numbers_nobody_rang(
    pattern: str,
) -> None:
    checked = check_file(FOLDER / f"{pattern}.toml", NOW)
    ours = [
        (place, contact)
        for place, contact in enumerate(example(pattern).crisis_contacts)
        if contact.role not in ("nhs_111", "emergency_999")
    ]
    assert {mistake.key for mistake in checked.refusals} == {
        "ladder.approved_by",
        "ladder.approved_on",
        "lead_number",
        *(f"crisis_contacts[{place}].number" for place, _ in ours),
        *NUMBERS_IN_WORDS.get(pattern, ()),
    }
    assert {mistake.key for mistake in checked.warnings} == {
        f"crisis_contacts[{place}].verify_by" for place, _ in ours
    }


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_that_was_approved_and_given_numbers_is_refused_nothing(
    pattern: str, tmp_path: Path
) -> None:
    text = (FOLDER / f"{pattern}.toml").read_text(encoding="utf-8")
    text = text.replace(
        'approved_by = ""', 'approved_by = "A. Example, clinical lead"\napproved_on = 2026-01-31'
    )
    path = tmp_path / "ours.toml"
    # Outside the numbers for drama, and yet nobody's: no local number begins with 0.
    path.write_text(re.sub(r"0(1632 960|7700 900)", "01274 000", text), encoding="utf-8")
    checked = check_file(path, NOW)
    assert (checked.errors, checked.refusals) == ((), ())


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_names_no_number_that_could_be_somebodys(pattern: str) -> None:
    """Those inside words too, which no check of a definition looks into."""
    written = (FOLDER / f"{pattern}.toml").read_text(encoding="utf-8")
    numbers = re.findall(r"\b0\d{2,4} \d{3,4} ?\d{3,4}\b", written)
    assert len(numbers) > len(example(pattern).crisis_contacts) - 2
    assert [number for number in numbers if not is_fictitious(number)] == []


@pytest.mark.parametrize(
    "at", ["2026-01-14T03:20", "2026-01-14T20:00", "2026-03-29T00:30", "2026-10-25T00:30"]
)
def test_the_demonstration_is_open_and_staffed_whenever_it_is_started(at: str) -> None:
    demo, started = read_definition(DEMO), datetime.fromisoformat(at).replace(tzinfo=UTC)
    hours = OpeningHours(hours_around(demo, started))
    rota = Rota((*shifts_around(demo, started), *evenings_after(demo, started)))
    assert hours.is_open("web", started)
    closes = hours.closes_at("web", started)
    assert closes is not None
    assert timedelta(hours=9) < closes - started < timedelta(hours=13)
    for hour in range(int((closes - started) / timedelta(hours=1))):
        on = rota.on_duty_at(started + timedelta(hours=hour))
        assert len({duty.person for duty in on if duty.role == "supporter"}) == 5


def test_a_demonstrations_evenings_go_on_for_ever_with_some_free_places() -> None:
    demo = read_definition(DEMO)
    shifts = evenings_after(demo, NOW)
    assert [mistake for shift in shifts for mistake in shift_mistakes(shift, channels=demo.channels)] == []
    rota = Rota(shifts)
    for week in (1, 30):
        since = NOW.replace(hour=12) + timedelta(weeks=week)
        evenings = rota.occurrences(since, since + timedelta(weeks=1))
        assert sum(duty.free for duty in evenings) == 2
        assert sum(duty.role == "lead" for duty in evenings) == 7


@pytest.mark.parametrize(
    ("pattern", "fields"),
    [
        ("nightly-listening-line", {"for_whom", "caring", "told_about"}),
        ("crisis-house-evenings", {"place", "taxi"}),
        ("culture-specific-evenings", {"asked_for", "met"}),
        ("out-of-hours-peer-support", {"meeting", "told_about"}),
        ("haven", {"before", "after", "difference", "under_16"}),
        ("twenty-four-hour-helpline", {"next_shift"}),
    ],
)
def test_a_pattern_notes_what_it_needs_and_its_safety_plan_outlives_the_note(
    pattern: str, fields: set[str]
) -> None:
    form = {field.key: field for field in example(pattern).note_form.fields}
    assert fields <= set(form)
    assert form["plan"].sealed == "safety"


@pytest.mark.parametrize("pattern", PATTERNS)
def test_the_guide_to_the_examples_tells_of_each(pattern: str) -> None:
    assert f"`{pattern}.toml`" in (FOLDER / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("locality", "team"),
    [("glanafon", ["glanafon-crisis-team"]), ("pentregwyn", []), ("", [])],
    ids=["where a team is open", "where the team went home at nine", "where nobody knows the locality"],
)
def test_in_the_haven_there_is_always_one_more_number_to_ring_next(locality: str, team: list[str]) -> None:
    haven = example("haven")
    rung = [
        msgspec.structs.replace(contact, verify_by=date(2027, 1, 31)) for contact in haven.crisis_contacts
    ]
    attempts: list[Attempt] = []
    suggested: list[str] = []
    while "emergency" not in suggested:
        shown = panel(haven.ladder, 3, locality, "en", rung, attempts, NOW)
        suggested.append(shown.suggestion.contact.id)
        attempts.append(Attempt(suggested[-1], 1, "no_answer", NOW))
    assert suggested == [
        "lead",
        "on-call",
        "second-on-call",
        "manager",
        *team,
        "duty-manager",
        "home-treatment",
        "approved-professional",
        "emergency-duty-team",
        "nhs-111",
        "emergency",
    ]


@pytest.mark.parametrize("language", ["en", "cy"])
def test_who_is_under_sixteen_is_shown_the_young_peoples_line_before_the_chat(language: str) -> None:
    haven = example("haven")
    line = next(contact for contact in haven.crisis_contacts if contact.id == "young-peoples-line")
    said = haven.message("who_answers", language)
    assert said.language == language
    assert "16" in said.text
    assert line.number in said.text
    assert (line.line, line.hours) == ("public", None)


def test_somebody_of_the_havens_own_age_is_not_sent_to_the_young_peoples_line() -> None:
    haven = example("haven")
    lines = [
        contact.id
        for contact in listed(haven.ladder.steps(2), haven.crisis_contacts)
        if contact.role == "crisis_line"
    ]
    assert lines == ["crisis-line", "young-peoples-line"]


def test_the_havens_ladder_goes_by_a_name_of_its_own_and_acts_sooner() -> None:
    ladder, shipped = example("haven").ladder, default_ladder()
    assert ladder.version != shipped.version
    assert ladder.rungs[:3] == shipped.rungs[:3]
    assert (shipped.rungs[3].clocks["first_outside_call"], ladder.rungs[3].clocks["first_outside_call"]) == (
        600,
        300,
    )


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
        shape.Plans,
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
