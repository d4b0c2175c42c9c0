"""The table of roles: what it must say whatever rows come."""

from typing import get_args

import pytest

from helpline.errors import NotAllowed
from helpline.permissions import ANSWERERS, LEADS, MAY, WATCHERS, may, require
from helpline.shape import Role

ROLES: tuple[Role, ...] = get_args(Role)


def test_what_has_no_row_nobody_may_do() -> None:
    for place in MAY:
        assert not may(ROLES, place, "no such call")


def test_nobody_may_call_where_they_may_not_connect() -> None:
    for place in ("desk", "board"):
        for action, roles in MAY[place].items():
            assert roles <= MAY[place]["connect"], (place, action)


def test_a_page_opens_for_whom_its_socket_opens() -> None:
    assert MAY["page"]["desk"] == MAY["desk"]["connect"]
    assert MAY["page"]["board"] == MAY["board"]["connect"]


def test_least_access() -> None:
    """The auditor reads no words, the manager watches no contact, a supporter does nothing on the board."""
    for place, rows in MAY.items():
        for action, roles in rows.items():
            assert "auditor" not in roles, (place, action)
    assert "manager" not in MAY["board"]["watch"] | MAY["desk"]["connect"]
    assert "supporter" not in WATCHERS
    assert LEADS < ANSWERERS


def test_require_raises_for_who_may_not() -> None:
    require(("lead",), "board", "watch")
    with pytest.raises(NotAllowed):
        require(("supporter", "auditor"), "board", "watch")
    with pytest.raises(NotAllowed):
        require((), "desk", "say")
