"""The supplied proxy in front of real nodes: one browser to one node, nobody lost with one, and who must stay outside."""

import asyncio
import io
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

import aiohttp
import pytest

from tests.cluster.proxy import Node, Proxy, let_sign_in, real_service
from tests.crash.evening import finish
from tests.crash.server import Driver, free_port
from tests.crash.verdict import mistakes, talks_of
from tests.engines import Redis

SUPPORTERS = 2
PERSONS = 8
MEGABYTE = 1_000_000
ELSEWHERE = "127.0.0.2"
# Beside the ten seconds that the proxy waits for somebody's headers.
DAWDLING = 13

Open = Callable[..., Awaitable[tuple[Proxy, list[Node]]]]


@pytest.fixture
async def passwords(tmp_path: Path, database: str) -> dict[str, str]:
    """The service as its first start makes it."""
    definition = real_service(tmp_path, SUPPORTERS)
    ids = [*(f"s{number}" for number in range(SUPPORTERS)), "lead"]
    return await let_sign_in(tmp_path, definition, database, ids)


@pytest.fixture
async def behind(
    tmp_path: Path, database: str, redis: Redis, passwords: dict[str, str]
) -> AsyncIterator[Open]:
    """Starts a node for each of these clocks, so many seconds off, and the proxy before them."""
    running: list[Node] = []
    proxies: list[Proxy] = []

    async def opened(clocks: Sequence[int]) -> tuple[Proxy, list[Node]]:
        port = free_port()
        nodes = [
            Node(
                tmp_path, tmp_path / "service.toml", f"https://localhost:{port}", database, redis.address, off
            )
            for off in clocks
        ]
        running.extend(nodes)
        for node in nodes:
            await node.launch()
        proxies.append(
            await asyncio.to_thread(Proxy, tmp_path / "proxy", port, [node.port for node in nodes])
        )
        return proxies[0], nodes

    yield opened
    for proxy in proxies:
        proxy.kill()
    for node in running:
        if node.process is not None:
            await node.kill()


async def until_it_says(node: Node, status: int) -> None:
    """Returns once `/readyz` of the node itself has this status."""
    async with asyncio.timeout(120), aiohttp.ClientSession() as asking:
        while True:
            try:
                async with asking.get(f"{node.url}/readyz") as answer:
                    if answer.status == status:
                        return
            except aiohttp.ClientError:
                assert node.running, node.said()
            await asyncio.sleep(0.1)


async def more(driver: Driver, messages: int) -> None:
    now = await driver.do("count")
    await driver.do("until", acked=now["acked"] + messages)


@pytest.mark.timeout(300)
async def test_whoever_talks_through_the_proxy_by_websocket_or_long_poll_goes_on_when_their_node_dies_or_is_stopped(
    behind: Open, passwords: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, nodes = await behind([0, 0, 0])
    for node in nodes:
        await until_it_says(node, 200)
    monkeypatch.setenv("NODE_EXTRA_CA_CERTS", str(proxy.authority.ca))
    driver = await Driver.launch()
    try:
        desks = [await proxy.tried(id, passwords[id]) for id in passwords if id != "lead"]
        assert [status for status, _ in desks] == [303] * SUPPORTERS
        supporters = [
            {"name": f"s{number}", "cookie": cookie, "careful": False, "pause": 400}
            for number, (_, cookie) in enumerate(desks)
        ]
        persons = [
            {
                "name": f"en {n}",
                "token": f"proxied-{n:035d}",
                "language": "en",
                "polling": n % 2 == 0,
                "pause": 250,
            }
            for n in range(PERSONS)
        ]
        await driver.do("point", number=0)
        await driver.do("begin", url=proxy.url, seed=6, timeout=8_000, supporters=supporters, persons=persons)
        await driver.do("until", live=PERSONS)
        assert await asyncio.gather(*(node.connected() for node in nodes)) != [PERSONS, 0, 0]
        await more(driver, 40)
        await driver.do("point", number=1)
        await nodes[0].kill()
        await more(driver, 40)
        await driver.do("point", number=2)
        await nodes[1].stop()
        await more(driver, 40)
        assert await nodes[2].connected() == PERSONS
        report, kept = await finish(nodes[2], driver)
    finally:
        await driver.close()
    wrong = mistakes(talks_of(report), kept, ["three nodes", "one was killed", "one was stopped"])
    assert not wrong, "\n".join(wrong)
    assert len(report) == PERSONS


@pytest.mark.timeout(300)
async def test_what_stays_outside_and_what_is_shown_when_nobody_is_ready(
    behind: Open, passwords: dict[str, str]
) -> None:
    proxy, (well, late) = await behind([0, -90])
    await until_it_says(well, 200)
    await until_it_says(late, 503)
    dawdling = asyncio.create_task(cut_off_after(proxy))
    async with proxy.browser() as browser:
        # Over TLS, as the service says it.
        async with browser.get("/chat") as page:
            assert page.status == 200
            assert page.headers["Strict-Transport-Security"].startswith("max-age=")
            assert "Server" not in page.headers
            assert page.cookies["__Host-night"]["secure"]
        async with aiohttp.ClientSession() as plain:
            address = f"http://localhost:{proxy.http}/chat"
            async with plain.get(address, allow_redirects=False) as answer:
                assert (answer.status, answer.headers["Location"]) == (
                    308,
                    f"{proxy.url.rpartition(':')[0]}/chat",
                )
        async with browser.get("/metrics") as refused:
            assert refused.status == 403
    await too_much_is_refused(proxy)
    await only_the_ready_one_is_given_new_people(proxy, well, late)
    await their_real_address_counts(proxy)
    assert 9 <= await dawdling <= DAWDLING
    await nobody_ready(proxy, well, late)
    for trace in (ELSEWHERE, "MARKED", "sign-in", "X-Slow"):
        assert trace not in proxy.said


async def too_much_is_refused(proxy: Proxy) -> None:
    """Said beforehand, and not."""
    async with proxy.browser(ELSEWHERE) as browser:
        async with browser.post("/sign-in?MARKED", data=io.BytesIO(bytes(80 * MEGABYTE))) as refused:
            assert refused.status == 413
        with pytest.raises(aiohttp.ClientError):
            async with browser.post("/sign-in?MARKED", data=pieces(80)) as refused:
                refused.raise_for_status()


async def pieces(megabytes: int) -> AsyncIterator[bytes]:
    for _ in range(megabytes):
        yield bytes(MEGABYTE)


async def cut_off_after(proxy: Proxy) -> float:
    """Send headers a letter a second, and see for how long that is put up with."""
    began = time.monotonic()
    reader, writer = await asyncio.open_connection("localhost", proxy.port, ssl=proxy.authority.trust)
    writer.write(b"GET /chat HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
    ended = asyncio.ensure_future(reader.read())
    while not ended.done() and time.monotonic() - began < 2 * DAWDLING:
        writer.write(b"a")
        await asyncio.wait((ended,), timeout=1)
    ended.cancel()
    await asyncio.gather(ended, return_exceptions=True)
    writer.close()
    return time.monotonic() - began


async def only_the_ready_one_is_given_new_people(proxy: Proxy, well: Node, late: Node) -> None:
    lines = []
    async with proxy.browser() as browser:
        for _ in range(8):
            browser.cookie_jar.clear()
            async with browser.get("/chat") as page:
                assert page.status == 200
            line = await browser.ws_connect("/socket.io/?EIO=4&transport=websocket", origin=proxy.url)
            lines.append(line)
            await line.receive_str()
            await line.send_str("40/person,")
            assert (await line.receive_str()).startswith("40/person")
        assert await late.connected() == 0
        assert await well.connected() == len(lines)
        for line in lines:
            await line.close()


async def their_real_address_counts(proxy: Proxy) -> None:
    """What a client says of its own address is not believed; what the proxy says is."""
    for number in range(5):
        status, _ = await proxy.tried("lead", "a guess", **{"X-Forwarded-For": f"192.0.2.{number}"})
        assert status == 401
    assert (await proxy.tried("lead", "a guess", **{"X-Forwarded-For": "192.0.2.9"}))[0] == 429
    assert (await proxy.tried("lead", "a guess", address=ELSEWHERE))[0] == 401


async def nobody_ready(proxy: Proxy, well: Node, late: Node) -> None:
    """A node that is not ready is better than none; and none is said with whom to ring."""
    await well.kill()
    async with proxy.browser() as browser:
        async with browser.get("/chat") as page:
            assert page.status == 200
        # Guessed at from there before, as the other node has told this one.
        assert (await proxy.tried("lead", "a guess", address=ELSEWHERE))[0] == 401
        await late.kill()
        async with browser.get("/chat") as away:
            assert away.status in (502, 503)
            said = await away.text()
    assert 'href="tel:999"' in said
    assert "no-store" in away.headers["Cache-Control"]
