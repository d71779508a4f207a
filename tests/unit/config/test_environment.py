"""Variables come from `.env`, the environment and the hand-over file, in this order."""

from pathlib import Path

import pytest

from multibot.config.environment import dotenv_faults, read_environment
from multibot.home import Home
from tests.unit.config.samples import TOKEN_SHAPED


def test_the_later_source_wins(home: Home) -> None:
    home.dotenv.write_text("A=file\nB=file\nC=file\n")
    home.run.mkdir(parents=True)
    home.bot_environment("sage").write_text("C=handed\n")

    assert read_environment(home, {"B": "env", "C": "env"}, "sage") == {
        "A": "file",
        "B": "env",
        "C": "handed",
    }


def test_another_bots_hand_over_is_not_read(home: Home) -> None:
    home.run.mkdir(parents=True)
    home.bot_environment("spark").write_text("C=handed\n")

    assert read_environment(home, {}, "sage") == {}
    assert read_environment(home, {}) == {}


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=x", "x"),
        ("export A=x", "x"),
        ("A = x # a comment", "x"),
        ("A='x y'", "x y"),
        ('A="x\\ny"', "x\ny"),
        ("A=${B}", "${B}"),
        ("A='$B'", "$B"),
        ("A=", ""),
        ("A=1\nA=2", "2"),
        ("\ufeffA=x", "x"),
        ("A=x\r\nB=y\r", "x"),
    ],
)
def test_dotenv_is_read_as_it_is_written(home: Home, line: str, value: str) -> None:
    home.dotenv.write_bytes(line.encode())

    assert value == read_environment(home, {})["A"]


@pytest.mark.parametrize("line", ["A", "# A=x", "", "= x"])
def test_a_line_without_a_value_sets_nothing(home: Home, line: str) -> None:
    home.dotenv.write_text(line)

    assert read_environment(home, {}) == {}


def test_no_dotenv_is_in_order(home: Home) -> None:
    assert dotenv_faults(home.dotenv) == []


def private(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    path.chmod(0o600)
    return path


def test_a_private_dotenv_is_in_order(home: Home) -> None:
    assert dotenv_faults(private(home.dotenv, b"# tokens\n\nA=x\nexport B='y'\nC=\n")) == []


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o620, 0o606])
def test_a_dotenv_that_others_may_read_is_a_warning(home: Home, mode: int) -> None:
    private(home.dotenv, b"A=x\n").chmod(mode)

    (fault,) = dotenv_faults(home.dotenv)

    assert f"may be read or changed by other users (mode {mode:04o})." == fault.message
    assert (fault.severity, fault.file, fault.remedy) == ("warning", ".env", "Run: chmod 600 .env")


@pytest.mark.parametrize(
    ("content", "message", "line", "severity"),
    [
        (b"A=x\n\nwhat is this\n", "has a line that is no NAME=value.", 3, "error"),
        (b"A=x\nB=y\n\n# again\nA=z\n", "sets A twice; the last one counts.", 5, "warning"),
        (b"A=x\nB\n", "has a line without `=`, which sets nothing.", 2, "warning"),
        (b"A=\xff\n", "is not UTF-8 text.", 1, "error"),
        (b"A=x\nB=\x00\n", "has a control character in it.", 2, "error"),
        ("A=x\n".encode("utf-16"), "is UTF-16 text.", 1, "error"),
        (b"A=" + b"x" * 1024 * 1024, "is larger than 1 MiB.", None, "error"),
    ],
)
def test_a_dotenv_that_does_not_fit_is_a_fault(
    home: Home, content: bytes, message: str, line: int | None, severity: str
) -> None:
    (fault,) = dotenv_faults(private(home.dotenv, content))

    assert (message, line, severity) == (fault.message, fault.line, fault.severity)


def test_a_folder_or_a_loop_in_place_of_dotenv_is_a_fault(home: Home) -> None:
    home.dotenv.mkdir()
    (fault,) = dotenv_faults(home.dotenv)
    loop = home.root / "loop"
    loop.symlink_to(loop)
    (looping,) = dotenv_faults(loop)

    assert fault.message == "is not a regular file."
    assert looping.message.startswith("cannot be opened (")
    assert read_environment(home, {}) == {}


def test_a_token_without_its_name_is_not_repeated(home: Home) -> None:
    token = TOKEN_SHAPED

    (fault,) = dotenv_faults(private(home.dotenv, f"A=x\n{token}\n".encode()))

    assert fault.line == 2
    assert token not in str(fault.as_dict())
