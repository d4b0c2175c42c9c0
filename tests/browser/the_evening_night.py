"""The evening that `test_the_evening.py` drives: who sits at which window, what is said, what was before."""

from uuid import uuid4

from playwright.async_api import Page

from tests.browser.evening import Evening
from tests.browser.on_shift import somebody_comes
from tests.browser.the_evening_hands import Overheard
from tests.browser.the_evening_line import Line

PERSON_SAYS = (
    "nie mogę spać, boję się nocy",
    "Ola",
    "to trwa już od kilku tygodni",
    "i nikt o tym nie wie",
    "czasem myślę, że lepiej by było zniknąć",
    "mam w domu tabletki",
    "tak, zadzwońmy razem",
)
ANIA_SAYS = (
    "Cześć, dobrze, że jesteś. Jak mam się do Ciebie zwracać?",
    "Jestem tu, Olu. Nigdzie się nie wybieram.",
    "Oddychaj powoli, mam czas.",
    "Czy jesteś teraz w domu?",
    "Są już w drodze do Ciebie.",
)


class Night:
    """The windows of the evening and whose they are."""

    tonight: Evening
    persons_line: Line
    anias_line: Line
    person: Page
    ania: Page
    dev: Page
    jo: Page
    devs_frames: Overheard
    contact: str
    name: str


async def an_earlier_hour(tonight: Evening) -> None:
    """Three people were helped by Lou, so that there is an honest estimate; then Lou went home."""
    await tonight.on_shift("lou")
    lou = tonight.who("lou")
    for _ in range(3):
        comer = await somebody_comes(tonight)
        await tonight.answered_by("lou")
        await tonight.helpline.close_contact(lou, comer.contact, str(uuid4()))
        await tonight.helpline.wrap_up(lou, comer.contact, "talked", str(uuid4()))
    await tonight.helpline.check_out(lou, client_id=str(uuid4()))
    tonight.helpline.supporter_disconnected("lou")
