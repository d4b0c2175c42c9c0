"""The planners' pages: gaps and who could fill them, the editor and its preview, changes, balance and people."""

import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from aiohttp.test_utils import TestClient, TestServer

from app import COMMANDS, init_app
from helpline.commands.rota_gaps import gaps_ahead
from helpline.people import Principal
from helpline.permissions import may
from helpline.shape import Definition
from rota.agreement import Agreement
from rota.book import put_shift
from rota.members import Terms
from rota.shifts import Role, Shift, Slot
from rota.staffing import Minimum
from tests.clock import SetClock
from tests.webchat.conftest import House, settings_in
from tests.webchat.lines import new_id
from tests.webchat.rota_visitor import NOW, RotaHouse, Visitor
from webchat.rota_edit_form import Typed, Wrong, changes_for, typed_of
from webchat.rota_planning_pages import plan_of

SAT = "nobody-sat@2026-01-17T18:00"
PAGES = ("/rota/gaps", "/rota/balance", "/rota/edit", "/rota/changes", "/rota/people")


def weekly(id: str, person: str, first: str, role: Role = "supporter") -> Shift:
    starts = datetime.fromisoformat(first)
    return Shift(
        id=id,
        zone="Europe/London",
        starts=starts,
        ends=starts + timedelta(hours=4, minutes=30),
        role=role,
        person=person,
        channels=("web",),
        languages=("en",) if person else (),
        rrule="FREQ=WEEKLY",
    )


SHIFTS = (
    weekly("ania-wed", "ania", "2026-01-07T18:00"),
    weekly("mari-thu", "mari", "2026-01-08T18:00"),
    weekly("dev-fri", "dev", "2026-01-09T18:00"),
    weekly("nobody-sat", "", "2026-01-10T18:00"),
    weekly("lou-sun", "lou", "2026-01-11T18:00"),
    weekly("sasha-mon", "sasha", "2026-01-12T18:00"),
    weekly("mari-tue", "mari", "2026-01-13T18:00"),
)


@pytest.fixture
async def planning(
    tmp_path: Path, definition: Definition, request: pytest.FixtureRequest
) -> AsyncIterator[RotaHouse]:
    """The evening of Wednesday 14 January, with nobody on Saturdays; a parameter is what the service needs."""
    minimum = Minimum(supporters=1, lead=False, on_call=False, peers_alone=True)
    asked = msgspec.structs.replace(
        definition,
        demo=False,
        shifts=SHIFTS,
        staffing=getattr(request, "param", minimum),
        rota=Agreement(swaps_need_lead=True),
    )
    clock = SetClock(NOW)
    app = init_app(settings_in(tmp_path), clock, definition=asked)
    async with TestClient(TestServer(app)) as client:
        yield RotaHouse(House(client), clock)


def who(planning: RotaHouse, account: str) -> Principal:
    principal: Principal | None = planning.house.helpline.people.principal(account)
    assert principal is not None
    return principal


def filled(visitor: Visitor, button: str, *fields: tuple[str, str]) -> tuple[str, list[tuple[str, str]]]:
    """The form of a button with only its hidden fields, and these filled in."""
    action, held = visitor.form(button)
    given = {name for name, _ in fields}
    fixed = ("csrf", "client_id", "back", "action", "shift", "slot", "seen")
    return action, [one for one in held if one[0] in fixed and one[0] not in given] + list(fields)


NEW = (
    ("person", "lou"),
    ("role", "supporter"),
    ("channels", "web"),
    ("starts", "18:00"),
    ("ends", "22:30"),
    ("repeats", "weekly"),
    ("days", "SA"),
    ("every", "1"),
    ("first", "2026-01-16"),
    ("why", "Lou said yes"),
)


async def previewing(
    planning: RotaHouse, *fields: tuple[str, str], path: str = "/rota/edit?new=1"
) -> Visitor:
    jo = await planning.visitor("jo", path)
    await jo.post(*filled(jo, "See what this does", *(fields or NEW)))
    return jo


# -- who may ---------------------------------------------------------------------------------------------------------


async def test_only_those_who_plan_see_these_pages(planning: RotaHouse) -> None:
    for account in ("ania", "jo", "kit"):
        roles = who(planning, account).roles
        for path in PAGES:
            visitor = await planning.visitor(account, path)
            assert visitor.status == (200 if may(roles, "page", "rota_plan") else 403), (account, path)
    stranger = Visitor(planning.house, {})
    for path in PAGES:
        await stranger.look(path)
        assert stranger.status == 303


async def test_nothing_is_done_without_the_forms_own_token_or_by_somebody_else(planning: RotaHouse) -> None:
    jo = await planning.visitor("jo", "/rota/gaps")
    action, fields = jo.form("Ask these four")
    before = planning.rota.seq
    await jo.post(action, [one for one in fields if one[0] != "csrf"])
    assert jo.status == 403
    ania = await planning.visitor("ania")
    csrf = re.search(r'name="csrf" value="(\w+)"', ania.text)
    assert csrf is not None
    for path in ("/rota/gaps", "/rota/edit/save", "/rota/edit/preview", "/rota/people"):
        await ania.post(path, [("csrf", csrf[1]), *(one for one in fields if one[0] != "csrf")])
        assert ania.status == 403, path
    assert planning.rota.seq == before


# -- gaps ------------------------------------------------------------------------------------------------------------


async def test_gaps_tell_what_is_missing_who_could_come_and_why(planning: RotaHouse) -> None:
    jo = await planning.visitor("jo", "/rota/gaps")
    assert "8 days are short in the next 8 weeks" in jo.said
    assert "Saturday 17 January 18:00–22:30 Missing: one supporter Supporter 18:00–22:30" in jo.said
    assert "Could come: Ania, Dev, Lou, Sasha" in jo.said
    assert "Sasha Has 4.5 h in that week." in jo.said
    assert ">Gaps (8)</a>" in jo.text


async def test_four_people_are_asked_with_one_press_and_their_answers_show(planning: RotaHouse) -> None:
    jo = await planning.visitor("jo", "/rota/gaps")
    await jo.press("Ask these four about Supporter, Saturday 17 January")
    assert "Asked: Ania, Dev, Lou and Sasha." in jo.said
    ask = next(iter(planning.rota.book.asks.values()))
    assert ask.to == ("ania", "dev", "lou", "sasha")
    dev = await planning.visitor("dev")
    await planning.rota.say_no(who(planning, "dev"), ask.id, new_id())
    await jo.look("/rota/gaps")
    assert "Ania: asked Dev: said no Lou: asked Sasha: asked" in jo.said
    assert dev.status == 200
    await planning.rota.take(who(planning, "lou"), Slot.parse(SAT), new_id(), anyway=True)
    await jo.look("/rota/gaps")
    assert "7 days are short" in jo.said
    assert "Saturday 17 January" not in jo.said


@pytest.mark.parametrize(
    "planning", [Minimum(supporters=1, lead=False, on_call=True, peers_alone=True)], indirect=True
)
async def test_where_there_is_no_shift_one_is_added_and_asked_about_in_one_step(planning: RotaHouse) -> None:
    jo = await planning.visitor("jo", "/rota/gaps?role=on_call")
    assert "Missing: an on-call" in jo.said
    assert "Missing: one supporter" not in jo.said
    before = planning.rota.seq
    await jo.press("Ask Kit about On-call, Thursday 15 January 18:00–22:30")
    assert planning.rota.seq == before + 1
    assert "Asked: Kit." in jo.said
    free = next(d for d in planning.rota.current.occurrences(NOW, NOW + timedelta(days=2)) if d.free)
    assert (free.role, free.starts_at.isoformat()) == ("on_call", "2026-01-15T18:00:00+00:00")
    await jo.press("Undo")
    assert not planning.rota.book.asks
    assert free.shift not in planning.rota.book.shifts


@pytest.mark.parametrize(
    "planning",
    [Minimum(supporters=1, lead=False, on_call=False, peers_alone=True, languages=("pl",))],
    indirect=True,
)
async def test_where_only_a_language_is_missing_only_its_speakers_are_asked(planning: RotaHouse) -> None:
    jo = await planning.visitor("jo", "/rota/gaps?language=pl")
    thursday = jo.said.partition("Tomorrow")[2].partition("Friday")[0]
    assert "Nobody speaks Polish" in thursday
    assert "Ask Ania" in thursday
    assert "Dev" not in thursday


async def test_a_covered_rota_says_so(planning: RotaHouse) -> None:
    jo = await planning.visitor("jo")
    await jo.look("/rota/gaps?role=interpreter")
    assert "Nothing is short here." in jo.said
    saturdays = [d for d in planning.rota.current.occurrences(NOW, NOW + timedelta(weeks=9)) if d.free]
    await planning.rota.edit(
        who(planning, "jo"),
        lambda book: changes_for(
            msgspec.structs.replace(typed_of(book.shifts["nobody-sat"], NOW.date()), person="lou"),
            plan_of(planning.rota, book),
            {member.id: member for member in planning.rota.members()},
            ("web",),
        ),
        new_id(),
    )
    assert len(saturdays) > 7
    await jo.look("/rota/gaps")
    assert "Every open hour is covered for 8 weeks." in jo.said


async def test_what_waits_for_the_lead_is_answered_there(planning: RotaHouse) -> None:
    rota = planning.rota
    ania, lou, mari, sasha = (who(planning, one) for one in ("ania", "lou", "mari", "sasha"))
    mine, theirs = Slot.parse("ania-wed@2026-01-21T18:00"), Slot.parse("lou-sun@2026-01-25T18:00")
    await rota.offer_swap(ania, mine, theirs, "swap-" + new_id())
    swap = next(iter(rota.book.asks))
    await rota.agree_swap(lou, swap, new_id(), anyway=True)
    await rota.offer_hands(sasha, "hand-" + new_id())
    await rota.ask_cover(mari, Slot.parse("mari-thu@2026-01-22T18:00"), new_id())
    jo = await planning.visitor("jo", "/rota/gaps")
    assert "Ania and Lou want to swap. Ania has Wednesday 21 January" in jo.said
    assert "Not confirmed, within 24 hours Mari Supporter, Thursday 15 January" in jo.said
    assert "Cover asked for Mari Supporter, Thursday 22 January" in jo.said
    await jo.press("Approve")
    assert planning.holder(str(mine)) == "lou"
    await jo.press("Let them on Sasha")
    assert "Sasha may check in now" in jo.said
    assert "sasha" in planning.house.helpline.cabinets.extras
    assert not [ask for ask in rota.book.asks.values() if ask.kind == "hands"]


async def test_a_press_that_comes_too_late_is_refused_on_the_page_of_gaps(planning: RotaHouse) -> None:
    jo = await planning.visitor("jo", "/rota/gaps")
    form = jo.form("Ask these four about Supporter, Saturday 17 January")
    lou = who(planning, "lou")
    await planning.rota.take(lou, Slot.parse(SAT), new_id(), anyway=True)
    await jo.post(*form)
    assert jo.status == 409
    assert jo.said.startswith("Somebody else has that shift now. Gaps")


# -- the editor ------------------------------------------------------------------------------------------------------


async def test_an_edit_is_shown_before_it_is_saved_and_can_be_undone(planning: RotaHouse) -> None:
    before = planning.rota.seq
    jo = await previewing(planning)
    assert jo.said.startswith("This adds 8 shifts, 8 clash.")
    assert "That is 4 h 30 min on end." in jo.said
    assert "Gaps that close Saturday 17 January 18:00–22:30: one supporter" in jo.said
    assert planning.rota.seq == before
    await jo.press("Save")
    assert jo.said.startswith("Saved.")
    assert len(planning.rota.book.shifts) == len(SHIFTS) + 1
    assert (await planning.rota.step(planning.rota.seq)).why == "Lou said yes"
    await jo.press("Undo")
    assert len(planning.rota.book.shifts) == len(SHIFTS)


async def test_saving_twice_saves_once(planning: RotaHouse) -> None:
    jo = await previewing(planning)
    form = jo.form("Save")
    first = await jo.post(*form)
    second = await jo.post(*form)
    assert first == second
    assert len(planning.rota.book.shifts) == len(SHIFTS) + 1


async def test_a_rota_that_moved_on_is_looked_at_again_before_anything_is_saved(planning: RotaHouse) -> None:
    jo = await previewing(planning)
    lou = who(planning, "lou")
    await planning.rota.take(lou, Slot.parse(SAT), new_id(), anyway=True)
    await jo.press("Save")
    assert jo.status == 409
    assert "The rota has changed in the meantime." in jo.said
    assert "It overlaps another shift, as supporter: nobody can be on both." in jo.said
    assert len(planning.rota.book.shifts) == len(SHIFTS)
    await jo.press("Save, leaving that shift free")
    assert len(planning.rota.book.shifts) == len(SHIFTS) + 1


async def test_what_cannot_be_is_saved_only_when_somebody_chose_to_leave_it_free(planning: RotaHouse) -> None:
    other = [one for one in NEW if one[0] not in ("person", "days")]
    jo = await previewing(planning, *other, ("person", "dev"), ("days", "FR"), ("days", "SA"))
    assert "cannot be" in jo.said
    action, fields = jo.form("Save, leaving those")
    await jo.post(action, [one for one in fields if one[0] != "free"])
    assert jo.status == 409
    assert len(planning.rota.book.shifts) == len(SHIFTS)
    await jo.press("Save, leaving those")
    mine = [
        d
        for d in planning.rota.current.occurrences(NOW, NOW + timedelta(weeks=8))
        if d.shift.startswith("supporter-")
    ]
    assert {(d.starts_at.strftime("%a"), d.person) for d in mine} == {("Fri", ""), ("Sat", "dev")}
    whole = [one for one in NEW if one[0] != "person"]
    again = await previewing(planning, *whole, ("person", "kit"))
    await again.press("Save with nobody on it yet")
    assert [shift.person for shift in planning.rota.book.shifts.values()].count("kit") == 0


async def test_every_mistake_is_told_at_its_field_and_what_was_typed_stays(planning: RotaHouse) -> None:
    wrong = {"starts": "half six", "first": "2025-01-01", "person": "nobody", "every": "0", "days": ""}
    jo = await previewing(planning, *(one for one in NEW if one[0] not in wrong), *wrong.items())
    assert jo.status == 422
    assert "5 things need another look. Nothing was saved." in jo.said
    for name in ("starts", "first", "person", "every", "days"):
        assert f'id="{name}-wrong"' in jo.text, name
    assert 'value="half six"' in jo.text
    assert 'value="Lou said yes"' in jo.text
    rule = [one for one in NEW if one[0] != "repeats"]
    await jo.post(*filled(jo, "See what this does", *rule, ("repeats", "rule"), ("rule", "FREQ=HOURLY")))
    assert "a shift repeats by day, week, month or year" in jo.said


async def test_a_shift_is_changed_from_a_date_on_and_its_past_stays(planning: RotaHouse) -> None:
    jo = await planning.visitor("jo", "/rota/edit?shift=mari-thu")
    assert jo.said.startswith("Mari, supporter, Thursdays 18:00–22:30")
    changed = [one for one in NEW if one[0] not in ("person", "days", "first")]
    await jo.post(
        *filled(
            jo, "See what this does", *changed, ("person", "ania"), ("days", "TH"), ("first", "2026-02-01")
        )
    )
    assert jo.said.startswith("This changes 8 shifts")
    assert "In the 8 weeks from Sunday 1 February" in jo.said
    await jo.press("Save")
    assert planning.holder("mari-thu@2026-01-29T18:00") == "mari"
    assert planning.holder("mari-thu@2026-02-05T18:00") is None
    new = planning.rota.book.shifts["mari-thu~2026-02-01"]
    assert (new.person, new.languages) == ("ania", ("pl", "en"))
    await jo.look("/rota/changes")
    assert (
        "Jo changed Mari, supporter, Thursdays 18:00–22:30 from Thursday 5 February on, "
        "to Ania, supporter, Thursdays 18:00–22:30." in jo.said
    )


async def test_a_shift_is_ended_and_one_night_is_moved_cancelled_and_added(planning: RotaHouse) -> None:
    jo = await planning.visitor("jo", "/rota/edit?shift=mari-thu")
    await jo.post(*filled(jo, "See what ending does", ("first", "2026-02-12")))
    assert "Gaps that open Thursday 12 February" in jo.said
    await jo.press("Save")
    assert planning.holder("mari-thu@2026-02-12T18:00") is None
    await jo.look("/rota/edit?night=mari-thu@2026-01-22T18:00")
    await jo.post(
        *filled(jo, "See what this does", ("first", "2026-01-23"), ("starts", "20:00"), ("ends", "22:00"))
    )
    assert "This changes 1 shift" in jo.said
    await jo.press("Save")
    moved = planning.rota.book.duty(Slot.parse("mari-thu@2026-01-22T18:00"))
    assert moved is not None
    assert moved.starts_at.isoformat() == "2026-01-23T20:00:00+00:00"
    await jo.look("/rota/edit?night=mari-thu@2026-01-29T18:00")
    await jo.press("See what cancelling does")
    assert "This removes 1 shift" in jo.said
    await jo.press("Save")
    assert planning.holder("mari-thu@2026-01-29T18:00") is None
    await jo.look("/rota/edit?shift=mari-thu")
    await jo.post(
        "/rota/edit/preview",
        [
            *filled(
                jo,
                "See what ending does",
                ("action", "extra"),
                ("first", "2026-01-24"),
                ("starts", "18:00"),
                ("ends", "20:00"),
            )[1]
        ],
    )
    await jo.press("Save")
    assert planning.holder("mari-thu@2026-01-24T18:00") == "mari"
    await jo.look("/rota/edit?night=mari-thu@2026-01-29T18:00")
    assert jo.status == 404


async def test_shifts_are_found_by_name_and_day(planning: RotaHouse) -> None:
    jo = await planning.visitor("jo", "/rota/edit")
    assert jo.said.index("Mondays") < jo.said.index("Wednesdays") < jo.said.index("Saturdays")
    await jo.look("/rota/edit?q=mari+tues")
    assert "Tuesdays Mari" in jo.said
    assert "Thursdays" not in jo.said
    await jo.look("/rota/edit?q=nobody+at+all")
    assert "No shift fits that." in jo.said


async def test_every_other_week_goes_on_in_its_weeks_and_a_count_in_what_is_left_of_it(
    planning: RotaHouse,
) -> None:
    rota = planning.rota
    plan, members = rota.plan(), {member.id: member for member in rota.members()}
    starts = datetime.fromisoformat("2026-01-09T18:00")
    for rule, left in (
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=FR", None),
        ("FREQ=WEEKLY;BYDAY=FR;COUNT=5", "COUNT=3"),
    ):
        held = msgspec.structs.replace(
            SHIFTS[2], id="odd", starts=starts, ends=starts + timedelta(hours=4), rrule=rule
        )
        book = plan.book.apply(put_shift(plan.book, held))
        typed = msgspec.structs.replace(typed_of(held, NOW.date()), person="lou", first="2026-01-22")
        after = book.apply(changes_for(typed, plan_of(rota, book), members, ("web",)))
        new = after.shifts["odd~2026-01-22"]
        assert new.starts == starts + timedelta(weeks=2)
        assert left is None or left in (new.rrule or "")


async def test_a_form_that_names_no_shift_or_no_night_changes_nothing(planning: RotaHouse) -> None:
    plan, members = planning.rota.plan(), {member.id: member for member in planning.rota.members()}
    for typed in (
        Typed(action="change", shift="gone"),
        Typed(action="cancel", slot="nonsense"),
        Typed(action="cancel", slot="mari-thu@2026-01-16T18:00"),
        Typed(action="end", shift="mari-thu", first="yesterday"),
        Typed(action="extra", shift="mari-thu", first="2026-01-22", starts="18:00", ends="22:00"),
        Typed(action="unheard of", shift="mari-thu", first="2026-01-22"),
    ):
        with pytest.raises(Wrong):
            changes_for(typed, plan, members, ("web",))


# -- changes, balance, people ----------------------------------------------------------------------------------------


async def test_changes_tell_who_did_what_and_turn_it_round(planning: RotaHouse) -> None:
    rota, dev, ania = planning.rota, who(planning, "dev"), who(planning, "ania")
    await rota.give_back(dev, Slot.parse("dev-fri@2026-01-23T18:00"), new_id(), "A wedding")
    await rota.confirm(ania, Slot.parse("ania-wed@2026-01-21T18:00"), new_id())
    jo = await planning.visitor("jo", "/rota/changes")
    assert "Dev gave back Friday 23 January 18:00. “A wedding”" in jo.said
    assert "Ania will be there on Wednesday 21 January 18:00." in jo.said
    await jo.look("/rota/changes?person=dev")
    assert "Ania" not in jo.said.partition("Show")[2]
    await jo.press("Undo: Dev gave back")
    assert planning.holder("dev-fri@2026-01-23T18:00") == "dev"
    assert "Undone." in jo.said
    assert "Undo: Dev gave back" not in jo.buttons()


async def test_changes_are_paged_back_to_the_first(planning: RotaHouse) -> None:
    ania = who(planning, "ania")
    for week in range(45):
        starts = datetime.fromisoformat("2026-01-21T18:00") + timedelta(weeks=week)
        await planning.rota.confirm(ania, Slot("ania-wed", starts), new_id())
    jo = await planning.visitor("jo", "/rota/changes")
    assert "The rota began." not in jo.said
    earlier = re.search(r'href="(/rota/changes\?before=\d+)"', jo.text)
    assert earlier is not None
    await jo.look(earlier[1])
    assert "The rota began." in jo.said
    assert "Earlier" not in jo.said


async def test_the_balance_counts_back_and_ahead(planning: RotaHouse) -> None:
    jo = await planning.visitor("jo", "/rota/balance")
    mari = jo.said[jo.said.index("Mari Supporter") :]
    # Tuesdays and Thursdays since 8 January: one of each before this Monday's week, eight ahead.
    assert "Last 4 weeks 4 h 30 min Next 4 weeks 36 h" in mari
    assert "None in these weeks" in jo.said
    await jo.look("/rota/balance?weeks=a+lot")
    assert jo.status == 200


async def test_standby_counts_as_no_work_and_is_not_nothing_either(planning: RotaHouse) -> None:
    standby = weekly("kit-fri", "kit", "2026-01-16T18:00", "on_call")
    await planning.rota.edit(who(planning, "jo"), lambda book: put_shift(book, standby), new_id())
    jo = await planning.visitor("jo", "/rota/people")
    kit = jo.said[jo.said.index("Kit On-call") :]
    assert "18 h on call in the next 4 weeks · at most 12 h a week" in kit
    await jo.look("/rota/balance")
    kit = jo.said[jo.said.index("Kit On-call") :]
    assert "Next 4 weeks none" in kit
    assert "18 h on call. 0 h a week, at most 12 h." in kit


async def test_what_is_agreed_is_kept_and_shown_to_planners_alone(planning: RotaHouse) -> None:
    jo = await planning.visitor("jo", "/rota/people?person=mari")
    fields = (
        ("person", "mari"),
        ("no_nights", "1"),
        ("weekly_hours", "8"),
        ("course.0", "Safeguarding"),
        ("until.0", "2026-01-01"),
        ("course.1", "First aid"),
        ("until.1", "2026-02-20"),
        ("note", "Prefers Thursdays"),
    )
    await jo.post(*filled(jo, "Save", *fields))
    terms = planning.rota.terms("mari")
    assert (terms.weekly_hours, terms.adjustments.no_nights, len(terms.trained)) == (8.0, True, 2)
    await jo.look("/rota/people")
    assert "No nights ● Safeguarding ended 1 January 2026 ● First aid until 20 February 2026" in jo.said
    for path in ("/rota", "/rota/week", "/rota/month"):
        dev = await planning.visitor("dev", path)
        assert "nights" not in dev.said.casefold()
    await jo.look("/rota/changes")
    assert "Jo changed what is agreed with Mari." in jo.said


async def test_mistakes_in_what_is_agreed_are_told_and_nothing_is_kept(planning: RotaHouse) -> None:
    jo = await planning.visitor("jo", "/rota/people?person=mari")
    wrong = (
        ("person", "mari"),
        ("not_before", "late"),
        ("weekly_hours", "many"),
        ("until.0", "2026-02-30"),
        ("course.0", "A"),
    )
    await jo.post(*filled(jo, "Save", *wrong))
    assert jo.status == 422
    for name in ("not_before", "weekly_hours", "until.0"):
        assert f'id="{name}-wrong"' in jo.text, name
    assert planning.rota.terms("mari") == Terms()
    await jo.look("/rota/people?person=nobody")
    assert jo.status == 404


# -- the command -----------------------------------------------------------------------------------------------------


async def test_the_command_tells_the_same_gaps(planning: RotaHouse) -> None:
    assert COMMANDS["rota gaps"] is gaps_ahead
    answer = await gaps_ahead(planning.house.helpline, {})
    assert [gap["supporters"] for gap in answer["gaps"]] == [1] * 8
    assert answer["gaps"][0]["free"] == [SAT]
    assert answer["gaps"][0]["starts_at"].isoformat() == "2026-01-17T18:00:00+00:00"
