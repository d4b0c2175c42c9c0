"""An evening at rung 3 with all that a record may hold, told in four languages."""

from datetime import timedelta

from helpline import ladder_presses as presses
from helpline import plan_presses
from helpline.events import RungSet
from helpline.plan_writing import Words
from tests.helpline.evening import Evening, new_id

URDU = "میں ٹھیک نہیں ہوں، نمبر 07700 900123 ہے۔"


async def acting(evening: Evening, *, consent: str = "given", answers: dict[str, str] | None = None) -> str:
    """Ania and somebody from Moorside, at rung 3: asked, tried, told and agreed. The contact's id."""
    line, ania = evening.line, evening.who("ania")
    await evening.on("ania")
    await evening.on("jo", ready=False)
    contact = await evening.person(
        "pl", "nie daję rady", answers=answers or {"name": "Źdźbło", "area": "BD3", "feel": "1"}
    )
    await evening.accepts("ania", contact)
    step = RungSet(
        3,
        0,
        basis="Tabletki w ręku",
        person_said="Dziś w nocy",
        asked=("Czy jesteś sam?", "Gdzie jesteś?"),
        wishes="Bez policji",
        client_id=new_id(),
    )
    await line.set_rung(ania, contact, step)
    await evening.later(minutes=1)
    for crisis_contact, outcome, reference in (
        ("on-call", "no_answer", None),
        ("team", "answered", "Kim, CT 4411"),
    ):
        await line.attempt(
            ania,
            contact,
            crisis_contact=crisis_contact,
            outcome=outcome,
            reference=reference,
            client_id=new_id(),
        )
    await presses.consent(line, ania, contact, answer=consent, why="Said so", client_id=new_id())
    await presses.share(
        line,
        ania,
        contact,
        crisis_contact="team",
        whom="Kim",
        what="Where they are",
        why="",
        client_id=new_id(),
    )
    plan = (await plan_presses.begin(line, ania, contact, sort="safety", client_id=new_id()))["plan"]
    for part, text in (("signs", "Przestaję odpisywać"), ("people", "Ola")):
        words = Words(part=part, line=f"l-{part}", text=text)
        await plan_presses.write(line, ania, contact, plan=plan, words=words, client_id=new_id())
    now = evening.clock.now()
    await presses.follow_up(
        line,
        ania,
        contact,
        earliest=now + timedelta(hours=1),
        latest=now + timedelta(hours=3),
        channel="web",
        safe=True,
        words="Same page",
        client_id=new_id(),
    )
    await evening.settled()
    return contact
