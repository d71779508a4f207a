"""The files of the original system load once their tokens are in place, and say what changed."""

import pytest

from multibot.config import old_keys
from multibot.config.load import check
from multibot.config.schema import BotFile, Entry, FleetFile
from multibot.config.validation import keys
from multibot.home import Home
from tests.unit.config.samples import TOKENS

# Keys and values in the form the original shipped them; the names and topics are made up here.
FLEET = """\
bots:
  - name: "sage"
    config_file: "sage.yaml"
    discord_token: "${DISCORD_TOKEN_SAGE}"
    channels: ["general", "advice-*"]
    persona:
      name: "Sage"
      description: "A mentor"
      personality_traits: ["patient"]
      response_style: "calm"
      preferred_topics: ["ethics"]
      engagement_triggers: ["dilemmas"]
    response_behavior:
      engagement_threshold: 0.3
      response_probability: 0.4
      context_weight: 0.8
      max_response_length: 800
    enabled: true
    priority: 1
  - name: "spark"
    config_file: "sage.yaml"
    discord_token: "${DISCORD_TOKEN_SPARK}"
    channels: ["general"]
    enabled: false
global_settings:
  context_depth: 10
  conversation_timeout: 3600
  response_delay: "1-3"
  max_concurrent_responses: 2
  cooldown_period: 30
  storage_type: "sqlite"
  storage_path: "./data/conversations.db"
  session_timeout: 3600
  enable_cross_bot_context: true
  enable_bot_mentions: true
  prevent_response_loops: true
  max_bot_chain_length: 3
  max_history_size: 1000
  cache_cleanup_interval: 300
  debug_mode: false
  log_response_decisions: true
  track_engagement_metrics: true
logging:
  level: "INFO"
  format: "%(asctime)s - %(message)s"
  file: "./logs/multi_bot.log"
  max_file_size: "10MB"
  backup_count: 5
"""

SAGE = """\
bot:
  name: "sage"
  description: "A mentor"
discord:
  token: "${DISCORD_TOKEN_SAGE}"
  command_prefix: "!sage"
ollama:
  base_url: "http://127.0.0.1:11434"
  model: "llama3"
  timeout: 60
system_prompt: |
  You are Sage.
storage:
  enabled: true
  type: "file"
  path: "./data/sage"
  max_history: 100
message:
  max_length: 1800
  typing_indicator: true
rate_limit:
  enabled: true
  max_requests_per_minute: 8
logging:
  level: "INFO"
  format: "%(message)s"
"""


@pytest.fixture
def original(home: Home) -> Home:
    (home.root / "bots").mkdir()
    home.fleet_file.write_text(FLEET)
    home.fleet_file.with_name("sage.yaml").write_text(SAGE)
    return home


def test_an_original_fleet_loads_with_its_values(original: Home) -> None:
    fleet = check(original, TOKENS).fleet

    assert fleet is not None
    sage = fleet.bot("sage")
    assert (
        sage.response_probability,
        sage.response_delay,
        sage.max_message_length,
        sage.priority,
    ) == (0.4, (1, 3), 1800, 1)
    assert (
        sage.storage.max_history,
        sage.limits.max_requests_per_minute,
        sage.limits.max_concurrent_responses,
    ) == (100, 8, 2)
    assert sage.system_prompt == "You are Sage."
    assert [bot.name for bot in fleet.enabled] == ["sage"]


def test_each_old_key_is_one_warning_with_its_advice(original: Home) -> None:
    """Sage and the disabled spark share a file, and each says so of it."""
    warnings = check(original, TOKENS).faults
    expected = {
        ("bots/multi_bot.yaml", ".".join(place), message)
        for place, (message, _) in old_keys.FLEET.items()
    }
    expected |= {
        ("bots/multi_bot.yaml", f"bots[0].{'.'.join(place)}", message)
        for place, (message, _) in old_keys.ENTRY.items()
    }
    expected |= {
        ("bots/sage.yaml", ".".join(place), message)
        for place, (message, _) in old_keys.BOT_FILE.items()
        if place not in old_keys.ENTRY
    }

    found = {(fault.file, fault.path, fault.message) for fault in warnings}
    assert expected <= found
    assert {
        "bots[0].response_behavior.response_probability",
        "global_settings.response_delay",
        "bot.name",
    } == {fault.path for fault in warnings} - {path for _, path, _ in expected}
    assert {"warning"} == {fault.severity for fault in warnings}
    assert all(fault.remedy for fault in warnings)


def test_without_its_tokens_an_original_fleet_is_refused(original: Home) -> None:
    (error,) = check(original, {}).errors

    assert (error.bot, error.variable) == ("sage", "DISCORD_TOKEN_SAGE")


def test_an_original_entry_without_a_token_is_told_what_to_write(original: Home) -> None:
    original.fleet_file.write_text(
        FLEET.replace('    discord_token: "${DISCORD_TOKEN_SAGE}"\n', "")
    )

    (error,) = check(original, TOKENS).errors

    assert error.remedy == 'Write discord_token: "${DISCORD_TOKEN_SAGE}"'


@pytest.mark.parametrize(
    ("table", "model"),
    [(old_keys.FLEET, FleetFile), (old_keys.ENTRY, Entry), (old_keys.BOT_FILE, BotFile)],
)
def test_an_old_key_is_no_key_of_today(
    table: old_keys.Table, model: type[FleetFile | Entry | BotFile]
) -> None:
    assert not set(table) & set(keys(model))
