"""Whom the person named to be rung for them: on the ladder in their place, put forward only with their consent."""

from datetime import timedelta
from typing import Any

import pytest

from helpline import ladder_presses
from helpline.errors import NotFound
from helpline.events import PERSON, RungSet
from tests.helpline.evening import Evening, new_id
from tests.helpline.test_plans import Pair, together

SAM: dict[str, Any] = {"number": "07700 900123", "may_ring": "yes"}


async def acting(evening: Evening, **whom: Any) -> tuple[Pair, str]:
    """At rung 3, with somebody in the crisis plan; the pair, and the id of that entry."""
    pair = await together(evening, "crisis")
    line = await pair.person("Sam", part="ring", **(whom or SAM))
    await evening.line.set_rung(evening.who("ania"), pair.contact, RungSet(to=3, was=0, client_id=new_id()))
    return pair, f"plan:{line}"


async def shown(evening: Evening, pair: Pair) -> dict[str, Any]:
    return await evening.line.panel(pair.contact)


async def tried(evening: Evening, pair: Pair, id: str, outcome: str = "no_answer") -> None:
    await evening.line.attempt(
        evening.who("ania"), pair.contact, crisis_contact=id, outcome=outcome, client_id=new_id()
    )


async def consents(evening: Evening, pair: Pair) -> None:
    await ladder_presses.consent(
        evening.line, evening.who("ania"), pair.contact, answer="given", why=None, client_id=new_id()
    )


async def test_their_own_contact_stands_before_the_crisis_team_with_its_number(evening: Evening) -> None:
    pair, id = await acting(evening, **SAM)
    panel = await shown(evening, pair)
    roles = [one["role"] for one in panel["contacts"]]
    assert roles.index("own_contact") < roles.index("nhs_111")
    (own,) = [one for one in panel["contacts"] if one["role"] == "own_contact"]
    assert (own["id"], own["name"], own["number"], own["state"]) == (id, "Sam", "07700 900123", "open")


async def test_it_is_put_forward_only_once_consent_was_recorded(evening: Evening) -> None:
    pair, id = await acting(evening)
    for before in ("lead", "on-call"):
        assert (await shown(evening, pair))["suggestion"] == before
        await tried(evening, pair, before)
    assert (await shown(evening, pair))["suggestion"] != id
    await consents(evening, pair)
    panel = await shown(evening, pair)
    assert panel["suggestion"] == id
    assert [one["state"] for one in panel["contacts"] if one["id"] == id] == ["suggested"]
    await tried(evening, pair, id)
    assert (await shown(evening, pair))["suggestion"] != id


async def test_a_try_at_it_is_one_press_and_says_which_writing_was_dialled(evening: Evening) -> None:
    pair, id = await acting(evening)
    await tried(evening, pair, id, "answered")
    (attempt,) = evening.fold(pair.contact).attempts
    assert (attempt.crisis_contact, attempt.version, attempt.outcome) == (id, 2, "answered")


@pytest.mark.parametrize(
    "whom", [{"number": "07700 900123", "may_ring": "no"}, {"number": "07700 900123"}, {"may_ring": "yes"}]
)
async def test_nobody_is_rung_whom_the_person_did_not_say_may_be(
    evening: Evening, whom: dict[str, Any]
) -> None:
    pair, id = await acting(evening, **whom)
    await consents(evening, pair)
    panel = await shown(evening, pair)
    assert [one["state"] for one in panel["contacts"] if one["role"] == "own_contact"] == ["unset"]
    with pytest.raises(NotFound):
        await tried(evening, pair, id)


async def test_a_no_written_at_the_same_time_as_a_yes_counts(evening: Evening) -> None:
    pair, id = await acting(evening)
    await pair.ania("Sam", id.removeprefix("plan:"), "ring", 0, number="07700 900123", may_ring="no")
    assert id not in [one["id"] for one in (await shown(evening, pair))["contacts"]]


async def test_the_plan_of_somebody_else_names_nobody_here(evening: Evening) -> None:
    await evening.on("ania", capacity=2)
    other = await together(evening, "crisis")
    line = await other.person("Kim", part="ring", **SAM)
    pair, _ = await acting(evening)
    assert f"plan:{line}" not in [one["id"] for one in (await shown(evening, pair))["contacts"]]
    with pytest.raises(NotFound):
        await tried(evening, pair, f"plan:{line}")


async def test_past_its_review_date_it_carries_a_warning_and_a_forgotten_plan_names_nobody(
    evening: Evening,
) -> None:
    pair, id = await acting(evening)
    await pair.keep()
    evening.clock.set(evening.clock.now() + timedelta(days=92))
    (own,) = [one for one in (await shown(evening, pair))["contacts"] if one["id"] == id]
    assert own["stale"]
    await evening.line.plans.forget(pair.contact, pair.plan, PERSON, new_id())
    assert id not in [one["id"] for one in (await shown(evening, pair))["contacts"]]
