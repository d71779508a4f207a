"""Keys that an original file may hold and that decide nothing here: each has its advice."""

from collections.abc import Mapping

from multibot.config.fault import Findings

_NO_COOLDOWN = "Remove it: people are always answered; `limits` bounds how often."
_LEVEL = "Remove it; set logging.level: DEBUG to see more."
_WHY = "Remove it: every decision is kept with its reason."
_TALK = "Remove it: whether and how much bots talk with each other is said in cross_bot."
_OUTPUT = "Remove it: each program has its log under data/logs, rotated by supervisord."
_FORMAT = "Remove it; MULTIBOT_LOG_FORMAT chooses between json and pretty."
_ONE_FILE = "Remove it: the history of all bots is in data/conversations.db."
_LLAMA = "Remove it: this version answers with the scripted responder, without a model."

# Message and remedy by place.
Table = Mapping[tuple[str, ...], tuple[str, str]]

_UNUSED = "never had an effect."
_GONE = "has no effect any more."

FLEET: Table = {
    ("global_settings", "context_depth"): (_UNUSED, "Remove it; use storage.max_history."),
    ("global_settings", "cooldown_period"): (_GONE, _NO_COOLDOWN),
    ("global_settings", "conversation_timeout"): (
        _UNUSED,
        "Remove it; use storage.session_timeout.",
    ),
    ("global_settings", "storage_path"): (_GONE, _ONE_FILE),
    ("global_settings", "storage_type"): (_GONE, _ONE_FILE),
    ("global_settings", "enable_cross_bot_context"): (_UNUSED, _TALK),
    ("global_settings", "enable_bot_mentions"): (_UNUSED, _TALK),
    ("global_settings", "prevent_response_loops"): (_UNUSED, _TALK),
    ("global_settings", "max_bot_chain_length"): (_UNUSED, _TALK),
    ("global_settings", "max_history_size"): (_UNUSED, "Remove it; use storage.max_history."),
    ("global_settings", "cache_cleanup_interval"): (_UNUSED, "Remove it: there is no cache."),
    ("global_settings", "debug_mode"): (_GONE, _LEVEL),
    ("global_settings", "log_response_decisions"): (_UNUSED, _WHY),
    ("global_settings", "track_engagement_metrics"): (_UNUSED, _WHY),
    ("logging", "format"): (_GONE, _FORMAT),
    ("logging", "file"): (_UNUSED, _OUTPUT),
    ("logging", "max_file_size"): (_UNUSED, _OUTPUT),
    ("logging", "backup_count"): (_UNUSED, _OUTPUT),
}

ENTRY: Table = {
    ("response_behavior", "engagement_threshold"): (
        _UNUSED,
        "Remove it; response_probability decides.",
    ),
    ("response_behavior", "context_weight"): (_UNUSED, "Remove it; use storage.max_history."),
    ("response_behavior", "max_response_length"): (
        _UNUSED,
        "Remove it; message.max_length in the bot's file bounds one message.",
    ),
}

BOT_FILE: Table = {
    ("discord", "token"): (
        "has moved.",
        "Remove it; discord_token in the fleet file names the variable.",
    ),
    ("discord", "command_prefix"): (_GONE, "Remove it: a bot is called by mention or by name."),
    ("ollama",): (_GONE, _LLAMA),
    ("storage", "enabled"): (_GONE, "Remove it: history is always kept."),
    ("storage", "type"): (_GONE, _ONE_FILE),
    ("storage", "path"): (_GONE, _ONE_FILE),
    ("logging", "format"): (_GONE, _FORMAT),
    **ENTRY,
}


def strip(data: dict[str, object], table: Table, findings: Findings) -> dict[str, object]:
    """Return the data without its old keys, each of which is a warning; empty sections go too."""
    kept = dict(data)
    for place, (message, remedy) in table.items():
        section = kept.get(place[0])
        if len(place) == 1 and place[0] in kept:
            del kept[place[0]]
        elif isinstance(section, dict) and len(place) > 1 and place[1] in section:
            _shorten(kept, place[0], {k: v for k, v in section.items() if k != place[1]})
        else:
            continue
        findings.warning(place, message, remedy)
    return kept


def _shorten(data: dict[str, object], name: str, section: dict[str, object]) -> None:
    if section:
        data[name] = section
    else:
        del data[name]
