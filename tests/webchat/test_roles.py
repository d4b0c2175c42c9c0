"""Every call of every staff socket, and every staff page, for every role: the table of `helpline.permissions`."""

from typing import Any, get_args

import msgspec
import pytest

from helpline.people import Account
from helpline.permissions import MAY, Place, may
from helpline.shape import Role
from tests.webchat.conftest import House
from tests.webchat.lines import Line, Refused
from webchat.board_socket import BoardSocket
from webchat.desk_socket import DeskSocket

ROLES: tuple[Role, ...] = get_args(Role)
# Rows that open pages under another address than their own name.
OPENS = {"rota_plan": "rota/gaps", "directory_edit": "directory/new"}
SOCKETS: dict[Place, Any] = {"desk": DeskSocket, "board": BoardSocket}


async def _employ_one_of_each(house: House) -> None:
    for role in ROLES:
        await house.helpline.people.add(Account(id=f"only-{role}", name=role, shown_name=role, roles=(role,)))


def test_every_call_has_its_row_and_every_row_its_call() -> None:
    for place, namespace in SOCKETS.items():
        assert set(namespace.calls) | {"connect"} == set(MAY[place])


async def test_a_socket_opens_for_the_roles_of_the_table_and_no_other(house: House) -> None:
    await _employ_one_of_each(house)
    for place in SOCKETS:
        for role in ROLES:
            cookies = await house.session(f"only-{role}")
            if may((role,), place, "connect"):
                await (await Line.open(house.client, f"/{place}", cookies=cookies)).close()
                continue
            with pytest.raises(Refused) as refused:
                await Line.open(house.client, f"/{place}", cookies=cookies)
            assert refused.value.code == "not_allowed", (place, role)


async def test_every_call_is_allowed_to_the_roles_of_the_table_and_no_other(house: House) -> None:
    """A body that fits no call is answered `bad_request` where the role may ask, and `not_allowed` where not."""
    await _employ_one_of_each(house)
    for place, namespace in SOCKETS.items():
        for role in ROLES:
            if not may((role,), place, "connect"):
                continue
            line = await house.staff(f"/{place}", f"only-{role}")
            for call in namespace.calls:
                answer = await line.call(call, "not a body")
                expected = "bad_request" if may((role,), place, call) else "not_allowed"
                assert answer["error"]["code"] == expected, (place, call, role)


async def test_a_page_opens_for_the_roles_of_the_table_and_no_other(house: House) -> None:
    await _employ_one_of_each(house)
    for page in MAY["page"]:
        for role in ROLES:
            async with house.client.get(
                f"/{OPENS.get(page, page)}",
                cookies=await house.session(f"only-{role}"),
                allow_redirects=False,
            ) as response:
                assert response.status == (200 if may((role,), "page", page) else 403), (page, role)


async def test_a_deactivated_account_is_off_every_line_at_once_and_signed_out(house: House) -> None:
    cookies = await house.session("ania")
    desk, lead = await house.desk("ania", cookies), await house.desk("jo")
    await house.helpline.people.deactivate("ania")
    await desk.closed()
    assert house.sessions.of(cookies["staff"]) is None
    await lead.settled()


async def test_roles_are_read_anew_for_every_call(house: House) -> None:
    people = house.helpline.people
    line = await house.board("jo")
    assert (await line.call("watch", "no body"))["error"]["code"] == "bad_request"
    account = people.get("jo")
    assert account is not None
    people._accounts["jo"] = msgspec.structs.replace(account, roles=("manager",))
    assert (await line.call("watch", "no body"))["error"]["code"] == "not_allowed"
