"""A token is with its own bot, and nowhere else."""

from pathlib import Path

from tests.process.stand import TOKENS, Stand, command_line


def environment_of(pid: int) -> bytes:
    return Path(f"/proc/{pid}/environ").read_bytes()


def test_tokens_of_the_callers_environment_reach_their_own_bots_only(stand: Stand) -> None:
    done = stand.run("up")
    pids = {**stand.pids(), "supervisord": stand.control.daemon().pid}

    assert done.returncode == 0, done.stderr
    seen = {path.name: path.read_text() for path in (stand.home.root / "seen").iterdir()}
    assert seen == {name: TOKENS[f"DISCORD_TOKEN_{name.upper()}"] for name in stand.fleet}
    for variable, token in TOKENS.items():
        owner = stand.home.bot_environment(variable.removeprefix("DISCORD_TOKEN_").lower())
        holding = [
            path
            for path in stand.home.root.rglob("*")
            if path.is_file() and token.encode() in path.read_bytes() and path.parent.name != "seen"
        ]
        assert holding == [owner]
        assert owner.stat().st_mode & 0o777 == 0o600
        for name, pid in pids.items():
            assert token.encode() not in environment_of(pid) + command_line(pid), name
            assert b"DISCORD_TOKEN" not in environment_of(pid), name


def test_what_stands_in_dotenv_is_not_copied_anywhere(stand: Stand) -> None:
    stand.home.dotenv.write_text("".join(f"{k}={v}\n" for k, v in TOKENS.items()))
    stand.home.dotenv.chmod(0o600)

    done = stand.run("up", environ={"PATH": stand.environment()["PATH"]})

    assert done.returncode == 0, done.stderr
    assert list(stand.home.run.glob("*.env")) == []
    assert len(list((stand.home.root / "seen").iterdir())) == 3


def test_a_changed_token_restarts_its_bot(stand: Stand) -> None:
    stand.run("up")
    before = stand.pids()

    done = stand.run("up", environ=stand.environment(DISCORD_TOKEN_SAGE="sandbox-token-four"))

    assert done.returncode == 0, done.stderr
    assert (stand.home.root / "seen" / "sage").read_text() == "sandbox-token-four"
    after = stand.pids()
    assert [name for name in after if after[name] != before[name]] == ["sage"]


def test_settings_of_the_caller_reach_the_bots(stand: Stand) -> None:
    stand.run("up", "--no-wait", environ=stand.environment(MULTIBOT_LOG_FORMAT="json"))

    assert 'MULTIBOT_LOG_FORMAT="json"' in stand.home.bot_environment("sage").read_text()


def test_nothing_starts_with_a_faulty_configuration(stand: Stand) -> None:
    environ = stand.environment()
    del environ["DISCORD_TOKEN_SAGE"]

    done = stand.run("up", environ=environ)

    assert done.returncode == 78
    assert "DISCORD_TOKEN_SAGE" in done.stderr
    assert not stand.home.data.exists()
    assert not stand.home.supervisord_conf.exists()
