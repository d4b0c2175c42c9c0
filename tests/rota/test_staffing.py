"""The minimum before a door opens: two supporters, a lead, an on-call contact, and nobody alone."""

from datetime import UTC, datetime

import msgspec
import pytest

from rota.shifts import OnDuty, Role
from rota.staffing import Minimum, Missing, missing

AT = datetime(2026, 1, 1, 22, tzinfo=UTC)
ENDS = datetime(2026, 1, 2, 6, tzinfo=UTC)
EVERYONE = ("amina", "tom", "mair", "dr-lee")


def on(person: str, role: Role, *languages: str) -> OnDuty:
    return OnDuty(
        person, role, f"{person}-{role}", AT, ENDS, ("webchat",), languages, AT.replace(tzinfo=None)
    )


FULL = (
    on("amina", "supporter", "en", "ur"),
    on("tom", "supporter", "en"),
    on("mair", "lead"),
    on("dr-lee", "on_call"),
)


def test_two_supporters_a_lead_and_an_on_call_contact_are_enough() -> None:
    assert missing(FULL, Minimum(), present=EVERYONE).nothing


def test_on_duty_means_present_as_well_as_on_the_rota() -> None:
    assert missing(FULL, Minimum(), present=("amina", "mair")) == Missing(supporters=1)
    assert missing(FULL, Minimum(), present=("amina", "tom")) == Missing(lead=True)
    everyone_away = missing(FULL, Minimum(), present=())
    assert everyone_away == Missing(supporters=2, lead=True)


def test_the_on_call_contact_is_reached_by_phone_and_need_not_sign_in() -> None:
    assert missing(FULL, Minimum(), present=("amina", "tom", "mair")).nothing
    second = (*FULL[:3], on("dr-lee", "second_on_call"))
    assert missing(second, Minimum(), present=EVERYONE) == Missing(on_call=True)


def test_one_person_with_two_shifts_is_one_supporter() -> None:
    doubled = (FULL[0], FULL[0], *FULL[2:])
    assert missing(doubled, Minimum(), present=EVERYONE).supporters == 1


def test_a_lead_who_also_answers_counts_as_both() -> None:
    small = (*FULL[:1], on("mair", "lead"), on("mair", "supporter", "cy"), FULL[3])
    assert missing(small, Minimum(), present=EVERYONE).nothing


def test_a_peer_is_never_alone_unless_the_service_says_so() -> None:
    one = Minimum(supporters=1, lead=False, on_call=False)
    alone = FULL[:1]
    assert missing(alone, one, present=EVERYONE) == Missing(company=True)
    assert missing(alone, one, present=EVERYONE, peers={"amina"}).company
    assert missing(alone, one, present=EVERYONE, peers={"tom"}).nothing
    assert missing((*alone, FULL[2]), one, present=EVERYONE).nothing
    assert missing(alone, msgspec.structs.replace(one, peers_alone=True), present=EVERYONE).nothing


def test_a_language_promised_needs_a_supporter_with_that_very_tag() -> None:
    promised = Minimum(languages=("en", "UR", "cy"))
    assert missing(FULL, promised, present=EVERYONE).languages == ("cy",)
    assert missing(FULL, promised, present=("tom", "mair")).languages == ("UR", "cy")
    interpreter = (*FULL, on("gwen", "interpreter", "cy"))
    assert missing(interpreter, promised, present=(*EVERYONE, "gwen")).languages == ("cy",)


def test_a_minimum_of_nobody_is_no_minimum() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"supporters": 0}, Minimum)


def test_what_nobody_has_yet_counts_for_nobody() -> None:
    free = (on("", "supporter", "cy"), on("", "lead"), on("", "on_call"))
    asked = Minimum(languages=("cy",))
    nobody = Missing(supporters=2, lead=True, on_call=True, languages=("cy",))
    assert missing(free, asked, present=("",)) == nobody
    assert missing(free, asked, present=EVERYONE) == nobody
