"""Over three weeks of taking, giving back and swapping: every reminder that is due, and none of them twice."""

import asyncio
import tempfile
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from helpline.errors import HelplineError
from rota.book import Book
from rota.shifts import Slot
from tests.conftest import PROVING
from tests.helpline.evening import new_id
from tests.helpline.letter_rota import MONDAY, SUPPORTERS, WEEK, LetterEvening, address, letter_definition
from tests.helpline.mail_house import MailHouse

WEEKS = 3
HOURS = (168, 24, 2)
SLOTS = [
    Slot(f"{who}-{day}", datetime.fromisoformat(f"2026-11-{16 + n:02}T18:00") + timedelta(weeks=week))
    for n, (who, day) in enumerate(zip((*SUPPORTERS[:4], "free"), WEEK, strict=True))
    for week in range(WEEKS + 1)
]
PRESSES = st.lists(
    st.tuples(
        st.integers(0, WEEKS * 7 * 24 * 4),
        st.sampled_from(("take", "give_back", "call_in_sick", "swap")),
        st.sampled_from(SUPPORTERS),
        st.sampled_from(SLOTS),
        st.sampled_from(SLOTS),
    ),
    max_size=14,
)
Presses = list[tuple[int, str, str, Slot, Slot]]


@given(PRESSES)
@settings(max_examples=200 if PROVING else 4)
def test_each_reminder_that_is_due_comes_once_to_whoever_has_the_shift_then(presses: Presses) -> None:
    asyncio.run(three_weeks(sorted(presses, key=lambda press: press[0])))


async def three_weeks(presses: Presses) -> None:
    house = await MailHouse().open()
    with tempfile.TemporaryDirectory() as folder:
        evening = LetterEvening(Path(folder), letter_definition(Path(folder)), house)
        await evening.open()
        try:
            for quarter, what, who, mine, theirs in presses:
                await evening.until(MONDAY + timedelta(minutes=15 * quarter))
                await pressed(evening, what, who, mine, theirs)
            await evening.until(MONDAY + timedelta(weeks=WEEKS))
            assert sent(house, evening) == await due(evening)
        finally:
            await evening.close()
            await house.close()


async def pressed(evening: LetterEvening, what: str, who: str, mine: Slot, theirs: Slot) -> None:
    """One of them does something. What the rota does not allow does not happen."""
    rota = evening.line.rota
    try:
        if what == "swap":
            ask = new_id()
            await rota.offer_swap(evening.who(who), mine, theirs, ask)
            await rota.agree_swap(evening.who(rota.book.asks[ask].to[0]), ask, new_id(), anyway=True)
        elif what == "take":
            await rota.take(evening.who(who), mine, new_id(), anyway=True)
        else:
            await getattr(rota, what)(evening.who(who), mine, new_id())
    except HelplineError:
        pass
    await evening.settled()


def sent(house: MailHouse, evening: LetterEvening) -> Counter[tuple[str, str]]:
    """The reminders that came: to whom, and what the subject says."""
    marks = ("today ", "tomorrow ", "in 7 days ")
    found: Counter[tuple[str, str]] = Counter()
    for letter in house.letters:
        subject = str(letter["Subject"]).removeprefix("Shift: ")
        if subject.startswith(marks):
            found[str(letter["To"]), subject] += 1
    return found


async def due(evening: LetterEvening) -> Counter[tuple[str, str]]:
    """The reminders that should have come, from the rota's log alone: who had what since when at each instant."""
    steps = await evening.line.rota.steps_after(0)
    expected: Counter[tuple[str, str]] = Counter()
    ends = MONDAY + timedelta(weeks=WEEKS)
    # Further than a week past the end, so that week-ahead reminders are all there.
    slots = {
        duty.slot: None for duty in evening.line.rota.current.occurrences(MONDAY, ends + timedelta(weeks=2))
    }
    books, book = [], Book()
    for step in steps:
        book = book.apply(step.changes)
        books.append((step.at, book))
    for slot in slots:
        for hours in HOURS:
            duty = book.duty(slot)
            assert duty is not None
            instant = duty.starts_at - timedelta(hours=hours)
            if not MONDAY < instant <= ends:
                continue
            before = _holder([known for at, known in books if at < instant], slot)
            then = _holder([known for at, known in books if at <= instant], slot)
            if before and before == then:
                far = {168: "in 7 days", 24: "tomorrow", 2: "today"}[hours]
                day = f"{duty.starts_at:%A} {duty.starts_at.day} {duty.starts_at:%B}"
                expected[address(before), f"{far} {day} 18:00–22:00"] += 1
    return expected


def _holder(books: list[Book], slot: Slot) -> str:
    duty = books[-1].duty(slot)
    return duty.person if duty is not None else ""
