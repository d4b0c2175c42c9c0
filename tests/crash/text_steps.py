"""What happens to one person who texts and is rung, step by step, as everybody but the service knows it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from tests.crash.text_server import Json
from tests.crash.texting import AtCarrier, Evening, Talk
from tests.sms.carrier_house import OURS, error


class Steps:
    """What happens to one person, in this order."""

    def __init__(self, evening: Evening) -> None:
        self.evening, self.house, self.desk = evening, evening.house, evening.desk

    def in_order(self) -> list[Callable[[Talk], Awaitable[None]]]:
        return [
            self.writes,
            self.is_taken_up,
            self.is_answered,
            self.all_arrived,
            self.one_did_not_arrive,
            self.one_met_silence,
            self.one_was_lost_on_the_way,
            self.one_was_refused,
            self.starts_again,
            self.writes_again,
            self.writes_what_no_hook_brings,
            self.closes_and_opens_their_phone,
            self.asks_to_be_rung,
            self.is_rung,
            self.starts_in_the_middle_of_a_press,
            self.starts_while_a_call_goes_on,
            self.a_call_is_refused,
            self.a_call_meets_silence,
            self.our_side_is_busy,
            self.our_side_answers,
            self.our_side_presses_nothing,
            self.our_side_presses_one,
            self.the_call_ends,
            self.our_leg_ends,
            self.rings_the_line,
            self.rings_the_line_again,
        ]

    # -- texts ---------------------------------------------------------------------------------------------------------

    async def _text(self, talk: Talk, words: str, *, hook: bool = True) -> None:
        """A text that was not taken stays at the carrier, where the service finds it."""
        self.house.now = datetime.now(UTC)
        kept = self.house.keep(OURS, talk.number, words, inbound=True)
        talk.wrote.append(words)
        form = {"MessageSid": kept["sid"], "From": talk.number, "To": OURS, "Body": words, "NumMedia": "0"}
        for path in ("/hooks/sms", "/hooks/sms/fallback") if hook else ():
            if await self.evening.post(path, **form) is not None:
                talk.answered.append(words)
                break

    async def gets(self, talk: Talk, more: int) -> None:
        """They have so many texts of ours, of all there were."""
        await self.evening.until(lambda: len(self.evening.ours(talk)) >= more)

    async def has(self, talk: Talk, words: str, times: int = 1) -> None:
        await self.evening.until(lambda: self.evening.ours(talk).count(words) >= times)

    async def says(self, talk: Talk, words: str) -> None:
        await self.desk.press("say", contact=talk.contact, text=words)
        talk.answers.append(words)

    async def writes(self, talk: Talk) -> None:
        await self._text(talk, "are you there")
        await self.gets(talk, 1)

    async def is_taken_up(self, talk: Talk) -> None:
        talk.contact = await self.desk.take_up()

    async def is_answered(self, talk: Talk) -> None:
        words = "I am here, and I have time. " * 60
        await self.says(talk, words)
        await self.evening.until(lambda: sum(len(one) for one in self.evening.ours(talk)) > len(words))

    async def all_arrived(self, talk: Talk) -> None:
        for one in self.house.messages:
            if one["to"] == talk.number:
                one["status"] = "delivered"
                for status in ("sent", "delivered"):
                    await self.evening.post("/hooks/sms/status", MessageSid=one["sid"], MessageStatus=status)

    async def one_did_not_arrive(self, talk: Talk) -> None:
        """A phone that was off: the text goes again."""
        await self.says(talk, "Still here?")
        await self.has(talk, "Still here?")
        (one,) = (
            one for one in self.house.messages if (one["to"], one["body"]) == (talk.number, "Still here?")
        )
        one |= {"status": "undelivered", "error_code": 30003}
        form = {"MessageSid": one["sid"], "MessageStatus": "undelivered", "ErrorCode": "30003"}
        await self.evening.post("/hooks/sms/status", **form)
        await self.has(talk, "Still here?", 2)

    async def one_met_silence(self, talk: Talk) -> None:
        """The carrier took it and was not heard to say so."""
        self.house.script_of["send"] = ["take_and_drop"]
        await self.says(talk, "Take your time.")
        await self.has(talk, "Take your time.")

    async def one_was_lost_on_the_way(self, talk: Talk) -> None:
        self.house.script_of["send"] = ["drop"]
        await self.says(talk, "No hurry.")
        await self.has(talk, "No hurry.")

    async def one_was_refused(self, talk: Talk) -> None:
        """Which is told to the lead, and does not stop the next."""
        self.house.script_of["send"] = [error(400, 21617)]
        await self.says(talk, "Is it dark there?")
        await self.says(talk, "Are you warm?")
        await self.has(talk, "Are you warm?")

    async def starts_again(self, talk: Talk) -> None:
        """A death between two texts, and what begins with a start."""
        await self.evening.server.kill()

    async def writes_again(self, talk: Talk) -> None:
        await self._text(talk, "I am")

    async def writes_what_no_hook_brings(self, talk: Talk) -> None:
        before = len(self.evening.ours(talk))
        await self._text(talk, "HELP", hook=False)
        await self.gets(talk, before + 1)

    async def closes_and_opens_their_phone(self, talk: Talk) -> None:
        await self._text(talk, "STOP")
        await self.says(talk, "I hear you.")
        await self._text(talk, "START")
        await self.has(talk, "I hear you.")

    # -- calls ---------------------------------------------------------------------------------------------------------

    async def asks_to_be_rung(self, talk: Talk) -> None:
        await self._text(talk, "CALL ME")
        await self.evening.until(lambda: any("like a call" in one for one in self.evening.ours(talk)))

    async def is_rung(self, talk: Talk) -> None:
        await self._walk(talk, 0)

    async def our_side_answers(self, talk: Talk) -> None:
        await self._walk(talk, 1)

    async def our_side_presses_one(self, talk: Talk) -> None:
        await self._walk(talk, 2)

    async def the_call_ends(self, talk: Talk) -> None:
        await self._walk(talk, 3)

    async def our_leg_ends(self, talk: Talk) -> None:
        await self._walk(talk, 4)

    async def starts_in_the_middle_of_a_press(self, talk: Talk) -> None:
        """A death while the carrier is asked to ring, and what begins with a start after that."""
        self.evening.dies_at(AtCarrier("call", acted=False))
        await self._press(talk)

    async def starts_while_a_call_goes_on(self, talk: Talk) -> None:
        """Whose end nobody is there to hear."""
        call = await self._press(talk)
        while call is None:
            call = await self._press(talk)
        await self._steps_of(call, 2, "1")
        self._ends(call, "completed")
        await self.evening.server.kill()
        await self._until_it_is_over(talk)

    async def a_call_is_refused(self, talk: Talk) -> None:
        self.house.script_of["call"] = [error(400, 21211)]
        await self._press(talk)
        self.house.script_of.clear()

    async def a_call_meets_silence(self, talk: Talk) -> None:
        self.house.script_of["call"] = ["take_and_drop"]
        await self._press(talk)
        self.house.script_of.clear()

    async def our_side_is_busy(self, talk: Talk) -> None:
        await self._walk(talk, 0, ends="busy")

    async def our_side_presses_nothing(self, talk: Talk) -> None:
        await self._walk(talk, 2, digits="")

    async def _press(self, talk: Talk) -> Json | None:
        """A press, until it is known what became of it. The call the carrier has; None when it has none."""
        talk.presses += 1
        await self.desk.press("call_ring", contact=talk.contact)
        while True:
            card = (await self.desk.call("call", {"contact": talk.contact}))["call"]
            if card["placing"] is None:
                return None
            if card["placing"]["placed"]:
                return dict(self.house.calls[-1])
            await asyncio.sleep(0.05)

    async def _walk(self, talk: Talk, far: int, digits: str = "1", ends: str = "completed") -> None:
        """A call so far, and then to its end. The carrier gives a call up whose next step it is not told."""
        call = await self._press(talk)
        while call is None:
            call = await self._press(talk)
        await self._steps_of(call, far, digits)
        # Told once. Whoever was not there to hear it has to ask.
        self._ends(call, ends)
        done = call["StatusCallback"].partition(str(self.evening.server.port))[2]
        await self.evening.post(done, CallSid=call["sid"], CallStatus=ends)
        await self._until_it_is_over(talk)

    def _ends(self, call: Json, status: str) -> None:
        next(one for one in self.house.calls if one["sid"] == call["sid"])["status"] = status

    async def _until_it_is_over(self, talk: Talk) -> None:
        while True:
            card = (await self.desk.call("call", {"contact": talk.contact}))["call"]
            if not card["placing"]:
                break
            await asyncio.sleep(0.05)
        if card["ringing"]:
            await self.desk.press("call_made", contact=talk.contact, outcome="talked")

    async def _steps_of(self, call: Json, far: int, digits: str) -> None:
        port = str(self.evening.server.port)
        path = call["Url"].partition(port)[2]
        if far < 1 or await self.evening.post(path, CallSid=call["sid"]) is None or far < 2:
            return
        path = path.replace("/bridge/", "/connect/")
        if await self.evening.post(path, CallSid=call["sid"], Digits=digits) is None or far < 3:
            return
        path = path.replace("/connect/", "/machine/")
        if await self.evening.post(path, CallSid=call["sid"], AnsweredBy="machine_start") is None:
            return
        path = path.replace("/machine/", "/done/")
        await self.evening.post(path, CallSid=call["sid"], DialCallStatus="completed", DialCallDuration="61")

    async def rings_the_line(self, talk: Talk) -> None:
        """They hang up when they hear nothing, and ring again."""
        for _ in range(20):
            talk.rang += 1
            form = {"CallSid": f"CAin{talk.rings_from}{talk.rang}", "From": talk.rings_from, "To": OURS}
            await self.evening.server.up.wait()
            heard = await self.evening.post("/hooks/voice", **form)
            if (
                heard is not None
                and await self.evening.post("/hooks/voice/key", **form, Digits="1") is not None
            ):
                return
            # The service that just died is not seen to be away before a moment has passed.
            await asyncio.sleep(0.3)

    async def rings_the_line_again(self, talk: Talk) -> None:
        await self.rings_the_line(talk)

    async def is_let_go(self, talk: Talk) -> None:
        await self.desk.let_go(talk.contact)
