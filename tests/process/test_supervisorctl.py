"""Stock supervisorctl in the home folder, with nothing but the rendered file."""

import subprocess

from tests.process.stand import Stand, eventually


def supervisorctl(stand: Stand, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [str(stand.bin / "python"), "-P", "-m", "supervisor.supervisorctl"]
    return subprocess.run(
        [*command, "-c", "supervisord.conf", *arguments],
        cwd=stand.home.root,
        env={},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_it_sees_and_restarts_a_bot(stand: Stand) -> None:
    stand.run("up")
    before = stand.pids()

    listed = supervisorctl(stand, "status")
    restarted = supervisorctl(stand, "restart", "sage")

    assert listed.returncode == 0
    assert [line.split()[:2] for line in listed.stdout.splitlines()] == [
        ["logic", "RUNNING"],
        ["sage", "RUNNING"],
        ["spark", "RUNNING"],
    ]
    assert restarted.stdout == "sage: stopped\nsage: started\n"
    assert eventually(lambda: stand.statuses()["sage"]["state"] == "ready")
    assert stand.pids()["sage"] != before["sage"]
    assert stand.statuses()["sage"]["restarts"] == 1
