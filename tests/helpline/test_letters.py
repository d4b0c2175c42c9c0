"""Who hears what after a step of the rota, and in which words."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from helpline.errors import NotNow
from helpline.letter_words import LANGUAGES, Composer
from helpline.letters import Letter, Told, What, as_it_is, letters_of
from helpline.people import Principal
from rota.book import AnyChange, Book, NightChanged, put_shift
from rota.members import Terms
from rota.shifts import Override, Slot
from tests.helpline.conftest import OpenEvening
from tests.helpline.evening import Evening, new_id
from tests.helpline.letter_rota import MONDAY, ORIGIN, letter_definition, person, slot, with_free_fridays

ANIA_NEXT_MONDAY = slot("ania-MO", 23)
ANIA_TONIGHT = slot("ania-MO", 16)
BEN_TOMORROW = slot("ben-TU", 17)
BEN_NEXT_TUESDAY = slot("ben-TU", 24)
FREE_FRIDAY = slot("free-FR", 27)


class Desk:
    """The rota of the letters' service, and the letters each step of it makes."""

    def __init__(self, evening: Evening) -> None:
        self.evening, self.rota = evening, evening.line.rota
        self.book, self.seq = self.rota.book, self.rota.seq

    def who(self, id: str) -> Principal:
        return self.evening.who(id)

    async def after(self, doing: Awaitable[int]) -> list[Letter]:
        """The letters of everything that was done since the last time."""
        await doing
        steps = await self.rota.steps_after(self.seq)
        members = [self.rota.member_of(one) for one in self.evening.line.people if one.email]
        letters: list[Letter] = []
        book = self.book
        for step in steps:
            before, book = book, book.apply(step.changes)
            letters += letters_of(step, before, book, self.rota.plan(), members)
        self.book, self.seq = book, steps[-1].seq
        return letters

    def text(self, letter: Letter, *, please: bool = False) -> str:
        """Subject and text, in one."""
        composer = Composer("Europe/London", "Shift", ORIGIN, self.evening.line.post._named)
        return "\n".join(composer.compose(letter, self.evening.clock.now(), please=please))


@pytest.fixture
async def desk(open_evening: OpenEvening, tmp_path: Path) -> Desk:
    evening = await open_evening(letter_definition(tmp_path), MONDAY)
    await with_free_fridays(evening.line.rota)
    return Desk(evening)


def told(letters: Sequence[Letter]) -> dict[str, What]:
    assert len({letter.to for letter in letters}) == len(letters), "somebody got two letters about one step"
    return {letter.to: letter.what for letter in letters}


def of(letters: Sequence[Letter], to: str) -> Letter:
    return next(letter for letter in letters if letter.to == to)


def moved_by(
    place: Slot, starts: datetime | None = None, *, cancelled: bool = False
) -> Callable[[Book], Sequence[AnyChange]]:
    """An edit of one night."""

    def decide(book: Book) -> Sequence[AnyChange]:
        before = book.nights.get(place.shift, {}).get(place.of)
        after = Override(of=place.of, starts=starts, cancelled=cancelled)
        return (NightChanged(id=str(place), before=before, after=after),)

    return decide


# -- what nobody has -----------------------------------------------------------------------------------------------


async def test_a_shift_given_back_with_time_is_offered_to_those_who_could_take_it(desk: Desk) -> None:
    letters = await desk.after(desk.rota.give_back(desk.who("ania"), ANIA_NEXT_MONDAY, new_id()))
    assert told(letters) == dict.fromkeys(("ben", "cy", "dev", "eve"), "free")
    text = desk.text(letters[0])
    assert "Shift free: Monday 23 November 18:00–22:00. Take it: " in text
    assert f"{ORIGIN}/rota/shift/ania-MO%402026-11-23T18%3A00" in text


async def test_at_most_the_eight_best_are_asked(open_evening: OpenEvening, tmp_path: Path) -> None:
    more = "".join(person(f"more-{n}", role="supporter") for n in range(12))
    desk = Desk(await open_evening(letter_definition(tmp_path, more), MONDAY))
    letters = await desk.after(desk.rota.give_back(desk.who("ania"), ANIA_NEXT_MONDAY, new_id()))
    assert len(letters) == 8
    assert {letter.what for letter in letters} == {"free"}
    # Those who have nothing in that week come before those who have.
    assert not {letter.to for letter in letters} & {"ben", "cy", "dev"}


async def test_the_lead_on_it_hears_of_sickness_and_nobody_hears_why(desk: Desk) -> None:
    letters = await desk.after(
        desk.rota.call_in_sick(desk.who("ania"), ANIA_TONIGHT, new_id(), "my back again")
    )
    assert told(letters) == {"jo": "gap", **dict.fromkeys(("ben", "cy", "dev", "eve"), "free")}
    assert "It was Ania’s." in desk.text(of(letters, "jo"))
    for letter in letters:
        text = desk.text(letter).casefold()
        assert not [word for word in ("sick", "ill", "back again", "why") if word in text.split()]


async def test_without_a_lead_on_the_shift_all_leads_hear_of_sickness(desk: Desk) -> None:
    letters = await desk.after(desk.rota.call_in_sick(desk.who("ben"), BEN_TOMORROW, new_id()))
    assert {to for to, what in told(letters).items() if what == "gap"} == {"jo", "kim"}


async def test_a_lead_hears_of_a_shift_given_back_within_two_days_and_not_before(desk: Desk) -> None:
    soon = await desk.after(desk.rota.give_back(desk.who("ben"), BEN_TOMORROW, new_id()))
    assert {to for to, what in told(soon).items() if what == "gap"} == {"jo", "kim"}
    later = await desk.after(desk.rota.give_back(desk.who("ben"), BEN_NEXT_TUESDAY, new_id()))
    assert set(told(later).values()) == {"free"}


async def test_somebody_taken_off_hears_it_and_is_not_asked_to_take_it_again(desk: Desk) -> None:
    letters = await desk.after(desk.rota.take_off(desk.who("robin"), ANIA_NEXT_MONDAY, new_id()))
    assert told(letters) == {"ania": "relieved", **dict.fromkeys(("ben", "cy", "dev", "eve"), "free")}


async def test_whoever_has_a_night_hears_that_it_is_cancelled_and_nobody_is_asked_to_fill_it(
    desk: Desk,
) -> None:
    decide = moved_by(ANIA_NEXT_MONDAY, cancelled=True)
    letters = await desk.after(desk.rota.edit(desk.who("robin"), decide, new_id()))
    assert told(letters) == {"ania": "cancelled"}


async def test_a_letter_about_a_free_shift_is_not_true_once_somebody_has_it(desk: Desk) -> None:
    letters = await desk.after(desk.rota.give_back(desk.who("ania"), ANIA_NEXT_MONDAY, new_id()))
    assert as_it_is(letters[0], desk.book) == letters[0]
    await desk.after(desk.rota.take(desk.who("eve"), ANIA_NEXT_MONDAY, new_id()))
    assert as_it_is(letters[0], desk.book) is None


# -- questions -----------------------------------------------------------------------------------------------------


async def test_an_open_question_for_cover_goes_to_those_who_could_and_a_direct_one_to_exactly_those(
    desk: Desk,
) -> None:
    openly = await desk.after(desk.rota.ask_cover(desk.who("ania"), ANIA_NEXT_MONDAY, new_id()))
    assert told(openly) == dict.fromkeys(("ben", "cy", "dev", "eve"), "cover")
    directly = await desk.after(
        desk.rota.ask_cover(
            desk.who("ben"), BEN_NEXT_TUESDAY, new_id(), to=("eve", "kim"), why="my sister’s wedding"
        )
    )
    assert told(directly) == {"eve": "cover", "kim": "cover"}
    assert "Ben asks for cover: Tuesday 24 November 18:00–22:00." in desk.text(directly[0])
    assert "wedding" not in desk.text(directly[0])


async def test_whoever_is_covered_hears_who_has_it_now(desk: Desk) -> None:
    await desk.after(desk.rota.ask_cover(desk.who("ania"), ANIA_NEXT_MONDAY, new_id()))
    letters = await desk.after(desk.rota.take(desk.who("eve"), ANIA_NEXT_MONDAY, new_id()))
    assert told(letters) == {"ania": "covered"}
    assert "Eve has this now instead of you" in desk.text(letters[0])


async def test_taking_a_free_shift_troubles_nobody(desk: Desk) -> None:
    assert await desk.after(desk.rota.take(desk.who("eve"), FREE_FRIDAY, new_id())) == []


async def test_those_asked_to_fill_hear_it_once_though_the_list_grows(desk: Desk) -> None:
    first = await desk.after(desk.rota.ask_to_fill(desk.who("jo"), FREE_FRIDAY, ("ania", "ben"), new_id()))
    assert told(first) == {"ania": "fill", "ben": "fill"}
    more = await desk.after(desk.rota.ask_to_fill(desk.who("jo"), FREE_FRIDAY, ("ben", "eve"), new_id()))
    assert told(more) == {"eve": "fill"}


async def test_a_swap_is_offered_agreed_to_and_made_known(desk: Desk) -> None:
    ask = new_id()
    offered = await desk.after(
        desk.rota.offer_swap(desk.who("ania"), ANIA_NEXT_MONDAY, BEN_NEXT_TUESDAY, ask)
    )
    assert told(offered) == {"ben": "swap"}
    text = desk.text(offered[0])
    assert "theirs: Monday 23 November" in text
    assert "yours: Tuesday 24 November" in text
    made = await desk.after(desk.rota.agree_swap(desk.who("ben"), ask, new_id()))
    assert told(made) == {"ania": "swapped"}
    text = desk.text(made[0])
    assert (
        "  no longer yours: Monday 23 November 18:00–22:00\n  yours: Tuesday 24 November 18:00–22:00" in text
    )


async def test_a_swap_that_needs_the_lead_goes_to_the_lead_and_then_to_both(
    open_evening: OpenEvening, tmp_path: Path
) -> None:
    desk = Desk(await open_evening(letter_definition(tmp_path, "[rota]\nswaps_need_lead = true\n"), MONDAY))
    ask = new_id()
    await desk.after(desk.rota.offer_swap(desk.who("ania"), ANIA_NEXT_MONDAY, BEN_NEXT_TUESDAY, ask))
    agreed = await desk.after(desk.rota.agree_swap(desk.who("ben"), ask, new_id()))
    assert told(agreed) == {"ania": "swap_agreed", "jo": "swap_waits"}
    made = await desk.after(desk.rota.approve_swap(desk.who("kim"), ask, new_id()))
    assert told(made) == {"ania": "swapped", "ben": "swapped"}


async def test_a_no_to_a_swap_is_told_and_a_no_to_cover_is_not(desk: Desk) -> None:
    swap, cover = new_id(), new_id()
    await desk.after(desk.rota.offer_swap(desk.who("ania"), ANIA_NEXT_MONDAY, BEN_NEXT_TUESDAY, swap))
    assert told(await desk.after(desk.rota.say_no(desk.who("ben"), swap, new_id()))) == {"ania": "swap_no"}
    await desk.after(desk.rota.ask_cover(desk.who("ania"), ANIA_NEXT_MONDAY, cover))
    assert await desk.after(desk.rota.say_no(desk.who("ben"), cover, new_id())) == []


async def test_a_swap_taken_back_is_told_to_whoever_was_asked(desk: Desk) -> None:
    ask = new_id()
    offered = await desk.after(
        desk.rota.offer_swap(desk.who("ania"), ANIA_NEXT_MONDAY, BEN_NEXT_TUESDAY, ask)
    )
    letters = await desk.after(desk.rota.withdraw_ask(desk.who("ania"), ask, new_id()))
    assert told(letters) == {"ben": "swap_off"}
    assert as_it_is(offered[0], desk.book) is None


# -- what the lead does, and undoing -------------------------------------------------------------------------------


async def test_somebody_put_on_is_asked_to_confirm_and_whoever_had_it_hears_it(desk: Desk) -> None:
    letters = await desk.after(desk.rota.put_on(desk.who("jo"), ANIA_NEXT_MONDAY, "eve", new_id()))
    assert told(letters) == {"eve": "put_on", "ania": "relieved"}
    text = desk.text(of(letters, "eve"), please=True)
    assert "Jo has put you down for this: Monday 23 November 18:00–22:00." in text
    assert "Please confirm that you will be there: https://" in text


async def test_nobody_hears_of_what_they_did_themselves(desk: Desk) -> None:
    letters = await desk.after(desk.rota.take_off(desk.who("jo"), slot("jo-MO", 23), new_id()))
    assert told(letters) == {"kim": "free"}


async def test_whoever_has_a_night_hears_that_it_was_moved(desk: Desk) -> None:
    decide = moved_by(ANIA_NEXT_MONDAY, datetime.fromisoformat("2026-11-23T17:00"))
    letters = await desk.after(desk.rota.edit(desk.who("robin"), decide, new_id()))
    assert told(letters) == {"ania": "moved"}
    assert "It is now Monday 23 November 17:00–21:00." in desk.text(letters[0])


async def test_a_whole_series_in_other_hands_is_one_letter_to_each(desk: Desk) -> None:
    def decide(book: Book) -> Sequence[AnyChange]:
        return put_shift(book, msgspec.structs.replace(book.shifts["ania-MO"], person="eve"))

    letters = await desk.after(desk.rota.edit(desk.who("robin"), decide, new_id()))
    assert told(letters) == {"ania": "changed", "eve": "changed"}
    assert len(of(letters, "eve").about) > 4
    assert f"More: {ORIGIN}/rota\n" in desk.text(of(letters, "eve"))


async def test_undoing_tells_those_whose_shift_it_was_or_is(desk: Desk) -> None:
    await desk.after(desk.rota.put_on(desk.who("jo"), ANIA_NEXT_MONDAY, "eve", new_id()))
    letters = await desk.after(desk.rota.undo(desk.who("jo"), desk.rota.seq, new_id()))
    assert told(letters) == {"eve": "undone", "ania": "undone"}
    assert "  yours: Monday 23 November" in desk.text(of(letters, "ania"))
    assert "  no longer yours: Monday 23 November" in desk.text(of(letters, "eve"))


async def test_confirming_and_agreed_terms_are_nobody_elses_business(desk: Desk) -> None:
    assert await desk.after(desk.rota.confirm(desk.who("ania"), ANIA_TONIGHT, new_id())) == []
    assert await desk.after(desk.rota.set_terms(desk.who("robin"), "ania", Terms(note="x"), new_id())) == []


async def test_who_has_no_address_gets_no_letter_and_takes_nobodys_place(
    open_evening: OpenEvening, tmp_path: Path
) -> None:
    desk = Desk(await open_evening(letter_definition(tmp_path, without="ben"), MONDAY))
    letters = await desk.after(desk.rota.give_back(desk.who("ania"), ANIA_NEXT_MONDAY, new_id()))
    assert told(letters) == dict.fromkeys(("cy", "dev", "eve"), "free")


async def test_a_step_long_past_makes_no_letter_about_a_shift_that_is_over(desk: Desk) -> None:
    before, seq = desk.rota.book, desk.rota.seq
    await desk.rota.give_back(desk.who("ania"), ANIA_NEXT_MONDAY, new_id())
    [step] = await desk.rota.steps_after(seq)
    desk.evening.clock.advance(days=8)
    members = [desk.rota.member_of(one) for one in desk.evening.line.people]
    assert letters_of(step, before, desk.rota.book, desk.rota.plan(), members) == ()
    with pytest.raises(NotNow):
        await desk.rota.take(desk.who("eve"), ANIA_NEXT_MONDAY, new_id())


# -- words ---------------------------------------------------------------------------------------------------------


def letter(what: What, *about: Told) -> Letter:
    return Letter(
        mark="m", what=what, to="eve", about=about, at=MONDAY, until=MONDAY + timedelta(days=9), by="jo"
    )


def night(starts_at: datetime, hours: float) -> Told:
    return Told(
        slot="x@2026-11-27T18:00",
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=hours),
        person="ania",
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_letter_is_short_discreet_and_has_one_link(language: str) -> None:
    composer = Composer("Europe/London", "Choir", "https://chat.example.org/", str.title)
    two = (
        night(datetime(2026, 11, 27, 18, 0, tzinfo=UTC), 4),
        night(datetime(2026, 11, 28, 18, 0, tzinfo=UTC), 4),
    )
    assert set(LANGUAGES[language].letters) == set(What.__args__)  # type: ignore[attr-defined]
    for what in LANGUAGES[language].letters:
        for about in (two[:1], two):
            subject, text = composer.compose(letter(what, *about), MONDAY, please=True, language=language)
            assert subject.startswith("Choir: ")
            assert len(subject) <= 78
            there = "/directory?check=1" if what == "check" else "/rota"
            assert text.count(f"https://chat.example.org{there}") == text.count("://") == 1
            assert len(text) < 500
            for word in ("helpline", "evening line", "crisis", "full-name", "{", "person who"):
                assert word not in (subject + text).casefold(), (what, word)


def test_a_night_on_which_the_clocks_change_says_how_long_it_is() -> None:
    composer = Composer("Europe/London", "Shift", ORIGIN, str)
    back = night(datetime(2026, 10, 24, 21, 0, tzinfo=UTC), 9)
    forward = night(datetime(2026, 3, 28, 22, 0, tzinfo=UTC), 7)
    assert composer.when(back) == "Saturday 24 October 22:00–06:00 (clocks go back: 9 hours)"
    assert composer.when(forward) == "Saturday 28 March 22:00–06:00 (clocks go forward: 7 hours)"


def test_how_far_off_a_shift_is_said_by_the_days_of_the_services_zone() -> None:
    composer = Composer("Europe/London", "Shift", ORIGIN, str)
    one = night(datetime(2026, 7, 3, 23, 30, tzinfo=UTC), 4)
    said = {
        composer.compose(letter("remind", one), now, please=False)[0].split()[1]
        for now in (datetime(2026, 7, 2, 23, 15, tzinfo=UTC), datetime(2026, 7, 3, 22, 0, tzinfo=UTC))
    }
    # 23:30 UTC is half past midnight there, so at 23:15 UTC the day before it is "tomorrow" already.
    assert said == {"tomorrow"}


def test_a_name_that_would_break_a_header_does_not() -> None:
    composer = Composer("Europe/London", "Shift\r\nBcc: all@example.org", ORIGIN, str)
    subject, _ = composer.compose(letter("free", night(MONDAY, 4)), MONDAY, please=False)
    assert "\n" not in subject
    assert "\r" not in subject
