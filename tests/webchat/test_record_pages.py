"""Records over HTTP: who may read which, that each reading is audited, and what a summary is given as."""

import io
import json
import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import msgspec
import pypdf
import pytest

from helpline.record_summary import TITLES
from helpline.record_words import Clocked
from helpline.sealing import open_document
from tests.webchat.conftest import House
from tests.webchat.lines import Line, new_id
from webchat.security import form_token

WORDS = "I have them here <b>now</b>"


class Reader:
    """Somebody who signed in, and reads pages."""

    def __init__(self, house: House, cookies: dict[str, str]) -> None:
        self.house, self.cookies = house, cookies

    async def get(self, path: str, status: int = 200) -> str:
        async with self.house.client.get(path, cookies=self.cookies, allow_redirects=False) as answer:
            assert answer.status == status, (path, answer.status, await answer.text())
            return await answer.text()

    async def file(self, path: str) -> tuple[bytes, Any]:
        async with self.house.client.get(path, cookies=self.cookies) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.read(), answer.headers

    async def post(self, path: str, fields: list[tuple[str, str]], status: int = 303) -> str:
        sent = [("csrf", form_token(self.cookies["staff"])), ("client_id", new_id()), *fields]
        async with self.house.client.post(
            path, data=sent, cookies=self.cookies, allow_redirects=False
        ) as answer:
            assert answer.status == status, await answer.text()
            return answer.headers.get("Location", "") or await answer.text()


async def reads(house: House, account: str) -> Reader:
    return Reader(house, await house.session(account))


async def at_rung_3(house: House) -> tuple[Line, Line, str]:
    """Ania with a Polish speaker, at rung 3 with one call made."""
    person, desk, contact = await house.together()
    for call, body in (
        ("rung", {"to": 3, "basis": WORDS, "person_said": "dziś w nocy"}),
        ("attempt", {"crisis_contact": "emergency_999", "outcome": "answered", "reference": "CAD 71"}),
        ("consent", {"answer": "given"}),
    ):
        answer = await desk.call(call, {"client_id": new_id(), "contact": contact, **body})
        assert "error" not in answer, answer
    return person, desk, contact


async def audited(house: House, contact: str) -> list[tuple[str, str]]:
    line = house.helpline
    entries = [
        json.loads(open_document("audit", "entry", 1, entry.body, line.cabinets.audit_cipher))
        for entry in await line.store.audit_entries()
    ]
    return [(one["who"], one["did"]) for one in entries if one["contact"] == contact]


async def test_a_lead_reads_the_whole_evening_as_sentences_and_the_reading_is_audited(house: House) -> None:
    _, _, contact = await at_rung_3(house)
    jo = await reads(house, "jo")
    page = await jo.get(f"/record/{contact}")
    assert "Ania moved to rung 3, Acting together now." in page
    assert "Rang 999: answered. By Ania." in page
    assert "I have them here &lt;b&gt;now&lt;/b&gt;" in page
    assert WORDS not in page
    only = await jo.get(f"/record/{contact}?show=ladder")
    assert "Rang 999" in only
    assert "They came by web chat" not in only
    assert f"/record/{contact}" in await jo.get("/record")


async def test_a_colleague_who_was_never_in_it_finds_nothing(house: House) -> None:
    _, _, contact = await at_rung_3(house)
    await house.on_shift("dev")
    dev = await reads(house, "dev")
    for path in ("", "/summary", "/summary.pdf?part=now", "/fhir.json?part=now"):
        await dev.get(f"/record/{contact}{path}", status=404)
    await dev.post(f"/record/{contact}/correct", [("of", "3"), ("words", "no")], status=404)
    await dev.post(f"/record/{contact}/told", [("part", "now"), ("whom", "Kim")], status=404)
    assert contact not in await dev.get("/record")
    assert "no record for you to read" in await dev.get("/record")
    await dev.get("/record/c-nobody", status=404)


async def test_who_took_part_reads_it_after_the_end_until_their_shift_is_over(house: House) -> None:
    _, desk, contact = await house.together()
    for call, body in (("close", {}), ("wrap_up", {"outcome": "talked"})):
        answer = await desk.call(call, {"client_id": new_id(), "contact": contact, **body})
        assert "error" not in answer, answer
    ania = await reads(house, "ania")
    assert "finished the note" in await ania.get(f"/record/{contact}")
    answer = await desk.call("check_out", {"client_id": new_id(), "alright": "yes"})
    assert "error" not in answer, answer
    await ania.get(f"/record/{contact}", status=404)
    assert "finished the note" in await (await reads(house, "jo")).get(f"/record/{contact}")


async def test_a_manager_opens_no_record_and_nobody_one_without_signing_in(house: House) -> None:
    _, _, contact = await house.together()
    assert not house.helpline.people.principal("jo").is_any("manager")
    async with house.client.get(f"/record/{contact}", allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/sign-in")


async def test_a_line_is_put_right_at_its_place_and_the_first_words_stay(house: House) -> None:
    _, _, contact = await at_rung_3(house)
    jo = await reads(house, "jo")
    page = await jo.get(f"/record/{contact}")
    (seq,) = re.findall(r'id="l-(\d+)"(?:(?!id="l-).)*?Rang 999', page, re.DOTALL)[-1:]
    form = await jo.get(f"/record/{contact}?correct={seq}")
    assert "What it should say" in form
    back = await jo.post(
        f"/record/{contact}/correct", [("of", seq), ("words", "The reference is CAD 17"), ("show", "ladder")]
    )
    assert back == f"/record/{contact}?show=ladder&at={seq}#l-{seq}"
    page = await jo.get(f"/record/{contact}")
    assert "<del>Rang 999: answered. By Ania.</del>" in page
    assert "CAD 71" in page
    assert "The reference is CAD 17" in page
    assert ("jo", "record_correct") in await audited(house, contact)


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [(" ", 400, "Please write what it should say."), ("x" * 4_001, 413, "longer than 4,000")],
    ids=["empty", "too long"],
)
async def test_a_correction_that_cannot_be_kept_says_so_and_loses_nothing_typed(
    house: House, words: str, status: int, said: str
) -> None:
    _, _, contact = await at_rung_3(house)
    events = await house.helpline.logbook.read(contact)
    seq = str(next(event.seq for event in events if event.kind == "rung_set"))
    jo = await reads(house, "jo")
    page = await jo.post(f"/record/{contact}/correct", [("of", seq), ("words", words)], status=status)
    assert said in page
    assert words.strip()[:4_000] in page
    kept = await jo.post(f"/record/{contact}/correct", [("of", seq), ("words", "x" * 4_000)])
    assert kept.endswith(f"#l-{seq}")


async def test_what_a_person_said_is_not_the_records_to_put_right(house: House) -> None:
    person, _, contact = await at_rung_3(house)
    answer = await person.call("say", {"messages": [{"client_id": new_id(), "text": "moje słowa"}]})
    assert "error" not in answer, answer
    events = await house.helpline.logbook.read(contact)
    seq = str(next(event.seq for event in events if event.kind == "said"))
    jo = await reads(house, "jo")
    page = await jo.post(f"/record/{contact}/correct", [("of", seq), ("words", "other")], status=409)
    assert "theirs to put right" in page
    await jo.post(f"/record/{contact}/correct", [("of", "9999"), ("words", "other")], status=404)


async def test_a_summary_holds_what_was_ticked_in_every_form(house: House) -> None:
    _, _, contact = await at_rung_3(house)
    jo = await reads(house, "jo")
    choose = await jo.get(f"/record/{contact}/summary")
    assert 'value="now" checked' in choose
    query = urlencode([("part", "now"), ("part", "tried")])
    page = await jo.get(f"/record/{contact}/summary?{query}")
    body, headers = await jo.file(f"/record/{contact}/summary.pdf?{query}")
    drawn = "\n".join(sheet.extract_text() for sheet in pypdf.PdfReader(io.BytesIO(body)).pages)
    bundle, kind = await jo.file(f"/record/{contact}/fhir.json?{query}")
    for text in (page, drawn, bundle.decode()):
        assert "Acting together now" in text
        assert "CAD 71" in text
        assert "not a clinical assessment" in text
        assert "dziś w nocy" not in text
    assert headers["Content-Disposition"] == 'attachment; filename="summary.pdf"'
    assert headers["Content-Type"] == "application/pdf"
    assert kind["Content-Type"].startswith("application/fhir+json")
    assert headers["Cache-Control"] == kind["Cache-Control"] == "no-store"
    everything = urlencode([("part", key) for key in TITLES])
    assert "dziś w nocy" in await jo.get(f"/record/{contact}/summary?{everything}")
    for path in ("summary.pdf", "fhir.json"):
        await jo.get(f"/record/{contact}/{path}", status=400)
        await jo.get(f"/record/{contact}/{path}?part=everything", status=400)
    did = [what for who, what in await audited(house, contact) if who == "jo"]
    assert {"summary", "summary_pdf", "summary_fhir"} <= set(did)


async def test_without_their_yes_nothing_they_said_is_ticked(house: House) -> None:
    _, desk, contact = await at_rung_3(house)
    answer = await desk.call("consent", {"client_id": new_id(), "contact": contact, "answer": "refused"})
    assert "error" not in answer, answer
    jo = await reads(house, "jo")

    async def ticked() -> set[str]:
        page = await jo.get(f"/record/{contact}/summary")
        return set(re.findall(r'value="(\w+)" checked', page))

    assert await ticked() <= {"where", "now", "consent", "tried", "back"}
    assert not {"who", "said", "wishes", "plan"} & await ticked()
    reason = {"client_id": new_id(), "contact": contact, "what": "share", "reason": "Life in danger"}
    assert "error" not in await desk.call("decide", reason)
    assert {"who", "said"} <= await ticked()


async def test_that_it_was_given_is_recorded_with_one_press_without_its_words(house: House) -> None:
    _, _, contact = await at_rung_3(house)
    jo = await reads(house, "jo")
    fields = [("part", "now"), ("part", "tried"), ("crisis_contact", "emergency_999"), ("whom", "Kim")]
    back = await jo.post(f"/record/{contact}/told", fields)
    assert back == f"/record/{contact}/summary?part=now&part=tried&told=1#told"
    shared = [e.body for e in await house.helpline.logbook.read(contact) if e.kind == "shared"]
    (body,) = [msgspec.structs.asdict(one) for one in shared]
    assert (body["crisis_contact"], body["whom"]) == ("emergency_999", "Kim")
    assert "what is happening now, who was tried, and when" in body["what"]
    assert "CAD 71" not in body["what"]
    assert "Recorded that it was given." in await jo.get(back)


@pytest.mark.parametrize(
    ("ago", "as_written"),
    [
        (timedelta(minutes=40), True),
        (timedelta(days=3), False),
        (-timedelta(minutes=5), False),
        (None, False),
    ],
    ids=["of tonight", "of another day", "of later on", "of no time"],
)
async def test_what_was_given_is_the_sheet_as_it_was_made_and_not_as_it_is_now(
    house: House, ago: timedelta | None, as_written: bool
) -> None:
    _, _, contact = await at_rung_3(house)
    now = house.helpline.clock.now()
    made = (now - ago).isoformat() if ago is not None else "tonight"
    jo = await reads(house, "jo")
    await jo.post(f"/record/{contact}/told", [("part", "now"), ("made", made), ("whom", "Kim")])
    (body,) = [e.body for e in await house.helpline.logbook.read(contact) if e.kind == "shared"]
    clocked = Clocked(house.helpline.definition.zone)
    assert (ago is not None and clocked.moment(now - ago) in body.what) == as_written


async def test_no_page_puts_words_into_a_title_or_lets_itself_be_kept(house: House) -> None:
    _, _, contact = await at_rung_3(house)
    jo = await reads(house, "jo")
    for path in ("/record", f"/record/{contact}", f"/record/{contact}/summary?part=now&part=said"):
        page, headers = await jo.file(path)
        (title,) = re.findall("<title>(.*?)</title>", page.decode())
        assert title in {
            f"{what}, {house.helpline.definition.name}" for what in ("Record", "Records", "Summary")
        }
        assert headers["Cache-Control"] == "no-store"


async def test_a_page_holds_250_lines_and_every_other_one_is_a_press_away(house: House) -> None:
    person, _, contact = await at_rung_3(house)
    for _ in range(26):
        batch = [{"client_id": new_id(), "text": f"słowo {n}"} for n in range(10)]
        answer = await person.call("say", {"messages": batch})
        assert "error" not in answer, answer
    jo = await reads(house, "jo")
    newest = await jo.get(f"/record/{contact}")
    first = await jo.get(f"/record/{contact}?page=1")
    whole = await jo.get(f"/record/{contact}?page=all")
    assert first.count('id="l-') == 250
    assert newest.count('id="l-') + 250 == whole.count('id="l-')
    assert "moved to rung 3" in first.split('class="plain timeline"')[1]
    beyond = await jo.get(f"/record/{contact}?page=99")
    assert beyond.count('id="l-') == newest.count('id="l-')
