"""A plan written with the person: in a log of its own, kept by their own yes, gone for good without it."""

from datetime import timedelta
from typing import Any

import pytest

from helpline import plan_presses
from helpline.definition import BrokenDefinition
from helpline.errors import BadRequest, ClientIdReused, KeyMissing, NotAllowed, NotFound, NotNow
from helpline.events import PERSON
from helpline.plan import Plan
from helpline.plan_writing import Words
from helpline.sealing import ciphers, open_record
from tests.helpline.conftest import OpenEvening
from tests.helpline.evening import Evening, definition_in, new_id

WORDS = "Walk to the harbour and back"
NUMBER = "07700900123"


class Pair:
    """A person and Ania, who is with them, and a plan between them."""

    def __init__(self, evening: Evening, contact: str, plan: str) -> None:
        self.evening, self.contact, self.plan = evening, contact, plan

    @property
    def fold(self) -> Plan:
        held: Any = self.evening.line.logbook.held(self.plan)
        assert isinstance(held, Plan)
        return held

    async def person(self, text: str, line: str = "", part: str = "myself", saw: int = 0, **more: str) -> str:
        line = line or new_id()
        words = Words(part, line, text, saw=saw, **more)
        await self.evening.line.plans.write(self.contact, self.plan, PERSON, words, new_id())
        return line

    async def ania(self, text: str, line: str = "", part: str = "myself", saw: int = 0, **more: str) -> str:
        line = line or new_id()
        words = Words(part, line, text, saw=saw, **more)
        await plan_presses.write(
            self.evening.line,
            self.evening.who("ania"),
            self.contact,
            plan=self.plan,
            words=words,
            client_id=new_id(),
        )
        return line

    async def shown(self) -> dict[str, Any]:
        return await self.evening.line.plans.shown(self.plan)

    async def texts(self) -> list[list[str | None]]:
        return [[one["text"] for one in line["writings"]] for line in (await self.shown())["lines"]]

    async def keep(self) -> str:
        return await self.evening.line.plans.keep(self.contact, self.plan, PERSON, new_id())

    async def over(self) -> None:
        await self.evening.ends("ania", self.contact)

    async def readable(self) -> bool:
        """Whether any of its words can be got from the disk with the keys that are left."""
        line = self.evening.line
        keys = ciphers(await line.keys.get(self.plan))
        events = [event for record in await line.store.read(self.plan) for event in open_record(record, keys)]
        assert events, "the plan's own structure stays"
        return any(getattr(event.body, "text", None) for event in events)


async def together(evening: Evening, sort: str = "safety") -> Pair:
    if evening.line.roster.attendance("ania") is None:
        await evening.on("ania")
    contact = await evening.with_("ania")
    who = evening.who("ania")
    begun = await plan_presses.begin(evening.line, who, contact, sort=sort, client_id=new_id())
    return Pair(evening, contact, begun["plan"])


# -- writing -------------------------------------------------------------------------------------------------------


async def test_both_write_and_both_see_the_same_plan(evening: Evening) -> None:
    pair = await together(evening)
    await pair.person(WORDS)
    await pair.ania("Ring my brother", part="people")
    shown = await pair.shown()
    assert [
        (one["part"], one["writings"][0]["text"], one["writings"][0]["by"]) for one in shown["lines"]
    ] == [
        ("myself", WORDS, "person"),
        ("people", "Ring my brother", "supporter"),
    ]
    assert evening.fold(pair.contact).plans == (pair.plan,)
    seen, _ = await evening.line.person_events(pair.contact)
    assert [event["how"] for event in seen if event["kind"] == "plan_opened"] == ["begun"]


async def test_a_later_writing_replaces_only_what_its_author_had_seen(evening: Evening) -> None:
    pair = await together(evening)
    line = await pair.person("Breathe")
    seen = pair.fold.seq
    await pair.ania("Breathe slowly", line, saw=seen)
    assert await pair.texts() == [["Breathe slowly"]]
    await pair.person("Count to ten", line, saw=seen)
    assert await pair.texts() == [["Breathe slowly", "Count to ten"]]
    await pair.person("Breathe slowly, count to ten", line, saw=pair.fold.seq)
    assert await pair.texts() == [["Breathe slowly, count to ten"]]


async def test_taking_a_line_out_leaves_what_was_written_meanwhile(evening: Evening) -> None:
    pair = await together(evening)
    line = await pair.person("Breathe")
    seen = pair.fold.seq
    await pair.ania("Breathe slowly", line, saw=seen)
    await evening.line.plans.take_out(pair.contact, pair.plan, PERSON, line, seen, new_id())
    assert await pair.texts() == [["Breathe slowly"]]
    await evening.line.plans.take_out(pair.contact, pair.plan, PERSON, line, pair.fold.seq, new_id())
    assert await pair.texts() == []


async def test_a_press_sent_twice_is_one_press_and_another_under_its_id_is_refused(evening: Evening) -> None:
    pair = await together(evening)
    line, press, words = new_id(), new_id(), Words("signs", new_id(), "I stop answering")
    for _ in range(2):
        await evening.line.plans.write(pair.contact, pair.plan, PERSON, words, press)
    assert await pair.texts() == [["I stop answering"]]
    with pytest.raises(ClientIdReused):
        await evening.line.plans.write(pair.contact, pair.plan, PERSON, Words("signs", line, "No"), press)


async def test_beginning_twice_from_both_sides_is_one_plan_of_each_sort(evening: Evening) -> None:
    pair = await together(evening)
    begin = evening.line.plans.begin
    assert await begin(pair.contact, PERSON, "safety", new_id()) == pair.plan
    crisis = await begin(pair.contact, PERSON, "crisis", new_id())
    assert evening.fold(pair.contact).plans == (pair.plan, crisis)


async def test_a_part_the_plan_does_not_have_and_words_past_its_bounds_are_refused(evening: Evening) -> None:
    pair = await together(evening)
    for text, part in (("My neighbour", "ring"), ("", "signs"), ("  ", "signs"), ("x" * 1_001, "signs")):
        with pytest.raises(BadRequest):
            await pair.person(text, part=part)
    await pair.person("x" * 1_000, part="signs")
    for _ in range(79):
        await pair.person("One more")
    with pytest.raises(NotNow):
        await pair.person("One too many")


async def test_only_who_is_in_the_conversation_writes_and_others_find_nothing(evening: Evening) -> None:
    pair = await together(evening)
    await evening.on("jo", "dev", ready=False)
    words, line = Words("signs", new_id(), "No"), evening.line
    with pytest.raises(NotAllowed):
        await plan_presses.write(
            line, evening.who("jo"), pair.contact, plan=pair.plan, words=words, client_id=new_id()
        )
    with pytest.raises(NotFound):
        await plan_presses.plans(line, evening.who("dev"), pair.contact)
    assert len(await plan_presses.plans(line, evening.who("jo"), pair.contact)) == 1
    assert len(await line.store.audit_entries()) == 1


async def test_a_plan_of_somebody_elses_contact_cannot_be_reached_through_ones_own(evening: Evening) -> None:
    await evening.on("ania", capacity=2)
    one, other = await together(evening), await together(evening)
    await one.person(WORDS)
    with pytest.raises(NotFound):
        await evening.line.plans.write(
            other.contact, one.plan, PERSON, Words("signs", new_id(), "mine"), new_id()
        )
    with pytest.raises(NotFound):
        await evening.line.plans.keep(other.contact, one.plan, PERSON, new_id())


async def test_how_it_went_is_for_staff_and_tells_the_person_nothing(evening: Evening) -> None:
    pair = await together(evening)
    before, _ = await evening.line.person_events(pair.contact)
    await plan_presses.followed(
        evening.line,
        evening.who("ania"),
        pair.contact,
        plan=pair.plan,
        how="partly",
        why="The café was shut",
        client_id=new_id(),
    )
    after, _ = await evening.line.person_events(pair.contact)
    assert after == before
    assert (await evening.kinds(pair.contact))[-1] == "plan_followed"


# -- keeping and forgetting ----------------------------------------------------------------------------------------


async def test_without_a_yes_its_words_are_unreadable_once_the_contact_has_ended_for_good(
    evening: Evening,
) -> None:
    pair = await together(evening)
    await pair.person(WORDS)
    await evening.line.close_contact(evening.who("ania"), pair.contact, new_id())
    await evening.later(hours=2)
    assert await pair.readable(), "the supporter is still writing the note"
    await evening.line.wrap_up(evening.who("ania"), pair.contact, "talked", new_id())
    await evening.later(minutes=14)
    assert await pair.readable(), "their place is still held"
    await evening.later(minutes=2)
    assert not await pair.readable()
    assert set(await evening.line.keys.get(pair.plan)) == {"frame", "words", "note"}
    assert (await pair.shown())["forgotten"]
    assert await evening.line.plans.shown_in(pair.contact) == []


async def test_a_lost_line_and_a_return_within_the_hold_lose_nothing(evening: Evening) -> None:
    pair = await together(evening)
    await pair.person(WORDS)
    evening.line.person_disconnected(pair.contact)
    await evening.later(minutes=40)
    assert await pair.readable()
    await pair.over()
    await evening.later(minutes=10)
    await evening.says(pair.contact, "I am back")
    await evening.later(hours=1)
    assert await pair.texts() == [[WORDS]]


async def test_a_no_is_respected_like_no_answer_and_a_later_yes_still_counts(evening: Evening) -> None:
    pair = await together(evening)
    await pair.person(WORDS)
    await evening.line.plans.keep_no_longer(pair.contact, pair.plan, PERSON, new_id())
    assert (await pair.shown())["wanted"] == "not_kept"
    await pair.keep()
    await pair.over()
    await evening.later(days=1)
    assert await pair.readable()


async def test_a_kept_plan_is_forgotten_thirty_days_past_a_review_date_nobody_kept(evening: Evening) -> None:
    pair = await together(evening)
    await pair.person(WORDS)
    await pair.keep()
    assert pair.fold.until == evening.clock.now() + timedelta(days=90)
    await pair.over()
    evening.clock.set(evening.clock.now() + timedelta(days=119, hours=23))
    await evening.restart()
    assert await pair.readable()
    await evening.later(hours=2)
    assert not await pair.readable()


async def test_a_review_gives_it_another_ninety_days(evening: Evening) -> None:
    pair = await together(evening)
    with pytest.raises(NotNow):
        await plan_presses.review(
            evening.line, evening.who("ania"), pair.contact, plan=pair.plan, client_id=new_id()
        )
    await pair.keep()
    await evening.later(days=1)
    await plan_presses.review(
        evening.line, evening.who("ania"), pair.contact, plan=pair.plan, client_id=new_id()
    )
    assert pair.fold.until == evening.clock.now() + timedelta(days=90)


async def test_forget_my_plan_is_done_when_it_is_answered(evening: Evening) -> None:
    pair = await together(evening)
    await pair.person(WORDS)
    code = await pair.keep()
    for _ in range(2):
        await evening.line.plans.forget(pair.contact, pair.plan, PERSON, new_id())
    assert not await pair.readable()
    with pytest.raises(NotFound):
        await pair.person("More")
    with pytest.raises(NotFound):
        await evening.line.plans.come_back(pair.contact, code, new_id())
    assert (await evening.line.plans.begin(pair.contact, PERSON, "safety", new_id())) != pair.plan


async def test_a_forgetting_that_a_crash_cut_in_two_is_finished_at_the_next_start(
    evening: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = await together(evening)
    await pair.person(WORDS)
    await pair.keep()

    async def crash(*_: Any) -> None:
        raise KeyMissing("the power went")

    with monkeypatch.context() as cut:
        cut.setattr(evening.line.logbook, "destroy", crash)
        with pytest.raises(KeyMissing):
            await evening.line.plans.forget(pair.contact, pair.plan, PERSON, new_id())
        # The service looks at it by itself, too, and must not finish before the power is back.
        await evening.settled()
    assert await pair.readable()
    await evening.restart()
    assert not await pair.readable()
    assert pair.fold.forgotten == "asked"


async def test_keys_destroyed_and_the_word_of_it_lost_is_finished_as_well(evening: Evening) -> None:
    pair = await together(evening)
    await pair.person(WORDS)
    await pair.over()
    await evening.line.keys.destroy(pair.plan, ("safety", "reach"))
    evening.clock.advance(minutes=16)
    await evening.restart()
    assert pair.fold.forgotten == "not_kept"


async def test_after_a_crash_that_left_a_forgotten_plan_in_its_place_a_new_one_is_begun(
    evening: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = await together(evening)

    async def crash(*_: Any) -> None:
        raise KeyMissing("the power went")

    with monkeypatch.context() as cut:
        cut.setattr(evening.line.store, "release", crash)
        with pytest.raises(KeyMissing):
            await evening.line.plans.forget(pair.contact, pair.plan, PERSON, new_id())
    await evening.restart()
    begun = await evening.line.plans.begin(pair.contact, PERSON, "safety", new_id())
    assert begun != pair.plan
    assert [one["plan"] for one in await evening.line.plans.shown_in(pair.contact)] == [begun]


async def test_no_word_and_no_number_of_a_plan_lies_open_in_the_store(evening: Evening) -> None:
    pair = await together(evening, "crisis")
    await pair.person("Sam", part="ring", number=NUMBER, may_ring="yes")
    await pair.person(WORDS, part="helps")
    code = await pair.keep()
    await evening.close()
    held = b"".join(path.read_bytes() for path in evening.folder.rglob("*.db*"))
    for secret in (WORDS, NUMBER, code, code.replace("-", "")):
        assert secret.encode() not in held


# -- coming back ---------------------------------------------------------------------------------------------------


async def test_the_code_opens_it_in_another_contact_however_it_is_typed(evening: Evening) -> None:
    pair = await together(evening)
    await pair.person(WORDS)
    code = await pair.keep()
    assert len(code) == 19
    assert set(code) <= set("0123456789ABCDEFGHJKMNPQRSTVWXYZ-")
    await pair.over()
    await evening.later(days=2)
    await evening.on("ania")
    again = await evening.with_("ania")
    typed = code.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert await evening.line.plans.come_back(again, typed, new_id()) == pair.plan
    (shown,) = await evening.line.plans.shown_in(again)
    assert shown["returned"]
    assert not shown["review_due"]
    assert shown["lines"][0]["writings"][0]["text"] == WORDS
    assert [event.body.how for event in await evening.events(again) if event.kind == "plan_opened"] == [  # type: ignore[attr-defined]
        "returned"
    ]


async def test_an_old_plan_says_that_its_review_date_is_past(evening: Evening) -> None:
    pair = await together(evening)
    await pair.keep()
    await pair.over()
    evening.clock.set(evening.clock.now() + timedelta(days=91))
    assert (await pair.shown())["review_due"]


async def test_a_wrong_code_opens_nothing_and_says_so_kindly(evening: Evening) -> None:
    pair = await together(evening)
    await pair.keep()
    for wrong in ("", "7KQF-2M8X-0000-0000", "x" * 500):
        with pytest.raises(NotFound, match="You can talk here without it"):
            await evening.line.plans.come_back(pair.contact, wrong, new_id())


async def test_the_same_press_shows_the_same_code_and_a_new_press_ends_the_old_one(evening: Evening) -> None:
    pair = await together(evening)
    press = new_id()
    keep = evening.line.plans.keep
    first = await keep(pair.contact, pair.plan, PERSON, press)
    await evening.restart()
    assert await evening.line.plans.keep(pair.contact, pair.plan, PERSON, press) == first
    second = await evening.line.plans.keep(pair.contact, pair.plan, PERSON, new_id())
    assert second != first
    with pytest.raises(NotFound):
        await evening.line.plans.forget_by_code(first, new_id())
    await evening.line.plans.forget_by_code(second, new_id())
    assert pair.fold.forgotten == "asked"


async def test_a_yes_said_in_the_chat_is_kept_and_gives_staff_no_code(evening: Evening) -> None:
    pair = await together(evening)
    kept = await plan_presses.keep(
        evening.line, evening.who("ania"), pair.contact, plan=pair.plan, keep=True, client_id=new_id()
    )
    assert kept.kept
    assert kept.code_at == 0


# -- the setting ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("table", "fits"), [("7", True), ("366", True), ("6", False), ("367", False)])
def test_the_review_date_is_a_setting_with_bounds(tmp_path: Any, table: str, fits: bool) -> None:
    setting = f"[plans]\nreview_days = {table}\n"
    if fits:
        assert definition_in(tmp_path, setting).plans.review_days == int(table)
    else:
        with pytest.raises(BrokenDefinition, match=r"plans\.review_days"):
            definition_in(tmp_path, setting)


async def test_another_review_date_is_what_a_plan_is_kept_until(
    open_evening: OpenEvening, tmp_path: Any
) -> None:
    evening = await open_evening(definition_in(tmp_path, "[plans]\nreview_days = 7\nforget_after_days = 1\n"))
    pair = await together(evening)
    await pair.keep()
    assert pair.fold.until == evening.clock.now() + timedelta(days=7)
