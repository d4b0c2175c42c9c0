"""Where the line would be open with too few on, and which free shifts could mend that."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from rota.gaps import Gap, gaps
from rota.hours import ChannelHours, Closure, Hours, OpeningHours, Span, Spans
from rota.shifts import Override, Rota, Shift
from rota.staffing import Minimum, Missing

EVENINGS: Spans = (Span(18 * 60, 22 * 60),)
TWO = Minimum(supporters=2, lead=False, on_call=False)
SINCE, UNTIL = datetime(2026, 11, 23, tzinfo=UTC), datetime(2026, 11, 24, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-{text}").replace(tzinfo=UTC)


def hours(web: Spans = EVENINGS, sms: Spans = (), closures: tuple[Closure, ...] = ()) -> OpeningHours:
    channels = (
        ChannelHours(channel="web", week=(web,) * 7),
        ChannelHours(channel="sms", week=(sms,) * 7),
    )
    return OpeningHours(Hours(zone="Europe/London", channels=channels, closures=closures))


def a_shift(id: str, person: str, starts: str = "23T18:00", ends: str = "23T22:00", **changes: Any) -> Shift:
    given: dict[str, Any] = {
        "zone": "Europe/London",
        "starts": at(starts).replace(tzinfo=None),
        "ends": at(ends).replace(tzinfo=None),
        "role": "supporter",
        "channels": ("web",),
        "languages": ("en",),
    }
    return Shift(id=id, person=person, **given | changes)


AMINA, TOM = a_shift("a", "amina"), a_shift("t", "tom")


def found(*shifts: Shift, opened: OpeningHours | None = None, minimum: Minimum = TWO) -> tuple[Gap, ...]:
    return gaps(Rota(shifts), opened or hours(), minimum, SINCE, UNTIL)


def test_a_full_evening_has_no_gap() -> None:
    assert found(AMINA, TOM) == ()


def test_an_empty_evening_is_one_gap_from_opening_to_closing() -> None:
    assert found() == (Gap(at("23T18:00"), at("23T22:00"), Missing(supporters=2), ()),)


def test_a_gap_is_cut_where_somebody_comes_or_goes_and_something_else_is_missing() -> None:
    late = a_shift("t", "tom", "23T19:00", "23T21:30")
    assert found(AMINA, late) == (
        Gap(at("23T18:00"), at("23T19:00"), Missing(supporters=1, company=True), ()),
        Gap(at("23T21:30"), at("23T22:00"), Missing(supporters=1, company=True), ()),
    )


def test_where_one_relieves_another_the_same_gap_goes_on() -> None:
    one = a_shift("a", "amina", "23T18:00", "23T20:00")
    other = a_shift("t", "tom", "23T20:00", "23T22:00")
    assert found(one, other) == (
        Gap(at("23T18:00"), at("23T22:00"), Missing(supporters=1, company=True), ()),
    )


def test_a_shift_given_back_shows_as_a_gap_it_could_fill() -> None:
    of = AMINA.starts
    given_back = msgspec.structs.replace(AMINA, overrides=(Override(of=of, person=""),))
    (gap,) = found(given_back, TOM)
    assert (gap.starts_at, gap.ends_at) == (at("23T18:00"), at("23T22:00"))
    assert gap.missing == Missing(supporters=1, company=True)
    assert [duty.slot.shift for duty in gap.free] == ["a"]


def test_a_free_shift_above_the_minimum_is_told_with_nothing_missing() -> None:
    (gap,) = found(AMINA, TOM, a_shift("third", ""))
    assert gap.missing.nothing
    assert [duty.shift for duty in gap.free] == ["third"]


def test_a_free_shift_while_the_door_is_shut_is_told_too() -> None:
    (gap,) = found(AMINA, TOM, a_shift("early", "", "23T17:00", "23T18:30"))
    assert (gap.starts_at, gap.ends_at) == (at("23T17:00"), at("23T18:30"))
    assert gap.missing.nothing
    before, after = found(TOM, a_shift("early", "", "23T17:00", "23T18:30"))[:2]
    assert (before.ends_at, before.missing.nothing) == (at("23T18:00"), True)
    assert (after.starts_at, after.missing) == (at("23T18:00"), Missing(supporters=1, company=True))


def test_a_lead_and_an_on_call_contact_are_missed_by_name() -> None:
    (gap,) = found(AMINA, TOM, minimum=Minimum())
    assert gap.missing == Missing(lead=True, on_call=True)
    with_both = (a_shift("l", "mair", role="lead"), a_shift("o", "dr-lee", role="on_call"))
    assert found(AMINA, TOM, *with_both, minimum=Minimum()) == ()
    free_lead = msgspec.structs.replace(with_both[0], person="")
    (gap,) = found(AMINA, TOM, free_lead, with_both[1], minimum=Minimum())
    assert (gap.missing, len(gap.free)) == (Missing(lead=True), 1)


def test_a_language_promised_and_not_spoken_is_a_gap() -> None:
    (gap,) = found(AMINA, TOM, minimum=msgspec.structs.replace(TWO, languages=("en", "cy")))
    assert gap.missing == Missing(languages=("cy",))


def test_a_peer_is_not_left_alone_unless_they_are_none() -> None:
    one = msgspec.structs.replace(TWO, supporters=1)
    opened, rota = hours(), Rota([AMINA])
    assert gaps(rota, opened, one, SINCE, UNTIL, peers={"tom"}) == ()
    (gap,) = gaps(rota, opened, one, SINCE, UNTIL, peers={"amina"})
    assert gap.missing == Missing(company=True)


def test_it_is_open_while_any_channel_is() -> None:
    late_texts = hours(sms=(Span(21 * 60, 23 * 60),))
    (gap,) = found(AMINA, TOM, opened=late_texts)
    assert (gap.starts_at, gap.ends_at) == (at("23T22:00"), at("23T23:00"))


def test_a_door_shut_on_purpose_is_no_gap() -> None:
    shut = Closure(from_=at("23T19:00"), until=at("23T20:00"), why="flooded")
    assert [(gap.starts_at, gap.ends_at) for gap in found(opened=hours(closures=(shut,)))] == [
        (at("23T18:00"), at("23T19:00")),
        (at("23T20:00"), at("23T22:00")),
    ]


def test_a_gap_is_cut_to_what_was_asked_about() -> None:
    (gap,) = gaps(Rota([]), hours(), TWO, at("23T19:00"), at("23T20:00"))
    assert (gap.starts_at, gap.ends_at) == (at("23T19:00"), at("23T20:00"))
    assert gaps(Rota([]), hours(), TWO, at("23T20:00"), at("23T20:00")) == ()
    assert gaps(Rota([]), hours(), TWO, at("23T21:00"), at("23T20:00")) == ()


def test_the_night_clocks_go_back_is_nine_hours_of_gap() -> None:
    night = hours(web=(Span(22 * 60, 30 * 60),))
    since = datetime(2026, 10, 24, 12, tzinfo=UTC)
    (gap,) = gaps(Rota([]), night, TWO, since, since + timedelta(days=1))
    assert (gap.starts_at, gap.ends_at - gap.starts_at) == (
        datetime(2026, 10, 24, 21, tzinfo=UTC),
        timedelta(hours=9),
    )
