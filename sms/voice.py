"""What the carrier is told to do with a call, as TwiML, with the library's own `VoiceResponse`. Pure."""

from twilio.twiml.voice_response import Gather, VoiceResponse

from helpline.definition import Definition

# Which voice reads a language aloud, and its tag at the carrier. Each pair stands in the list of voices that Twilio
# publishes (docs/operations.md says where and when it was looked up). A language without one there is not read:
# another's voice would make noise of it, and a name that is not in the list ends the call.
VOICES: dict[str, tuple[str, str]] = {
    "en": ("Polly.Amy", "en-GB"),
    "cy": ("Polly.Gwyneth", "cy-GB"),
    "pl": ("Polly.Ewa", "pl-PL"),
    "ar": ("Polly.Zeina", "arb"),
}
KEY_WAITS = 8
"""Seconds in which a key may be pressed."""
RINGS = 30
"""Seconds for which somebody's phone rings."""


def press_one(action: str) -> str:
    """To our own side, which is rung first: a machine that answers presses nothing, and nobody else is rung."""
    answer = VoiceResponse()
    gather = Gather(input="dtmf", num_digits=1, action=action, method="POST", timeout=KEY_WAITS)
    voice, language = VOICES["en"]
    gather.say("This is the helpline. Press 1, and we ring them.", voice=voice, language=language)
    answer.append(gather)
    # Nothing pressed is an answer, too.
    answer.redirect(action, method="POST")
    return str(answer)


def connect(number: str, ours: str, done: str, machine: str) -> str:
    """Ring `number` and show it `ours`; both hear each other once it is answered. `done` is told how it ended.

    `machine` is told what seems to have answered. Nobody is cut off and nothing is played for it.
    """
    answer = VoiceResponse()
    dial = answer.dial(caller_id=ours, answer_on_bridge=True, action=done, method="POST", timeout=RINGS)
    dial.number(
        number, machine_detection="Enable", amd_status_callback=machine, amd_status_callback_method="POST"
    )
    return str(answer)


def hang_up() -> str:
    answer = VoiceResponse()
    answer.hangup()
    return str(answer)


def greeting(definition: Definition, action: str, nothing: str) -> str:
    """To somebody who rings the line: who this is, whom to ring in danger, a key to be rung back and one not to be.

    `nothing` is asked when they press none.
    """
    answer = VoiceResponse()
    gather = Gather(input="dtmf", num_digits=1, action=action, method="POST", timeout=KEY_WAITS)
    _say(gather, definition, "voice_greeting", "voice_or_not", "text_emergency")
    answer.append(gather)
    answer.redirect(nothing, method="POST")
    return str(answer)


def said(definition: Definition, *messages: str) -> str:
    """Say these of the service's messages, and hang up."""
    answer = VoiceResponse()
    _say(answer, definition, *messages)
    answer.hangup()
    return str(answer)


def without_voice(definition: Definition) -> tuple[str, ...]:
    """The promised languages in which the line says nothing."""
    return tuple(tag for tag in definition.languages.promised if tag.partition("-")[0] not in VOICES)


def _say(verb: VoiceResponse | Gather, definition: Definition, *messages: str) -> None:
    """In each of the service's languages that has a voice, its own first."""
    promised = definition.languages.promised
    tags = dict.fromkeys((definition.languages.default, *promised))
    for tag in tags:
        known = VOICES.get(tag.partition("-")[0])
        if known is None:
            continue
        for message in messages:
            worded = definition.message(message, tag).filled(service=definition.name)
            if worded.language.partition("-")[0] == tag.partition("-")[0]:
                verb.say(worded.text, voice=known[0], language=known[1])
