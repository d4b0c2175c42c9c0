"""Instructions for a call are read as the carrier reads them, and what is not followed is never passed over."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.twiml.voice_response import VoiceResponse

from helpline.definition import Definition
from sms import voice
from sms.instructions import Dial, Gather, Hangup, Pause, Redirect, Say, Unreadable, read
from tests.browser.evening import demonstration

AT = "https://helpline.example.org/hooks/voice/bridge/k-1"
WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=60)


@pytest.fixture(scope="module")
def definition() -> Definition:
    return demonstration()


def test_a_key_is_asked_for_and_silence_leads_to_the_same_page() -> None:
    gather, redirect = read(voice.press_one(f"{AT}/connect"), AT)
    assert isinstance(gather, Gather)
    assert (gather.action, gather.digits, gather.waits) == (f"{AT}/connect", 1, voice.KEY_WAITS)
    assert [type(one) for one in gather.spoken] == [Say]
    assert redirect == Redirect(f"{AT}/connect")


def test_a_number_is_rung_with_the_helplines_own_shown() -> None:
    answer = VoiceResponse()
    dial = answer.dial(caller_id="+441632960800", answer_on_bridge=True, action="/done", timeout=20)
    dial.number("+447700900123", machine_detection="Enable", amd_status_callback="/machine")
    (read_dial,) = read(str(answer), AT)
    at = "https://helpline.example.org"
    assert read_dial == Dial(
        "+447700900123", "+441632960800", f"{at}/done", rings=20, machine=f"{at}/machine"
    )


def test_the_line_speaks_every_language_it_has_a_voice_for(definition: Definition) -> None:
    said = read(voice.said(definition, "text_emergency"), AT)
    assert {"en-GB", "pl-PL"} <= {one.language for one in said if isinstance(one, Say)}
    assert said[-1] == Hangup()


@given(WORDS, st.integers(0, 9_999))
def test_what_is_written_is_what_is_said(words: str, seconds: int) -> None:
    answer = VoiceResponse()
    answer.say(words)
    answer.pause(length=seconds)
    answer.hangup()
    assert read(str(answer), AT) == (Say(words.strip()), Pause(seconds), Hangup())


@pytest.mark.parametrize(
    ("page", "why"),
    [
        ("", "not XML"),
        ("they hung up", "not XML"),
        ("<Response><Say>", "not XML"),
        ("<Answer/>", "begin with Response"),
        ("<Response><Record/></Response>", "Record is not followed"),
        ('<Response><Dial record="true"><Number>+441632960800</Number></Dial></Response>', "record"),
        ("<Response><Dial><Client>dev</Client></Dial></Response>", "one Number"),
        ("<Response><Dial><Number>1</Number><Number>2</Number></Dial></Response>", "one Number"),
        ('<Response><Gather input="speech"/></Response>', "speech"),
        ("<Response><Gather><Play>a.mp3</Play></Gather></Response>", "Play is not followed"),
        ('<Response><Redirect method="GET">/x</Redirect></Response>', "GET"),
        ('<Response><Pause length="ten"/></Response>', "whole number"),
        ('<Response><Pause length="10000"/></Response>', "whole number"),
        ("<Response><Number>1</Number></Response>", "does not stand alone"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><Response><Say>&a;</Say></Response>', "no page"),
        (f"<Response><Say>{'a' * 65_536}</Say></Response>", "no page"),
    ],
)
def test_what_nobody_here_follows_is_refused_with_its_reason(page: str, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        read(page, AT)


def test_nothing_to_do_is_a_call_that_ends() -> None:
    assert read("<Response/>", AT) == ()
