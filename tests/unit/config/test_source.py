"""Whatever lies under a file's name, reading it gives text or one reason."""

import os
from pathlib import Path

import pytest

from multibot.config import source
from multibot.config.source import Refusal


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"a: 1\n", "a: 1\n"),
        (b"\xef\xbb\xbfa: 1\n", "a: 1\n"),
        (b"a: 1\r\nb: 2\r\n", "a: 1\nb: 2\n"),
        (b"a: 1\rb: 2", "a: 1\nb: 2"),
        ("a: é\n".encode(), "a: é\n"),
        (b"a:\t1\n", "a:\t1\n"),
        (b"", ""),
    ],
)
def test_text_has_plain_line_ends_and_no_mark(tmp_path: Path, raw: bytes, text: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(raw)

    assert text == source.read(path)


@pytest.mark.parametrize(
    ("raw", "refusal"),
    [
        ("a: 1".encode("utf-16"), Refusal("is UTF-16 text.", "Save it as UTF-8.", 1)),
        (b"a: 1\nb: \xe9\n", Refusal("is not UTF-8 text.", "Save it as UTF-8.", 2)),
        (b"a: 1\n\nb: \x00\n", Refusal("has a control character in it.", "Remove it.", 3)),
        (
            b"x" * (source.MAX_BYTES + 1),
            Refusal("is larger than 1 MiB.", "Configuration is small; is this the right file?"),
        ),
    ],
)
def test_unusable_content_is_refused(tmp_path: Path, raw: bytes, refusal: Refusal) -> None:
    path = tmp_path / "file"
    path.write_bytes(raw)

    assert refusal == source.read(path)


def message_of(path: Path) -> str:
    result = source.read(path)
    assert isinstance(result, Refusal)
    return result.message


def test_a_file_of_the_greatest_size_is_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * source.MAX_BYTES)

    assert source.read(path) == "x" * source.MAX_BYTES


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert message_of(tmp_path / "nothing") == "does not exist."


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert message_of(tmp_path) == "is not a regular file."


def test_a_named_pipe_is_refused_without_waiting_for_a_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    assert message_of(tmp_path / "pipe") == "is not a regular file."


def test_a_symlink_loop_is_refused(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")

    assert message_of(tmp_path / "loop").startswith("cannot be opened (")


def test_a_name_that_is_none_is_refused(tmp_path: Path) -> None:
    assert message_of(tmp_path / "a\0b") == "cannot be opened (not a file name)."


def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    """Root may read everything, and is told so by the kernel's answer for /proc/self/mem instead."""
    path = tmp_path / "file"
    path.touch(mode=0o000)
    expected = (
        ""
        if os.geteuid() == 0
        else Refusal("may not be read.", "Give your user the right to read it.")
    )

    assert expected == source.read(path)


def test_a_refusal_of_the_kernel_is_said() -> None:
    """Asked directly, as root's tests get no such answer from it."""
    assert source._unopened(PermissionError()).message == "may not be read."


def test_an_error_while_reading_is_refused() -> None:
    """The kernel refuses address 0 of a process, which is a regular file to look at."""
    assert message_of(Path("/proc/self/mem")).startswith("cannot be read (")
