"""What in the directory is to be checked: leads hear of it before its date, after it, and on Mondays; nobody else."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from helpline.directory_letters import checks
from helpline.directory_services import Service
from rota.members import Member
from tests.helpline.evening import new_id
from tests.helpline.letter_rota import ORIGIN, LetterEvening, letter_definition
from tests.helpline.mail_house import MailHouse

ZONE = "Europe/London"
MEMBERS = (Member(id="jo", name="Jo", roles=("lead",)), Member(id="ania", name="Ania", roles=("supporter",)))
# A Wednesday.
DATE = date(2026, 11, 25)


def at_eleven(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 11, tzinfo=UTC)


def told_on(*dates: date | None, first: date, days: int) -> list[tuple[date, int]]:
    """On which days who leads is written to, and of how many, with a look at eleven every day."""
    entries = [Service(id=str(n), name=str(n), verify_by=one) for n, one in enumerate(dates)]
    found = []
    for number in range(1, days + 1):
        day = first + timedelta(days=number)
        letters = checks(entries, MEMBERS, ZONE, at_eleven(day - timedelta(days=1)), at_eleven(day))
        assert {letter.to for letter in letters} <= {"jo"}
        found += [(day, letter.count) for letter in letters]
    return found


def test_leads_hear_two_weeks_before_the_day_after_and_on_mondays_from_then_on() -> None:
    assert told_on(DATE, None, first=date(2026, 11, 1), days=40) == [
        (date(2026, 11, 11), 1),
        (date(2026, 11, 26), 1),
        (date(2026, 11, 30), 1),
        (date(2026, 12, 7), 1),
    ]


def test_what_fell_due_while_nothing_ran_is_told_once() -> None:
    entries = [Service(id="x", name="x", verify_by=DATE)]
    since, now = at_eleven(date(2026, 11, 20)), at_eleven(date(2026, 11, 28))
    [letter] = checks(entries, MEMBERS, ZONE, since, now)
    assert letter.count == 1
    assert checks(entries, MEMBERS, ZONE, now, now + timedelta(hours=1)) == []


@pytest.fixture
async def house() -> AsyncIterator[MailHouse]:
    house = await MailHouse().open()
    yield house
    await house.close()


async def test_the_letter_names_no_entry_and_leads_to_the_page_that_does(
    tmp_path: Path, house: MailHouse
) -> None:
    now = datetime(2026, 11, 10, 20, tzinfo=UTC)
    evening = LetterEvening(tmp_path, letter_definition(tmp_path), house, now)
    await evening.open()
    try:
        directory = evening.line.directory
        haven = Service(id="haven", name="Haven", verify_by=DATE)
        await directory.put(evening.who("robin"), haven, new_id(), seen=0)
        await evening.until(datetime(2026, 11, 11, 12, tzinfo=UTC))
        texts = [text for text in evening.texts("kim") if "checked" in text]
        assert len(texts) == 1
        assert f"Look: {ORIGIN}/directory?check=1" in texts[0]
        assert "Haven" not in texts[0]
        assert not [text for text in evening.texts("ania") if "checked" in text]
    finally:
        await evening.close()
