"""up, down, restart and what supervisord does by itself, with real processes."""

import os
import signal
import stat

from tests.process.stand import NAMES, Stand, eventually, write_bot


def all_ready(stand: Stand) -> bool:
    return [bot["state"] for bot in stand.statuses().values()] == ["ready"] * len(stand.fleet)


def test_up_starts_every_bot_and_a_second_up_touches_none(stand: Stand) -> None:
    first = stand.run("up")

    assert first.returncode == 0, first.stderr
    assert "sage started" in first.stdout
    assert "sage ready (pid" in first.stdout
    pids = stand.pids()
    assert sorted(pids) == sorted(NAMES)

    second = stand.run("up")

    assert second.returncode == 0
    assert second.stdout == "nothing to do: logic, sage and spark unchanged\n"
    assert stand.pids() == pids
    assert stand.run("status").returncode == 0


def test_only_the_bot_whose_file_changed_restarts(stand: Stand) -> None:
    stand.run("up")
    before = stand.pids()
    write_bot(stand, "sage", "You are brief.")

    again = stand.run("up")

    after = stand.pids()
    assert again.returncode == 0
    assert "sage restarted\n" in again.stdout
    assert "spark unchanged\n" in again.stdout
    assert after["sage"] != before["sage"]
    assert {n: after[n] for n in ("logic", "spark")} == {n: before[n] for n in ("logic", "spark")}


def test_a_removed_and_a_disabled_bot_stop_and_come_back(stand: Stand) -> None:
    stand.run("up")
    before = stand.pids()
    removed = stand.fleet.pop("sage")
    stand.fleet["spark"]["enabled"] = False
    stand.write_fleet()

    fewer = stand.run("up")

    assert fewer.returncode == 0, fewer.stderr
    assert "sage stopped\n" in fewer.stdout
    assert stand.pids() == {"logic": before["logic"]}
    assert not stand.home.bot_environment("sage").exists()
    assert stand.run("up", "spark").returncode == 2

    stand.fleet["sage"] = removed
    stand.write_fleet()
    assert stand.run("up").returncode == 0
    assert sorted(stand.pids()) == ["logic", "sage"]
    assert stand.pids()["logic"] == before["logic"]


def test_a_killed_bot_is_back_by_itself_and_the_others_keep_their_pids(stand: Stand) -> None:
    stand.run("up")
    before = stand.pids()

    os.kill(before["sage"], signal.SIGKILL)

    assert eventually(lambda: stand.starts("sage") == 2 and all_ready(stand))
    after = stand.pids()
    assert after["sage"] not in {before["sage"], 0}
    assert {n: after[n] for n in ("logic", "spark")} == {n: before[n] for n in ("logic", "spark")}
    statuses = stand.statuses()
    assert [statuses[name]["restarts"] for name in NAMES] == [0, 1, 0]


def test_a_bot_that_fails_to_start_is_tried_again_until_it_runs(stand: Stand) -> None:
    stand.plan("spark", crashes=2)

    done = stand.run("up")

    assert done.returncode == 0, done.stderr
    assert stand.starts("spark") == 3
    log = stand.home.supervisord_log.read_text()
    assert log.count("exited: spark (exit status 1; not expected)") == 2


def test_a_bot_that_gives_up_for_good_is_reported_with_its_reason(stand: Stand) -> None:
    stand.plan("spark", exit=78, error="the token is refused.", state="connecting")

    done = stand.run("up")

    assert done.returncode == 1
    assert "spark is not ready: failed: the token is refused." in done.stderr
    assert "sage ready" in done.stdout
    assert stand.starts("spark") == 1
    assert stand.run("status").returncode == 1
    assert stand.statuses()["spark"]["state"] == "failed"

    stand.plan("spark")
    again = stand.run("up")
    assert again.returncode == 0, again.stderr
    assert "spark started\n" in again.stdout


def test_a_bot_that_does_not_connect_is_never_called_ready(stand: Stand) -> None:
    stand.plan("spark", state="connecting", error="no route to Discord")

    done = stand.run("up", "--timeout", "3")

    assert done.returncode == 1
    assert "spark is not ready: connecting: no route to Discord" in done.stderr
    assert stand.statuses()["spark"]["state"] == "connecting"
    assert stand.run("up", "--no-wait").returncode == 0


def test_two_ups_at_once_start_one_fleet(stand: Stand) -> None:
    both = [stand.start("up"), stand.start("up")]
    results = [(process.communicate(timeout=100), process.returncode) for process in both]

    assert sorted(code for _, code in results) == [0, 75]
    refused = next(streams for streams, code in results if code == 75)
    assert "another multibot command is changing this fleet" in refused[1]
    assert all(stand.starts(name) == 1 for name in NAMES)


def test_up_of_one_bot_leaves_the_others_asleep_until_they_are_asked_for(stand: Stand) -> None:
    one = stand.run("up", "sage")

    assert one.returncode == 0, one.stderr
    assert (stand.starts("sage"), stand.starts("spark"), stand.starts("logic")) == (1, 0, 0)
    sage = stand.pids()["sage"]
    assert stand.run("render", "--check").returncode == 0

    rest = stand.run("up")

    assert rest.returncode == 0, rest.stderr
    assert "sage unchanged\n" in rest.stdout
    assert "spark started\n" in rest.stdout
    assert stand.pids()["sage"] == sage
    assert all_ready(stand)


def test_named_bots_stop_and_restart_side_by_side(stand: Stand) -> None:
    """Each takes 2 s to drain; one after the other would be 6 s."""
    for name in NAMES:
        stand.plan(name, drain=2)
    stand.run("up")
    before = stand.pids()

    restarted = stand.run("restart", "sage", "spark")

    assert restarted.returncode == 0, restarted.stderr
    assert stand.pids()["logic"] == before["logic"]
    ready = [line for line in restarted.stdout.splitlines() if "ready" in line]
    assert len(ready) == 2

    stopped = stand.run("down", "sage", "logic")
    assert stopped.returncode == 0
    assert stopped.stdout == "logic stopped\nsage stopped\n"
    states = {name: bot["state"] for name, bot in stand.statuses().items()}
    assert states == {"logic": "stopped", "sage": "stopped", "spark": "ready"}
    assert stand.run("down", "sage").stdout == "sage was not running\n"


def test_a_mistake_in_the_files_takes_no_bot_down(stand: Stand) -> None:
    stand.run("up")
    before = stand.pids()

    stand.fleet["sage"]["priorty"] = 1
    stand.write_fleet()
    refused = stand.run("restart", "sage", "spark")
    other = stand.run("restart", "spark")

    assert (refused.returncode, refused.stdout) == (78, "")
    assert "bots[1].priorty: is not a known key. Did you mean priority?" in refused.stderr
    assert (other.returncode, other.stderr) == (0, "")
    after = stand.pids()
    assert {name for name in before if before[name] != after[name]} == {"spark"}


def test_a_bot_that_is_disabled_meanwhile_is_not_restarted(stand: Stand) -> None:
    stand.run("up")
    before = stand.pids()

    stand.fleet["sage"]["enabled"] = False
    stand.write_fleet()
    refused = stand.run("restart", "sage")

    assert (refused.returncode, refused.stdout) == (2, "")
    assert "sage is disabled" in refused.stderr
    assert stand.pids() == before


def test_down_ends_everything_and_says_when_there_is_nothing_to_end(stand: Stand) -> None:
    stand.run("up")

    ended = stand.run("down")

    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == "logic stopped\nsage stopped\nspark stopped\nsupervisord stopped\n"
    assert stand.survivors() == []
    assert not stand.home.socket.exists()
    assert list(stand.home.run.glob("*.env")) == []
    assert stand.run("status").returncode == 4
    again = stand.run("down")
    assert (again.returncode, again.stdout) == (0, "nothing is running\n")
    assert stand.run("restart", "sage").returncode == 4


def test_after_a_killed_supervisord_up_works_and_no_bot_runs_twice(stand: Stand) -> None:
    stand.run("up")
    old = stand.pids()
    os.kill(stand.control.daemon().pid, signal.SIGKILL)
    assert eventually(lambda: not stand.survivors())
    assert stand.home.socket.exists()

    again = stand.run("up")

    assert again.returncode == 0, again.stderr
    assert sorted(stand.survivors()) == sorted(stand.pids().values())
    assert not set(old.values()).intersection(stand.pids().values())


def test_everything_on_disk_is_closed_to_other_users(stand: Stand) -> None:
    stand.run("up")

    open_to_others = [
        str(path)
        for path in (stand.home.supervisord_conf, *stand.home.data.rglob("*"), stand.home.data)
        if stat.S_IMODE(path.lstat().st_mode) & 0o077
    ]

    assert open_to_others == []
