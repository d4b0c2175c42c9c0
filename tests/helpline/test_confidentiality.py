"""What may be told: one press holds at once, a second person is asked beside it, and all of it is on record."""

import pytest

from helpline import ladder_presses as presses
from helpline.errors import BadRequest, NotAllowed, NotFound, NotNow
from helpline.events import Decided, RungSet
from tests.helpline.evening import Evening, new_id


@pytest.fixture
async def contact(evening: Evening) -> str:
    """Ania is with somebody at rung 3; Jo leads, Dev is on."""
    await evening.on("ania")
    await evening.on("jo", ready=False)
    contact = await evening.with_("ania", "pl")
    body = RungSet(3, 0, basis="what they said", client_id=new_id())
    await evening.line.set_rung(evening.who("ania"), contact, body)
    await evening.settled()
    return contact


async def decides(evening: Evening, contact: str, what: str, id: str = "ania", of: int | None = None) -> int:
    answer = await presses.decide(
        evening.line, evening.who(id), contact, what=what, reason="as I see it", of=of, client_id=new_id()
    )
    await evening.settled()
    return answer.seq


async def test_the_first_press_holds_at_once_with_the_policy_the_person_was_shown(
    evening: Evening, contact: str
) -> None:
    await decides(evening, contact, "share")
    fold = evening.fold(contact)
    assert fold.ladder.decision is not None
    assert (fold.ladder.decision.what, fold.ladder.decision.second) == ("share", None)
    made = next(e.body for e in await evening.events(contact) if isinstance(e.body, Decided))
    assert made.policy == fold.policy == "capacity_led/1"
    assert evening.alerts(contact)["second_decides"] == "lead"
    # Nothing waited: what is shared is kept whatever the second person thinks.
    await presses.share(
        evening.line,
        evening.who("ania"),
        contact,
        crisis_contact="team",
        whom=None,
        what="Where they are",
        why="They cannot keep safe",
        client_id=new_id(),
    )
    assert [one.crisis_contact for one in evening.fold(contact).ladder.shared] == ["team"]


async def test_the_second_person_is_another_and_answers_once(evening: Evening, contact: str) -> None:
    of = await decides(evening, contact, "share")
    with pytest.raises(NotAllowed):
        await decides(evening, contact, "share", "ania", of)
    await decides(evening, contact, "share", "jo", of)
    decision = evening.fold(contact).ladder.decision
    assert decision is not None
    assert decision.second is not None
    assert (decision.second.by, decision.agreed) == ("jo", True)
    assert "second_decides" not in evening.alerts(contact)
    with pytest.raises(NotNow):
        await decides(evening, contact, "respect", "kit", of)


async def test_a_second_person_who_sees_it_otherwise_undoes_nothing_and_the_lead_hears(
    evening: Evening, contact: str
) -> None:
    of = await decides(evening, contact, "share")
    await decides(evening, contact, "respect", "kit", of)
    decision = evening.fold(contact).ladder.decision
    assert decision is not None
    assert (decision.what, decision.agreed) == ("share", False)
    assert evening.alerts(contact)["decision_disputed"] == "lead"


async def test_nobody_seconds_a_decision_that_another_has_replaced(evening: Evening, contact: str) -> None:
    of = await decides(evening, contact, "respect")
    await decides(evening, contact, "share")
    with pytest.raises(NotNow):
        await decides(evening, contact, "respect", "jo", of)


async def test_an_unanswered_second_opinion_goes_up_the_chain(evening: Evening, contact: str) -> None:
    await decides(evening, contact, "share")
    await evening.later(seconds=120)
    assert evening.alerts(contact)["second_decides"] == "on_call"


@pytest.mark.parametrize("answer", ["given", "refused", "unable", "not_asked"])
async def test_what_they_said_to_sharing_is_kept(evening: Evening, contact: str, answer: str) -> None:
    await presses.consent(
        evening.line, evening.who("ania"), contact, answer=answer, why="because", client_id=new_id()
    )
    consent = evening.fold(contact).ladder.consent
    assert consent is not None
    assert (consent.answer, consent.asked.by) == (answer, "ania")


async def test_that_they_were_not_asked_needs_a_reason_and_a_sharing_needs_whom_and_what(
    evening: Evening, contact: str
) -> None:
    line, ania = evening.line, evening.who("ania")
    with pytest.raises(BadRequest):
        await presses.consent(line, ania, contact, answer="not_asked", why=" ", client_id=new_id())
    for crisis_contact, what, error in (
        ("", "where", BadRequest),
        ("team", " ", BadRequest),
        ("x", "y", NotFound),
    ):
        with pytest.raises(error):
            await presses.share(
                line,
                ania,
                contact,
                crisis_contact=crisis_contact,
                whom=None,
                what=what,
                why=None,
                client_id=new_id(),
            )
    assert evening.fold(contact).ladder.shared == ()


async def test_a_decision_sent_twice_is_one(evening: Evening, contact: str) -> None:
    id = new_id()
    line, ania = evening.line, evening.who("ania")
    answers = [
        await presses.decide(line, ania, contact, what="share", reason="why", of=None, client_id=id)
        for _ in range(2)
    ]
    assert answers[0].seq == answers[1].seq
    assert (await evening.kinds(contact)).count("decided") == 1


async def test_the_person_sees_nothing_of_any_of_it(evening: Evening, contact: str) -> None:
    before, _ = await evening.line.person_events(contact)
    of = await decides(evening, contact, "share")
    await decides(evening, contact, "respect", "jo", of)
    await presses.consent(
        evening.line, evening.who("ania"), contact, answer="refused", why=None, client_id=new_id()
    )
    after, _ = await evening.line.person_events(contact)
    assert after == before
