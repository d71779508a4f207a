import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from multibot.cli import examination
from multibot.cli.examination import Finding, Level

NOW = datetime(2026, 8, 1, 12, 0, tzinfo=UTC)
HOME = Path("fleet")


def folder(mode: int) -> int:
    return stat.S_IFDIR | mode


def file(mode: int) -> int:
    return stat.S_IFREG | mode


@pytest.mark.parametrize(
    ("finding", "level"),
    [
        (examination.python((3, 10, 14)), Level.FAIL),
        (examination.python((3, 11, 0)), Level.OK),
        (examination.python((4, 0, 0)), Level.OK),
        (examination.sqlite((3, 51, 2), "sqlite3", (3, 51, 3)), Level.FAIL),
        (examination.sqlite((3, 51, 3), "sqlite3", (3, 51, 3)), Level.OK),
        (examination.supervisor(None), Level.FAIL),
        (examination.supervisor("4.2.5"), Level.WARN),
        (examination.supervisor("4.3.0"), Level.OK),
        (examination.compiled("multibot", HOME, 3, 60), Level.WARN),
        (examination.compiled("multibot", HOME, 0, 60), Level.OK),
        (examination.home_folder(HOME, None), Level.FAIL),
        (examination.home_folder(HOME, folder(0o700)), Level.OK),
        (examination.home_folder(HOME, folder(0o755)), Level.WARN),
        (examination.home_folder(HOME, folder(0o775)), Level.FAIL),
        (examination.unreadable("fleet/data", "Permission denied"), Level.FAIL),
        (examination.private(".env", HOME, None, secret=True), Level.OK),
        (examination.private(".env", HOME, file(0o600), secret=True), Level.OK),
        (examination.private(".env", HOME, file(0o640), secret=True), Level.FAIL),
        (examination.private("data", HOME, folder(0o755)), Level.WARN),
        (examination.private("data", HOME, folder(0o777)), Level.FAIL),
        (examination.owner([], 1000), Level.OK),
        (examination.owner([HOME], 1000), Level.FAIL),
        (examination.conf_file(HOME, None, ours=False), Level.OK),
        (examination.conf_file(HOME, "[supervisord]", ours=False), Level.FAIL),
        (examination.conf_file(HOME, "; ours", ours=True), Level.OK),
        (examination.socket_path(b"x" * 99, 99), Level.OK),
        (examination.socket_path(b"x" * 100, 99), Level.FAIL),
        (examination.file_system(None, network=False), Level.OK),
        (examination.file_system("ext4", network=False), Level.OK),
        (examination.file_system("nfs4", network=True), Level.FAIL),
        (examination.disk(2 * 1024**3), Level.OK),
        (examination.disk(1024**3 - 1), Level.WARN),
        (examination.disk(100 * 1024**2 - 1), Level.FAIL),
        (examination.open_files(None), Level.OK),
        (examination.open_files(4096), Level.OK),
        (examination.open_files(4095), Level.FAIL),
        (examination.wall_clock(NOW, None), Level.OK),
        (examination.wall_clock(NOW, NOW + timedelta(minutes=1)), Level.OK),
        (examination.wall_clock(NOW, NOW + timedelta(minutes=2)), Level.WARN),
        (examination.wall_clock(datetime(1970, 1, 1, tzinfo=UTC), None), Level.FAIL),
    ],
    ids=str,
)
def test_each_examination_judges_its_facts(finding: Finding, level: Level) -> None:
    """The level is right, and everything that is not ok says what to do."""
    assert finding.level is level
    assert bool(finding.remedy) == (level is not Level.OK)


def looks_like_a_token() -> str:
    return ".".join(("M" * 24, "a" * 6, "b" * 38))


@pytest.mark.parametrize(
    ("value", "level", "hint"),
    [
        (None, Level.FAIL, "unset"),
        (f"{looks_like_a_token()} ", Level.FAIL, "white space"),
        (f'"{looks_like_a_token()}"', Level.FAIL, "quotation"),
        (f"Bot {looks_like_a_token()}", Level.FAIL, "Bot"),
        ("123456789012345678", Level.WARN, "user id"),
        ("0123456789abcdef" * 4, Level.WARN, "public key"),
        ("abcdefgh" * 4, Level.WARN, "client secret"),
        ("something else", Level.FAIL, "white space"),
        ("something-else", Level.WARN, "does not look like"),
        (looks_like_a_token(), Level.OK, "set"),
    ],
)
def test_a_token_is_judged_by_its_shape(value: str | None, level: Level, hint: str) -> None:
    finding = examination.token("sage", value, real_discord=True)

    assert (finding.level, finding.subject) == (level, "token sage")
    assert hint in finding.message


def test_any_token_will_do_for_another_server_than_discord() -> None:
    assert examination.token("sage", "sandbox-token-one", real_discord=False).level is Level.OK


@pytest.mark.parametrize("spoil", ["{}", "{} ", '"{}"', "Bot {}", "{}x.y"])
def test_no_finding_holds_a_token_or_a_part_of_it(spoil: str) -> None:
    token = looks_like_a_token()

    finding = examination.token("sage", spoil.format(token), real_discord=True)

    assert not any(part in f"{finding} {finding.as_dict()}" for part in token.split("."))


def test_a_remedy_can_be_pasted_whatever_the_path() -> None:
    found = examination.private("data", Path("my fleet"), folder(0o755))

    assert found.remedy == "Run: chmod 700 'my fleet'"


def test_a_finding_reads_as_one_line() -> None:
    finding = examination.fail("disk", "0.0 GiB free.", "Free some space.")

    assert str(finding) == "fail  disk                  0.0 GiB free. Free some space."
    assert finding.as_dict() == {
        "subject": "disk",
        "level": "fail",
        "message": "0.0 GiB free.",
        "remedy": "Free some space.",
    }
