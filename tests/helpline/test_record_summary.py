"""What a summary is made of: what holds now, as it was put right, and no more than was asked for."""

from helpline import ladder_presses as presses
from helpline.events import PERSON, RungSet
from helpline.record_keeping import correct, read_material
from helpline.record_summary import (
    MOST_ATTEMPTS,
    Material,
    Part,
    first_choice,
    parts_of,
    shared_words,
    summary_of,
)
from tests.helpline.evening import Evening, new_id
from tests.helpline.record_evening import acting


async def material(evening: Evening, contact: str) -> Material:
    return await read_material(evening.line, evening.who("jo"), contact, "summary")


def text_of(part: Part) -> str:
    """Everything that stands in a part."""
    return "\n".join(
        line
        for item in part.items
        for line in (
            *filter(None, [item.text]),
            *(f"{one.label}: {one.shown}" for one in item.quotes),
            *item.put_right,
        )
    )


async def test_it_says_in_words_what_we_are_doing_since_when_and_why(evening: Evening) -> None:
    contact = await acting(evening)
    parts = parts_of(await material(evening, contact))
    now = text_of(parts["now"])
    assert "We are: Acting together now, since 20:00 on Wednesday 14 January 2026." in now
    assert "Why: Tabletki w ręku" in now
    assert "rung" not in now
    assert text_of(parts["asked"]).endswith("Czy jesteś sam? · Gdzie jesteś?")
    assert "Moorside Listening" not in text_of(parts["back"])
    assert "01632 960110" in text_of(parts["back"])


async def test_how_they_said_they_felt_is_no_part_of_it(evening: Evening) -> None:
    contact = await acting(evening, answers={"name": "Ola", "area": "BD3", "feel": "1"})
    assert (
        text_of(parts_of(await material(evening, contact))["who"]) == "Name they gave: Ola\nLanguage: Polish."
    )


async def test_a_step_pressed_by_mistake_gives_it_no_words(evening: Evening) -> None:
    contact = await acting(evening)
    line, ania = evening.line, evening.who("ania")
    wrong = RungSet(4, 3, basis="Wrong person", person_said="Somebody else", client_id=new_id())
    answer = await line.set_rung(ania, contact, wrong)
    await line.withdraw_rung(ania, contact, answer.seq, new_id())
    parts = parts_of(await material(evening, contact))
    assert "Acting together now" in text_of(parts["now"])
    for part in parts.values():
        assert "Wrong person" not in text_of(part)
        assert "Somebody else" not in text_of(part)


async def test_it_holds_the_newest_attempts_and_says_that_there_were_earlier_ones(evening: Evening) -> None:
    contact = await acting(evening)
    line, ania = evening.line, evening.who("ania")
    for _ in range(MOST_ATTEMPTS - 2):
        await line.attempt(ania, contact, crisis_contact="team", outcome="engaged", client_id=new_id())
    tried = parts_of(await material(evening, contact))["tried"]
    assert len(tried.items) == MOST_ATTEMPTS
    assert "earlier" not in text_of(tried)
    await line.attempt(ania, contact, crisis_contact="emergency_999", outcome="answered", client_id=new_id())
    tried = parts_of(await material(evening, contact))["tried"]
    assert tried.items[0].text == "There were earlier ones; they are in our record."
    assert tried.items[-1].text == "20:01 999: answered."
    assert len(tried.items) == MOST_ATTEMPTS + 1


async def test_what_was_put_right_stands_beneath_its_line(evening: Evening) -> None:
    contact = await acting(evening)
    line, jo = evening.line, evening.who("jo")
    seq = [event.seq for event in await evening.events(contact) if event.kind == "attempted"][-1]
    await correct(line, jo, contact, of=seq, words="It was Kit, CT 4412", client_id=new_id())
    tried = text_of(parts_of(await material(evening, contact))["tried"])
    assert tried.endswith("Who, and reference: Kim, CT 4411\nPut right by Jo at 20:01: It was Kit, CT 4412")


async def test_their_plan_is_in_it_only_with_their_yes(evening: Evening) -> None:
    contact = await acting(evening)
    line, ania = evening.line, evening.who("ania")
    there = await material(evening, contact)
    assert text_of(parts_of(there)["plan"]) == (
        "Signs that it is getting hard: Przestaję odpisywać\nPeople they can ask for help: Ola"
    )
    assert "plan" in first_choice(there.contact, parts_of(there))
    await presses.consent(line, ania, contact, answer="refused", why=None, client_id=new_id())
    there = await material(evening, contact)
    assert "plan" not in parts_of(there)
    assert first_choice(there.contact, parts_of(there)) == {"where", "now", "consent", "tried", "back"}


async def test_a_plan_that_was_forgotten_is_not_in_it(evening: Evening) -> None:
    contact = await acting(evening)
    (plan,) = evening.fold(contact).plans
    await evening.line.plans.forget(contact, plan, PERSON, new_id())
    await evening.settled()
    assert "plan" not in parts_of(await material(evening, contact))


async def test_after_the_end_it_says_what_we_were_doing_then(evening: Evening) -> None:
    contact = await acting(evening)
    await evening.ends("ania", contact)
    now = text_of(parts_of(await material(evening, contact))["now"])
    assert now.startswith("When the conversation ended we were: Acting together now")


async def test_what_is_recorded_as_given_names_the_parts_and_none_of_their_words(evening: Evening) -> None:
    contact = await acting(evening)
    there = await material(evening, contact)
    said = shared_words(summary_of(there, {"now", "said"}, "Jo", evening.clock.now()))
    assert said == (
        "The summary of 20:01 on Wednesday 14 January 2026, with: what is happening now, in their words."
    )
