"""Who may take a shift: each rule at its edge, in real hours and wall weeks, through both clock changes."""

from datetime import date, datetime, time
from typing import Any

import msgspec
import pytest

from rota.limits import Limits, objections
from rota.members import Adjustments, Member, Terms
from rota.shifts import Rota, Shift

LONDON = "Europe/London"
AMINA = Member(
    id="amina",
    name="Amina",
    roles=("supporter", "lead", "on_call", "second_on_call", "interpreter"),
    languages=("en", "ur"),
    channels=("web", "sms"),
)


def a_shift(starts: str, ends: str, **changes: Any) -> Shift:
    given: dict[str, Any] = {"id": f"{starts}-{ends}", "zone": LONDON, "role": "supporter", "person": "amina"}
    given |= {"channels": ("web",), "languages": ("en",)}
    return Shift(
        **given | {"starts": datetime.fromisoformat(starts), "ends": datetime.fromisoformat(ends)} | changes
    )


def said(asked: Shift, *others: Shift, member: Member = AMINA, **limits: Any) -> list[tuple[str, str]]:
    """Kind and code of each objection to this member taking `asked` when they have `others` already."""
    free = msgspec.structs.replace(asked, id="asked", person="")
    rota = Rota([free, *others])
    (duty,) = Rota([free]).occurrences(*_everything())
    found = objections(member, duty, rota, Limits(**limits), LONDON)
    assert all(one.text.endswith(".") for one in found)
    return [(one.kind, one.code) for one in found]


def _everything() -> tuple[datetime, datetime]:
    return datetime.fromisoformat("2020-01-01T00:00Z"), datetime.fromisoformat("2030-01-01T00:00Z")


def with_terms(**terms: Any) -> Member:
    return msgspec.structs.replace(AMINA, terms=Terms(**terms))


def adjusted(**agreed: Any) -> Member:
    return with_terms(adjustments=Adjustments(**agreed))


EVENING = a_shift("2026-11-25T18:00", "2026-11-25T22:00")


def test_an_ordinary_evening_meets_no_objection() -> None:
    assert said(EVENING) == []


def test_past_four_hours_is_warned_of_and_past_six_refused() -> None:
    assert said(a_shift("2026-11-25T16:00", "2026-11-25T20:01")) == [("warn", "long")]
    assert said(a_shift("2026-11-25T16:00", "2026-11-25T22:00")) == [("warn", "long")]
    assert said(a_shift("2026-11-25T16:00", "2026-11-25T22:01")) == [("refuse", "too_long")]
    assert said(EVENING, warn_hours=2.0, stop_hours=3.0) == [("refuse", "too_long")]


def test_a_length_is_real_hours_on_the_nights_the_clock_changes() -> None:
    back = a_shift("2026-10-24T22:00", "2026-10-25T03:30")
    forward = a_shift("2026-03-28T22:00", "2026-03-29T03:00")
    assert said(back, weekly_hours=48.0) == [("refuse", "too_long")]  # 6 h 30
    assert said(forward, weekly_hours=48.0) == []  # 4 h


def test_shifts_that_touch_or_overlap_are_one_stretch() -> None:
    before = a_shift("2026-11-25T14:00", "2026-11-25T16:00")
    assert said(a_shift("2026-11-25T16:00", "2026-11-25T18:00"), before) == []
    assert said(a_shift("2026-11-25T16:00", "2026-11-25T19:00"), before) == [("warn", "long")]
    after = a_shift("2026-11-25T19:00", "2026-11-25T20:30")
    assert said(a_shift("2026-11-25T16:00", "2026-11-25T19:00"), before, after) == [("refuse", "too_long")]


def test_eleven_hours_of_rest_lie_between_two_stretches_before_and_after() -> None:
    late = a_shift("2026-11-24T18:00", "2026-11-24T21:00")
    assert said(a_shift("2026-11-25T08:00", "2026-11-25T10:00"), late) == []
    assert said(a_shift("2026-11-25T07:59", "2026-11-25T10:00"), late) == [("refuse", "rest")]
    early = a_shift("2026-11-25T08:00", "2026-11-25T10:00")
    assert said(a_shift("2026-11-24T18:00", "2026-11-24T21:01"), early) == [("refuse", "rest")]
    assert said(a_shift("2026-11-24T18:00", "2026-11-24T21:01"), early, rest_hours=10.0) == []


def test_the_night_clocks_go_forward_is_an_hour_less_of_rest() -> None:
    late = a_shift("2026-03-28T18:00", "2026-03-28T21:00")
    morning = a_shift("2026-03-29T08:00", "2026-03-29T10:00")
    assert said(morning, late) == [("refuse", "rest")]
    autumn = a_shift("2026-10-24T19:00", "2026-10-24T22:00")
    assert said(a_shift("2026-10-25T08:00", "2026-10-25T10:00"), autumn) == []


def test_rest_is_looked_for_beyond_a_shift_that_touches() -> None:
    first = a_shift("2026-11-24T20:00", "2026-11-24T23:00")
    touching = a_shift("2026-11-25T09:00", "2026-11-25T11:00")
    found = said(a_shift("2026-11-25T11:00", "2026-11-25T12:00"), first, touching)
    assert found == [("refuse", "rest")]


def test_twelve_hours_a_week_are_counted_from_monday_to_sunday_on_the_local_clock() -> None:
    week = [a_shift(f"2026-11-{day}T18:00", f"2026-11-{day}T22:00") for day in (23, 24)]
    assert said(a_shift("2026-11-29T18:00", "2026-11-29T22:00"), *week) == []
    assert said(a_shift("2026-11-29T18:00", "2026-11-29T22:00"), *week, weekly_hours=11.9) == [
        ("refuse", "weekly")
    ]
    third = a_shift("2026-11-27T18:00", "2026-11-27T20:00")
    assert said(a_shift("2026-11-29T20:00", "2026-11-30T01:00"), *week, third) == [
        ("warn", "long"),
        ("refuse", "weekly"),
    ]
    assert said(a_shift("2026-11-30T18:00", "2026-11-30T22:00"), *week, third) == []


def test_a_shift_past_sunday_midnight_counts_in_both_weeks() -> None:
    over = a_shift("2026-11-29T22:00", "2026-11-30T02:00")
    this = [a_shift(f"2026-11-{day}T18:00", f"2026-11-{day}T22:00") for day in (24, 26)]
    assert said(over, *this) == []
    assert said(over, *this, a_shift("2026-11-27T18:00", "2026-11-27T20:01")) == [("refuse", "weekly")]
    following = [a_shift(f"2026-12-0{day}T18:00", f"2026-12-0{day}T22:00") for day in (1, 3)]
    assert said(over, *following, a_shift("2026-12-04T18:00", "2026-12-04T20:01")) == [("refuse", "weekly")]


def test_the_week_clocks_go_back_has_an_hour_more_in_its_night() -> None:
    night = a_shift("2026-10-24T23:00", "2026-10-25T02:00")  # 4 h
    week = [a_shift(f"2026-10-{day}T18:00", f"2026-10-{day}T22:00") for day in (20, 21)]
    assert said(night, *week) == []
    assert said(night, *week, weekly_hours=11.5) == [("refuse", "weekly")]


def test_their_own_weekly_limit_takes_the_place_of_the_services() -> None:
    monday = a_shift("2026-11-23T18:00", "2026-11-23T22:00")
    assert said(EVENING, monday, member=with_terms(weekly_hours=7.5)) == [("refuse", "weekly")]
    week = [a_shift(f"2026-11-{day}T18:00", f"2026-11-{day}T22:00") for day in (23, 24, 26)]
    assert said(EVENING, *week) == [("refuse", "weekly")]
    assert said(EVENING, *week, member=with_terms(weekly_hours=37.5)) == []


def test_nobody_is_on_two_shifts_at_once_in_one_role() -> None:
    other = a_shift("2026-11-25T21:00", "2026-11-25T23:00", role="interpreter")
    assert ("refuse", "overlap") in said(EVENING, other)
    assert ("refuse", "overlap") in said(EVENING, msgspec.structs.replace(other, role="supporter"))
    assert said(EVENING, msgspec.structs.replace(other, person="tom")) == []


def test_a_lead_may_answer_too_and_whoever_is_on_call_may_be_on_shift() -> None:
    lead = a_shift("2026-11-25T18:00", "2026-11-25T22:00", role="lead")
    assert said(EVENING, lead) == [("warn", "overlap")]
    assert said(EVENING, msgspec.structs.replace(lead, role="on_call")) == [("warn", "overlap")]
    both = a_shift("2026-11-25T18:00", "2026-11-25T22:00", role="second_on_call")
    assert said(both, msgspec.structs.replace(lead, role="on_call")) == [("refuse", "overlap")]


def test_a_night_on_call_is_standby_and_no_working_time() -> None:
    standby = a_shift("2026-11-24T22:00", "2026-11-25T18:00", role="on_call")
    assert said(standby, a_shift("2026-11-24T18:00", "2026-11-24T22:00")) == []
    assert said(EVENING, standby) == []


def test_asking_of_a_shift_they_have_already_changes_nothing() -> None:
    mine = msgspec.structs.replace(EVENING, id="asked")
    rota = Rota([mine])
    (duty,) = rota.occurrences(*_everything())
    assert objections(AMINA, duty, rota, Limits(), LONDON) == ()


def test_training_must_be_in_date_to_the_last_day_of_the_shift() -> None:
    night = a_shift("2026-11-25T22:00", "2026-11-26T02:00")
    to_the_26th = with_terms(trained={"safeguarding": date(2026, 11, 26)})
    to_the_25th = with_terms(trained={"safeguarding": date(2026, 11, 25)})
    assert said(night, member=to_the_26th, courses=("safeguarding",)) == []
    assert said(night, member=to_the_25th, courses=("safeguarding",)) == [("refuse", "not_trained")]
    till_midnight = a_shift("2026-11-25T22:00", "2026-11-26T00:00")
    assert said(till_midnight, member=to_the_25th, courses=("safeguarding",)) == []
    assert said(EVENING, courses=("safeguarding", "listening")) == [("refuse", "not_trained")] * 2


def test_a_role_must_be_held() -> None:
    supporter = msgspec.structs.replace(AMINA, roles=("supporter",))
    assert said(msgspec.structs.replace(EVENING, role="lead"), member=supporter) == [("refuse", "role")]


@pytest.mark.parametrize(
    ("starts", "ends", "objected"),
    [
        ("2026-11-25T20:00", "2026-11-25T23:00", False),
        ("2026-11-25T20:00", "2026-11-25T23:01", True),
        ("2026-11-26T00:30", "2026-11-26T02:30", True),
        ("2026-11-26T05:59", "2026-11-26T08:00", True),
        ("2026-11-26T06:00", "2026-11-26T08:00", False),
    ],
)
def test_no_nights_means_none_between_eleven_and_six(starts: str, ends: str, objected: bool) -> None:
    found = said(a_shift(starts, ends), member=adjusted(no_nights=True))
    assert found == ([("refuse", "nights")] if objected else [])
    assert said(a_shift(starts, ends)) == []


def test_a_night_need_not_pass_midnight() -> None:
    no_nights = adjusted(no_nights=True)
    small_hours = {"night_from": "00:00", "night_until": "05:00"}
    assert said(a_shift("2026-11-25T20:00", "2026-11-26T00:00"), member=no_nights, **small_hours) == []
    assert said(a_shift("2026-11-25T20:30", "2026-11-26T00:30"), member=no_nights, **small_hours) == [
        ("refuse", "nights")
    ]


def test_a_later_start_is_by_the_local_clock() -> None:
    later = adjusted(not_before=time(19))
    assert said(EVENING, member=later) == [("refuse", "not_before")]
    assert said(a_shift("2026-07-01T19:00", "2026-07-01T21:00"), member=later) == []


def test_no_phone_refuses_what_is_by_phone_alone_and_warns_where_others_must_take_the_calls() -> None:
    quiet = adjusted(no_phone=True)
    talking = msgspec.structs.replace(quiet, channels=("web", "call"))
    assert said(msgspec.structs.replace(EVENING, channels=("call",)), member=talking) == [("refuse", "phone")]
    assert said(msgspec.structs.replace(EVENING, role="on_call"), member=quiet) == [("refuse", "phone")]
    assert said(msgspec.structs.replace(EVENING, channels=("web", "call")), member=talking) == [
        ("warn", "phone")
    ]
    assert said(EVENING, member=quiet) == []


def test_no_channel_or_language_in_common_is_a_warning() -> None:
    assert said(msgspec.structs.replace(EVENING, channels=("call",))) == [("warn", "channel")]
    assert said(msgspec.structs.replace(EVENING, languages=("cy", "pl"))) == [("warn", "language")]
    assert said(msgspec.structs.replace(EVENING, languages=("UR",))) == []
    assert said(msgspec.structs.replace(EVENING, languages=(), channels=())) == []


def test_no_language_set_is_no_language_and_not_every_language() -> None:
    silent = msgspec.structs.replace(AMINA, languages=())
    assert said(EVENING, member=silent) == [("warn", "language")]
    assert said(msgspec.structs.replace(EVENING, languages=()), member=silent) == [("warn", "language")]
    assert said(msgspec.structs.replace(EVENING, role="lead"), member=silent) == []


def test_an_objection_says_what_was_found_and_what_is_allowed() -> None:
    (duty,) = Rota([a_shift("2026-11-25T16:00", "2026-11-25T22:30", person="")]).occurrences(*_everything())
    (found,) = objections(AMINA, duty, Rota([]), Limits(), LONDON)
    assert found.text == "That is 6 h 30 min on end; 6 h is the most."


@pytest.mark.parametrize("raw", [{"night_from": "24:00"}, {"night_until": "6"}, {"rest_hours": -1}])
def test_limits_that_make_no_sense_are_refused(raw: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(raw, Limits)
