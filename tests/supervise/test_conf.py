"""Putting supervisord.conf in its place."""

import stat
from pathlib import Path

import pytest

from multibot.errors import PermanentError
from multibot.home import Home
from multibot.supervise import conf, daemon
from multibot.supervise.programs import Program
from multibot.supervise.render import MARKER, render

TEXT = render([Program("sage")])


@pytest.fixture
def made(home: Home) -> Home:
    daemon.make_folders(home)
    return home


def test_it_is_written_closed_to_others_and_only_differences_count(made: Home) -> None:
    assert conf.install(made, [Program("sage")])
    assert stat.S_IMODE(made.supervisord_conf.stat().st_mode) == 0o600
    assert made.supervisord_conf.read_text() == TEXT

    made.supervisord_conf.chmod(0o644)
    assert not conf.install(made, [Program("sage")])
    assert stat.S_IMODE(made.supervisord_conf.stat().st_mode) == 0o600


def test_a_file_of_somebody_else_is_left_alone(made: Home) -> None:
    made.supervisord_conf.write_text("[supervisord]\n")

    with pytest.raises(PermanentError, match="did not write this file"):
        conf.install(made, [Program("sage")])

    assert made.supervisord_conf.read_text() == "[supervisord]\n"
    assert sorted(path.name for path in made.root.iterdir()) == ["data", "supervisord.conf"]
    assert conf.known_programs(made) == ()


def test_a_folder_in_its_place_is_an_error_with_its_place(made: Home) -> None:
    made.supervisord_conf.mkdir()

    with pytest.raises(PermanentError, match="cannot be read") as caught:
        conf.install(made, [Program("sage")])

    assert caught.value.where == str(made.supervisord_conf)


def test_what_supervisord_would_refuse_is_not_put_in_place(made: Home) -> None:
    conf.write(made, TEXT)

    with pytest.raises(PermanentError, match="would refuse this configuration") as caught:
        conf.write(made, f"{MARKER}\n[supervisord]\nlogfile = %(ENV_absent)s\n", expected=[])

    assert "ENV_PATH" not in str(caught.value)
    assert made.supervisord_conf.read_text() == TEXT
    assert list(made.root.glob(".supervisord-*")) == []


def test_a_file_that_reads_as_other_programs_is_not_put_in_place(made: Home) -> None:
    with pytest.raises(PermanentError, match="other programs than were written"):
        conf.write(made, TEXT, expected=["sage", "spark"])

    assert not made.supervisord_conf.exists()


def test_a_home_whose_socket_path_is_too_long_is_refused() -> None:
    longest = "/" + "a" * (conf.SOCKET_PATH_LIMIT - len("/data/run/supervisor.sock") - 1)

    conf.check_home(Home(Path(longest)))
    with pytest.raises(PermanentError, match="1 bytes too long for a socket"):
        conf.check_home(Home(Path(longest + "a")))


@pytest.mark.parametrize(("path", "reason"), [("/a%b", "holds a %"), ("/a\nb", "printed")])
def test_a_home_that_supervisord_cannot_work_in_is_refused(path: str, reason: str) -> None:
    with pytest.raises(PermanentError, match=reason):
        conf.check_home(Home(Path(path)))


def test_folders_are_made_closed_and_closed_again(home: Home) -> None:
    home.data.mkdir(mode=0o755)

    daemon.make_folders(home)

    folders = (home.data, home.run, home.logs, home.backups)
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in folders] == [0o700] * 4


def test_a_file_where_a_folder_belongs_is_an_error_with_its_place(home: Home) -> None:
    home.data.write_text("")

    with pytest.raises(PermanentError, match="cannot be made") as caught:
        daemon.make_folders(home)

    assert caught.value.where == str(home.data)
