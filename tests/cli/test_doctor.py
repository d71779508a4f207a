import json
import os
import socket
import stat
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from multibot.cli import examination
from multibot.cli.doctor import doctor, examine
from multibot.cli.examination import Finding, Level
from multibot.cli.init import create
from multibot.errors import ExitCode
from multibot.home import Home
from multibot.store import connection
from multibot.store.migrate import migrate
from tests.fakes import FakeClock

TOKENS = {
    "DISCORD_TOKEN_SAGE": "sandbox-token-one",
    "DISCORD_TOKEN_SPARK": "sandbox-token-two",
    "DISCORD_TOKEN_LOGIC": "sandbox-token-three",
}
SANDBOX = {"MULTIBOT_DISCORD_API": "http://127.0.0.1:9/api/v10"}


@pytest.fixture
def fleet() -> Iterator[Home]:
    """A home with a short path: pytest's own folders are too long for a socket."""
    with tempfile.TemporaryDirectory(prefix="mb-") as folder:
        home = Home(Path(folder) / "fleet")
        create(home)
        yield home


def findings(
    home: Home, clock: FakeClock, environ: Mapping[str, str] = TOKENS | SANDBOX
) -> dict[str, Finding]:
    return {finding.subject: finding for finding in examine(home, environ, clock)}


def run(home: Home, *arguments: str, environ: Mapping[str, str] = TOKENS | SANDBOX) -> Result:
    runner = CliRunner(env=dict(environ))
    return runner.invoke(doctor, arguments, obj=home, standalone_mode=False)


def test_a_new_home_with_tokens_has_nothing_wrong(fleet: Home, clock: FakeClock) -> None:
    """Of the machine under the test only what is the same everywhere is asserted."""
    found = findings(fleet, clock)

    assert [
        str(finding)
        for subject, finding in found.items()
        if subject not in {"disk", "file system", "open files"} and not subject.startswith("pyc")
        if finding.level is not Level.OK
    ] == []


def test_every_bot_s_token_is_looked_at(fleet: Home, clock: FakeClock) -> None:
    found = findings(fleet, clock)

    assert {"token sage", "token spark", "token logic"} <= found.keys()


def test_made_up_tokens_are_noticed_when_they_are_meant_for_discord(
    fleet: Home, clock: FakeClock
) -> None:
    found = findings(fleet, clock, TOKENS)

    assert found["token sage"].level is Level.WARN
    assert "sandbox-token" not in str(found)


def test_missing_tokens_are_configuration_faults_with_their_names(
    fleet: Home, clock: FakeClock
) -> None:
    faults = [f for f in examine(fleet, {}, clock) if f.subject == "config"]

    assert all(f.level is Level.FAIL for f in faults)
    assert any("DISCORD_TOKEN_SAGE" in str(fault) for fault in faults)


@pytest.mark.parametrize("mode", [0o644, 0o666])
def test_of_an_open_env_file_it_is_warned_in_one_line_as_check_does(
    fleet: Home, clock: FakeClock, mode: int
) -> None:
    fleet.dotenv.chmod(mode)

    found = findings(fleet, clock)[".env"]

    assert found.level is Level.WARN
    assert found.remedy == f"Run: chmod 600 {fleet.dotenv}"
    assert run(fleet).stdout.count(f"{mode:04o}") == 1


def test_an_open_data_folder_is_pointed_out(fleet: Home, clock: FakeClock) -> None:
    fleet.data.chmod(0o755)

    assert findings(fleet, clock)["data"].level is Level.WARN


def test_a_file_handed_to_a_bot_must_be_closed(fleet: Home, clock: FakeClock) -> None:
    fleet.run.mkdir(mode=0o700)
    fleet.bot_environment("sage").touch()
    fleet.bot_environment("sage").chmod(0o644)

    assert findings(fleet, clock)["sage.env"].level is Level.FAIL


def test_somebody_else_s_supervisord_conf_is_pointed_out(fleet: Home, clock: FakeClock) -> None:
    fleet.supervisord_conf.write_text("[supervisord]\n")

    assert findings(fleet, clock)["conf"].level is Level.FAIL


@pytest.mark.parametrize("content", [b"no database at all" * 100, b"", None])
def test_a_destroyed_database_is_noticed(
    fleet: Home, clock: FakeClock, content: bytes | None
) -> None:
    migrate(fleet, clock)
    assert findings(fleet, clock)["database"].level is Level.OK
    if content is None:
        data = bytearray(fleet.database.read_bytes())
        data[4096:] = b"\xff" * (len(data) - 4096)
        content = bytes(data)
    fleet.database.write_bytes(content)

    found = findings(fleet, clock)["database"]

    assert found.level is (Level.FAIL if content else Level.OK)
    assert "db restore" in str(found) or not content


def test_a_database_of_a_newer_version_is_noticed(fleet: Home, clock: FakeClock) -> None:
    migrate(fleet, clock)
    writer = connection.open_writer(fleet.database)
    writer.execute(f"PRAGMA user_version = {connection.SCHEMA_VERSION + 1}")
    writer.close()

    assert findings(fleet, clock)["database"].level is Level.FAIL


def test_a_home_that_cannot_be_written_is_noticed() -> None:
    """A read-only disk cannot be made here; the examination is told of one."""
    (found,) = examination.place("home", Path("/home"), is_folder=True, writable=False)

    assert (found.level, "read-only" in found.message) == (Level.FAIL, True)
    assert list(examination.place("home", Path("/home"), is_folder=True, writable=True)) == []


def test_a_file_in_the_place_of_a_folder_is_noticed(fleet: Home, clock: FakeClock) -> None:
    fleet.data.rmdir()
    fleet.data.touch(mode=0o600)

    said = [str(f) for f in examine(fleet, TOKENS | SANDBOX, clock) if f.subject == "data"]

    assert any("is no folder. Move it away" in text for text in said)


def test_a_folder_in_the_place_of_the_configuration_is_noticed(
    fleet: Home, clock: FakeClock
) -> None:
    fleet.supervisord_conf.mkdir()

    found = findings(fleet, clock)["conf"]

    assert (found.level, found.remedy) == (Level.FAIL, "Move it away.")


def test_the_socket_of_a_home_that_passes_can_be_bound(fleet: Home, clock: FakeClock) -> None:
    """supervisord binds its own process id behind the name first, and that has to fit too."""
    deep = Home(fleet.root / "x")
    missing = 99 - len(os.fsencode(deep.socket))
    assert missing > 0
    deep = Home(fleet.root / ("x" * (missing + 1)))
    deep.run.mkdir(parents=True)

    assert findings(deep, clock)["socket"].level is Level.OK
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(f"{deep.socket}.4194304")


def test_a_home_one_byte_longer_does_not_pass(fleet: Home, clock: FakeClock) -> None:
    missing = 99 - len(os.fsencode(Home(fleet.root / "x").socket))

    too_deep = Home(fleet.root / ("x" * (missing + 2)))

    assert findings(too_deep, clock)["socket"].level is Level.FAIL


def test_a_home_that_is_not_there_is_one_fault_and_no_crash(
    tmp_path: Path, clock: FakeClock
) -> None:
    found = findings(Home(tmp_path / "nowhere"), clock)

    assert found["home"].level is Level.FAIL
    assert "multibot init" in found["home"].remedy


def test_a_clock_that_was_set_back_is_noticed(fleet: Home, clock: FakeClock) -> None:
    fleet.database.touch()
    later = clock.now().timestamp() + 3600
    os.utime(fleet.database, (later, later))

    assert findings(fleet, clock)["clock"].level is Level.WARN


def test_the_command_prints_a_line_for_each_finding(fleet: Home) -> None:
    lines = run(fleet).output.splitlines()

    assert lines
    assert all(line.split()[0] in {"ok", "warn", "fail"} for line in lines)


@pytest.mark.parametrize("environ", [TOKENS | SANDBOX, {}])
def test_the_exit_code_is_78_when_something_fails(fleet: Home, environ: Mapping[str, str]) -> None:
    result = run(fleet, "--json", environ=environ)

    body = json.loads(result.output)
    failed = any(finding["level"] == "fail" for finding in body["findings"])
    assert body["ok"] is not failed
    assert result.return_value == (ExitCode.PERMANENT if failed else ExitCode.OK)
    assert failed or environ


def test_no_token_is_printed(fleet: Home) -> None:
    text = run(fleet).output + run(fleet, "--json").output

    assert not any(token in text for token in TOKENS.values())


def test_doctor_changes_nothing(fleet: Home, clock: FakeClock) -> None:
    def state() -> dict[str, int]:
        return {str(p): stat.S_IMODE(p.stat().st_mode) for p in fleet.root.rglob("*")}

    before = state()
    findings(fleet, clock)

    assert state() == before
