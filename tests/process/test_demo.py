"""However the demo ends, nothing of it is left; unless somebody else has stopped its fleet."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.process.stand import command_line, eventually

# A signal at a moment that is always the same: the folder is there, and no loop runs yet.
EARLY = """
import os
import signal
import sys

class Sender:
    def find_spec(self, name, path=None, target=None):
        if name == "multibot.cli.init":
            os.kill(os.getpid(), signal.SIGTERM)
        return None

sys.meta_path.insert(0, Sender())
from multibot.cli.main import main
main(["demo", "--port", "0"])
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A place for the demo's home whose path is short enough for a socket."""
    path = Path(tempfile.mkdtemp(prefix="mb-"))
    yield path
    for pid in processes(path):
        os.kill(pid, signal.SIGKILL)
    shutil.rmtree(path)


def processes(folder: Path) -> list[int]:
    """Find what runs in a home below this folder, or was told of one."""
    found = []
    for path in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if path.name.isdigit() and (
                (path / "cwd").readlink().is_relative_to(folder)
                or str(folder).encode() in command_line(int(path.name))
            ):
                found.append(int(path.name))
    return found


def demo(folder: Path, *options: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "multibot", "demo", "--port", "0", *options],
        env={**os.environ, "TMPDIR": str(folder)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def read_until(process: "subprocess.Popen[str]", text: str) -> str:
    lines = ""
    while text not in lines:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, lines
        lines += line
    return lines


def close_output(process: "subprocess.Popen[str]") -> None:
    for stream in (process.stdout, process.stderr):
        assert stream is not None
        stream.close()


@pytest.mark.parametrize("word", ["Starting", "Ctrl-C stops"])
def test_killed_without_mercy_no_process_of_it_lives_on(folder: Path, word: str) -> None:
    with demo(folder) as process:
        read_until(process, word)
        assert eventually(lambda: bool(processes(folder)))
        process.kill()

    assert eventually(lambda: processes(folder) == [])


@pytest.mark.parametrize("word", ["Starting", "Ctrl-C stops"])
def test_a_closed_terminal_stops_it_and_removes_its_home(folder: Path, word: str) -> None:
    with demo(folder) as process:
        read_until(process, word)
        close_output(process)
        process.send_signal(signal.SIGHUP)
        code = process.wait(60)

    assert code == 0
    assert processes(folder) == []
    assert list(folder.iterdir()) == []


def test_a_demo_that_nobody_can_read_ends(folder: Path) -> None:
    with demo(folder) as process:
        read_until(process, "Starting")
        close_output(process)
        code = process.wait(90)

    assert code == 0
    assert processes(folder) == []
    assert list(folder.iterdir()) == []


def test_ctrl_c_is_its_ordinary_end(folder: Path) -> None:
    with demo(folder) as process:
        said = read_until(process, "Ctrl-C stops")
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=60)

    assert "multibot sandbox say" in said
    assert "nothing is left running" in rest
    assert (process.returncode, errors) == (0, "")
    assert list(folder.iterdir()) == []


def test_the_home_stays_when_somebody_else_stops_the_fleet(folder: Path) -> None:
    with demo(folder) as process:
        read_until(process, "Ctrl-C stops")
        (home,) = folder.iterdir()
        down = [sys.executable, "-m", "multibot", "--home", str(home), "down"]
        subprocess.run(down, check=True, capture_output=True)
        rest, errors = process.communicate(timeout=60)

    assert f"home stays at {home}" in rest
    assert "somebody else has stopped" in errors
    assert process.returncode == 1
    assert (home / "data" / "conversations.db").is_file()


def test_a_signal_before_anything_runs_leaves_no_home(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", EARLY],
        env={**os.environ, "TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr.strip()) == (130, "")
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("name", ["a" * 90, "a%b"])
def test_an_unfit_temporary_folder_is_told_once(folder: Path, name: str) -> None:
    unfit = folder / name
    unfit.mkdir()

    with demo(unfit) as process:
        _, errors = process.communicate(timeout=60)

    assert process.returncode == 78
    assert errors.count("multibot: ") == 1
    assert "Set TMPDIR" in errors
    assert "--home" not in errors
    assert list(unfit.iterdir()) == []


@pytest.mark.parametrize(
    ("host", "reason"), [("192.0.2.1", "assign requested address"), ("bad host", "not known")]
)
def test_an_address_that_is_not_ours_is_told(folder: Path, host: str, reason: str) -> None:
    with demo(folder, "--host", host) as process:
        _, errors = process.communicate(timeout=60)

    assert process.returncode == 75
    assert reason in errors
    assert "Choose another with --host." in errors
