"""Logs as one stream by time, from the end or from a moment, through rotation."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from multibot.clock import to_text
from multibot.supervise import logfile, logline
from multibot.supervise.logfile import Logs

START = datetime(2026, 1, 1, tzinfo=UTC)


def at(second: float) -> str:
    return to_text(START + timedelta(seconds=second))


def entry(second: float, event: str) -> str:
    return json.dumps({"timestamp": at(second), "level": "info", "event": event}) + "\n"


def events(logs: Logs, *, final: bool = True) -> list[str]:
    lines = list(logs.lines(final=final))
    if final:
        logs.close()
    return [str(line.fields["event"]) if line.fields else line.text for line in lines]


def opened(folder: Path, *names: str, since: float | None = None, lines: int = 100) -> Logs:
    logs = Logs(folder, names)
    logs.open(since=None if since is None else at(since), lines=lines)
    return logs


def test_logs_are_merged_by_time(tmp_path: Path) -> None:
    (tmp_path / "sage.log").write_text(entry(1, "a") + entry(4, "d"))
    (tmp_path / "spark.log").write_text(entry(2, "b") + "plain\n" + entry(3, "c"))

    assert events(opened(tmp_path)) == ["a", "b", "plain", "c", "d"]
    assert events(opened(tmp_path, "sage")) == ["a", "d"]


@pytest.mark.parametrize("lines", [1, 2, 5, 9, 10, 11])
def test_the_last_lines_reach_back_into_the_rotated_part(tmp_path: Path, lines: int) -> None:
    (tmp_path / "sage.log.2").write_text("".join(f"{n}\n" for n in range(2)))
    (tmp_path / "sage.log.1").write_text("".join(f"{n}\n" for n in range(2, 6)))
    (tmp_path / "sage.log").write_text("".join(f"{n}\n" for n in range(6, 10)))

    assert events(opened(tmp_path, lines=lines)) == [str(n) for n in range(10)][-lines:]


def test_a_last_line_without_its_end_counts_as_one(tmp_path: Path) -> None:
    (tmp_path / "sage.log").write_text("a\nb\nc")

    assert events(opened(tmp_path, lines=2)) == ["b", "c"]


def test_empty_and_missing_logs_have_no_lines(tmp_path: Path) -> None:
    (tmp_path / "sage.log").write_text("")

    assert events(opened(tmp_path)) == []
    assert events(opened(tmp_path, since=0)) == []
    assert events(opened(tmp_path / "absent")) == []


@pytest.mark.parametrize("second", [0, 1, 499, 500, 501, 998, 999, 1000])
def test_since_finds_the_first_line_of_the_moment(tmp_path: Path, second: int) -> None:
    path = tmp_path / "sage.log"
    path.write_text("".join(entry(n, str(n)) + "  continued\n" for n in range(1000)))

    found = events(opened(tmp_path, since=second))

    expected = [[str(n), "  continued"] for n in range(second, 1000)]
    assert found == [line for lines in expected for line in lines]


def test_since_reaches_back_into_the_rotated_parts(tmp_path: Path) -> None:
    (tmp_path / "sage.log.2").write_text(entry(0, "0") + entry(1, "1"))
    (tmp_path / "sage.log.1").write_text(entry(2, "2") + entry(3, "3"))
    (tmp_path / "sage.log").write_text(entry(4, "4"))

    assert events(opened(tmp_path, since=1)) == ["1", "2", "3", "4"]
    assert events(opened(tmp_path, since=3)) == ["3", "4"]


def test_since_leaves_out_an_old_log_that_says_no_times(tmp_path: Path) -> None:
    path = tmp_path / "sage.log"
    path.write_text("plain\n" * 10)
    os.utime(path, (START.timestamp(), START.timestamp()))

    assert events(opened(tmp_path, since=1)) == []
    assert len(events(opened(tmp_path, since=-1))) == 10


def test_a_huge_log_is_entered_without_reading_it(tmp_path: Path) -> None:
    """A gigabyte with holes: reading it would take seconds and memory."""
    with (tmp_path / "sage.log").open("wb") as file:
        file.seek(1_000_000_000)
        file.write(b"\n" + entry(1, "last").encode())

    assert events(opened(tmp_path, lines=1)) == ["last"]


def test_a_line_too_long_is_given_in_pieces(tmp_path: Path) -> None:
    (tmp_path / "sage.log").write_text("x" * (logfile.LONGEST_LINE + 5) + "\n")

    assert [len(event) for event in events(opened(tmp_path))] == [logfile.LONGEST_LINE, 5]


def test_following_gives_each_line_once_and_only_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "sage.log"
    path.write_text("a\nb")
    logs = opened(tmp_path)
    assert events(logs, final=False) == ["a"]

    with path.open("a") as file:
        file.write("c\n")
    logs.look()
    assert events(logs, final=False) == ["bc"]
    logs.look()
    assert events(logs, final=False) == []
    logs.close()


def test_following_goes_through_rotation_and_meets_new_logs(tmp_path: Path) -> None:
    path = tmp_path / "sage.log"
    path.write_text("a\n")
    logs = opened(tmp_path)
    assert events(logs, final=False) == ["a"]

    with path.open("a") as file:
        file.write("b\n")
    path.rename(tmp_path / "sage.log.1")
    path.write_text("c\n")
    (tmp_path / "spark.log").write_text(entry(1, "new") + entry(2, "bot"))
    logs.look()
    assert events(logs, final=False) == ["b", "c", "new", "bot"]

    path.write_text("d\n")
    logs.look()
    assert events(logs, final=False) == []
    path.write_text("")
    logs.look()
    path.write_text("short\n")
    assert events(logs, final=False) == ["short"]
    logs.close()


def test_following_starts_before_there_is_anything(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    logs = opened(folder, "sage")
    logs.look()
    folder.mkdir()
    (folder / "sage.log").write_text("first\n")
    (folder / "spark.log").write_text("not asked for\n")
    logs.look()

    assert events(logs, final=False) == ["first"]
    logs.close()


def test_a_json_line_says_its_own_time_in_any_zone() -> None:
    line = logline.parse('{"timestamp": "2026-01-01T02:00:00+02:00", "event": "x"}', "sage")

    assert (line.at, line.source, line.level) == (at(0), "sage", "")


@pytest.mark.parametrize(
    "text", ["", "plain", "{", "[1]", '{"a": 1', '{"timestamp": 5}', '{"timestamp": "soon"}']
)
def test_a_line_that_says_no_time_has_that_of_the_line_before(text: str) -> None:
    assert logline.parse(text, "sage", at(9)).at == at(9)


def test_supervisords_lines_are_in_local_time() -> None:
    local = START.astimezone().replace(tzinfo=None)
    text = f"{local:%Y-%m-%d %H:%M:%S},250 INFO spawned: 'sage' with pid 7"

    line = logline.parse(text, "supervisord")

    assert (line.at, line.level, line.text) == (at(0.25), "info", "spawned: 'sage' with pid 7")


def test_every_line_can_be_given_as_json() -> None:
    own = '{"event": "x"}'

    assert logline.parse(own, "sage").as_json() == own
    assert json.loads(logline.parse("pl\tain", "sage", at(1)).as_json()) == {
        "timestamp": at(1),
        "bot": "sage",
        "event": "pl\tain",
    }
