"""The file that says how we are known to the carrier.

    [twilio]
    account = "AC…"
    api_key = "SK…"
    api_secret = "…"
    token = "…"              # signs what the carrier brings us; not used for calls out
    number = "+44 1632 960800"
    service = ""             # a messaging service, if texts go out through one
    region = "ie1"
    edge = "dublin"

It is read once at start, and refused while others on the machine could read it too.
"""

import tomllib
from pathlib import Path
from typing import Any

from helpline.errors import BadRequest
from helpline.given import open_to_others
from helpline.numbers import dialled
from sms.twilio_carrier import Credentials

_NEEDED = ("account", "api_key", "api_secret", "token", "number")
_MAY = ("service", "region", "edge", "origin")


def read_credentials(path: Path, country: str) -> tuple[Credentials, str]:
    """The credentials, and the token that signs. `BadRequest` says what is wrong in the file, and the mend."""
    try:
        others = open_to_others(path)
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadRequest(f"{path.name}: cannot be read ({error}).") from None
    if others:
        raise BadRequest(f"{path.name}: others on this machine can read it. chmod 600 {path.name}")
    table = raw.get("twilio")
    if not isinstance(table, dict):
        raise BadRequest(f"{path.name}: needs a table [twilio].")
    return _checked(path.name, table, country)


def _checked(file: str, table: dict[str, Any], country: str) -> tuple[Credentials, str]:
    wrong = [name for name in table if name not in (*_NEEDED, *_MAY)]
    if wrong:
        raise BadRequest(f"{file}: twilio.{wrong[0]} is not known; there are {', '.join((*_NEEDED, *_MAY))}.")
    for name in (*_NEEDED, *_MAY):
        value = table.get(name, "")
        if not isinstance(value, str):
            raise BadRequest(f"{file}: twilio.{name} must be text, in quotation marks.")
        if name in _NEEDED and not value.strip():
            raise BadRequest(f"{file}: twilio.{name} is missing.")
    for name, begins in (("account", "AC"), ("api_key", "SK")):
        if not table[name].startswith(begins):
            raise BadRequest(f"{file}: twilio.{name} begins with {begins}.")
    number = dialled(table["number"], country)
    if number is None or not number.startswith("+"):
        raise BadRequest(f"{file}: twilio.number “{table['number']}” is no phone number with its area code.")
    given = {name: table[name].strip() for name in ("account", "api_key", "api_secret")}
    more = {name: table.get(name, "").strip() for name in _MAY}
    return Credentials(number=number, **given, **more), table["token"].strip()
