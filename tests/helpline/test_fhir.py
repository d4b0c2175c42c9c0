"""A summary as FHIR R4, read back by two readers that are not ours, and looked through for what it must not hold."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from helpline.events import RungSet, Said
from helpline.fhir import bundle_of, narrative, said
from helpline.ladder_presses import consent as consents
from helpline.record_keeping import correct, read_material
from helpline.record_summary import TITLES, Material, parts_of
from tests.helpline.evening import Evening, new_id
from tests.helpline.record_evening import acting

HOUSE = Path(__file__).resolve().parents[2]
SCHEMA = HOUSE / "node_modules" / "@medplum" / "definitions" / "dist" / "fhir" / "r4" / "fhir.schema.json"
Json = dict[str, Any]


@pytest.fixture
async def material(evening: Evening) -> Material:
    contact = await acting(evening)
    return await read_material(evening.line, evening.who("jo"), contact, "fhir")


def bundle(material: Material, chosen: Any = None) -> Json:
    """As it goes over the wire."""
    made = bundle_of(material, TITLES if chosen is None else chosen, "Jo", material.events[-1].at)
    read: Json = json.loads(json.dumps(made))
    return read


def resources(made: Json, kind: str = "") -> list[Json]:
    found = [entry["resource"] for entry in made["entry"]]
    return [one for one in found if not kind or one["resourceType"] == kind]


@cache
def schema() -> Json:
    read: Json = json.loads(SCHEMA.read_text())
    return read


def by_medplum(*read: Json) -> list[list[str]]:
    node = shutil.which("node")
    assert node is not None, "`make setup-test` names what is missing"
    lines = "\n".join(json.dumps(one) for one in read)
    answer = subprocess.run(
        [node, Path(__file__).with_name("read_fhir.mjs")],
        input=lines,
        capture_output=True,
        text=True,
        check=True,
        cwd=HOUSE,
    )
    return [json.loads(line) for line in answer.stdout.splitlines()]


def by_schema(resource: Json) -> list[str]:
    """HL7's own JSON schema, one resource at a time; it knows the codes that FHIR requires."""
    of = {"$ref": f"#/definitions/{resource['resourceType']}", "definitions": schema()["definitions"]}
    checker = jsonschema.Draft6Validator(of)
    return [f"{list(wrong.absolute_path)}: {wrong.message[:200]}" for wrong in checker.iter_errors(resource)]


def values(of: Any) -> Iterator[Any]:
    if isinstance(of, dict):
        for value in of.values():
            yield from values(value)
    elif isinstance(of, list):
        for value in of:
            yield from values(value)
    else:
        yield of


def keys(of: Any) -> Iterator[str]:
    if isinstance(of, dict):
        for key, value in of.items():
            yield key
            yield from keys(value)
    elif isinstance(of, list):
        for value in of:
            yield from keys(value)


async def test_two_readers_of_fhir_r4_find_nothing_wrong_with_a_whole_evening(material: Material) -> None:
    made = bundle(material)
    (objections,) = by_medplum(made)
    assert objections == []
    for resource in resources(made):
        assert by_schema(resource) == [], resource["resourceType"]


MISTAKES: list[tuple[str, Callable[[Json], Any]]] = [
    ("a Task without a status", lambda made: resources(made, "Task")[0].pop("status")),
    ("a status that FHIR does not have", lambda made: resources(made, "Task")[0].update(status="rang")),
    ("a field that FHIR does not have", lambda made: resources(made, "Consent")[0].update(rung="acting")),
    ("a time that is none", lambda made: resources(made, "Encounter")[0]["period"].update(start="tonight")),
    ("a document without its identifier", lambda made: made.pop("identifier")),
    ("a Consent about nothing", lambda made: resources(made, "Consent")[0].pop("scope")),
    (
        "a person who is an Organization",
        lambda made: resources(made, "Consent")[0].update(
            patient=resources(made, "Consent")[0]["organization"][0]
        ),
    ),
    ("a plan without its intent", lambda made: resources(made, "CarePlan")[0].pop("intent")),
    ("a referral for nobody", lambda made: resources(made, "ServiceRequest")[0].pop("subject")),
]


async def test_each_planted_mistake_is_refused_by_one_of_the_readers(material: Material) -> None:
    wrong = []
    for _, plant in MISTAKES:
        made = bundle(material)
        plant(made)
        wrong.append(made)
    for (what, _), made, objections in zip(MISTAKES, wrong, by_medplum(*wrong), strict=True):
        found = objections + [one for resource in resources(made) for one in by_schema(resource)]
        assert found, f"nobody minded {what}"


async def test_nothing_in_it_ranks_predicts_or_scores(material: Material) -> None:
    made = bundle(material)
    assert {one["resourceType"] for one in resources(made)} == {
        "Composition",
        "Encounter",
        "ServiceRequest",
        "Task",
        "CarePlan",
        "Communication",
        "Consent",
        "Organization",
        "Location",
        "Practitioner",
        "Patient",
    }
    assert [value for value in values(made) if isinstance(value, int | float)] == [], "a number"
    ranking = {"priority", "score", "prediction", "probabilityDecimal", "rank", "valueInteger", "severity"}
    assert ranking.isdisjoint(keys(made))
    text = json.dumps(made, ensure_ascii=False)
    assert re.findall(r"(?i)\b(?:rung|step|level|risk)\s*\d|RiskAssessment", text) == []
    (request,) = resources(made, "ServiceRequest")
    assert request["reasonCode"] == [{"text": "Acting together now"}]


async def test_every_reference_leads_to_something_in_the_bundle(material: Material) -> None:
    made = bundle(material)
    there = {entry["fullUrl"] for entry in made["entry"]}
    assert len(there) == len(made["entry"])
    links = re.findall(r'"reference": "([^"]+)"', json.dumps(made))
    assert links
    assert set(links) <= there
    assert made["entry"][0]["resource"]["resourceType"] == "Composition"


async def test_a_referral_with_its_attempts_what_was_told_and_when_we_are_in_touch(
    material: Material,
) -> None:
    made = bundle(material)
    (request,) = resources(made, "ServiceRequest")
    assert request["status"] == "active"
    assert [one["display"] for one in request["performer"]] == ["Moorside crisis team"]
    tasks = {one["code"]["text"]: one for one in resources(made, "Task")}
    assert tasks["Ring Moorside crisis team"]["status"] == "completed"
    assert tasks["Ring Moorside crisis team"]["note"] == [{"text": "Kim, CT 4411"}]
    assert tasks["Ring Kit, on-call"]["status"] == "failed"
    assert "focus" not in tasks["Ring Kit, on-call"], "ringing our own on-call is no referral"
    (follow_up,) = [one for name, one in tasks.items() if name.startswith("Be in touch again")]
    assert follow_up["restriction"]["period"]["start"] < follow_up["restriction"]["period"]["end"]
    assert not [name for name in tasks if "debrief" in name.lower()]
    (told,) = resources(made, "Communication")
    assert told["payload"] == [{"contentString": "Where they are"}]
    (plan,) = resources(made, "CarePlan")
    assert "Przestaję odpisywać" in plan["description"]
    (consent,) = resources(made, "Consent")
    assert (consent["status"], consent["provision"]["type"]) == ("active", "permit")


async def test_what_was_not_ticked_is_nowhere_in_it(material: Material) -> None:
    text = json.dumps(bundle(material, {"now"}), ensure_ascii=False)
    for words in (
        "Źdźbło",
        "BD3",
        "Dziś w nocy",
        "Bez policji",
        "CT 4411",
        "Where they are",
        "Said so",
        "960114",
    ):
        assert words not in text, words
    assert "Acting together now" in text
    whole = json.dumps(bundle(material), ensure_ascii=False)
    for words in (
        "Źdźbło",
        "BD3",
        "Dziś w nocy",
        "Bez policji",
        "CT 4411",
        "Where they are",
        "Said so",
        "960114",
    ):
        assert words in whole, words
    assert set(parts_of(material)) == set(TITLES)
    for objections in by_medplum(*[bundle(material, {part}) for part in TITLES]):
        assert objections == []


@pytest.mark.parametrize("answer", ["refused", "unable"])
async def test_a_consent_is_only_a_yes_or_a_no(evening: Evening, answer: str) -> None:
    contact = await acting(evening, consent=answer)
    material = await read_material(evening.line, evening.who("jo"), contact, "fhir")
    made = resources(bundle(material), "Consent")
    assert [(one["status"], one["provision"]["type"]) for one in made] == (
        [("rejected", "deny")] if answer == "refused" else []
    )
    assert "They " in json.dumps(resources(bundle(material), "Composition"))


async def test_a_line_put_right_is_put_right_in_fhir_too(evening: Evening) -> None:
    contact = await acting(evening)
    line, jo = evening.line, evening.who("jo")
    seq = next(event.seq for event in await evening.events(contact) if event.kind == "attempted")
    await correct(line, jo, contact, of=seq, words="It was the second on-call", client_id=new_id())
    material = await read_material(line, jo, contact, "fhir")
    (task,) = [
        one for one in resources(bundle(material), "Task") if one["code"]["text"] == "Ring Kit, on-call"
    ]
    assert "It was the second on-call" in task["note"][0]["text"]


async def test_hostile_words_stay_words(evening: Evening) -> None:
    nasty = '<script>alert("x")</script>\u202e\x00 & ]]> \U0001f642' + "long " * 700
    contact = await acting(evening, answers={"name": "<b>\u202e", "area": " "})
    line, ania = evening.line, evening.who("ania")
    await line.set_rung(
        ania,
        contact,
        RungSet(4, 3, person_said=nasty, client_id=new_id()),
    )
    await consents(line, ania, contact, answer="refused", why=nasty, client_id=new_id())
    material = await read_material(line, evening.who("jo"), contact, "fhir")
    made = bundle(material)
    (objections,) = by_medplum(made)
    assert objections == []
    assert [wrong for one in resources(made) for wrong in by_schema(one)] == []
    divs = [one["text"]["div"] for one in values_of_sections(made)]
    assert not [div for div in divs if "<script" in div]
    assert [div for div in divs if "&lt;script&gt;" in div]


def values_of_sections(made: Json) -> list[Json]:
    (composition,) = resources(made, "Composition")
    return list(composition["section"])


def test_an_empty_word_is_a_dash_as_fhir_allows_no_empty_string() -> None:
    assert said(" \u202e ") == "-"
    assert narrative()["div"].count("<p>") == 1
    assert Said(None).text is None
