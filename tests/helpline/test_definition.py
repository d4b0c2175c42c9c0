"""What a service definition gives when it is whole, and when it may be served."""

from datetime import date
from pathlib import Path

import pytest

from helpline.definition import check, decode, encode, read_definition, refusals_to_serve
from helpline.messages import MESSAGES
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


def test_a_small_definition_has_every_default(tmp_path: Path) -> None:
    definition = definition_of(tmp_path)
    assert definition.capacity.cap == 3
    assert definition.offers.lease_seconds == 45
    assert definition.waiting.not_safe_seconds == 60
    assert definition.lines.take_over_seconds == 180
    assert definition.ask_lead.chain_seconds == (60, 120)
    assert definition.retention.safety_years == 7
    assert definition.staffing.supporters == 2
    assert [rung.short for rung in definition.ladder.rungs] == [
        "Listening",
        "Asking",
        "Planning",
        "Acting",
        "Emergency",
    ]
    assert definition.messages == MESSAGES
    assert definition.confidentiality.wording["cy"]
    assert definition.note_form.outcome.key == "outcome"


def test_a_service_writes_only_what_differs_from_the_default_ladder(tmp_path: Path) -> None:
    default = definition_of(tmp_path).ladder
    ours = definition_of(
        tmp_path,
        '[ladder]\nversion = "7"\n[[ladder.rungs]]\nnumber = 2\nclocks = { review = 900 }\nprompts = ["How?"]\n',
    ).ladder
    assert ours.version == "7"
    assert ours.rungs[2].clocks == default.rungs[2].clocks | {"review": 900}
    # Shipped translations of words that are no longer asked must not stay beside the new ones.
    assert ours.rungs[2].prompts == {"en": ("How?",)}
    assert ours.rungs[2].name == default.rungs[2].name
    assert [ours.rungs[each] for each in (0, 1, 3, 4)] == [default.rungs[each] for each in (0, 1, 3, 4)]


def test_words_a_service_writes_replace_every_language_of_that_message(tmp_path: Path) -> None:
    definition = definition_of(tmp_path, '[messages]\nwelcome = "Welcome to {service}."\n')
    assert definition.messages["welcome"] == {"en": "Welcome to {service}."}
    assert definition.message("welcome", "pl").text == "Welcome to Evening line."
    assert definition.message("welcome", "pl").language == "en"
    assert (
        definition.message("closed", "pl", opens_at="jutro").text
        == "Teraz jest zamknięte. Otwieramy znowu jutro."
    )


def test_words_missing_in_the_default_language_are_an_error(tmp_path: Path) -> None:
    mistakes = mistakes_of(tmp_path, TOP + HOURS + NOTE + "[messages]\nended = { cy = 'Diwedd' }\n")
    assert told(mistakes, "messages.ended").mend.startswith("add en")


CLOSING = '\n[hours.channels.web]\nweek = { every_day = ["18:00-22:30"] }\n'
ON_CALL = TEAM.replace("crisis_team", "on_call").replace('"team"', '"on-call"')


def test_a_service_that_closes_needs_an_owner_out_of_hours(tmp_path: Path) -> None:
    nobody = told(mistakes_of(tmp_path, TOP + CLOSING + NOTE), "crisis_contacts")
    assert 'role = "on_call"' in nobody.mend
    by_day = ON_CALL + 'hours = { every_day = ["09:00-17:00"] }\n'
    told(mistakes_of(tmp_path, TOP + CLOSING + NOTE + by_day), "crisis_contacts")
    read_definition(written(tmp_path, TOP + CLOSING + NOTE + ON_CALL))


def test_a_service_that_closes_on_holidays_alone_closes_too(tmp_path: Path) -> None:
    shut = '\n[hours.channels.web]\nweek = "always"\non_holidays = "closed"\n'
    told(mistakes_of(tmp_path, TOP + shut + NOTE), "crisis_contacts")
    special = HOURS + '[[hours.special_days]]\ndate = 2026-12-25\nhours = []\nwhy = "Christmas"\n'
    told(mistakes_of(tmp_path, TOP + special + NOTE), "crisis_contacts")


def test_a_channel_without_hours_is_told(tmp_path: Path) -> None:
    mistakes = mistakes_of(tmp_path, TOP + 'channels = ["web", "sms"]\n' + HOURS + NOTE)
    assert told(mistakes, "hours.channels.sms").what == "has no opening hours"


def test_a_number_past_its_date_is_warned_of_from_the_next_day_on(tmp_path: Path) -> None:
    definition = definition_of(tmp_path, TEAM)
    last = date(2099, 12, 31)
    assert not [each for each in check(definition, today=last) if "verify_by" in each.key]
    (warning,) = [each for each in check(definition, today=date(2100, 1, 1)) if "verify_by" in each.key]
    assert warning.kind == "warning"


def test_outside_a_demonstration_nobody_serves_an_unapproved_ladder(tmp_path: Path) -> None:
    real = TOP.replace("01632 960110", NOT_FOR_DRAMA)
    refused = refusals_to_serve(definition_of(tmp_path, top=real), file="evening.toml")
    assert [each.key for each in refused] == ["ladder.approved_by", "ladder.approved_on"]
    approved = '[ladder]\napproved_by = "Dr A. Example, clinical lead"\napproved_on = 2026-01-31\n'
    assert refusals_to_serve(definition_of(tmp_path, approved, top=real)) == []
    half = '[ladder]\napproved_by = "  "\napproved_on = 2026-01-31\n'
    assert [each.key for each in refusals_to_serve(definition_of(tmp_path, half, top=real))] == [
        "ladder.approved_by"
    ]


@pytest.mark.parametrize(
    "number", ["+44 1632 960114", "(020) 7946-0114", "07700900114", "18001 01632 960114"]
)
def test_outside_a_demonstration_nobody_serves_fictitious_numbers(tmp_path: Path, number: str) -> None:
    approved = '[ladder]\napproved_by = "A. Example"\napproved_on = 2026-01-31\n'
    definition = definition_of(
        tmp_path,
        approved,
        TEAM.replace("01632 960114", number),
        top=TOP.replace("01632 960110", NOT_FOR_DRAMA),
    )
    (refused,) = refusals_to_serve(definition)
    assert refused.key == "crisis_contacts[0].number"
    assert number in refused.what
    assert refusals_to_serve(definition, crisis_contacts=()) == []


def test_a_demonstration_serves_no_real_number_but_everybodys(tmp_path: Path) -> None:
    demo = TOP + "demo = true\n"
    assert refusals_to_serve(definition_of(tmp_path, TEAM, top=demo)) == []
    for number in ("999", "111", "112"):
        assert (
            refusals_to_serve(definition_of(tmp_path, TEAM.replace("01632 960114", number), top=demo)) == []
        )
    real = definition_of(tmp_path, TEAM.replace("01632 960114", NOT_FOR_DRAMA), top=demo)
    (refused,) = refusals_to_serve(real)
    assert "somebody's real number" in refused.what
    (lead,) = refusals_to_serve(definition_of(tmp_path, top=demo.replace("01632 960110", NOT_FOR_DRAMA)))
    assert lead.key == "lead_number"


def test_the_hash_is_the_same_for_the_same_shape_and_does_not_pin_numbers_hours_or_people(
    tmp_path: Path,
) -> None:
    plain = definition_of(tmp_path)
    again = definition_of(tmp_path, TEAM, SAM, SHIFT, top=TOP.replace("01632 960110", "01632 960111"))
    assert plain.hash == again.hash
    assert len(plain.hash) == 64
    for changed in (
        "[[ladder.rungs]]\nnumber = 3\nclocks = { review = 60 }\n",
        '[ladder]\nversion = "2"\n',
        '[messages]\nended = "Bye"\n',
        '[confidentiality]\npolicy = "immediate_life"\n',
        "[offers]\nlease_seconds = 46\n",
    ):
        assert definition_of(tmp_path, changed).hash != plain.hash


def test_a_past_definition_comes_back_as_it_was_pinned(tmp_path: Path) -> None:
    definition = definition_of(tmp_path, TEAM, SAM, SHIFT)
    kept = decode(encode(definition))
    assert kept.hash == definition.hash
    assert kept.ladder == definition.ladder
    assert kept.confidentiality == definition.confidentiality
    assert (kept.people, kept.shifts, kept.crisis_contacts, kept.lead_number) == ((), (), (), "")


def test_a_shift_takes_zone_channels_and_languages_from_the_service_and_the_person(tmp_path: Path) -> None:
    (shift,) = definition_of(tmp_path, SAM.replace('["en"]', '["en", "cy"]'), SHIFT).shifts
    assert (shift.zone, shift.channels, shift.languages) == ("Europe/London", ("web",), ("en", "cy"))


def test_a_label_in_plain_words_is_in_the_default_language(tmp_path: Path) -> None:
    welsh = '[languages]\ndefault = "cy"\npromised = ["cy"]\n'
    assert definition_of(tmp_path, welsh).note_form.outcome.label == {"cy": "How it ended"}
