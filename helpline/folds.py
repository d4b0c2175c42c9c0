"""What each kind of log folds into, empty, by the first two characters of its id."""

from collections.abc import Callable

from helpline.attendance import Attendance
from helpline.book_log import BookLog
from helpline.contact import Contact
from helpline.directory_book import DirectoryBook
from helpline.directory_past import DirectoryLog
from helpline.logbook import Fold
from helpline.phrase_book import PhraseLists
from helpline.plan import Plan
from rota.book import Book


def _contact(log_id: str) -> Contact:
    return Contact(log_id)


def _rota(log_id: str) -> BookLog[Book]:
    return BookLog(log_id, Book())


def _attendance(log_id: str) -> Attendance:
    return Attendance(log_id)


def _plan(log_id: str) -> Plan:
    return Plan(log_id)


def _directory(log_id: str) -> DirectoryLog:
    return DirectoryLog(log_id, DirectoryBook())


def _phrases(log_id: str) -> BookLog[PhraseLists]:
    return BookLog(log_id, PhraseLists())


EMPTIES: dict[str, Callable[[str], Fold]] = {
    "c-": _contact,
    "a-": _attendance,
    "r-": _rota,
    "d-": _directory,
    "l-": _phrases,
    "w-": _plan,
}
