"""`multibot check` says everything, to people and to programs, and never a token."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from multibot.cli.main import root
from multibot.config.secret import Secret
from multibot.errors import UsageError
from multibot.home import Home
from tests.unit.config.samples import FLEET, TOKEN_SHAPED, TOKENS, changed, write

SAGE_FINGERPRINT = Secret("sandbox-token-one").fingerprint()


def run(home: Home, *arguments: str, **environment: str) -> Result:
    runner = CliRunner()
    return runner.invoke(
        root,
        ["--home", str(home.root), "check", *arguments],
        env=environment,
        standalone_mode=False,
    )


def test_a_fleet_in_order_is_summed_up(home: Home) -> None:
    write(home, changed(FLEET, (("bots", 1, "enabled"), False)))

    result = run(home, **TOKENS)

    assert (
        f"  sage         enabled   token {SAGE_FINGERPRINT}    philosophy, advice-*\n"
        "  spark        disabled  no token needed   creative\n"
        "The configuration is in order: 2 bots, 1 enabled, 0 warnings.\n"
    ) == result.output
    assert result.return_value == 0


def test_faults_stand_one_a_line_under_their_file_with_a_count(home: Home) -> None:
    write(home, changed(FLEET, (("bots", 0, "chanels"), []), (("limits",), 3)), spark="x")
    home.dotenv.write_text("A=x\n")
    home.dotenv.chmod(0o644)

    result = run(home, **TOKENS, MULTIBOT_LOG_FORMAT="xml")

    assert result.output.splitlines() == [
        ".env",
        "  warning may be read or changed by other users (mode 0644). Run: chmod 600 .env",
        "",
        "bots/multi_bot.yaml",
        "  error   line 8: bots[0].chanels: is not a known key. Did you mean channels? [sage]",
        "  error   line 14: limits: must be a mapping. Write `key: value` lines below it.",
        "",
        "bots/spark.md",
        "  error   line 1: has no front matter. Begin it with a line of three dashes. [spark]",
        "",
        "environment",
        "  error   MULTIBOT_LOG_FORMAT must be 'auto', 'json' or 'pretty'. Correct it in .env or in the environment, or remove it.",
        "",
        "4 errors, 1 warning. Nothing will start until they are put right.",
    ]
    assert result.return_value == 78


def test_warnings_do_not_fail(home: Home) -> None:
    write(home, changed(FLEET, (("global_settings", "debug_mode"), True)))

    result = run(home, **TOKENS)

    assert "  warning line 14: global_settings.debug_mode: has no effect any more." in result.output
    assert result.output.endswith("in order: 2 bots, 2 enabled, 1 warning.\n")
    assert result.return_value == 0


def test_tokens_may_be_in_dotenv(home: Home) -> None:
    write(home)
    home.dotenv.touch(0o600)
    home.dotenv.write_text("".join(f"{name}={token}\n" for name, token in TOKENS.items()))

    assert run(home).return_value == 0


def test_json_of_a_fleet_in_order(home: Home) -> None:
    write(home)

    result = run(home, "--json", **TOKENS)

    body = json.loads(result.stdout)
    assert (body["ok"], body["faults"]) == (True, [])
    assert {
        "name": "sage",
        "enabled": True,
        "channels": ["philosophy", "advice-*"],
        "priority": 0,
        "persona": "Sage",
        "variables": ["DISCORD_TOKEN_SAGE"],
        "token_fingerprint": SAGE_FINGERPRINT,
        "config_hash": body["bots"][0]["config_hash"],
    } == body["bots"][0]
    assert len(body["bots"][0]["config_hash"]) == 64


def test_json_of_faults(home: Home) -> None:
    write(home)

    result = run(home, "--json", DISCORD_TOKEN_SPARK="sandbox-token-two")

    body = json.loads(result.stdout)
    assert (body["ok"], body["bots"]) == (False, [])
    assert body["faults"] == [
        {
            "severity": "error",
            "message": "names DISCORD_TOKEN_SAGE, which is not set.",
            "remedy": "Set DISCORD_TOKEN_SAGE in .env (or in the environment) to this bot's own token.",
            "file": "bots/multi_bot.yaml",
            "line": 4,
            "path": "bots[0].discord_token",
            "bot": "sage",
            "variable": "DISCORD_TOKEN_SAGE",
            "nearest": None,
        }
    ]
    assert result.return_value == 78


@pytest.mark.parametrize("flag", [[], ["--json"]])
def test_no_token_is_printed(home: Home, flag: list[str]) -> None:
    write(home)

    for environment in (TOKENS, dict.fromkeys(TOKENS, "sandbox-token-one")):
        assert "sandbox-token" not in run(home, *flag, **environment).output


@pytest.mark.parametrize("flag", [[], ["--json"]])
@pytest.mark.parametrize("place", [("channels", 0), ("persona", "name"), ("config_file",)])
def test_a_token_pasted_into_another_key_is_not_printed(
    home: Home, flag: list[str], place: tuple[str | int, ...]
) -> None:
    token = TOKEN_SHAPED
    write(home, changed(FLEET, (("bots", 0, *place), token)))

    assert token not in run(home, *flag, **TOKENS).output


def test_a_token_among_the_channels_is_a_fault(home: Home) -> None:
    token = TOKEN_SHAPED
    write(home, changed(FLEET, (("bots", 0, "channels", 0), token)))

    result = run(home, **TOKENS)

    assert "bots[0].channels[0]: holds what looks like a Discord token" in result.output
    assert result.return_value == 78


def test_below_the_root_folder_a_file_has_its_whole_name() -> None:
    """In a home that is `/` every file is inside, and `nope` alone would say nothing."""
    result = run(Home(Path("/")), "--config", "/nope", "--json")

    assert json.loads(result.output)["faults"][0]["file"] == "/nope"


def test_another_fleet_file_is_found_from_the_current_folder(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(home)
    home.fleet_file.rename(home.root / "bots" / "other.yaml")
    monkeypatch.chdir(tmp_path / "bots")

    assert run(home, "--config", "other.yaml", **TOKENS).return_value == 0
    assert isinstance(run(home, **TOKENS).exception, UsageError)


def test_a_home_without_its_fleet_file_is_one_fault(home: Home) -> None:
    home.backups.mkdir(parents=True)

    result = run(home)

    assert result.output.startswith("bots/multi_bot.yaml\n  error   does not exist. Create it")
    assert result.return_value == 78
