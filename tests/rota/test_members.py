"""On what terms somebody is on the rota: what is left unsaid, and what is kept through JSON."""

from datetime import date, time

import msgspec
import pytest

from rota.members import Adjustments, Member, Terms


def test_unless_something_was_agreed_nothing_is() -> None:
    member = Member(id="amina", name="Amina")
    assert member.terms == Terms()
    assert member.terms.adjustments == Adjustments()
    assert (member.terms.weekly_hours, dict(member.terms.trained)) == (None, {})


def test_terms_keep_their_meaning_through_json() -> None:
    terms = Terms(
        adjustments=Adjustments(not_before=time(19, 30), no_nights=True, longer_breaks=True),
        weekly_hours=6.5,
        trained={"safeguarding": date(2027, 3, 31)},
        note="Prefers Tuesdays.",
    )
    assert msgspec.json.decode(msgspec.json.encode(terms), type=Terms) == terms


@pytest.mark.parametrize(
    "raw",
    [
        {"weekly_hours": -1},
        {"weekly_hours": 169},
        {"trained": {"safeguarding": "soon"}},
        {"adjustments": {"no_phone": 1}},
    ],
)
def test_terms_that_make_no_sense_are_refused(raw: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(raw, Terms)
