"""The phrase lists on their pages: tried out before they are kept, turned round, counted without anybody in it."""

import csv
import io
import re
from datetime import timedelta

import msgspec
import pytest

from helpline.phrase_figures import Counted, counted, false_words, first_of, put_words, sum_words
from helpline.urgency import phrase_id
from tests.webchat.conftest import House
from tests.webchat.rota_visitor import NOW, Visitor
from webchat.phrase_view import figure_line

DIE = "en/" + phrase_id("en", "want to die")
ROPE = "en/" + phrase_id("en", "end of my rope")


async def robin(house: House, path: str = "/phrases/en/list") -> Visitor:
    visitor = Visitor(house, await house.session("robin"))
    await visitor.look(path)
    return visitor


async def facts(house: House, name: str, *falses: int, put: int = 1) -> None:
    """So many contacts have ended in which a phrase prompted `put` times, so often falsely."""
    for n, false in enumerate(falses):
        body = msgspec.json.encode({"prompts": {name: (put, false)}})
        at = house.helpline.clock.now() - timedelta(seconds=1)
        await house.helpline.store.keep_facts(f"c-{name}-{n}", 1, at, body)


async def test_a_phrase_is_tried_out_added_found_and_taken_back(house: House) -> None:
    visitor = await robin(house)
    made_up = "I am at the END of my rope\nthe rope is long"
    await visitor.press("Try it out", text="end of my rope", lines=made_up)
    assert visitor.status == 200
    assert "Something would be found in 1 of 2." in visitor.said
    assert "END of my rope" in visitor.said
    assert house.helpline.phrases.book.find(made_up) is None
    await visitor.press("Add it", text="end of my rope", why="heard it often")
    assert visitor.status == 200
    assert house.helpline.phrases.book.find(made_up) is not None
    await visitor.press("Switch off: end of my rope")
    assert house.helpline.phrases.book.find(made_up) is None
    await visitor.look("/phrases/history")
    assert re.search("Robin switched a phrase off .* Robin added a phrase .*heard it often", visitor.said)
    await visitor.press("Undo: Robin switched a phrase off")
    assert house.helpline.phrases.book.find(made_up) is not None


async def test_other_words_take_the_place_of_a_phrase(house: House) -> None:
    visitor = await robin(house)
    await visitor.press("Change: want to die")
    assert visitor.status == 200
    await visitor.press("Put these words", text="wish to die now")
    find = house.helpline.phrases.book.find
    assert (find("I want to die"), bool(find("I wish to die now"))) == (None, True)


async def test_what_is_refused_says_why_and_keeps_what_was_typed(house: House) -> None:
    visitor = await robin(house)
    before = house.helpline.phrases.seq
    await visitor.press("Add it", text="no", why="a try")
    assert visitor.status == 422
    assert "so short that it stands in almost everything" in visitor.said
    assert 'value="a try"' in visitor.text
    await visitor.press("Add it", text="want to die")
    assert visitor.status == 409
    assert house.helpline.phrases.seq == before


async def test_a_list_goes_out_as_text_and_comes_back(house: House) -> None:
    visitor = await robin(house, "/phrases/pl/list.txt")
    assert "chcę umrzeć\n" in visitor.text
    as_text = visitor.text
    await visitor.look("/phrases/pl/list")
    await visitor.press("Put this list in place", list="# ours\nmam dość życia\n")
    assert house.helpline.phrases.lists.in_use["pl"] == ("mam dość życia",)
    await visitor.press("Put this list in place", list=as_text)
    assert sorted(house.helpline.phrases.lists.in_use["pl"]) == sorted(as_text.splitlines())


async def test_a_new_language_gets_a_list_and_a_promised_one_without_says_so(house: House) -> None:
    visitor = await robin(house, "/phrases")
    await visitor.press("Begin this list", lang="Somali", text="waan dhintaa")
    assert visitor.status == 422
    assert "“Somali” is no language tag" in visitor.said
    await visitor.press("Begin this list", lang="so", text="waan dhintaa")
    assert house.helpline.phrases.lists.in_use["so"] == ("waan dhintaa",)
    keeping = house.helpline.phrases
    await keeping.replace(house.helpline.people.principal("robin"), "ur", (), "empty", seen=keeping.seq)
    await visitor.look("/phrases")
    assert "No phrase is looked for, though this language is promised" in visitor.said


async def test_only_who_keeps_the_lists_comes_in(house: House) -> None:
    for path in ("/phrases", "/phrases/en/list", "/phrases/history", "/phrases/figures.csv"):
        refused = Visitor(house, await house.session("jo"))
        await refused.look(path)
        assert refused.status == 403, path
    async with house.client.get("/phrases", allow_redirects=False) as response:
        assert response.status == 303


async def test_figures_say_what_to_look_at_again_and_hide_small_numbers(house: House) -> None:
    await facts(house, DIE, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0)
    visitor = await robin(house)
    assert "Prompted 11 times, 6 marked “not that”: consider switching it off" in visitor.said
    await facts(house, "en/" + phrase_id("en", "suicide"), 0, 0, 1)
    await visitor.look("/phrases/en/list?months=1")
    assert "Found in what fewer than 5 people wrote" in visitor.said
    await visitor.look("/phrases")
    assert "Prompted: at least 11" in visitor.said
    await visitor.look("/phrases/figures.csv")
    rows = {row["phrase"]: row for row in csv.DictReader(io.StringIO(visitor.text))}
    assert (rows["want to die"]["prompted"], rows["want to die"]["marked not that"]) == ("11", "6")
    assert (rows["suicide"]["prompted"], rows["suicide"]["marked not that"]) == ("fewer than 5 people", "")
    assert "c-" not in visitor.text


@pytest.mark.parametrize(
    ("falses", "line"),
    [
        ((), "Not found yet"),
        ((1, 0, 0, 0), "Found in what fewer than 5 people wrote"),
        ((0,) * 5, "Prompted 5 times, never marked “not that”"),
        ((1,) * 5, "Prompted 5 times, 5 marked “not that”"),
        ((1, 0, 0, 0, 0, 0), "Prompted 6 times, for fewer than 5 people marked “not that”"),
        ((1,) * 9 + (0,) * 3, "Prompted 12 times, for all but fewer than 5 people marked “not that”"),
        ((1,) * 5 + (0,) * 5, "Prompted 10 times, 5 marked “not that”"),
    ],
)
def test_neither_a_small_number_nor_what_gives_it_away_is_told(falses: tuple[int, ...], line: str) -> None:
    bodies = [msgspec.json.encode({"prompts": {DIE: (1, false)}}) for false in falses]
    assert figure_line(counted(bodies, []).get(DIE, Counted())) == line


def test_a_contact_that_has_not_ended_counts_and_one_contact_is_one_however_often_it_prompts() -> None:
    bodies = [msgspec.json.encode({"prompts": {DIE: (40, 0)}, "channel": "web"})] * 3
    found = counted(bodies, [{DIE: (2, 2)}, {ROPE: (1, 0)}])
    assert (found[DIE].put, found[DIE].contacts, found[DIE].contacts_false) == (122, 4, 1)
    assert put_words(found[DIE]) == "fewer than 5 people"
    assert false_words(found[DIE]) == ""
    assert sum_words(list(found.values())) == "fewer than 5 people"
    assert sum_words([Counted(), Counted(7, 0, 6, 0)]) == "7"


def test_a_period_is_whole_months() -> None:
    assert [first_of(n, NOW).date().isoformat() for n in (1, 3, 12)] == [
        "2026-01-01",
        "2025-11-01",
        "2025-02-01",
    ]
