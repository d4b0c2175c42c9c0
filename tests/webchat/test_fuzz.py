"""Whatever is sent to any call or form: always an answer, never a mistake of ours, and a neighbour's chat goes on."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import given, settings
from hypothesis import strategies as st

from app import init_app
from helpline.definition import Definition
from tests.webchat.conftest import House, settings_in
from tests.webchat.lines import Line, new_id
from webchat.board_socket import BoardSocket
from webchat.desk_socket import DeskSocket
from webchat.person_socket import PersonSocket
from webchat.security import form_token, new_token
from webchat.sockets import Namespace

NAMESPACES: dict[str, type[Namespace]] = {"/person": PersonSocket, "/desk": DeskSocket, "/board": BoardSocket}
# `leave` and `stop_now` end what the others are tried on; each has its own tests.
SPARED = {"leave"}
CALLS = sorted(
    (namespace, call) for namespace, kind in NAMESPACES.items() for call in kind.calls if call not in SPARED
)
FORMS = (
    "/chat/start",
    "/chat/say",
    "/chat/look",
    "/chat/not-safe",
    "/chat/choose",
    "/chat/end",
    "/chat/feedback",
    "/chat/carry-on",
    "/chat/plan",
    "/chat/plan/begin",
    "/chat/plan/write",
    "/chat/plan/take-out",
    "/chat/plan/keep",
    "/chat/plan/review",
    "/chat/plan/forget",
    "/chat/plan/copy",
    "/chat/plan/return",
    "/chat/plan/forget-by-code",
    "/call-me",
    "/sign-in",
    "/sign-out",
)
TEXT = st.text(max_size=40) | st.sampled_from(
    ["", "0", "en", "9" * 30, "\x00", "é" * 4_001, "<script>", "../..", "c-"]
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=8,
)
FIELDS = sorted(
    {
        field
        for kind in NAMESPACES.values()
        for call in kind.calls.values()
        for field in call.__struct_fields__
    }
)


class Evening:
    """A house in a loop of its own, in which one pair talks while everything else is tried."""

    def __init__(self, folder: Path, definition: Definition) -> None:
        self.loop = asyncio.new_event_loop()
        self.folder, self.definition = folder, definition

    def run(self, work: Any) -> Any:
        return self.loop.run_until_complete(work)

    async def open(self) -> None:
        app = init_app(settings_in(self.folder, most_pending=10_000), definition=self.definition)
        self.client: TestClient[Any, Any] = TestClient(TestServer(app))
        await self.client.start_server()
        self.house = House(self.client)
        self.person, self.desk, _ = await self.house.together()
        # Everything is tried on another contact: a lead who rightly takes this one over would end the pair's talk.
        _, tried_on = await self.house.started("cy")
        self.contact = tried_on["contact"]
        self.lines: dict[str, Line] = {}
        self.spoken = 0

    async def close(self) -> None:
        await self.house.close()
        await self.client.close()

    async def line(self, namespace: str) -> Line:
        line = self.lines.get(namespace)
        if line is None or line.socket.closed:
            if namespace == "/person":
                line, _ = await self.house.started()
            else:
                line = await self.house.staff(namespace, "jo")
            self.lines[namespace] = line
        return line

    async def ask(self, namespace: str, call: str, body: Any) -> Any:
        line = await self.line(namespace)
        answer = await line.call(call, body)
        assert not line.socket.closed
        return answer

    async def neighbours_go_on(self) -> None:
        self.spoken += 1
        text = f"still here {self.spoken}"
        assert "seq" in await self.person.call("say", {"client_id": new_id(), "text": text})
        await self.desk.heard("event", lambda event: event.get("text") == text)
        self.desk.forget()

    async def post(self, path: str, fields: dict[str, str]) -> int:
        night, form = new_token(), new_token()
        cookies = {
            "night": night,
            "form": form,
            **(await self.house.session("ania") if path == "/sign-out" else {}),
        }
        fields["csrf"] = form_token(
            {"/sign-in": form, "/sign-out": cookies.get("staff", "")}.get(path, night)
        )
        async with self.client.post(path, data=fields, cookies=cookies, allow_redirects=False) as response:
            return response.status


@pytest.fixture(scope="module")
def evening(tmp_path_factory: pytest.TempPathFactory, definition: Definition) -> Iterator[Evening]:
    opened = Evening(tmp_path_factory.mktemp("fuzz"), definition)
    opened.run(opened.open())
    yield opened
    opened.run(opened.close())
    opened.loop.close()


def _bodies(contact: str) -> st.SearchStrategy[Any]:
    likely = st.sampled_from(
        [contact, new_id(), "emergency", "lou", "en", 1, 2, 0, True, "queue", "answered"]
    )
    shaped = st.dictionaries(st.sampled_from(FIELDS), likely | JSON, max_size=6)
    with_id = shaped.map(lambda body: {"client_id": new_id(), "contact": contact, **body})
    return JSON | shaped | with_id


@settings(max_examples=300)
@given(data=st.data())
def test_every_call_answers_whatever_it_is_sent(evening: Evening, data: st.DataObject) -> None:
    namespace, call = data.draw(st.sampled_from(CALLS))
    body = data.draw(_bodies(evening.contact))
    answer = evening.run(evening.ask(namespace, call, body))
    assert isinstance(answer, dict), (call, body)
    if "error" in answer:
        assert answer["error"]["code"] not in ("internal", "conflict", "claim_taken"), (call, body, answer)
        assert set(answer["error"]) >= {"code", "message", "retry"}
    evening.run(evening.neighbours_go_on())


@settings(max_examples=100)
@given(
    path=st.sampled_from(FORMS),
    fields=st.dictionaries(
        st.sampled_from([*FIELDS, "password", "then", "everywhere", "feel"]), TEXT, max_size=6
    ),
)
def test_every_form_answers_whatever_it_is_sent(evening: Evening, path: str, fields: dict[str, str]) -> None:
    status = evening.run(evening.post(path, dict(fields)))
    assert status < 500, (path, fields)
    evening.run(evening.neighbours_go_on())


@settings(max_examples=100)
@given(
    frame=st.text(min_size=1, max_size=60)
    | st.sampled_from(["2", "3", "6", "41/person,", "40/person,{}", "42/desk,[]"])
)
def test_whatever_frame_comes_the_neighbours_chat_goes_on(evening: Evening, frame: str) -> None:
    async def sent() -> None:
        line = await evening.house.person()
        await line.socket.send_str(frame)
        await evening.neighbours_go_on()
        await line.close()

    evening.run(sent())
