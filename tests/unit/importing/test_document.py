"""A file as it is opened: which encoding it is in, and what is no file to be read."""

import os
from pathlib import Path

import pytest

from multibot.importing import document
from multibot.importing.document import CHUNK, UnreadableError
from multibot.importing.encoding import is_garbled

UMLAUTS = '[{"content": "Grüße aus Köln, „schön“"}]'


def read(path: Path) -> tuple[str, str, str]:
    """Give a file's text, its encoding, and what is said of that."""
    with document.opened(path, path.name) as opened:
        return "".join(opened.chunks()), opened.encoding.name, opened.encoding.remark


@pytest.mark.parametrize(
    ("encoding", "found", "remark"),
    [
        ("utf-8", "utf-8", ""),
        ("utf-8-sig", "utf-8-sig", ""),
        ("utf-16", "utf-16", "read as UTF-16"),
        ("utf-16-le", "utf-16-le", "read as UTF-16-LE"),
        ("utf-16-be", "utf-16-be", "read as UTF-16-BE"),
        ("utf-32-le", "utf-32-le", "read as UTF-32-LE"),
        ("cp1252", "cp1252", "is not UTF-8; read as cp1252"),
    ],
)
def test_an_encoding_is_found_and_named(
    tmp_path: Path, encoding: str, found: str, remark: str
) -> None:
    path = tmp_path / "1_2.json"
    path.write_bytes(UMLAUTS.encode(encoding))

    assert read(path) == (UMLAUTS, found, remark)


def test_a_fault_in_a_long_text_does_not_change_its_encoding(tmp_path: Path) -> None:
    path = tmp_path / "1_2.json"
    path.write_bytes(("Köln " * 50).encode() + b"\xff" + "Köln".encode())
    text, name, remark = read(path)

    assert (name, remark) == ("utf-8", "bytes that are not UTF-8 and were replaced: 1")
    assert text == "Köln " * 50 + "\ufffdKöln"


def test_a_text_cut_inside_a_character_stays_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "1_2.json"
    path.write_bytes('["Kö'.encode()[:-1])

    assert read(path) == ('["K\ufffd', "utf-8", "ends in the middle of a character")


def test_a_file_that_fails_on_the_way_says_so(tmp_path: Path) -> None:
    path = tmp_path / "1_2.json"
    path.write_text("x" * (CHUNK + 1))
    with document.opened(path, path.name) as opened:
        pieces = opened.chunks()
        next(pieces)

    with pytest.raises(UnreadableError, match=r"cannot be read \(Bad file descriptor\)"):
        next(pieces)


def test_a_large_file_comes_in_pieces_with_no_character_cut(tmp_path: Path) -> None:
    path = tmp_path / "1_2.json"
    text = "ö" * (CHUNK + 1)
    path.write_bytes(b"x" + text.encode())
    sizes: list[int] = []

    with document.opened(path, "1_2.json") as opened:
        assert "".join(opened.chunks(sizes.append)) == "x" + text
    assert sum(sizes) == opened.size == 2 * CHUNK + 3


def test_a_change_while_it_is_read_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "1_2.json"
    path.write_text("[]")
    with document.opened(path, "1_2.json") as opened:
        assert not opened.has_changed
        path.write_text("[1]")
        assert opened.has_changed


def test_what_is_no_file_is_not_read(tmp_path: Path) -> None:
    """A pipe must not be waited for, and a link must not lead anywhere."""
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "real.json").write_text("[]")
    (tmp_path / "link.json").symlink_to(tmp_path / "real.json")

    for name in ("pipe.json", "folder.json"):
        with pytest.raises(UnreadableError, match="is not a file"):
            read(tmp_path / name)
    for name in ("link.json", "missing.json", "zero\x00.json"):
        with pytest.raises(UnreadableError, match="cannot be read"):
            read(tmp_path / name)


@pytest.mark.parametrize("text", ["GrÃ¼ÃŸe", "itâ€™s", "cafÃ©"])
def test_a_text_that_was_spoiled_before_is_seen(text: str) -> None:
    assert is_garbled(text)


@pytest.mark.parametrize("text", ["plain", "Grüße", "Ã", "São João", "日本"])
def test_a_text_as_it_should_be_is_not_taken_for_spoiled(text: str) -> None:
    assert not is_garbled(text)
