"""Secrets that the environment gives, themselves or as files."""

import os
from pathlib import Path

import pytest

from helpline.errors import BadRequest
from helpline.given import given, open_to_others
from helpline.settings import address_in_environment, bus_in_environment

SECRET = "mongodb://helpline:s3cret@db1/?replicaSet=night"


def test_a_value_is_taken_as_it_is_and_nothing_is_nothing() -> None:
    assert given("HELPLINE_STORE", {"HELPLINE_STORE": SECRET}) == SECRET
    assert given("HELPLINE_STORE", {}) == ""


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_file_gives_its_line_without_the_end(tmp_path: Path, end: str) -> None:
    file = tmp_path / "store"
    file.write_bytes((SECRET + end).encode())
    assert given("HELPLINE_STORE", {"HELPLINE_STORE_FILE": str(file)}) == SECRET
    assert given("HELPLINE_STORE", {"HELPLINE_STORE": "", "HELPLINE_STORE_FILE": str(file)}) == SECRET


@pytest.mark.parametrize("content", [None, b"", b"\n", b"\xff\xfe"])
def test_a_file_that_is_missing_empty_or_no_text_is_named_with_its_setting(
    tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "store"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(BadRequest, match="HELPLINE_STORE_FILE") as refused:
        given("HELPLINE_STORE", {"HELPLINE_STORE_FILE": str(file)})
    assert str(file) in refused.value.message


def test_a_value_beside_a_file_is_refused_and_neither_is_repeated(tmp_path: Path) -> None:
    file = tmp_path / "store"
    file.write_text("another")
    with pytest.raises(BadRequest) as refused:
        given("HELPLINE_STORE", {"HELPLINE_STORE": SECRET, "HELPLINE_STORE_FILE": str(file)})
    assert "s3cret" not in refused.value.message
    assert "another" not in refused.value.message


def test_the_stores_and_the_buss_address_may_stand_in_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, address, read in (
        ("HELPLINE_STORE", SECRET, address_in_environment),
        ("HELPLINE_BUS", "rediss://:s3cret@redis/0", bus_in_environment),
    ):
        (tmp_path / name).write_text(f"{address}\n")
        monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv(f"{name}_FILE", str(tmp_path / name))
        assert read() == address


@pytest.mark.parametrize(
    ("mode", "of_another", "others"),
    [
        (0o600, False, False),
        (0o400, False, False),
        (0o440, False, True),
        (0o604, False, True),
        (0o440, True, False),
        (0o444, True, True),
        (0o460, True, True),
    ],
)
def test_a_file_of_secrets_is_ours_alone_or_anothers_whose_group_may_read_it(
    tmp_path: Path, mode: int, of_another: bool, others: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "service.key"
    file.touch()
    file.chmod(mode)
    if of_another:
        monkeypatch.setattr(os, "geteuid", lambda: file.stat().st_uid + 1)
    assert open_to_others(file) is others
