"""One evening from its first word to its last, on every screen at once: the person's phone, two desks, the board."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser.chromium import LAPTOP, PHONE, Windows
from tests.browser.on_shift import (
    PASSWORD,
    Comer,
    answer,
    check_in,
    said,
    signed_in,
    somebody_comes,
    staffed_evening,
    write,
)
from tests.browser.the_evening_hands import (
    Overheard,
    clean_in_every_look,
    conversation,
    read_in_order,
    sign_in,
    types_on,
    within_reach_when_zoomed,
)
from tests.browser.the_evening_line import line_to
from tests.browser.the_evening_night import ANIA_SAYS, PERSON_SAYS, Night, an_earlier_hour


@pytest.mark.timeout(600)
async def test_a_whole_evening_in_polish_from_the_first_word_to_the_feedback(
    tmp_path: Path, windows: Windows
) -> None:
    async with (
        staffed_evening(tmp_path, "ania", "dev", "jo") as tonight,
        line_to(tonight.server.port or 0) as persons_line,
        line_to(tonight.server.port or 0) as anias_line,
    ):
        night = Night()
        night.tonight, night.persons_line, night.anias_line = tonight, persons_line, anias_line
        await an_earlier_hour(tonight)
        await everybody_comes_on(night, windows)
        earlier = await ania_is_with_somebody(night)
        await ola_starts_and_waits(night, windows)
        await only_ania_is_asked(night, earlier)
        await they_talk_both_ways(night)
        await olas_line_is_cut_in_the_middle_of_a_word(night)
        await anias_line_is_cut_in_the_middle_of_a_word(night)
        await they_go_up_to_acting_together(night)
        await the_lead_has_it(night)
        await the_first_number_is_not_answered_and_the_second_is(night)
        await the_note_is_kept_and_the_talk_ends(night)
        await ola_tells_how_it_was(night)
        await everything_is_in_the_log_exactly_once(night)
        await nobody_speaks_arabic_tonight(night, windows)
        await nobody_speaks_welsh_tonight_and_a_call_is_asked_for(night, windows)


# -- before --------------------------------------------------------------------------------------------------------


async def everybody_comes_on(night: Night, windows: Windows) -> None:
    """Jo leads, Dev speaks English and Urdu, Ania Polish and English; Ania takes one at a time tonight."""
    tonight = night.tonight
    night.jo = await signed_in(windows, tonight, "Jo", "/board", scheme="dark")
    dev = await windows.open(screen=LAPTOP)
    night.devs_frames = Overheard(dev)
    night.dev = await sign_in(dev, tonight.url, "/desk", "Dev", PASSWORD)
    await check_in(night.dev)
    ania = await windows.open(screen=LAPTOP)
    night.ania = await sign_in(ania, night.anias_line.url, "/desk", "Ania", PASSWORD)
    await night.ania.get_by_label("One at a time").check()
    await clean_in_every_look(night.ania)
    await check_in(night.ania)
    await expect(night.jo.locator(".list-on li", has_text="Ania")).to_contain_text("0 of 1")
    await expect(night.jo.locator(".list-on li", has_text="Dev")).to_contain_text("0 of 2")


async def ania_is_with_somebody(night: Night) -> Comer:
    earlier = await somebody_comes(night.tonight, "hej", "pl")
    await answer(night.ania)
    return earlier


# -- waiting -------------------------------------------------------------------------------------------------------


async def ola_starts_and_waits(night: Night, windows: Windows) -> None:
    """On a phone, in Polish; where she is in the queue and about how long it takes are told."""
    person = night.person = await windows.open(
        f"{night.persons_line.url}/?lang=pl", screen=PHONE, locale="pl-PL"
    )
    await clean_in_every_look(person)
    await person.click("#start summary")
    await person.get_by_label("O mnie").check()
    await person.get_by_label("Gdzie mieszkasz?").fill("BD3 7QP")
    await person.fill("#box", PERSON_SAYS[0])
    await person.click("#send")
    await expect(person.locator("#place")).to_have_text(
        "Teraz Twoja kolej. Potrwa to mniej więcej 5 minut, czasem dłużej."
    )
    await read_in_order(person, PERSON_SAYS[0])
    fold = await night.tonight.until(
        lambda: next((one for one in night.tonight.helpline.contacts() if one.phase == "waiting"), None)
    )
    night.contact, night.name = fold.log, fold.name
    await expect(night.jo.locator(".list-waiting li", has_text=night.name)).to_contain_text(
        "Polish, Moorside"
    )
    await clean_in_every_look(person)


async def only_ania_is_asked(night: Night, earlier: Comer) -> None:
    """As soon as Ania is free it rings at her desk. Dev was free all the while and hears nothing."""
    ania = night.ania
    await ania.get_by_role("button", name="End", exact=True).click()
    await ania.get_by_role("button", name="End it now").click()
    await ania.get_by_label("They left").check()
    await ania.get_by_role("button", name="Done, I'm free").click()
    offer = ania.locator(".offer")
    await expect(offer).to_contain_text("Web chat, Polish")
    await expect(offer).to_contain_text("For themselves")
    assert "BD3" not in await offer.inner_text(), (
        "where somebody lives is nobody's business before they answer"
    )
    assert night.tonight.now(earlier.contact).phase == "ended"
    await expect(night.jo.locator(".list-waiting li")).to_contain_text("Offered to Ania")
    await clean_in_every_look(ania)
    await clean_in_every_look(night.jo)
    await expect(night.dev.locator(".offer")).to_have_count(0)
    await answer(ania)
    await expect(night.person.locator("#who")).to_have_text("Jest z Tobą Ania")
    assert night.devs_frames.mentions(night.contact) == []


# -- talking -------------------------------------------------------------------------------------------------------


async def person_writes(page: Page, text: str) -> None:
    await page.fill("#box", text)
    await page.click("#send")


async def they_talk_both_ways(night: Night) -> None:
    await write(night.ania, ANIA_SAYS[0])
    await expect(night.person.locator("#log .them p").last).to_have_text(ANIA_SAYS[0])
    await types_on(night.person, "#box", "Ol")
    await expect(night.ania.locator("#theirs")).to_have_text(f"{night.name} is writing")
    await types_on(night.person, "#box", "a")
    await night.person.click("#send")
    await expect(said(night.ania, PERSON_SAYS[1])).to_be_visible()
    await types_on(night.ania, "#message", "Jestem tu, Olu. Nig")
    await expect(night.person.locator("#status")).to_have_text("Ania pisze")
    await types_on(night.ania, "#message", "dzie się nie wybieram.")
    await night.ania.locator("#message").press("Enter")
    await read_in_order(night.person, PERSON_SAYS[0], ANIA_SAYS[0], PERSON_SAYS[1], ANIA_SAYS[1])
    await read_in_order(night.ania, PERSON_SAYS[0], ANIA_SAYS[0], PERSON_SAYS[1], ANIA_SAYS[1])
    await clean_in_every_look(night.person)
    await clean_in_every_look(night.ania)


async def olas_line_is_cut_in_the_middle_of_a_word(night: Night) -> None:
    """What she types stays, what she sends waits in order, what Ania says meanwhile is there afterwards."""
    person, ania = night.person, night.ania
    await types_on(person, "#box", "to trwa już od kil")
    night.persons_line.cut()
    await expect(person.locator("#status")).to_have_text("Łączymy ponownie. Możesz dalej pisać.")
    await types_on(person, "#box", "ku tygodni")
    await expect(person.locator("#box")).to_have_value(PERSON_SAYS[2])
    await person.click("#send")
    await person_writes(person, PERSON_SAYS[3])
    await expect(person.locator("#sent")).to_have_text("Zachowane tutaj. Wyśle się, gdy wróci połączenie.")
    await types_on(person, "#box", "czasem myś")
    await write(ania, ANIA_SAYS[2])
    await clean_in_every_look(person)
    await within_reach_when_zoomed(person, "#box", "#send", "#safe button", "#leave")
    assert PERSON_SAYS[2] not in await conversation(ania)
    night.persons_line.restore()
    # Ania's words were kept by the service first, and so they stand first on both sides.
    await read_in_order(person, ANIA_SAYS[2], PERSON_SAYS[2], PERSON_SAYS[3])
    await read_in_order(ania, ANIA_SAYS[2], PERSON_SAYS[2], PERSON_SAYS[3])
    await expect(person.locator("#status")).not_to_contain_text("Łączymy ponownie")
    await expect(person.locator("#box")).to_have_value("czasem myś")
    # The next one reaches the service, but the line dies before the answer does.
    await types_on(person, "#box", "lę, że lepiej by było zniknąć")
    night.persons_line.lose_answers()
    await person.click("#send")
    await expect(said(ania, PERSON_SAYS[4])).to_be_visible()
    night.persons_line.cut()
    await expect(person.locator("#sent")).to_have_text("Zachowane tutaj. Wyśle się, gdy wróci połączenie.")
    night.persons_line.restore()
    await read_in_order(person, PERSON_SAYS[3], PERSON_SAYS[4])
    await expect(person.locator("#sent")).not_to_contain_text("Zachowane")
    await read_in_order(ania, PERSON_SAYS[3], PERSON_SAYS[4])


async def anias_line_is_cut_in_the_middle_of_a_word(night: Night) -> None:
    person, ania = night.person, night.ania
    await types_on(ania, "#message", "Czy jesteś ter")
    night.anias_line.cut()
    await expect(ania.locator("#strip")).to_contain_text("Your line is lost. Keep writing")
    await types_on(ania, "#message", "az w domu?")
    await ania.locator("#message").press("Enter")
    await expect(said(ania, ANIA_SAYS[3])).to_contain_text("Waiting for the line")
    await types_on(ania, "#message", "Są już w dr")
    await person_writes(person, PERSON_SAYS[5])
    await clean_in_every_look(ania)
    await within_reach_when_zoomed(ania, "#message", "#send", "#go-emergency")
    night.anias_line.restore()
    await read_in_order(ania, PERSON_SAYS[5], ANIA_SAYS[3])
    await read_in_order(person, PERSON_SAYS[5], ANIA_SAYS[3])
    await expect(ania.locator("#strip")).not_to_contain_text("Your line is lost")
    await expect(ania.locator("#message")).to_have_value("Są już w dr")


# -- acting together -----------------------------------------------------------------------------------------------


async def they_go_up_to_acting_together(night: Night) -> None:
    """One press. The half-written words stay; what to ask stands there in her language."""
    ania = night.ania
    await ania.get_by_text("Go to any step").click()
    await ania.get_by_role("button", name="Acting together now").click()
    await expect(ania.get_by_role("heading", name="Acting together now")).to_be_visible()
    await expect(ania.locator("#help")).to_contain_text("Gdzie teraz jesteś?")
    await expect(ania.locator("#message")).to_have_value("Są już w dr")
    await expect(night.person.locator("body")).not_to_contain_text("Działamy razem")
    await clean_in_every_look(ania)


async def the_lead_has_it(night: Night) -> None:
    jo = night.jo
    alert = jo.locator(".alert.first")
    await expect(alert).to_contain_text(f"Acting together: {night.name}")
    await expect(jo).to_have_title("● Acting together, Tonight")
    await alert.get_by_role("button", name="Open").click()
    await read_in_order(jo, PERSON_SAYS[5], ANIA_SAYS[3])
    await clean_in_every_look(jo)
    await alert.get_by_role("button", name="I have it").click()
    await expect(jo.locator(".alert", has_text="Acting together")).to_have_count(0)
    await expect(said(night.ania, PERSON_SAYS[5])).to_be_visible()
    await expect(night.ania.get_by_role("log")).to_contain_text("Jo has seen it")


async def the_first_number_is_not_answered_and_the_second_is(night: Night) -> None:
    ania = night.ania
    number = ania.locator(".next .number")
    first = await number.inner_text()
    await ania.locator(".next").get_by_role("button", name="No answer").click()
    await expect(ania.locator(".next")).to_contain_text("no answer")
    await expect(number).not_to_have_text(first)
    await ania.locator(".next").get_by_role("button", name="Answered").click()
    await expect(ania.get_by_role("log").locator(".event", has_text=": answered")).to_be_visible()
    await expect(night.jo.locator("#drawer-log .event", has_text=": answered")).to_be_visible()
    await ania.get_by_label("Who was it, or a reference?").fill("Ruth, reference 4411")
    await ania.get_by_role("button", name="Keep who it was").click()
    await expect(night.jo.locator("#drawer-log")).to_contain_text(
        "Ania wrote who it was: Ruth, reference 4411"
    )
    await person_writes(night.person, PERSON_SAYS[6])
    await types_on(ania, "#message", "odze do Ciebie.")
    await ania.locator("#message").press("Enter")
    await read_in_order(night.person, PERSON_SAYS[6], ANIA_SAYS[4])
    await clean_in_every_look(ania)


# -- the end -------------------------------------------------------------------------------------------------------


async def the_note_is_kept_and_the_talk_ends(night: Night) -> None:
    ania = night.ania
    await ania.get_by_label("What they wanted to talk about").fill("Nocy, i tego, że nikt nie wie.")
    await expect(ania.locator("#note-state")).to_contain_text("Saved ")
    await ania.get_by_role("button", name="End", exact=True).click()
    await ania.get_by_role("button", name="End it now").click()
    await expect(ania.get_by_role("heading", name="Wrap up")).to_be_visible()
    await expect(night.person.locator("#after")).to_be_visible()
    await clean_in_every_look(ania)
    await ania.get_by_label("Crisis team is with them").check()
    await ania.get_by_role("button", name="Done, I'm free").click()
    await expect(ania.locator("#contacts")).to_contain_text("Wrapped up")
    # After acting together a break comes by itself; she takes none tonight.
    await expect(ania.locator("#readiness")).to_contain_text("On a break until")
    await ania.get_by_role("button", name="Shift").click()
    await ania.get_by_role("button", name="Ready for offers again").click()
    await expect(ania.locator("#readiness")).to_have_text("Ready")


async def ola_tells_how_it_was(night: Night) -> None:
    person = night.person
    await clean_in_every_look(person)
    await person.locator("[name=listened][value=yes]").check()
    await person.locator("[name=feel_after][value='3']").check()
    await person.get_by_label("Czy chcesz coś dodać?").fill("dziękuję")
    await person.locator("#feedback button").click()
    await expect(person.locator("#noted")).to_be_visible()
    await expect(person.locator("#feedback")).to_be_hidden()
    await clean_in_every_look(person)


async def everything_is_in_the_log_exactly_once(night: Night) -> None:
    events = await night.tonight.as_staff_read_it(night.contact)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert [event["text"] for event in events if event["kind"] == "said"] == [
        PERSON_SAYS[0],
        ANIA_SAYS[0],
        PERSON_SAYS[1],
        *ANIA_SAYS[1:3],
        *PERSON_SAYS[2:6],
        ANIA_SAYS[3],
        PERSON_SAYS[6],
        ANIA_SAYS[4],
    ]
    once: dict[str, Any] = {event["kind"]: event for event in events}
    kinds = Counter(event["kind"] for event in events)
    for kind in (
        "started",
        "offered",
        "accepted",
        "rung_set",
        "acknowledged",
        "noted",
        "closed",
        "wrapped_up",
    ):
        assert kinds[kind] == 1, kind
    assert kinds["alerted"] == 1
    assert not {"offer_ended", "released", "corrected", "withdrawn", "left"} & set(kinds)
    assert once["offered"]["supporter"] == once["accepted"]["by"]["id"] == "ania"
    assert once["rung_set"]["to"] == 3
    assert (once["alerted"]["what"], once["alerted"]["to"]) == ("rung_3", "lead")
    assert once["acknowledged"]["by"]["id"] == "jo"
    tried = [(event["crisis_contact"], event["outcome"]) for event in events if event["kind"] == "attempted"]
    assert [outcome for _, outcome in tried] == ["no_answer", "answered"]
    assert tried[0][0] != tried[1][0]
    assert once["noted"]["fields"] == {"summary": "Nocy, i tego, że nikt nie wie."}
    assert once["closed"]["by"]["id"] == "ania"
    assert once["wrapped_up"]["outcome"] == "crisis_team"
    last = once["feedback"]
    assert (last["listened"], last["feel_after"], last["words"]) == ("yes", 3, "dziękuję")


# -- a language nobody speaks tonight ------------------------------------------------------------------------------


async def nobody_speaks_arabic_tonight(night: Night, windows: Windows) -> None:
    """Told so plainly, in Arabic; they choose English and are offered to somebody who speaks it."""
    person = await windows.open(f"{night.tonight.url}/?lang=ar", screen=PHONE, locale="ar", scheme="dark")
    await person_writes(person, "لا أعرف كيف أبدأ")
    await expect(person.locator("#choice-why")).to_contain_text("لا يوجد هنا الآن من يتحدّث هذه اللغة")
    await expect(person.locator("#choice-options")).to_be_in_viewport()
    await expect(person.locator("#waiting")).to_be_hidden()
    await expect(person.locator("#who-more")).to_have_text("")
    offered = await person.locator("#choice-options button").evaluate_all(
        "all => all.map((one) => one.value)"
    )
    assert sorted(offered) == ["call_me", "language:en", "language:pl", "language:ur", "wait"]
    await expect(night.jo.locator(".alert")).to_contain_text("Nobody on speaks their language")
    await clean_in_every_look(person)
    await person.locator("#choice button[value='language:en']").click()
    asked = await night.tonight.until(
        lambda: next((one for one in night.tonight.helpline.contacts() if one.offer is not None), None)
    )
    desk = {"ania": night.ania, "dev": night.dev}[asked.offer.supporter]
    await expect(desk.locator(".offer")).to_contain_text("Web chat, Arabic")
    await answer(desk)
    await write(desk, "Hello, I am here. My Arabic is not good enough, I am sorry.")
    await expect(person.locator("#log .them p")).to_have_attribute("dir", "auto")
    await read_in_order(
        desk, "لا أعرف كيف أبدأ", "Hello, I am here. My Arabic is not good enough, I am sorry."
    )
    await clean_in_every_look(person)
    await clean_in_every_look(desk)


async def nobody_speaks_welsh_tonight_and_a_call_is_asked_for(night: Night, windows: Windows) -> None:
    person = await windows.open(f"{night.tonight.url}/?lang=cy", screen=PHONE, locale="cy")
    await person_writes(person, "dw i ddim yn gwybod ble i ddechrau")
    await expect(person.locator("#choice-why")).to_contain_text("Does neb sy'n siarad Cymraeg yma")
    await person.locator("#choice button[value=call_me]").click()
    await clean_in_every_look(person)
    await person.fill("#call-number", "01632 960 114")
    await person.locator("#calling button.main").click()
    await expect(person.locator("#choice")).to_be_hidden()
    await expect(person.locator("#waiting")).to_be_visible()
    name = next(one.name for one in night.tonight.helpline.contacts() if one.asked_call)
    # For a moment the chat stands there beside its request, until both know of each other.
    await expect(night.jo.locator(".list-calls li")).to_have_count(1)
    await expect(night.jo.locator(".list-calls li")).to_contain_text(name)
    await clean_in_every_look(night.jo)
