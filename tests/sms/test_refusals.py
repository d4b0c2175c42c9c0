"""What a status or an error code of the carrier leads to."""

from itertools import permutations

import pytest

from sms.carrier import ARRIVED, NOT_SENT, further
from sms.refusals import meaning, tried_enough


def last_of(statuses: tuple[str, ...]) -> str:
    now = "accepted"
    for status in statuses:
        now = status if further(now, status) else now
    return now


def test_in_whatever_order_callbacks_come_the_furthest_status_stands() -> None:
    for came in permutations(("queued", "sending", "sent", "delivered")):
        assert last_of(came) == "delivered"
    for came in permutations(("queued", "sending", "sent", "undelivered")):
        assert last_of(came) == "undelivered"


def test_a_status_nobody_knows_changes_nothing() -> None:
    assert not further("sent", "teleported")
    assert not NOT_SENT & ARRIVED


@pytest.mark.parametrize(
    ("code", "next_", "alert"),
    [
        (21610, "stop", True),
        (21614, "other_way", True),
        (30003, "again", True),
        (30004, "other_way", True),
        (30005, "stop", True),
        (30006, "other_way", True),
        (30008, "once_more", True),
        (12345, "stop", True),
    ],
)
def test_each_code_says_in_plain_words_what_happens_next(code: int, next_: str, alert: bool) -> None:
    told = meaning(code)
    assert (told.next, told.alert) == (next_, alert)
    assert told.words.endswith(".")
    assert told.then.endswith(".")


def test_only_an_opt_out_is_one() -> None:
    assert meaning(21610).opted_out
    assert not meaning(30003).opted_out


@pytest.mark.parametrize(("code", "tries"), [(30003, 3), (30008, 2), (30004, 1), (21610, 1)])
def test_it_is_tried_so_often_and_no_oftener(code: int, tries: int) -> None:
    assert not tried_enough(code, tries - 1)
    assert tried_enough(code, tries)
