"""What `bench texts` brings: texts the product takes for the carrier's, in an order that can be held afterwards."""

from collections import defaultdict

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bench.rig import BenchFailed
from bench.text_load import PATH, PUBLIC, TOKEN, bring, numbers, texts
from bench.texts import BURST, CONNECTIONS, FULL, IN_TALK, NEW_IN_BURST, QUICK
from helpline.numbers import is_fictitious
from sms.hooks import SIGNATURE
from sms.inbound import Seal, text_of


def test_both_forms_take_medians_of_three_rounds_and_more() -> None:
    assert min(QUICK.rounds, FULL.rounds) >= 3
    assert (CONNECTIONS, BURST) == (32, 10_000)


def test_its_numbers_are_nobodys() -> None:
    everybody = numbers(IN_TALK + NEW_IN_BURST)
    assert len(set(everybody)) == len(everybody)
    assert all(is_fictitious(number) for number in everybody)


async def test_every_text_is_the_carriers_and_a_numbers_texts_come_in_order() -> None:
    seal, came = Seal(TOKEN, PUBLIC), defaultdict(list)

    async def taken(request: web.Request) -> web.Response:
        form = await request.post()
        assert seal.genuine(request.path_qs, form, request.headers[SIGNATURE])  # type: ignore[arg-type]
        text = text_of(form)  # type: ignore[arg-type]
        came[text.from_].append((text.sid, text.body))
        return web.Response(text="kept")

    app = web.Application()
    app.router.add_post(PATH, taken)
    sent = list(texts(90, numbers(30), first=7))
    async with TestServer(app) as server:
        assert server.port
        brought = await bring(server.port, sent, 4)
    assert len(brought.waits) == 90
    assert {number: [words for _, words in each] for number, each in came.items()} == {
        number: [one.words for one in sent if one.number == number] for number in numbers(30)
    }
    assert len({sid for each in came.values() for sid, _ in each}) == 90


async def test_a_text_that_is_not_taken_ends_the_measure() -> None:
    async def full(_request: web.Request) -> web.Response:
        return web.Response(status=503)

    app = web.Application()
    app.router.add_post(PATH, full)
    async with TestServer(app) as server:
        assert server.port
        with pytest.raises(BenchFailed, match="503"):
            await bring(server.port, list(texts(3, numbers(3))), 2)
