"""A conversation as the page without JavaScript shows it: what was said, and quiet marks between.

The page's scripts do the same in `static/person/transcript.js`; both word events from the same catalogues.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec

from helpline.shape import Definition
from webchat.words import Words, clock_time, day, day_and_time, name_of

NEW_MARK_AFTER = timedelta(minutes=20)


class Item(msgspec.Struct, kw_only=True):
    """One line. `mark` is the service's; `said` has a speaker. `seq` is the person's own number."""

    kind: Literal["mark", "said"]
    text: str
    seq: int = 0
    mine: bool = False
    speaker: str = ""
    lang: str = ""
    changed: bool = False
    gone: bool = False


class Transcript:
    """Folds events of docs/protocol.md, in order, into lines in one language. Kinds it does not know are passed over."""

    def __init__(self, words: Words, definition: Definition, now: datetime) -> None:
        self._words = words
        self._definition = definition
        self._now = now
        self._marked: datetime | None = None
        self._with = ""
        self.items: list[Item] = []
        self.left = False
        """They ended it themselves and have not written since."""

    def add(self, events: Iterable[dict[str, Any]]) -> "Transcript":
        for event in events:
            at = event["at"] if isinstance(event["at"], datetime) else datetime.fromisoformat(event["at"])
            self._add(event, at)
            if event["kind"] == "left":
                self.left = True
            elif event["kind"] == "reopened" or event["by"]["role"] == "person":
                self.left = False
        return self

    def _add(self, event: dict[str, Any], at: datetime) -> None:
        match event["kind"]:
            case "said":
                self._said(event, at)
            case "corrected":
                self._change(event["of"], event["text"], gone=False)
            case "withdrawn":
                self._change(event["of"], self._words["talk.taken_back"], gone=True)
            case _:
                if text := self._mark(event, at):
                    due = self._time_due(at)
                    self.items.append(Item(kind="mark", text=f"{due}. {text}" if due else text))

    def _said(self, event: dict[str, Any], at: datetime) -> None:
        if due := self._time_due(at):
            self.items.append(Item(kind="mark", text=due))
        mine = event["by"]["role"] == "person"
        name = event["by"].get("name", "")
        speaker = self._words["talk.you_said"] if mine else self._words.fill("talk.they_said", name=name)
        text = self._words["talk.not_kept"] if event["text"] is None else event["text"]
        self.items.append(
            Item(
                kind="said",
                text=text,
                seq=event["seq"],
                mine=mine,
                speaker=speaker,
                lang=event.get("lang") or "",
            )
        )
        if not mine:
            self._with = name or self._with

    def _change(self, of: int, text: str | None, *, gone: bool) -> None:
        for item in self.items:
            if item.kind == "said" and item.seq == of:
                item.text = self._words["talk.not_kept"] if text is None else text
                item.changed, item.gone = not gone, gone

    def _mark(self, event: dict[str, Any], at: datetime) -> str:
        words, name = self._words, event["by"].get("name", "")
        match event["kind"]:
            case "started":
                return self._message("words_kept")
            case "accepted":
                key = "supporter_changed" if self._with not in ("", name) else "supporter_joined"
                self._with = name
                return self._message(key, name=name)
            case "joined":
                self._with = name
                key = f"mark.joined_{event.get('how', '')}"
                return words.fill(key if key in words.texts else "mark.joined", name=name)
            case "closed":
                return words["mark.closed_silence"] if event["why"] == "silence" else self._message("ended")
            case "told":
                return self._told(event, at)
            case "choice_made":
                kind, _, tag = event["choice"].partition(":")
                return words.fill(f"mark.choice_{kind}", language=name_of(tag, words.language) if tag else "")
            case "reopened":
                return self._message("waiting") if event["open"] else ""
            case "plan_opened":
                return words[f"mark.plan_{event['how']}"]
            case "stepped_out" | "released" | "not_safe" | "call_me" as kind:
                return words.fill(f"mark.{kind}", name=name)
            case _:
                return ""

    def _told(self, event: dict[str, Any], at: datetime) -> str:
        key, opens = event["what"], event.get("opens_at")
        if key == "closed" and opens is None:
            key = "closed_until_told"
        if isinstance(opens, str):
            opens = datetime.fromisoformat(opens)
        zone, language = self._definition.zone, self._words.language
        said = day_and_time(opens, zone, language, at) if opens else ""
        return self._message(key, name=self._with, opens_at=said)

    def _message(self, key: str, **values: str) -> str:
        if key not in self._definition.messages:
            return ""
        return self._definition.message(key, self._words.language, **values).text

    def _time_due(self, at: datetime) -> str:
        """The day and time, when it is new or there was a long silence."""
        last, self._marked = self._marked, at
        zone, language = self._definition.zone, self._words.language
        if (
            last is not None
            and day_number(last, zone) == day_number(at, zone)
            and at - last <= NEW_MARK_AFTER
        ):
            return ""
        time = clock_time(at, zone, language)
        days = day_number(self._now, zone) - day_number(at, zone)
        if days in (0, 1):
            return self._words.fill("talk.today" if days == 0 else "talk.yesterday", time=time)
        return self._words.fill("talk.day", day=day(at, zone, language), time=time)


def day_number(at: datetime, zone: str) -> int:
    """The day of an instant in `zone`, counted so that the next day is one more."""
    return at.astimezone(ZoneInfo(zone)).date().toordinal()
