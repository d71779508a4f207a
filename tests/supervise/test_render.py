"""The text of supervisord.conf, read back by supervisord's own reader."""

import string
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from multibot.errors import ConfigError, PermanentError
from multibot.home import Home
from multibot.supervise import conf, daemon
from multibot.supervise.programs import Program, stop_wait
from multibot.supervise.render import is_ours, program_names, render

GOLDEN = """
[program:sage]
command = multibot run sage
directory = %(here)s
environment = MULTIBOT_BOT="sage"
autostart = true
autorestart = unexpected
exitcodes = 0,78
startsecs = 1
startretries = 20
stopsignal = TERM
stopwaitsecs = 20
stopasgroup = true
killasgroup = true
redirect_stderr = true
stdout_logfile = %(here)s/data/logs/sage.log
stdout_logfile_maxbytes = 20MB
stdout_logfile_backups = 5
"""


def test_a_program_is_written_with_the_decided_values() -> None:
    assert render([Program("sage")]).endswith(GOLDEN)


def test_the_order_of_the_fleet_does_not_change_a_byte() -> None:
    programs = [Program("sage"), Program("spark"), Program("logic")]

    assert render(programs) == render(reversed(programs))


def test_the_first_line_says_who_wrote_it() -> None:
    text = render([])

    assert is_ours(text)
    assert text.splitlines()[0].startswith("; Written by multibot.")
    assert not is_ours("[supervisord]\n" + text)


def test_program_names_are_read_without_supervisord() -> None:
    assert program_names(render([Program("sage"), Program("a_b-c")])) == ("a_b-c", "sage")


def test_a_sleeping_program_does_not_start_by_itself() -> None:
    text = render([Program("sage"), Program("spark")], asleep={"spark"})

    assert text.count("autostart = true") == 1
    assert "autostart = false" in text.split("[program:spark]")[1]


@pytest.mark.parametrize(
    "name",
    [
        "all",
        "supervisord",
        "up",
        "",
        "Sage",
        "1st",
        "a/b",
        "a b",
        "..",
        "a:b",
        "a%s",
        'a"',
        "a\n",
        "a" * 33,
        "ä",
    ],
)
def test_a_name_that_could_break_the_file_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="cannot be a bot's name"):
        Program(name)


@pytest.mark.parametrize(("drain", "wait"), [(0, 20), (15, 20), (15.5, 21), (60, 65)])
def test_a_bot_is_killed_only_after_its_own_deadline(drain: float, wait: int) -> None:
    assert stop_wait(timedelta(seconds=drain)) == wait


ODD = st.text(
    st.sampled_from(
        string.ascii_letters + " %;#\"'=[](){}$\\,:~äß語\u00a0\u0085\u2028\n\t\x01\x7f"
    ),
    min_size=1,
    max_size=20,
)


def refusal(home: Home) -> str:
    try:
        conf.check_home(home)
    except PermanentError as error:
        return str(error)
    return ""


@given(name=ODD)
@settings(max_examples=150, deadline=None)
def test_any_home_reads_back_the_same_or_is_refused(
    name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = Home(tmp_path_factory.mktemp("h") / name)
    if refusal(home):
        assert "Move it, or name another folder" in refusal(home)
        return
    home.root.mkdir()
    daemon.make_folders(home)

    conf.install(home, [Program("sage"), Program("spark")])

    parsed = conf.parse(home.supervisord_conf)
    assert parsed.socket == f"unix://{home.socket}"
    assert parsed.log == str(home.supervisord_log)
    assert parsed.pid_file == str(home.supervisord_pid)
    assert parsed.programs["sage"] == {
        "command": "multibot run sage",
        "directory": str(home.root),
        "environment": {"MULTIBOT_BOT": "sage"},
        "log": str(home.bot_log("sage")),
    }
    assert list(Path(home.root).glob(".supervisord-*")) == []


NAMES = st.from_regex(r"[a-z][a-z0-9_-]{0,31}", fullmatch=True)


@given(names=st.sets(NAMES, max_size=6))
@settings(max_examples=60, deadline=None)
def test_any_bot_names_read_back_the_same(
    names: set[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = Home(tmp_path_factory.mktemp("h"))
    daemon.make_folders(home)

    conf.install(home, [Program(name) for name in names])

    assert set(conf.parse(home.supervisord_conf).programs) == names
    assert set(conf.known_programs(home)) == names
