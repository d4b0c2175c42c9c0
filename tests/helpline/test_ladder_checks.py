"""`helpline check` refuses a ladder that could leave somebody with nowhere to go, and says how to mend it."""

from pathlib import Path

import pytest

from helpline.definition import Mistake, check, read_definition, refusals_to_serve
from tests.helpline.definitions import (
    HOURS,
    NOT_FOR_DRAMA,
    NOTE,
    SAM,
    SHIFT,
    TEAM,
    TOP,
    definition_of,
    mistakes_of,
    told,
    written,
)

CLOSING = '\n[hours.channels.web]\nweek = { every_day = ["18:00-22:30"] }\n'
RUNG_1 = "[[ladder.rungs]]\nnumber = 1\n"
RUNG_3 = "[[ladder.rungs]]\nnumber = 3\n"
RUNG_4 = "[[ladder.rungs]]\nnumber = 4\n"
DUTY = TEAM.replace('"team"', '"duty"').replace("crisis_team", "crisis_duty_manager")
ON_CALL = TEAM.replace("crisis_team", "on_call").replace('"team"', '"on-call"')
HILL = '[[localities]]\nid = "hill"\nname = "Hill"\n[[localities]]\nid = "dale"\nname = "Dale"\n'
KIT = SAM.replace("sam", "kit").replace("Sam", "Kit").replace('"supporter"', '"on_call"')
NIGHTS = (
    SHIFT.replace('"evening"', '"nights"')
    .replace('"sam"', '"kit"')
    .replace('"supporter"', '"on_call"')
    .replace("2026-01-05T18:00:00", "2026-01-05T22:00:00")
    .replace("2026-01-05T22:30:00", "2026-01-06T18:30:00")
)
NO_LINES = '[ladder.tracks]\nS = "Safeguarding"\nH = " "\nT = "Third party"\n'

# Each row: what would leave somebody stranded, the key told, a part of what and of the mend; then the same, mended.
RULES = [
    (
        RUNG_1 + 'contacts = ["ask_up", "lead", "ask_up"]',
        "ladder.rungs[1].contacts[0]",
        "nothing after it is ever suggested",
        "take it out",
        RUNG_1 + 'contacts = ["lead", "ask_up"]',
    ),
    (
        RUNG_3 + 'contacts = ["lead", "ask_up", "emergency_999"]',
        "ladder.rungs[3].contacts[1]",
        "nowhere left to go up to",
        "take it out",
        RUNG_3 + 'contacts = ["lead", "emergency_999"]',
    ),
    (
        '[ladder]\nlast_resorts = ["manager", "ask_up"]',
        "ladder.last_resorts[1]",
        "nowhere left to go up to",
        "take it out",
        '[ladder]\nlast_resorts = ["manager", "everyone"]',
    ),
    (
        RUNG_4 + 'contacts = ["emergency_999", "on_call"]',
        "ladder.rungs[4].contacts",
        "the last step must be an emergency number",
        '"emergency_999"',
        RUNG_4 + 'contacts = ["emergency_999", "on_call", "emergency_999"]',
    ),
    (
        TEAM + 'fallback = "duty"\n' + DUTY + 'fallback = "team"\n',
        "crisis_contacts[0].fallback",
        "back to itself",
        "outside the ring",
        TEAM + 'fallback = "duty"\n' + DUTY,
    ),
    (
        HILL + TEAM + 'fallback = "duty"\n' + DUTY + 'localities = ["dale"]\n',
        "crisis_contacts[0].fallback",
        "does not serve everybody",
        "widen its localities",
        HILL + TEAM + 'fallback = "duty"\n' + DUTY + "localities = []\n",
    ),
    (
        TEAM.replace("01632 960114", " "),
        "crisis_contacts[0].number",
        "no number to ring",
        "write the number",
        TEAM.replace("01632 960114", " ").replace("crisis_team", "everyone"),
    ),
    (
        ON_CALL.replace("01632 960114", " "),
        "crisis_contacts[0].number",
        "e-mail alone reaches nobody at night",
        "write the number",
        ON_CALL,
    ),
    (
        ON_CALL.replace("01632 960114", "kit@example.org"),
        "crisis_contacts[0].number",
        "not a telephone number",
        "as it is dialled",
        ON_CALL,
    ),
    (
        KIT + 'email = "kit@example.org"\n',
        "people[0].email",
        "reached only by e-mail",
        'role = "on_call" and the number to ring',
        KIT + 'email = "kit@example.org"\n' + ON_CALL,
    ),
    (
        SAM + SHIFT + RUNG_3 + "clocks = { noted_every = 16201 }",
        "ladder.rungs[3].clocks.noted_every",
        "longer than the shortest shift, 16200 s",
        "at most 16200",
        SAM + SHIFT + RUNG_3 + "clocks = { noted_every = 16200, follow_up = 200000 }",
    ),
    (
        SAM + SHIFT + "[ask_lead]\nchain_seconds = [60, 16300]",
        "ask_lead.chain_seconds[1]",
        "longer than the shortest shift",
        "at most 16200",
        SAM + SHIFT + "[ask_lead]\nchain_seconds = [60, 16200]",
    ),
    (
        SAM + SHIFT + "[waiting]\nnot_safe_seconds = 20000",
        "waiting.not_safe_seconds",
        "longer than the shortest shift",
        "at most 16200",
        SAM + SHIFT + "[waiting]\nnot_safe_seconds = 16200",
    ),
    (
        '[languages]\npromised = ["en", "pl"]\n' + RUNG_3 + 'prompts = ["Where are you?"]',
        "ladder.rungs[3].prompts",
        "no words in pl",
        "do not promise pl",
        '[languages]\npromised = ["en", "pl"]\n' + RUNG_3 + 'prompts = { en = ["Where?"], pl = ["Gdzie?"] }',
    ),
]


@pytest.mark.parametrize(
    ("broken", "key", "what", "mend", "mended"), RULES, ids=[row[1] + " " + row[2] for row in RULES]
)
def test_a_ladder_that_could_strand_somebody_is_refused_until_it_is_mended(
    tmp_path: Path, broken: str, key: str, what: str, mend: str, mended: str
) -> None:
    mistakes = mistakes_of(tmp_path, TOP + HOURS + NOTE + broken)
    first = next(each for each in mistakes if each.key == key)
    assert (first.file, first.kind) == ("evening.toml", "error")
    assert what in first.what
    assert mend in first.mend
    # Rings are told at each of their ends, everything else once.
    assert len(mistakes) == (2 if "back to itself" in what else 1), [str(each) for each in mistakes]
    read_definition(written(tmp_path, TOP + HOURS + NOTE + mended))


def test_every_track_needs_a_line_that_says_what_it_is_for(tmp_path: Path) -> None:
    mistakes = mistakes_of(tmp_path, TOP + HOURS + NOTE + NO_LINES)
    assert [each.key for each in mistakes] == ["ladder.tracks.H", "ladder.tracks.X"]
    assert all("no line" in each.what and "keep the default" in each.mend for each in mistakes)
    lines = NO_LINES.replace('" "', '"Harm to others"') + 'X = "Our own distress"\n'
    read_definition(written(tmp_path, TOP + HOURS + NOTE + lines))


def test_with_no_shift_written_yet_the_shortest_evening_is_the_measure(tmp_path: Path) -> None:
    long = RUNG_3 + "clocks = { first_outside_call = 16201 }\n"
    always = ON_CALL + 'hours = "always"\n'
    mistake = told(
        mistakes_of(tmp_path, TOP + CLOSING + NOTE + always + long),
        "ladder.rungs[3].clocks.first_outside_call",
    )
    assert "the shortest time you are open, 16200 s" in mistake.what
    read_definition(written(tmp_path, TOP + CLOSING + NOTE + always + long.replace("16201", "16200")))
    read_definition(written(tmp_path, TOP + HOURS + NOTE + long))


def test_out_of_hours_somebody_can_be_rung_whenever_the_door_is_closed(tmp_path: Path) -> None:
    def with_on_call(*tables: str) -> str:
        return TOP + CLOSING + NOTE + "".join(tables)

    for enough in (
        (ON_CALL,),
        # Reachable exactly while the line is not.
        (ON_CALL + 'hours = { every_day = ["22:30-18:00"] }\n',),
        # Two who share the night.
        (
            ON_CALL + 'hours = { every_day = ["22:00-06:00"] }\n',
            ON_CALL.replace("on-call", "day-call") + 'hours = { every_day = ["06:00-18:30"] }\n',
        ),
        # By day the number is theirs, by night whoever the rota has.
        (KIT, NIGHTS, ON_CALL + 'hours = { every_day = ["09:00-17:00"] }\n'),
    ):
        read_definition(written(tmp_path, with_on_call(*enough)))
    for too_little in (
        (),
        (ON_CALL + 'hours = { every_day = ["09:00-17:00"] }\n',),
        (ON_CALL + 'hours = { every_day = ["22:30-18:00"], sun = ["22:30-09:00"] }\n',),
        (KIT, NIGHTS.replace("FREQ=DAILY", "FREQ=WEEKLY"), ON_CALL + 'hours = { mon = ["09:00-17:00"] }\n'),
    ):
        mistake = told(mistakes_of(tmp_path, with_on_call(*too_little)), "crisis_contacts")
        assert "on_call" in mistake.mend or "on-call" in mistake.mend


def test_an_on_call_who_is_off_on_a_holiday_the_line_closes_on_too_is_found(tmp_path: Path) -> None:
    shut = '\n[hours]\nspecial_days = [{ date = 2026-12-25, hours = [], why = "Christmas" }]\n' + HOURS
    weekdays = ON_CALL + 'hours = { every_day = ["00:00-24:00"], fri = ["09:00-17:00"] }\n'
    mistake = told(mistakes_of(tmp_path, TOP + shut + NOTE + weekdays), "crisis_contacts")
    assert "Fri 25 Dec 00:30 UTC" in mistake.what


def warnings_of(tmp_path: Path, *tables: str) -> list[Mistake]:
    return [each for each in check(definition_of(tmp_path, *tables)) if "passed over" in each.what]


def test_a_step_nobody_is_named_for_is_warned_of_and_stops_nothing(tmp_path: Path) -> None:
    steps = RUNG_3 + 'contacts = ["own_contact", "crisis_team", "amhp", "emergency_999"]\n'
    steps += RUNG_4 + 'contacts = ["emergency_999"]\n'
    warned = warnings_of(tmp_path, TEAM, steps)
    assert [(each.key, each.kind) for each in warned] == [("ladder.rungs[3].contacts[2]", "warning")]
    assert (
        warnings_of(tmp_path, TEAM, TEAM.replace('"team"', '"a"').replace("crisis_team", "amhp"), steps) == []
    )


APPROVED = '[ladder]\napproved_by = "A. Example"\napproved_on = 2026-01-31\n'
REAL = TOP.replace("01632 960110", NOT_FOR_DRAMA)


@pytest.mark.parametrize(
    "number",
    ["01632 960614", "(020) 7946-0114", "+44 (0)7700 900 114", "01xxx xxxxxx", "00000 000000", "[number]"],
)
@pytest.mark.parametrize(
    ("table", "key"),
    [
        ('[messages]\nwho_answers = "If you are under 16, ring {}."\n', "messages.who_answers.en"),
        ('[messages]\ngrounding = ["Breathe.", "Or ring {} now."]\n', "messages.grounding.en"),
        ('[confidentiality]\nwording = "Ask us on {} what this means."\n', "confidentiality.wording.en"),
        ('[[ready_words]]\nkey = "ring"\ntext = "You can ring {} too."\n', "ready_words[0].text.en"),
        ('[[ladder.rungs]]\nnumber = 3\nprompts = ["Ring {} with me?"]\n', "ladder.rungs[3].prompts.en"),
    ],
)
def test_words_that_name_a_fictitious_or_empty_number_are_not_served(
    tmp_path: Path, table: str, key: str, number: str
) -> None:
    definition = definition_of(tmp_path, APPROVED, table.replace("{}", number), top=REAL)
    (refused,) = refusals_to_serve(definition)
    assert refused.key == key
    assert number in refused.what
    mended = definition_of(tmp_path, APPROVED, table.replace("{}", NOT_FOR_DRAMA), top=REAL)
    assert refusals_to_serve(mended) == []


@pytest.mark.parametrize(
    "words", ["999", "111 and choose option 2", "since 2019-2020", "16 and over", "24/7"]
)
def test_words_with_other_figures_are_served(tmp_path: Path, words: str) -> None:
    table = f'[messages]\nwho_answers = "We are here: {words}."\n'
    assert refusals_to_serve(definition_of(tmp_path, APPROVED, table, top=REAL)) == []


def test_a_demonstration_names_nobodys_real_number_in_its_words_either(tmp_path: Path) -> None:
    table = '[messages]\nwho_answers = "Or ring {}."\n'
    demo = TOP + "demo = true\n"
    (refused,) = refusals_to_serve(definition_of(tmp_path, table.replace("{}", NOT_FOR_DRAMA), top=demo))
    assert refused.key == "messages.who_answers.en"
    assert refusals_to_serve(definition_of(tmp_path, table.replace("{}", "01632 960114"), top=demo)) == []
