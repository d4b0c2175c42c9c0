"""Every mistake in a service definition is told with its file, its key and its mend, all of them at once."""

from pathlib import Path

import pytest

from helpline.definition import BrokenDefinition, read_definition
from tests.helpline.definitions import HOURS, NOTE, SAM, SHIFT, TEAM, TOP, mistakes_of, told

# Each row: what is written into the file, the one key that is told, a part of what and a part of the mend.
IN_A_TABLE = [
    ('[capacity]\nnew = "one"', "capacity.new", "expected int", "whole number from 1"),
    ("[capacity]\nnew = 0", "capacity.new", ">= 1", "whole number from 1"),
    ("[capacity]\nnwe = 1", "capacity.nwe", "not known", "did you mean new?"),
    ("[capacity]\nnew = 3\nexperienced = 2", "capacity", "do not rise", "new be at most experienced"),
    ("[capacity]\nat_rung_3 = 9", "capacity.at_rung_3", "above cap", "at most cap"),
    ("[offers]\nlease_seconds = 4.5", "offers.lease_seconds", "expected int", "without quotes"),
    ("[waiting]\nmost_waiting = true", "waiting.most_waiting", "got bool", "whole number"),
    ("[lines]\ntell_person_seconds = 90", "lines", "not in their order", "tell_person_seconds come first"),
    ("[ask_lead]\nchain_seconds = [120, 60]", "ask_lead.chain_seconds", "do not rise", "[60, 120]"),
    ("[ask_lead]\nchain_seconds = [60]", "ask_lead.chain_seconds", "length >= 2", "two or more"),
    ("[staffing]\nsupporters = 0", "staffing.supporters", ">= 1", "whole number"),
    ("[retention]\nwords_days = -1", "retention.words_days", ">= 1", "whole number"),
    ('[languages]\ndefault = "english"', "languages.default", "not a language tag", "BCP 47"),
    ('[languages]\npromised = ["en_GB", "en"]', "languages.promised[0]", "not a language tag", '"en-GB"'),
    ('[languages]\ndefault = "cy"', "languages.default", "not among the promised", 'add "cy" to promised'),
    ('[confidentiality]\npolicy = "secret"', "confidentiality.policy", "secret", '"capacity_led"'),
    ('[confidentiality]\nwording = ""', "confidentiality.wording.en", "no words", "quotes"),
    ('[messages]\nwelcom = "Hi"', "messages.welcom", "not a message", "did you mean welcome?"),
    ('[messages]\nclosed = "Back {when}"', "messages.closed.en", "{when} is not filled", "opens_at"),
    ('[messages]\nended = { xq = "…", en = "Ended" }', "messages.ended.xq", "not a language tag", "BCP 47"),
    ('[messages]\ngrounding = "Breathe"', "messages.grounding", "not a list", "list of words"),
    (
        '[[ready_words]]\nkey = "Hello you"\ntext = "Hello"',
        "ready_words[0].key",
        "expected str",
        "small letters",
    ),
    ('[[ready_words]]\nkey = "hello"', "ready_words[0].text", "no words", "in quotes"),
    (
        '[[note_form.fields]]\nkey = "b"\nlabel = "B"\noutcome = true',
        "note_form.fields",
        "2 fields",
        "exactly one",
    ),
    (
        '[[note_form.fields]]\nkey = "b"\nlabel = "B"\nkind = "many"',
        "note_form.fields[1].choices",
        "no cho",
        "write",
    ),
    (
        '[[note_form.fields]]\nkey = "b"\nlabel = "B"\nkind = "tick"',
        "note_form.fields[1].kind",
        "“tick”",
        "many",
    ),
    (
        '[[note_form.fields]]\nkey = "b"\nlabel = "B"\nsealed = "x"',
        "note_form.fields[1].sealed",
        "“x”",
        "safety",
    ),
    (
        '[[note_form.fields]]\nkey = "outcome"\nlabel = "B"',
        "note_form.fields[1].key",
        "also the key of",
        "its own",
    ),
    ("[demonstration]\nshift_began_hours_ago = 12", "demonstration", "over before it starts", "more than"),
]


@pytest.mark.parametrize(
    ("table", "key", "what", "mend"), IN_A_TABLE, ids=[row[1] + " " + row[2] for row in IN_A_TABLE]
)
def test_a_mistake_in_a_table_is_told_with_file_key_and_mend(
    tmp_path: Path, table: str, key: str, what: str, mend: str
) -> None:
    mistakes = mistakes_of(tmp_path, TOP + HOURS + NOTE + table)
    mistake = told(mistakes, key)
    assert len(mistakes) == 1, [str(each) for each in mistakes]
    assert mistake.file == "evening.toml"
    assert what in mistake.what
    assert mend in mistake.mend
    assert str(mistake) == f"evening.toml: {key}: {mistake.what}; {mistake.mend}"


AT_THE_TOP = [
    (
        'zone = "Europe/London"',
        'zone = "Europe/Londno"',
        "zone",
        "not a time zone",
        "did you mean Europe/London",
    ),
    ('name = "Evening line"', "", "name", "is missing", "write the name"),
    ('country = "GB"', 'country = "UKK"', "country", "not a known country", ""),
    ('country = "GB"', 'country = "GB"\nregion = "Yorkshire"', "region", "not a known region", "ENG"),
    ('country = "GB"', 'country = "GB"\nchanels = []', "chanels", "not known here", "did you mean channels?"),
    (
        'country = "GB"',
        'country = "GB"\nchannels = ["fax"]',
        "channels[0]",
        "“fax” is not known",
        '"call", "sms", "web"',
    ),
    ('country = "GB"', 'country = "GB"\nchannels = ["web", "web"]', "channels", "twice", "once"),
    (
        'country = "GB"',
        'country = "GB"\nexit_to = "http://x.org"',
        "exit_to",
        "not an https address",
        "https://",
    ),
    ('country = "GB"', 'country = "GB"\ndemo = "yes"', "demo", "expected bool", "true or false"),
    ("01632 960110", "ring Jo", "lead_number", "not a telephone number", "as it is dialled"),
]


@pytest.mark.parametrize(
    ("old", "new", "key", "what", "mend"), AT_THE_TOP, ids=[row[2] + " " + row[3] for row in AT_THE_TOP]
)
def test_a_mistake_at_the_top_is_told(
    tmp_path: Path, old: str, new: str, key: str, what: str, mend: str
) -> None:
    mistakes = mistakes_of(tmp_path, TOP.replace(old, new) + HOURS + NOTE)
    mistake = told(mistakes, key)
    assert len(mistakes) == 1, [str(each) for each in mistakes]
    assert what in mistake.what
    assert mend in mistake.mend


def test_hours_and_a_note_form_must_be_there(tmp_path: Path) -> None:
    mistakes = mistakes_of(tmp_path, TOP)
    assert told(mistakes, "hours").what == "is missing"
    assert "helpline new" in told(mistakes, "note_form").mend
    assert len(mistakes) == 2


IN_THE_SEEDS = [
    (
        TEAM.replace("01632 960114", "the ward"),
        "crisis_contacts[0].number",
        "not a telephone number",
        "dialled",
    ),
    (
        TEAM.replace("crisis_team", "crisis_taem"),
        "crisis_contacts[0].role",
        "crisis_taem",
        "did you mean crisis_team",
    ),
    (TEAM + 'line = "open"', "crisis_contacts[0].line", "“open” is not known", '"professional", "public"'),
    (TEAM + 'hours = { mno = ["09:00-17:00"] }', "crisis_contacts[0].hours.mno", "not a day", "mon"),
    (TEAM + 'hours = { mon = ["9-17"] }', "crisis_contacts[0].hours.mon[0]", "cannot be read", "18:00-22:30"),
    (TEAM + 'zone = "Paris"', "crisis_contacts[0].zone", "not a time zone", "Europe/Paris"),
    (TEAM + 'languages = ["english"]', "crisis_contacts[0].languages[0]", "not a language tag", "BCP 47"),
    (TEAM + 'localities = ["hill"]', "crisis_contacts[0].localities", "no locality “hill”", "add it"),
    (
        TEAM + 'fallback = "nobody"',
        "crisis_contacts[0].fallback",
        "no crisis contact “nobody”",
        "mend its id",
    ),
    (TEAM + 'fallback = "team"', "crisis_contacts[0].fallback", "names itself", "another"),
    (TEAM + TEAM, "crisis_contacts[1].id", "also the id of crisis_contacts[0]", "its own id"),
    (TEAM.replace("2099-12-31", '"soon"'), "crisis_contacts[0].verify_by", "date", "2027-01-31"),
    (
        TEAM.replace("crisis_team", "emergency_999") + "hours = { mon = ['09:00-17:00'] }",
        "crisis_contacts[0].hours",
        "never closes",
        "always",
    ),
    ('[[localities]]\nid = "hill"\nname = "Hill"', "localities[0]", "no crisis team", '"crisis_team"'),
    (SAM.replace('"supporter"', '"suporter"'), "people[0].roles[0]", "suporter", '"supporter"'),
    (SAM + 'channels = ["sms"]', "people[0].channels[0]", "sms", "web"),
    (SAM + 'email = "sam"', "people[0].email", "not an address", "leave it out"),
    (SAM + 'password = "x"', "people[0].password", "not known here", ""),
    (SAM + SAM, "people[1].id", "also the id of people[0]", "its own id"),
    (SAM + SHIFT.replace("DAILY", "NIGHTLY"), "shifts[0].rrule", "", "DAILY"),
    (SAM + SHIFT.replace('"sam"', '"smа"'), "shifts[0].person", "not a known person", "sam"),
    (SAM + SHIFT.replace('"supporter"', '"lead"'), "shifts[0].role", "sam is no lead", "add lead"),
    (SAM + SHIFT + 'languages = ["pl"]', "shifts[0].languages", "does not speak pl", "sam"),
    (SAM + SHIFT + SHIFT, "shifts[1].id", "also the id of shifts[0]", "its own id"),
    (
        SAM + SHIFT.replace("22:30", "18:30"),
        "ladder.rungs[4].clocks.safeguarding_told",
        "longer than the shortest shift, 1800 s",
        "at most 1800",
    ),
]


@pytest.mark.parametrize(
    ("table", "key", "what", "mend"), IN_THE_SEEDS, ids=[row[1] + " " + row[2] for row in IN_THE_SEEDS]
)
def test_a_mistake_in_a_seed_is_told(tmp_path: Path, table: str, key: str, what: str, mend: str) -> None:
    mistakes = mistakes_of(tmp_path, TOP + HOURS + NOTE + table)
    found = [mistake for mistake in mistakes if mistake.key.startswith(key)]
    assert len(found) == len(mistakes) == 1, [str(each) for each in mistakes]
    assert what in found[0].what
    assert mend in found[0].mend


RUNG_3 = "[[ladder.rungs]]\nnumber = 3\n"
IN_THE_LADDER = [
    (
        RUNG_3 + 'contacts = ["crisis_team"]',
        "ladder.rungs[3].contacts",
        "the last step must be an emergency number",
        '"emergency_999"',
    ),
    (
        RUNG_3 + "contacts = []",
        "ladder.rungs[3].contacts",
        "the last step must be an emergency number",
        '"emergency_999"',
    ),
    (
        "[[ladder.rungs]]\nnumber = 1\ncontacts = ['lead']",
        "ladder.rungs[1].contacts",
        "go up and ask",
        '"ask_up"',
    ),
    (
        RUNG_3 + 'contacts = ["crsis_team", "emergency_999"]',
        "ladder.rungs[3].contacts[0]",
        "crsis_team",
        "crisis_team",
    ),
    (
        RUNG_3 + "clocks = { reveiw = 60 }",
        "ladder.rungs[3].clocks.reveiw",
        "not a known clock",
        "did you mean review?",
    ),
    (
        RUNG_3 + "clocks = { review = 0 }",
        "ladder.rungs[3].clocks.review",
        "not a time limit",
        "whole seconds",
    ),
    (
        RUNG_3 + 'clocks = { review = "20 min" }',
        "ladder.rungs[3].clocks.review",
        "not a time limit",
        "whole seconds",
    ),
    (RUNG_3 + "name = {}", "ladder.rungs[3].name", "no words", "table of languages"),
    (RUNG_3 + "prompts = [3]", "ladder.rungs[3].prompts.en", "not a list of words", "list of words"),
    (RUNG_3 + 'do = " "', "ladder.rungs[3].do", "is empty", "leave the key out"),
    (RUNG_3 + "score = 9", "ladder.rungs[3].score", "not known here", ""),
    (RUNG_3 + RUNG_3, "ladder.rungs[3].number", "rung 3 is written twice", "keep one"),
    (RUNG_3 + "[[ladder.rungs]]\nnumber = 2", "ladder.rungs[2].number", "stands after rung 3", "in order"),
    ("[[ladder.rungs]]\nnumber = 5", "ladder.rungs[0].number", "not the number of a rung", "there are five"),
    ("[[ladder.rungs]]\nshort = 'A'", "ladder.rungs[0].number", "not the number of a rung", "there are five"),
    ('[ladder]\napproved_on = "today"', "ladder.approved_on", "", "2026-01-31"),
    ('[ladder]\nlast_resorts = ["the pub"]', "ladder.last_resorts[0]", "the pub", ""),
]


@pytest.mark.parametrize(
    ("table", "key", "what", "mend"), IN_THE_LADDER, ids=[row[1] + " " + row[2] for row in IN_THE_LADDER]
)
def test_a_mistake_in_the_ladder_is_told(tmp_path: Path, table: str, key: str, what: str, mend: str) -> None:
    mistakes = mistakes_of(tmp_path, TOP + HOURS + NOTE + table)
    mistake = told(mistakes, key)
    assert len(mistakes) == 1, [str(each) for each in mistakes]
    assert what in mistake.what
    assert mend in mistake.mend


def test_every_mistake_is_told_at_once_also_those_behind_a_broken_value(tmp_path: Path) -> None:
    mistakes = mistakes_of(
        tmp_path,
        TOP.replace("London", "Londno").replace('short_name = "Evening"', "")
        + '[languages]\npromised = ["en", "polsih"]\n'
        + "[capacity]\ncap = -1\n[offers]\nlese = 3\n"
        + HOURS.replace("always", "alway")
        + NOTE.replace("outcome = true", "outcome = false")
        + '[messages]\nbye = "x"\n'
        + "[[ladder.rungs]]\nnumber = 3\ncontacts = ['crisis_team']\nclocks = { x = 1 }\n"
        + TEAM.replace("crisis_team", "team")
        + SAM.replace("sam", "Sam Smith"),
    )
    assert {mistake.key for mistake in mistakes} == {
        "zone",
        "short_name",
        "languages.promised[1]",
        "capacity.cap",
        "offers.lese",
        "hours.channels.web.week",
        "note_form.fields",
        "messages.bye",
        "ladder.rungs[3].contacts",
        "ladder.rungs[3].clocks.x",
        "crisis_contacts[0].role",
        "people[0].id",
    }
    assert all(mistake.mend for mistake in mistakes)


def test_a_table_that_is_not_read_whole_is_not_blamed_twice(tmp_path: Path) -> None:
    hill = '[[localities]]\nid = "hill"\nname = "Hill"\n'
    mistakes = mistakes_of(tmp_path, TOP + HOURS + NOTE + hill + TEAM.replace('"01632 960114"', "999"))
    assert [mistake.key for mistake in mistakes] == ["crisis_contacts[0].number"]


@pytest.mark.parametrize(
    ("text", "what"),
    [(b"name = Evening", "is not TOML"), (b"name = '\xff'", "is not UTF-8"), (None, "cannot be read")],
)
def test_a_file_that_is_no_definition_says_so(tmp_path: Path, text: bytes | None, what: str) -> None:
    path = tmp_path / "evening.toml"
    if text is not None:
        path.write_bytes(text)
    with pytest.raises(BrokenDefinition) as broken:
        read_definition(path)
    (mistake,) = broken.value.mistakes
    assert (mistake.file, mistake.key) == ("evening.toml", "file")
    assert what in mistake.what


@pytest.mark.parametrize("junk", ["1", "'x'", "[1]", "[[1]]", "true", "2026-01-01"])
def test_a_value_where_a_table_belongs_is_told_and_never_breaks_the_reader(tmp_path: Path, junk: str) -> None:
    tables = [
        "languages",
        "capacity",
        "offers",
        "waiting",
        "lines",
        "ask_lead",
        "staffing",
        "hours",
        "ladder",
        "confidentiality",
        "note_form",
        "ready_words",
        "messages",
        "retention",
        "localities",
        "crisis_contacts",
        "people",
        "shifts",
        "demonstration",
    ]
    mistakes = mistakes_of(tmp_path, TOP + "\n".join(f"{name} = {junk}" for name in tables))
    assert {mistake.key.partition("[")[0].partition(".")[0] for mistake in mistakes} == set(tables)
