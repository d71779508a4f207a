"""What is no file of the first store is one line; what is good beside it is read."""

import os
from pathlib import Path

import pytest

from tests.unit.importing.reading import context, entry, read, write

NO_IDS = "neither its name nor its text says which channel and which person"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A bot's folder with one good turn in it."""
    write(tmp_path / "sage" / "1_2.json", [entry("good")])
    return tmp_path / "sage"


def remark(folder: Path) -> str:
    """Give the only thing there is to say, with the good turn read."""
    turns, (only,) = read(folder.parent)
    assert [turn.content for turn in turns] == ["good"]
    return only


@pytest.mark.parametrize("data", [b"null", b"7", b'"x" [1]', b"\x89PNG\xff\xfe\x00{", b"<html>[]"])
def test_another_programs_file_is_one_line(folder: Path, data: bytes) -> None:
    (folder / "3_4.json").write_bytes(data)

    assert remark(folder) == "sage/3_4.json: is no conversation of the old store"


@pytest.mark.parametrize("name", ["0_4", "3_0", "99999999999999999999_4"])
def test_a_name_with_a_number_that_is_no_id(folder: Path, name: str) -> None:
    write(folder / f"{name}.json", [entry("whose?")])

    assert remark(folder) == f"sage/{name}.json: {NO_IDS}"


def test_a_folder_with_the_name_of_a_file(folder: Path) -> None:
    write(folder / "3_4.json" / "5_6.json", [entry("where?")])

    expected = "sage/3_4.json: is a folder with the name of a file; it was not looked into"
    assert remark(folder) == expected


def test_what_is_neither_a_file_nor_a_folder(tmp_path: Path) -> None:
    pipe = tmp_path / "1_2.json"
    os.mkfifo(pipe)

    assert read(pipe) == ([], [f"{pipe}: is neither a file nor a folder"])


def test_wrong_message_ids_are_counted_and_the_turns_are_kept(tmp_path: Path) -> None:
    ids = [-5, "abc", 2**70, 1.5, 9]
    messages = [entry(str(each), metadata={"message_id": each}) for each in ids]
    write(tmp_path / "sage" / "1_2.json", context(*messages))
    turns, remarks = read(tmp_path)

    assert [turn.content for turn in turns] == [str(each) for each in ids]
    assert [turn.message_id.isdigit() for turn in turns] == [False] * 4 + [True]
    what = "message ids that Discord cannot have given, replaced by made ones"
    assert remarks == [f"sage/1_2.json: {what}: 4"]
