"""The typed places of the web application where its parts find each other."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from helpline.people import People
from helpline.service import Helpline
from helpline.sessions import Sessions
from helpline.settings import Settings
from helpline.shape import Definition
from webchat.engine import SocketServer

SETTINGS: web.AppKey[Settings] = web.AppKey("settings", Settings)
DEFINITION: web.AppKey[Definition] = web.AppKey("definition", Definition)
HELPLINE: web.AppKey[Helpline] = web.AppKey("helpline", Helpline)
PEOPLE: web.AppKey[People] = web.AppKey("people", People)
SESSIONS: web.AppKey[Sessions] = web.AppKey("sessions", Sessions)
SIO: web.AppKey[SocketServer] = web.AppKey("sio", SocketServer)
WORDS: web.AppKey[Mapping[str, Any]] = web.AppKey("words", Mapping)
# What a carrier's codes mean: `{code: {words, then}}`, from the phone line, for who reads the desk.
REFUSALS: web.AppKey[Mapping[str, Mapping[str, str]]] = web.AppKey("refusals", Mapping)
