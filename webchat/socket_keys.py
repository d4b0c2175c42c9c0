"""Where the three namespaces are found in the web application, apart from `keys` so that they may use it."""

from collections.abc import Iterable

from aiohttp import web

from webchat.announcing import Announcing
from webchat.board_socket import BoardSocket
from webchat.desk_socket import DeskSocket
from webchat.person_socket import PersonSocket
from webchat.sockets import Namespace

ANNOUNCING: web.AppKey[Announcing] = web.AppKey("announcing", Announcing)
PERSON_SOCKET: web.AppKey[PersonSocket] = web.AppKey("person_socket", PersonSocket)
DESK_SOCKET: web.AppKey[DeskSocket] = web.AppKey("desk_socket", DeskSocket)
BOARD_SOCKET: web.AppKey[BoardSocket] = web.AppKey("board_socket", BoardSocket)


def namespaces(app: web.Application) -> tuple[Namespace, ...]:
    """All three."""
    return app[PERSON_SOCKET], app[DESK_SOCKET], app[BOARD_SOCKET]


def close_sessions(app: web.Application, sessions: Iterable[str]) -> None:
    """Close every staff socket that was opened with one of these sessions."""
    ended = tuple(sessions)
    app[DESK_SOCKET].close_sessions(ended)
    app[BOARD_SOCKET].close_sessions(ended)
