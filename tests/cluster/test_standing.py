"""What those who look after the service are told of its nodes, and what it costs not to hear each other."""

from msgspec.structs import replace

from helpline import tonight
from helpline.commands.doctor import examined
from helpline.definition import Definition
from helpline.events import PERSON
from helpline.ports import Record
from helpline.service import Helpline
from helpline.talking import Message
from tests.cluster.conftest import OpenNode
from tests.cluster.houses import node_of, until
from tests.cluster.test_nodes import arrived, both
from tests.engines import Redis
from tests.helpline.evening import new_id


async def doctors_word(node: Helpline) -> tuple[bool, str]:
    (found,) = [one for one in await examined(node, {}) if one["what"] == "nodes"]
    return found["well"], found["say"]


async def test_while_redis_is_away_it_is_said_and_one_question_a_second_asks_of_all_logs(
    open_node: OpenNode, redis: Redis
) -> None:
    acts, follows = await both(open_node)
    contacts = [await arrived(acts) for _ in range(5)]
    await until(lambda: all(follows.logbook.held(one) for one in contacts), "every contact")
    assert tonight.snapshot(follows)["nodes"] == {
        "silent_since": None,
        "differing": [],
        "no_keys_since": None,
    }
    assert await doctors_word(follows) == (True, "hear each other")
    told: list[None] = []
    follows.on_presence(lambda: told.append(None))
    redis.kill()
    await until(lambda: node_of(follows).standing.silent_since, "that it is silent")
    assert told
    since = tonight.snapshot(follows)["nodes"]["silent_since"]
    assert since is not None
    well, word = await doctors_word(follows)
    assert not well
    assert "about a second slower, and nothing is lost" in word

    reads: list[str] = []
    read = follows.store.read

    async def counted(log: str, after: int = 0, limit: int = 1_000_000) -> list[Record]:
        reads.append(log)
        return await read(log, after, limit)

    follows.store.read = counted  # type: ignore[method-assign]
    seq = (await acts.say(contacts[0], PERSON, [Message(new_id(), "still there?")])).seq
    await until(lambda: follows.logbook.knows(contacts[0], seq), "the words")
    assert set(reads) == {contacts[0]}
    redis.revive()
    await until(lambda: node_of(follows).standing.silent_since is None, "hearing again")
    assert tonight.snapshot(follows)["nodes"]["silent_since"] is None
    assert await doctors_word(follows) == (True, "hear each other")


async def test_a_node_that_was_started_with_another_service_file_is_named_to_the_others(
    open_node: OpenNode, definition: Definition
) -> None:
    one = await open_node(definition)
    other = await open_node(replace(definition, short_name="Another"))
    for node in (one, other):
        await until(lambda node=node: node_of(node).standing.differing, "that they differ")  # type: ignore[misc]
    assert tonight.snapshot(one)["nodes"]["differing"] == [node_of(other).place]
    well, word = await doctors_word(one)
    assert (well, node_of(other).place in word) == (False, True)
    await other.close()
    await until(lambda: not node_of(one).standing.differing, "that it has gone")
