"""What the carrier posts: whose it is, and what it says."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import MultiDict
from twilio.request_validator import RequestValidator

from helpline.errors import BadRequest
from sms.circuit import LONGEST_PAUSE, OPENS_AFTER, Circuit
from sms.inbound import LONGEST_BODY, LONGEST_FIELD, Seal, StatusTold, Text, fields_of, status_of, text_of
from sms.keywords import Ask, Keyword, keyword

PUBLIC = "https://helpline.example.org"
FORM = {
    "AccountSid": "AC0",
    "Body": "hello",
    "From": "+447700900123",
    "MessageSid": "SM0",
    "To": "+447700900999",
}
SIGNED = "N2uiV/dDeFwmqL2rMk13dGQTfy4="
NOW = datetime(2026, 1, 14, 21, 50, tzinfo=UTC)
LANGUAGES = ("en", "cy", "pl", "ur", "ar")
WORDS: dict[Ask, tuple[str, ...]] = {"help": ("HELP, INFO", "pomoc، مدد"), "call_me": ("CALL ME", "zadzwoń")}


def test_the_published_signature_verifies() -> None:
    assert Seal("12345", PUBLIC).genuine("/hooks/sms", FORM, SIGNED)


@pytest.mark.parametrize(
    ("path", "form", "signature"),
    [
        ("/hooks/sms", FORM, ""),
        ("/hooks/sms", FORM, SIGNED[:-1]),
        ("/hooks/sms?x=1", FORM, SIGNED),
        ("/hooks/sms/", FORM, SIGNED),
        ("/hooks/sms", {**FORM, "Body": "hello "}, SIGNED),
        ("/hooks/sms", {**FORM, "Extra": ""}, SIGNED),
    ],
)
def test_anything_that_differs_by_a_character_does_not(
    path: str, form: dict[str, str], signature: str
) -> None:
    assert not Seal("12345", PUBLIC).genuine(path, form, signature)


def test_another_token_signs_differently() -> None:
    assert not Seal("12346", PUBLIC).genuine("/hooks/sms", FORM, SIGNED)


@given(
    st.lists(
        st.tuples(st.text(min_size=1, max_size=8), st.text(st.characters(exclude_categories=["Cs"]))),
        max_size=6,
    )
)
def test_whatever_the_carrier_signs_is_genuine(pairs: list[tuple[str, str]]) -> None:
    form = MultiDict(pairs)
    signature = RequestValidator("12345").compute_signature(f"{PUBLIC}/hooks/sms", form)
    assert Seal("12345", PUBLIC + "/").genuine("/hooks/sms", form, signature)


def test_the_carrier_may_write_the_port_of_our_address_or_leave_it_out() -> None:
    seal = Seal("12345", PUBLIC)
    for address in (PUBLIC, f"{PUBLIC}:443", PUBLIC, f"{PUBLIC}:443"):
        signature = RequestValidator("12345").compute_signature(f"{address}/hooks/sms", FORM)
        assert seal.genuine("/hooks/sms", FORM, signature)
    wrong = RequestValidator("12345").compute_signature(f"{PUBLIC}:444/hooks/sms", FORM)
    assert not seal.genuine("/hooks/sms", FORM, wrong)


@given(st.text(st.sampled_from("ab=&%+;2Fcé\ufffd\x00 "), max_size=40))
def test_a_posted_form_is_read_as_the_standard_library_reads_it(posted: str) -> None:
    pairs = parse_qsl(posted, keep_blank_values=True)
    form = fields_of(posted.encode())
    assert list(form.items()) == pairs


def test_a_public_address_without_https_is_refused() -> None:
    with pytest.raises(ValueError, match="https"):
        Seal("12345", "http://helpline.example.org")


def test_a_text_is_read_as_it_came_and_unknown_fields_are_passed_over() -> None:
    form = {**FORM, "Body": "  I can't sleep \n", "NumMedia": "2", "Tomorrow": "new"}
    assert text_of(form) == Text("SM0", "+447700900123", "+447700900999", "  I can't sleep \n", media=2)


@pytest.mark.parametrize("missing", ["MessageSid", "From"])
def test_a_text_without_its_id_or_number_is_refused(missing: str) -> None:
    with pytest.raises(BadRequest, match="MessageSid and From"):
        text_of({key: value for key, value in FORM.items() if key != missing})


def test_an_id_of_64_characters_is_read_and_of_65_refused() -> None:
    assert text_of({**FORM, "MessageSid": "S" * LONGEST_FIELD}).sid
    with pytest.raises(BadRequest, match="MessageSid"):
        text_of({**FORM, "MessageSid": "S" * (LONGEST_FIELD + 1)})


def test_words_of_any_length_are_kept_up_to_what_can_come() -> None:
    assert len(text_of({**FORM, "Body": "a" * LONGEST_BODY}).body) == LONGEST_BODY
    assert len(text_of({**FORM, "Body": "a" * (LONGEST_BODY + 1)}).body) == LONGEST_BODY


@pytest.mark.parametrize(
    ("body", "told", "opted"),
    [
        ("END", "", "STOP"),
        (" stop ", "", "STOP"),
        ("Unsubscribe", "", "STOP"),
        ("I want this to end", "", ""),
        ("start", "", "START"),
        ("hello", "STOP", "STOP"),
        ("hello", "WEIRD", ""),
    ],
)
def test_one_word_alone_may_be_an_opt_out(body: str, told: str, opted: str) -> None:
    assert text_of({**FORM, "Body": body, "OptOutType": told}).opted == opted


@given(st.dictionaries(st.text(max_size=20), st.text()))
def test_no_form_breaks_the_reading(form: dict[str, str]) -> None:
    for read in (text_of, status_of):
        with suppress(BadRequest):
            read({**form, "NumMedia": form.get("", "-1")})


def test_a_status_is_read_with_its_code() -> None:
    form = {"MessageSid": "SM0", "MessageStatus": "undelivered", "ErrorCode": "30003"}
    assert status_of(form) == StatusTold("SM0", "undelivered", 30003)


# -- keywords ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("help", Keyword("help")),
        ("Pomoc!", Keyword("help")),
        ("مدد", Keyword("help")),
        ("call me", Keyword("call_me")),
        ("Call-me.", Keyword("call_me")),
        ("polski", Keyword("language", "pl")),
        ("Polish", Keyword("language", "pl")),
        ("Pwyleg", Keyword("language", "pl")),
        ("اردو", Keyword("language", "ur")),
        ("Cymraeg", Keyword("language", "cy")),
        ("please help", None),
        ("can somebody call me", None),
        ("", None),
        ("h" * 41, None),
    ],
)
def test_a_keyword_is_the_whole_text_or_none(text: str, asked: Keyword | None) -> None:
    assert keyword(text, WORDS, LANGUAGES) == asked


# -- the circuit ---------------------------------------------------------------------------------------------------


def test_the_circuit_opens_at_the_third_silence_and_one_answer_closes_it() -> None:
    circuit = Circuit()
    for _ in range(OPENS_AFTER - 1):
        circuit = circuit.silent(NOW)
        assert not circuit.open
    circuit = circuit.silent(NOW)
    assert circuit.open
    assert circuit.since == NOW
    assert not circuit.lets(NOW + timedelta(seconds=9))
    assert circuit.lets(NOW + timedelta(seconds=10))
    assert circuit.heard() == Circuit()


def test_the_pauses_double_up_to_five_minutes() -> None:
    circuit, pauses = Circuit(), []
    for _ in range(OPENS_AFTER + 8):
        circuit = circuit.silent(NOW)
        if circuit.again_at:
            pauses.append((circuit.again_at - NOW).total_seconds())
    assert pauses[:4] == [10, 20, 40, 80]
    assert pauses[-1] == LONGEST_PAUSE.total_seconds()


def test_when_it_asks_for_time_it_gets_it_at_once() -> None:
    circuit = Circuit().silent(NOW, wait=30)
    assert not circuit.lets(NOW + timedelta(seconds=29))
    assert circuit.lets(NOW + timedelta(seconds=30))
