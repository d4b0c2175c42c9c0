"""Who could fill a gap, best first, and how evenly the rota is shared."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from rota.filling import Share, balance, who_could_fill
from rota.limits import Limits
from rota.members import Adjustments, Member, Terms
from rota.shifts import OnDuty, Override, Rota, Shift, Slot

LONDON = "Europe/London"


def a_member(id: str, **changes: Any) -> Member:
    given: dict[str, Any] = {
        "name": id.title(),
        "roles": ("supporter",),
        "languages": ("en",),
        "channels": ("web",),
    }
    return Member(id=id, **given | changes)


def a_shift(id: str, person: str, starts: str, ends: str, **changes: Any) -> Shift:
    given: dict[str, Any] = {"zone": LONDON, "role": "supporter", "channels": ("web",), "languages": ("en",)}
    walls = {"starts": datetime.fromisoformat(starts), "ends": datetime.fromisoformat(ends)}
    return Shift(id=id, person=person, **given | walls | changes)


FREE = a_shift("free", "", "2026-11-25T18:00", "2026-11-25T22:00")
AMINA, TOM, ZOFIA = a_member("amina"), a_member("tom"), a_member("zofia")


def the_free_one(rota: Rota) -> OnDuty:
    duty = rota.occurrence(Slot("free", FREE.starts))
    assert duty is not None
    return duty


def names(rota: Rota, *members: Member, prefers: dict[str, bool] | None = None) -> list[str]:
    found = who_could_fill(the_free_one(rota), members, rota, Limits(), LONDON, prefers=prefers)
    return [candidate.member.id for candidate in found]


def test_whoever_may_not_take_it_is_not_among_them() -> None:
    clashing = a_shift("other", "tom", "2026-11-25T20:00", "2026-11-25T23:00")
    tired = a_shift("late", "zofia", "2026-11-25T06:00", "2026-11-25T08:00")
    lead = a_member("mair", roles=("lead",))
    no_evenings = a_member("dan", terms=Terms(weekly_hours=2))
    assert names(Rota([FREE, clashing, tired]), AMINA, TOM, ZOFIA, lead, no_evenings) == ["amina"]


def test_those_with_fewer_hours_in_that_week_come_first() -> None:
    others = [
        a_shift("a1", "amina", "2026-11-23T18:00", "2026-11-23T22:00"),
        a_shift("t1", "tom", "2026-11-23T18:00", "2026-11-23T20:00"),
        a_shift("z-last-week", "zofia", "2026-11-21T18:00", "2026-11-21T22:00"),
    ]
    rota = Rota([FREE, *others])
    assert names(rota, AMINA, TOM, ZOFIA) == ["zofia", "tom", "amina"]
    found = who_could_fill(the_free_one(rota), [AMINA, TOM, ZOFIA], rota, Limits(), LONDON)
    assert [candidate.week_hours for candidate in found] == [0, 2, 4]
    assert found[0].why == "Has nothing else in that week."
    assert found[1].why == "Has 2 h in that week."


def test_those_it_suits_come_first_and_those_it_does_not_come_last_but_are_there() -> None:
    rota = Rota([FREE, a_shift("z", "zofia", "2026-11-23T18:00", "2026-11-23T22:00")])
    assert names(rota, AMINA, TOM, ZOFIA, prefers={"zofia": True, "amina": False}) == [
        "zofia",
        "tom",
        "amina",
    ]


def test_a_warning_puts_somebody_behind_those_without_and_is_told() -> None:
    polish = a_member("pawel", languages=("pl",))
    rota = Rota([FREE, a_shift("t", "tom", "2026-11-23T18:00", "2026-11-23T22:00")])
    found = who_could_fill(the_free_one(rota), [polish, TOM], rota, Limits(), LONDON)
    assert [candidate.member.id for candidate in found] == ["tom", "pawel"]
    assert [one.code for one in found[1].objections] == ["language"]
    assert found[1].objections[0].text in found[1].why


def test_names_settle_what_nothing_else_does() -> None:
    assert names(Rota([FREE]), ZOFIA, TOM, AMINA) == ["amina", "tom", "zofia"]


def test_whoever_has_it_is_not_asked_to_take_it() -> None:
    covered = msgspec.structs.replace(
        FREE, overrides=(Override(of=FREE.starts, person="tom", languages=("en",)),)
    )
    assert names(Rota([covered]), AMINA, TOM) == ["amina"]


def test_what_was_agreed_with_somebody_holds_when_a_gap_wants_filling() -> None:
    careful = a_member("rhys", terms=Terms(adjustments=Adjustments(no_nights=True)))
    night = msgspec.structs.replace(FREE, ends=datetime.fromisoformat("2026-11-25T23:30"))
    assert names(Rota([night]), careful, AMINA) == ["amina"]


SINCE, UNTIL = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)


def test_a_balance_counts_real_hours_nights_and_weekends() -> None:
    night = a_shift("n", "amina", "2026-10-24T22:00", "2026-10-25T06:00")  # Saturday; clocks go back
    evening = a_shift("e", "amina", "2026-10-19T18:00", "2026-10-19T22:00", rrule="FREQ=WEEKLY;COUNT=2")
    assert balance(Rota([night, evening, FREE]), ["amina", "tom"], SINCE, UNTIL, LONDON) == (
        Share(person="amina", hours=17.0, nights=1, weekends=1, shifts=3),
        Share(person="tom"),
    )


def test_a_balance_counts_each_shift_in_the_period_it_starts_in() -> None:
    over = Rota([a_shift("n", "amina", "2026-10-31T22:00", "2026-11-01T02:00")])
    later = datetime(2026, 12, 1, tzinfo=UTC)
    assert balance(over, ["amina"], SINCE, UNTIL, LONDON)[0].hours == 4
    assert balance(over, ["amina"], UNTIL, later, LONDON)[0].shifts == 0


def test_a_balance_counts_two_roles_at_once_once_and_standby_apart() -> None:
    lead = a_shift("l", "amina", "2026-10-19T18:00", "2026-10-19T22:00", role="lead")
    also = a_shift("s", "amina", "2026-10-19T18:00", "2026-10-19T21:00")
    standby = a_shift("o", "amina", "2026-10-20T09:00", "2026-10-20T21:00", role="on_call")
    assert balance(Rota([lead, also, standby]), ["amina"], SINCE, UNTIL, LONDON) == (
        Share(person="amina", hours=4.0, shifts=3, on_call_hours=12.0),
    )
