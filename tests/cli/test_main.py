"""The `multibot` command as a whole: its home, its help, and how it ends."""

import contextlib
import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from multibot.cli.main import COMMANDS, WITHOUT_HOME, root
from multibot.errors import ExitCode, UsageError
from multibot.home import Home
from tests.unit.config import samples

# Ctrl-C while modules are still being loaded, at a place that is always the same.
INTERRUPTED = """
import sys

class Interrupted:
    def find_spec(self, name, path=None, target=None):
        if name == "click":
            raise KeyboardInterrupt
        return None

sys.meta_path.insert(0, Interrupted())
from multibot.__main__ import main
main()
"""


ASKING = """
import sys, time, click
from multibot.cli import main

@main.root.command("ask")
def ask():
    if sys.argv[1]:
        click.confirm(sys.argv[1], err=True)
    click.echo("at work!", nl=False)
    time.sleep(60)

main.COMMANDS["ask"] = "__main__:ask"
main.main(["ask"])
"""


def invoke(*arguments: str, **environ: str) -> Result:
    return CliRunner().invoke(root, arguments, standalone_mode=False, env=environ)


def run(home: Home, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "multibot", "--home", str(home.root), *arguments],
        env={**os.environ, **samples.TOKENS},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("command", sorted(COMMANDS.keys() - WITHOUT_HOME))
def test_a_home_that_is_not_there_is_refused(tmp_path: Path, command: str) -> None:
    arguments = {"db": ["db", "migrate"], "restart": ["restart", "a"], "run": ["run", "a"]}

    result = invoke("--home", str(tmp_path / "nowhere"), *arguments.get(command, [command]))

    assert isinstance(result.exception, UsageError)
    assert result.exception.where == str(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_a_home_may_come_from_the_environment(tmp_path: Path) -> None:
    result = invoke("down", MULTIBOT_HOME=str(tmp_path / "nowhere"))

    assert isinstance(result.exception, UsageError)
    assert "MULTIBOT_HOME" in invoke("--help").output


def test_an_empty_home_is_not_the_current_folder() -> None:
    result = invoke("--home", "", "down")

    assert isinstance(result.exception, UsageError)
    assert "empty" in str(result.exception)


def groups(group: click.Group, name: str) -> list[tuple[str, click.Group]]:
    context = click.Context(group)
    below = [(each, group.get_command(context, each)) for each in group.list_commands(context)]
    found = [g for each, c in below if isinstance(c, click.Group) for g in groups(c, each)]
    return [(name, group), *found]


@pytest.mark.parametrize(("name", "group"), groups(root, "multibot"))
def test_no_command_is_summed_up_by_half_a_sentence(name: str, group: click.Group) -> None:
    text = CliRunner().invoke(group, ["--help"], prog_name=name, terminal_width=80).output

    assert [line for line in text.splitlines() if line.endswith("...")][1:] == []


@pytest.mark.parametrize(
    ("obstacle", "command"),
    [
        ("data", ["db", "migrate"]),
        ("supervisord.conf", ["render"]),
        ("supervisord.conf", ["up"]),
    ],
)
def test_something_else_in_the_place_of_a_file_is_told(
    home: Home, obstacle: str, command: list[str]
) -> None:
    samples.write(home)
    path = home.root / obstacle
    if obstacle == "data":
        path.touch()
    else:
        path.mkdir()

    done = run(home, *command)

    assert done.returncode == ExitCode.PERMANENT
    assert done.stderr.startswith(f"multibot: {path}: ")
    assert "Move it away" in done.stderr


def test_output_that_nobody_reads_is_no_traceback(home: Home) -> None:
    samples.write(home)
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "multibot", "--home", str(home.root), "render", "--stdout"],
        env={**os.environ, **samples.TOKENS},
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writer)

    assert (done.returncode, done.stderr) == (1, "")


def test_an_error_that_nobody_can_read_keeps_its_exit_code(home: Home) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "multibot", "--home", str(home.root), "up"],
        stdout=writer,
        stderr=writer,
        check=False,
    )
    os.close(writer)

    assert done.returncode == ExitCode.USAGE


@pytest.mark.parametrize("asked", ["Sure?", ""])
def test_ctrl_c_ends_the_line_of_the_terminal_once(asked: str) -> None:
    """In the middle of a question, and in the middle of work."""
    leader, follower = pty.openpty()
    command = [sys.executable, "-c", ASKING, asked]
    with subprocess.Popen(command, stdin=follower, stdout=follower, stderr=follower) as process:
        os.close(follower)
        said = os.read(leader, 100)
        while b"!" not in said and b"?" not in said:
            said += os.read(leader, 100)
        # One that comes just before it begins to read is seen with the next one only.
        while process.poll() is None:
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=5)
        assert process.returncode == 130
    said += os.read(leader, 100)
    os.close(leader)
    assert said.decode().count("\r\n") == 1, said


def test_ctrl_c_while_it_is_being_loaded_is_no_traceback() -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (130, "")


@pytest.mark.parametrize("arguments", [["check", "--json"], ["incidents"], ["--help"]])
def test_output_that_finds_no_room_is_an_error(home: Home, arguments: list[str]) -> None:
    """What a script takes for a result must not be half of one."""
    samples.write(home)
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "multibot", "--home", str(home.root), *arguments],
            env={**os.environ, **samples.TOKENS},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert done.returncode == ExitCode.PERMANENT
    assert "No space left on device" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    leave = f"import os, shutil; os.chdir({str(gone)!r}); shutil.rmtree({str(gone)!r})"
    start = "from multibot.cli.main import main; main(['status'])"
    done = subprocess.run(
        [sys.executable, "-c", f"{leave}; {start}"], capture_output=True, text=True, check=False
    )

    assert done.returncode == ExitCode.USAGE
    assert "the current folder is not there any more" in done.stderr


def test_a_usage_error_is_json_where_json_is_asked_for(home: Home) -> None:
    done = run(home, "incidents", "--json", "--no-such-option")

    assert done.returncode == ExitCode.USAGE
    assert json.loads(done.stderr)["exit_code"] == ExitCode.USAGE


@pytest.mark.parametrize(
    ("word", "near"),
    [("chek", " Did you mean check?"), ("Status", " Did you mean status?"), ("xyz", "")],
)
def test_of_a_word_that_is_no_command_the_nearest_is_suggested(
    home: Home, word: str, near: str
) -> None:
    done = run(home, word)

    assert done.returncode == ExitCode.USAGE
    assert done.stderr.endswith(f"No such command '{word}'.{near}\n")
