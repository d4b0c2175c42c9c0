"""The rota's pages: what everybody sees, what each press does, and what is refused in plain words."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from aiohttp.test_utils import TestClient, TestServer

from app import init_app
from helpline.people import Account
from helpline.shape import Definition
from rota.agreement import Agreement
from rota.hours import Span, SpecialDay
from rota.members import Adjustments, Terms
from rota.shifts import Role, Shift, Slot
from tests.clock import SetClock
from tests.webchat.conftest import House, settings_in
from tests.webchat.lines import new_id
from tests.webchat.rota_visitor import NOW, RotaHouse, page_of

WED, THU, FRI, SAT = (
    "ania-wed@2026-01-21T18:00",
    "mari-thu@2026-01-15T18:00",
    "dev-fri@2026-01-16T18:00",
    "nobody-sat@2026-01-17T18:00",
)
LONG = "nobody-sun@2026-01-18T16:00"


def weekly(id: str, person: str, first: str, *, role: Role = "supporter", hours: float = 4) -> Shift:
    starts = datetime.fromisoformat(first)
    return Shift(
        id=id,
        zone="Europe/London",
        starts=starts,
        ends=starts + timedelta(hours=hours),
        role=role,
        person=person,
        channels=("web",),
        languages=("en",) if person else (),
        rrule="FREQ=WEEKLY",
    )


SHIFTS = (
    weekly("ania-wed", "ania", "2026-01-07T18:00"),
    weekly("jo-wed", "jo", "2026-01-07T18:00", role="lead"),
    weekly("mari-thu", "mari", "2026-01-08T18:00"),
    weekly("dev-fri", "dev", "2026-01-09T18:00"),
    weekly("nobody-sat", "", "2026-01-10T18:00"),
    weekly("nobody-sun", "", "2026-01-11T16:00", hours=5),
)


@pytest.fixture
async def rota_house(
    tmp_path: Path, definition: Definition, request: pytest.FixtureRequest
) -> AsyncIterator[RotaHouse]:
    """The evening of Wednesday 14 January; a parameter changes what was agreed."""
    asked = msgspec.structs.replace(
        definition,
        demo=False,
        shifts=SHIFTS,
        rota=getattr(request, "param", Agreement()),
        hours=msgspec.structs.replace(
            definition.hours,
            special_days=(
                SpecialDay(date=date(2026, 1, 16), why="Moving house"),
                SpecialDay(date=date(2026, 1, 17), hours=(Span(1080, 1200),), why="Short evening"),
            ),
        ),
    )
    clock = SetClock(NOW)
    app = init_app(settings_in(tmp_path), clock, definition=asked)
    async with TestClient(TestServer(app)) as client:
        yield RotaHouse(House(client), clock)


async def test_my_shifts_begin_with_the_next_one_and_who_is_there(rota_house: RotaHouse) -> None:
    ania = await rota_house.visitor("ania")
    assert "You are on now Today 18:00–22:00 With Jo" in ania.said
    assert "This week 4 h of 12 h at most." in ania.said
    rest = ania.said.partition("After that")[2]
    assert rest.startswith(" Wednesday 21 January 18:00–22:00 With Jo")
    mari = await rota_house.visitor("mari")
    assert "Your next shift Tomorrow 18:00–22:00" in mari.said
    assert "Please say whether you will be there." in mari.said


async def test_free_shifts_are_offered_to_those_who_may_take_them_with_what_to_think_of(
    rota_house: RotaHouse,
) -> None:
    ania = await rota_house.visitor("ania")
    free = ania.said.partition("Free shifts you could take")[2]
    assert "Saturday 17 January 18:00–22:00" in free
    assert "Sunday 18 January 16:00–21:00 Supporter That is 5 h on end. Take it" in free
    jo = await rota_house.visitor("jo")
    assert "Nothing is free for you just now." in jo.said


async def test_a_shift_given_back_is_taken_by_another_from_its_page(rota_house: RotaHouse) -> None:
    ania = await rota_house.visitor("ania")
    there = await ania.press("Give back Wednesday 21 January")
    assert there == f"/rota?done={rota_house.rota.seq}"
    assert "Given back: Wednesday 21 January 18:00." in ania.said
    assert rota_house.holder(WED) == ""
    dev = await rota_house.visitor("dev", page_of(WED))
    assert dev.said.startswith("Free Wednesday 21 January 18:00–22:00 With Jo")
    assert dev.text.count("autofocus") == 1
    there = await dev.press("Take it")
    assert "Wednesday 21 January 18:00 is yours. Thank you." in dev.said
    assert rota_house.holder(WED) == "dev"
    assert "Dev took it" in dev.said
    assert "autofocus" not in dev.text


async def test_what_was_just_done_can_be_undone_by_whoever_did_it_for_ten_minutes(
    rota_house: RotaHouse,
) -> None:
    ania = await rota_house.visitor("ania")
    there = await ania.press("Give back Wednesday 21 January")
    dev = await rota_house.visitor("dev", there)
    assert "Given back" not in dev.said
    action, fields = ania.form("Undo")
    await dev.look(page_of(WED))
    await dev.post("/rota/undo", [*dev.form("Take it")[1], ("seq", str(rota_house.rota.seq))])
    assert dev.status == 403
    assert "You can undo what you did yourself" in dev.said
    await ania.post(action, fields)
    assert "Undone." in ania.said
    assert rota_house.holder(WED) == "ania"
    await ania.press("Give back Wednesday 21 January")
    rota_house.goes_on(minutes=11)
    await ania.look(f"/rota?done={rota_house.rota.seq}")
    assert "Undo" not in ania.buttons()


async def test_saying_i_will_be_there_settles_it(rota_house: RotaHouse) -> None:
    mari = await rota_house.visitor("mari")
    await mari.press("I’ll be there Thursday 15 January")
    assert "Good. See you on Thursday 15 January 18:00." in mari.said
    assert "Please say whether" not in mari.said
    assert rota_house.rota.book.confirmed(Slot.parse(THU), "mari")


async def test_inside_the_notice_somebody_ill_is_thanked_and_only_the_lead_knows(
    rota_house: RotaHouse,
) -> None:
    rota_house.goes_on(hours=14)
    mari = await rota_house.visitor("mari")
    assert not any(label.startswith("Give back Thursday 15") for label in mari.buttons())
    await mari.press("I’m ill Thursday 15 January")
    assert "Thank you for telling us. Rest well. The lead has been told." in mari.said
    assert rota_house.holder(THU) == ""
    for who, words in (("jo", "Mari called in sick"), ("dev", "Mari gave it back")):
        page = await rota_house.visitor(who, page_of(THU))
        assert words in page.said
    await mari.post(
        "/rota/do", [*mari.form("Undo")[1], ("action", "give_back"), ("slot", "mari-thu@2026-01-22T18:00")]
    )
    assert "Given back" in mari.said


@pytest.mark.parametrize("rota_house", [Agreement(give_back_hours=22)], indirect=True)
async def test_giving_back_too_late_is_refused_on_the_page_that_asked(rota_house: RotaHouse) -> None:
    mari = await rota_house.visitor("mari")
    action, fields = mari.form("Give back Thursday 15 January")
    rota_house.goes_on(minutes=1)
    await mari.post(action, fields)
    assert mari.status == 409
    assert "It is too close to the start to give it back here." in mari.said
    assert "Your next shift" in mari.said


async def test_whoever_is_asked_for_cover_takes_it_or_says_not_me(rota_house: RotaHouse) -> None:
    mari = await rota_house.visitor("mari")
    await mari.press("Ask for cover Thursday 15 January")
    assert "Asked. Thursday 15 January 18:00 stays yours until somebody takes it." in mari.said
    assert "You asked for cover." in mari.said
    dev = await rota_house.visitor("dev")
    assert dev.said.startswith("My shifts")
    assert "Somebody asks you Mari asks for cover on Thursday 15 January 18:00–22:00" in dev.said
    await dev.press("Not me")
    assert "That is fine. Thank you for saying." in dev.said
    assert "Somebody asks you" not in dev.said
    week = await rota_house.visitor("ania", "/rota/week")
    assert "Mari , Thursday 15 January 18:00–22:00 English wants cover" in week.said
    sasha = await rota_house.visitor("sasha", page_of(THU))
    assert "Mari asks for cover." in sasha.said
    await sasha.press("Take it")
    assert rota_house.holder(THU) == "sasha"
    await dev.look(page_of(THU))
    assert not {"Take it", "said no"} & set(dev.buttons())
    assert "said no" not in (await rota_house.visitor("sasha", page_of(THU))).said


async def test_an_ask_is_taken_back(rota_house: RotaHouse) -> None:
    mari = await rota_house.visitor("mari")
    await mari.press("Ask for cover Thursday 15 January")
    await mari.press("Never mind")
    assert "Taken back. Nobody is asked any more." in mari.said
    assert not rota_house.rota.book.asks


async def test_a_swap_is_offered_from_either_page_and_both_agree(rota_house: RotaHouse) -> None:
    ania = await rota_house.visitor("ania", page_of(WED))
    assert f'value="{FRI}"' in ania.text
    await ania.press("Offer the swap", theirs=FRI)
    assert "Dev has been asked. Nothing changes until they agree." in ania.said
    assert "You offered it to Dev for Friday 16 January 18:00." in ania.said
    dev = await rota_house.visitor("dev")
    words = "Ania offers you a swap. You give Friday 16 January 18:00–22:00 You get Wednesday 21 January"
    assert words in dev.said
    await dev.press("Agree")
    assert "Swapped. Thank you both." in dev.said
    assert (rota_house.holder(WED), rota_house.holder(FRI)) == ("dev", "ania")
    mari = await rota_house.visitor("mari", page_of(FRI))
    await mari.press("Offer the swap", mine="mari-thu@2026-01-22T18:00")
    assert "Ania has been asked." in mari.said
    await ania.look("/rota")
    await ania.press("No ")
    assert not rota_house.rota.book.asks
    assert "offered a swap" not in (await rota_house.visitor("dev", page_of(FRI))).said


@pytest.mark.parametrize("rota_house", [Agreement(swaps_need_lead=True)], indirect=True)
async def test_a_swap_waits_for_the_lead_where_that_was_agreed(rota_house: RotaHouse) -> None:
    ania = await rota_house.visitor("ania", page_of(WED))
    await ania.press("Offer the swap", theirs=FRI)
    dev = await rota_house.visitor("dev")
    await dev.press("Agree")
    assert "Agreed. The lead has the last word." in dev.said
    await ania.look(page_of(WED))
    assert "Dev agreed to swap for Friday 16 January 18:00. The lead has the last word." in ania.said
    jo = await rota_house.visitor("jo")
    assert "Ania and Dev agreed to swap. It waits for your word." in jo.said
    await jo.press("Let it happen")
    assert "The swap is made." in jo.said
    assert (rota_house.holder(WED), rota_house.holder(FRI)) == ("dev", "ania")


async def test_the_lead_sees_who_could_fill_a_shift_asks_them_and_puts_somebody_on(
    rota_house: RotaHouse,
) -> None:
    jo = await rota_house.visitor("jo", page_of(SAT))
    assert "Who could take it Lou Has nothing else in that week." in jo.said
    await jo.press("Ask these 4")
    assert jo.said.startswith("Asked: Lou,")
    lou = await rota_house.visitor("lou")
    assert "Jo asks whether you could take Saturday 17 January 18:00–22:00" in lou.said
    await lou.press("Not me")
    await jo.look(page_of(SAT))
    await jo.press("Put on Ania")
    assert "Ania is on Saturday 17 January 18:00." in jo.said
    assert "Jo put Ania on" in jo.said
    assert rota_house.holder(SAT) == "ania"
    await jo.press("Make it free", why="asked by phone")
    assert "Jo made it free: asked by phone" in jo.said
    assert "asked by phone" not in (await rota_house.visitor("ania", page_of(SAT))).said


async def test_the_lead_moves_or_cancels_one_night(rota_house: RotaHouse) -> None:
    jo = await rota_house.visitor("jo", page_of(WED))
    await jo.press("Move it", starts="19:00", ends="23:00")
    assert "Moved to Wednesday 21 January 19:00–23:00." in jo.said
    await jo.press("Move it", starts="late", ends="23:00")
    assert jo.status == 400
    assert "Please give a day and two times" in jo.said
    assert 'value="late"' in jo.text
    await jo.look(page_of(WED))
    await jo.press("Move it", starts="17:00", ends="22:00")
    assert (jo.status, "Do it anyway" in jo.buttons()) == (409, True)
    await jo.press("Do it anyway")
    assert "Moved to Wednesday 21 January 17:00–22:00." in jo.said
    await jo.press("Cancel this night")
    assert jo.status == 404
    assert "Wednesday 21 January 18:00 is cancelled." in jo.said
    assert "There is no such shift any more" in jo.said
    assert rota_house.holder(WED) is None
    ania = await rota_house.visitor("ania")
    assert "21 January" not in ania.said


async def test_somebody_off_the_rota_offers_to_help_while_the_door_is_open(rota_house: RotaHouse) -> None:
    dev = await rota_house.visitor("dev")
    await dev.press("I could help now")
    assert "Thank you. The lead sees that you could come." in dev.said
    assert "You offered to help now." in dev.said
    jo = await rota_house.visitor("jo")
    assert "Dev could come and help now." in jo.said
    assert "could come and help" not in (await rota_house.visitor("mari")).said
    await jo.press("Let them on Dev")
    assert "That is settled." in jo.said
    helpline = rota_house.house.helpline
    await helpline.check_in(helpline.people.principal("dev"), client_id=new_id(), sound=True)
    mari = await rota_house.visitor("mari")
    await mari.press("I could help now")
    await mari.press("Never mind")
    assert "That is settled." in mari.said
    ania = await rota_house.visitor("ania")
    assert "I could help now" not in ania.buttons()
    rota_house.clock.set(datetime(2026, 1, 16, 20, 0, tzinfo=UTC))
    closed = await rota_house.visitor("lou")
    assert "Moving house" in (await rota_house.visitor("lou", "/rota/week")).said
    assert "I could help now" not in closed.buttons()


async def test_a_warning_asks_for_a_second_press_and_a_rule_for_none(rota_house: RotaHouse) -> None:
    ania = await rota_house.visitor("ania", page_of(LONG))
    await ania.press("Take it")
    assert ania.status == 409
    assert ania.said.startswith("That is 5 h on end. Take it anyway")
    await ania.press("Take it anyway")
    assert rota_house.holder(LONG) == "ania"
    mari = await rota_house.visitor("mari")
    _, fields = mari.form("Take it Saturday 17 January")
    await rota_house.rota.set_terms(
        rota_house.house.helpline.people.principal("jo"),
        "mari",
        Terms(weekly_hours=4, adjustments=Adjustments(no_phone=True), note="after her operation"),
        new_id(),
    )
    await mari.post("/rota/do", fields)
    assert mari.status == 409
    assert "their own limit is 4 h" in mari.said
    assert not any(label.startswith("Take it anyway") for label in mari.buttons())
    assert rota_house.holder(SAT) == ""
    await mari.look(page_of(SAT))
    assert "You cannot take this one." in mari.said


async def test_what_cannot_be_done_is_said_on_the_page_and_changes_nothing(rota_house: RotaHouse) -> None:
    dev = await rota_house.visitor("dev")
    token = dev.form("Give back")[1][:1]
    before = rota_house.rota.seq
    for fields, status, words in (
        ({"action": "give_back", "slot": WED}, 409, "That shift is not yours."),
        ({"action": "sick", "slot": WED}, 409, "That shift is not yours."),
        ({"action": "confirm", "slot": WED}, 409, "That shift is not yours."),
        ({"action": "take", "slot": WED}, 409, "Somebody else has that shift now."),
        ({"action": "take", "slot": "ania-wed@2026-01-20T18:00"}, 409, "There is no such shift any more."),
        ({"action": "take", "slot": "ania-wed@2026-01-07T18:00"}, 409, "That shift is over."),
        ({"action": "take", "slot": "'; DROP TABLE shifts"}, 404, "There is no such shift."),
        ({"action": "take"}, 404, "There is no such shift."),
        ({"action": "offer_swap", "mine": WED, "theirs": FRI}, 409, "That shift is not yours."),
        ({"action": "agree_swap", "ask": "no such"}, 409, "Nobody is asking that any more."),
        ({"action": "say_no", "ask": ""}, 409, "Nobody is asking that any more."),
        ({"action": "put_on", "slot": SAT, "person": "dev"}, 403, "Your role does not allow that."),
        ({"action": "take_off", "slot": WED}, 403, "Your role does not allow that."),
        ({"action": "cancel_night", "slot": FRI}, 403, "Your role does not allow that."),
        ({"action": "let_on", "ask": "x"}, 403, "Your role does not allow that."),
        ({"action": "approve_swap", "ask": "x"}, 403, "Your role does not allow that."),
        ({"action": "ask_to_fill", "slot": SAT, "to": "ania"}, 403, "Your role does not allow that."),
        ({"action": "burn"}, 400, "That was not understood."),
        ({"action": "give_back", "slot": FRI, "why": "x" * 501}, 400, "fewer words"),
        ({"action": "give_back", "slot": FRI, "client_id": ""}, 400, "This page is out of date."),
    ):
        await dev.post("/rota/do", [*token, ("back", "/rota"), *({"client_id": new_id()} | fields).items()])
        assert (dev.status, words in dev.said) == (status, True), (fields, dev.status, dev.said[:200])
        assert "My shifts" in dev.said
    assert rota_house.rota.seq == before


async def test_a_form_without_its_token_or_from_nobody_does_nothing(rota_house: RotaHouse) -> None:
    dev = await rota_house.visitor("dev")
    action, fields = dev.form("Give back Friday 16 January")
    await dev.post(action, [("csrf", "0" * 64), *fields[1:]])
    assert (dev.status, rota_house.holder(FRI)) == (403, "dev")
    dev.cookies = {"staff": "somebody else's"}
    async with rota_house.house.client.post(
        action, data=fields, cookies=dev.cookies, allow_redirects=False
    ) as response:
        assert response.headers["Location"] == "/sign-in?then=/rota"
    assert rota_house.holder(FRI) == "dev"


async def test_the_same_press_sent_twice_is_one_step_and_says_the_same(rota_house: RotaHouse) -> None:
    dev = await rota_house.visitor("dev")
    action, fields = dev.form("Give back Friday 16 January")
    first = await dev.post(action, fields)
    assert await dev.post(action, fields) == first
    assert "Given back" in dev.said
    other = [(name, "dev-fri@2026-01-23T18:00" if name == "slot" else value) for name, value in fields]
    await dev.post(action, other)
    assert (dev.status, rota_house.holder("dev-fri@2026-01-23T18:00")) == (409, "dev")


async def test_a_press_leads_back_to_our_own_pages_only(rota_house: RotaHouse) -> None:
    dev = await rota_house.visitor("dev")
    for back in (
        "https://elsewhere.example/rota",
        "//elsewhere.example/rota",
        "/\\elsewhere.example",
        "/rota/../../desk",
        "/rota\r\nX-Header: 1",
        "/rota?x=\n//elsewhere.example",
        "/desk",
        "",
    ):
        there = await dev.press("Ask for cover Friday 16 January", back=back)
        assert there == f"/rota?done={rota_house.rota.seq}", back
        await dev.press("Never mind")


async def test_the_week_shows_everybody_by_shown_name_and_says_when_hours_are_other(
    rota_house: RotaHouse,
) -> None:
    ania = await rota_house.visitor("ania", "/rota/week")
    for words in (
        "12 – 18 January 2026",
        "You , Wednesday 14 January 18:00–22:00 English",
        "Jo lead , Wednesday 14 January 18:00–22:00",
        "Friday 16 January Fri 16 Moving house: closed",
        "Saturday 17 January Sat 17 Short evening: open 18:00–20:00",
        "Free , Saturday 17 January 18:00–22:00 Take it Saturday 17 January 18:00–22:00",
    ):
        assert words in ania.said, words
    there = await ania.press("Take it Saturday 17 January")
    assert there == f"/rota/week?done={rota_house.rota.seq}"
    await ania.look("/rota/week?from=2026-03-25")
    assert "Clocks go forward" in ania.said.partition("Sunday 29 March")[2]
    for asked in ("9999-12-31", "yesterday", "0001-01-01", "2026-02-30"):
        assert "12 – 18 January 2026" in await ania.look(f"/rota/week?from={asked}")


async def test_the_month_counts_and_leads_to_the_day(rota_house: RotaHouse) -> None:
    ania = await rota_house.visitor("ania", "/rota/month?m=2026-01")
    assert "January 2026" in ania.said
    assert "Wednesday 21 21 Wednesday 21 January You 18:00–22:00 2 on" in ania.said
    assert "Saturday 17 17 Saturday 17 January 1 free Short evening: open 18:00–20:00" in ania.said
    assert 'href="/rota/week?from=2026-01-19#d2026-01-21"' in ania.text
    assert "January 2026" in await ania.look("/rota/month?m=2026-13")


async def test_a_supporter_learns_nothing_of_others_but_their_shown_names(rota_house: RotaHouse) -> None:
    people = rota_house.house.helpline.people
    await people.add(
        Account(
            id="zofia", name="Zofia Wiśniewska", shown_name="Zo", roles=("supporter",), email="zo@example.org"
        )
    )
    jo = await rota_house.visitor("jo", page_of(SAT))
    await jo.press("Put on Zo")
    await jo.press("Put them on anyway", why="her mother is ill")
    assert rota_house.holder(SAT) == "zofia"
    ania = await rota_house.visitor("ania")
    for path in ("/rota", "/rota/week", "/rota/month", page_of(SAT)):
        page = await ania.look(path)
        for secret in ("Wiśniewska", "zo@example.org", "her mother", "Who could take it", "Gaps"):
            assert secret not in page, (path, secret)
    assert "Jo put Zo on" in ania.said


async def test_pages_ask_for_the_number_of_the_newest_step(rota_house: RotaHouse) -> None:
    dev = await rota_house.visitor("dev", "/rota/seq")
    assert dev.text == f'{{"seq": {rota_house.rota.seq}}}'
    await dev.look("/rota")
    assert f'data-seq="{rota_house.rota.seq}"' in dev.text


async def test_what_names_no_shift_is_said_kindly_and_what_is_posted_is_not_opened(
    rota_house: RotaHouse,
) -> None:
    dev = await rota_house.visitor("dev")
    for named in ("nonsense", "ania-wed@2026-01-20T18:00", "%00@2026-01-20T18:00", "a%2Fb@2026-01-20T18:00"):
        assert "There is no such shift any more" in await dev.look(f"/rota/shift/{named}")
        assert dev.status == 404
    await dev.look("/rota/do")
    assert dev.status == 303


async def test_signing_in_leads_back_to_the_shift_a_letter_named(rota_house: RotaHouse) -> None:
    people = rota_house.house.helpline.people
    await people.set_password("dev", "four quiet words here")
    async with rota_house.house.client.get(page_of(WED), allow_redirects=False) as response:
        there = response.headers["Location"]
    assert there.startswith("/sign-in?then=/rota/shift/ania-wed")
    async with rota_house.house.client.get(there) as response:
        page = await response.text()
    csrf = page.partition('name="csrf" value="')[2].partition('"')[0]
    then = page.partition('name="then" value="')[2].partition('"')[0]
    form = {"csrf": csrf, "then": then, "name": "dev", "password": "four quiet words here"}
    async with rota_house.house.client.post("/sign-in", data=form, allow_redirects=False) as response:
        assert response.status == 303
        landed = response.headers["Location"]
    dev = await rota_house.visitor("dev", landed)
    assert "Ania has it Wednesday 21 January" in dev.said
