"""Keep a golden example of every kind of event that has none yet: `python -m tests.events.keep`.

A file, once committed, never changes: it stands for what lies in services' data already. A kind that changes raises
its `v`, says in `helpline/sealing.py` how the older one becomes the newer, and gets one more file here.
"""

import json
from pathlib import Path
from typing import Any

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from helpline.events import KINDS, Event
from helpline.ports import Record
from helpline.sealing import CLASSES, open_record, seal_events
from tests.helpline.kinds import event_of

FOLDER = Path(__file__).parent
LOG = "c-0GOLDENEVENT00000000000000"
SEQ = 7


def shown(event: Event) -> dict[str, Any]:
    """An event as JSON has it."""
    plain = {
        "seq": event.seq,
        "at": event.at,
        "by": [event.by.role, event.by.id, event.by.name],
        "kind": event.kind,
        "v": event.v,
        "via": event.via,
        "body": msgspec.structs.asdict(event.body),
        "extra": event.extra,
    }
    as_json: dict[str, Any] = json.loads(msgspec.json.encode(plain))
    return as_json


def golden(event: Event) -> dict[str, Any]:
    """Keys, the sealed record, and what it must open as."""
    keys = {name: bytes([n + 1]) * 32 for n, name in enumerate(CLASSES)}
    body = seal_events(LOG, [event], {name: AESGCM(key) for name, key in keys.items()})
    return {
        "keys": {name: key.hex() for name, key in keys.items()},
        "record": {"log": LOG, "first_seq": event.seq, "count": 1, "body": body.hex()},
        "event": shown(event),
    }


def opened(kept: dict[str, Any]) -> Event:
    """The event of a golden file, with this version of the code."""
    keys = {name: AESGCM(bytes.fromhex(key)) for name, key in kept["keys"].items()}
    record = kept["record"]
    body = bytes.fromhex(record["body"])
    (event,) = open_record(Record(record["log"], record["first_seq"], record["count"], body), keys)
    return event


def path_of(kind: str, v: int) -> Path:
    return FOLDER / f"{kind}.{v}.json"


def main() -> None:
    for kind, body in KINDS.items():
        path = path_of(kind, body.v)
        if not path.exists():
            path.write_text(json.dumps(golden(event_of(kind, SEQ)), indent=1, sort_keys=True) + "\n")
            print(path.name)


if __name__ == "__main__":
    main()
