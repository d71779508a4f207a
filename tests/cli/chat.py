"""A small history with everything in it that may go wrong when it is shown."""

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from multibot.cli.main import root
from multibot.home import Home
from multibot.store.migrate import migrate
from tests.fakes import FakeClock
from tests.store.material import START
from tests.store.transcripts import change, session, store, turn

ADA, DANA, MALLORY = "190000000000000001", "190000000000000003", "190000000000000002"
PLACE: dict[str, Any] = {
    "channel_name": "philosophy",
    "channel_id": "190000000000000011",
    "user_id": ADA,
}
PRIVATE: dict[str, Any] = {
    "channel_type": "dm",
    "channel_name": "",
    "channel_id": "190000000000000099",
    "session_id": "s2",
    "user_id": ADA,
}
COOKING: dict[str, Any] = {
    "bot_name": "spark",
    "channel_name": "advice-cooking",
    "channel_id": "190000000000000012",
    "session_id": "s3-which-is-long",
    "user_id": DANA,
}
HOSTILE = (
    '<script>alert("1")</script>\x1b[31mred\x07 \u202eegnaro\u202c & </article>\n'
    "# heading ![x](http://127.0.0.1/x.png) `code` *star* _line_ <@190000000000000001>\r\n"
    "    indented\n\n1. one\n- two ```"
)
TURNS: list[dict[str, Any]] = [
    turn("Is it still the same ship?", message_id="1001", username="Ada", **PLACE),
    turn(
        "A fine old question about the orange ship.",
        message_id="1002",
        after=6,
        role="assistant",
        username="Sage",
        metadata=json.dumps({"response_to_message_id": "1001"}),
        **PLACE,
    ),
    turn(
        HOSTILE,
        message_id="1003",
        after=60,
        username="Mal\x1blory <i>\u202e",
        edited_at="2026-01-01T12:02:00.000Z",
        **{**PLACE, "user_id": MALLORY},
    ),
    turn(
        "",
        message_id="1004",
        after=70,
        username="Ada",
        metadata=json.dumps({"attachments": ["Ada's ship.png"]}),
        **PLACE,
    ),
    turn("Can you keep a secret?", message_id="1005", after=4000, username="Ada", **PRIVATE),
    turn(
        "For as long as this file, Ada.",
        message_id="1006",
        after=4004,
        role="assistant",
        username="Sage",
        **PRIVATE,
    ),
    turn("What shall I cook?", message_id="1007", after=90000, username="Dana", **COOKING),
    turn(
        "Something with oranges, dana! Ask Ada (190000000000000001), not adamant Adam.",
        message_id="1008",
        after=90003,
        role="assistant",
        username="Spark",
        **COOKING,
    ),
]
SESSIONS = [
    session("s1", channel_id=PLACE["channel_id"], user_id="", message_count=4),
    session("s2", channel_id=PRIVATE["channel_id"], user_id=ADA, display_id="2026-01-01_13-06-40"),
    session(
        "s3-which-is-long",
        at=START,
        bot_name="spark",
        channel_id=COOKING["channel_id"],
        user_id=DANA,
        is_active=0,
        closed_at="2026-01-03T00:00:00.000Z",
        close_reason="gap",
        display_id="2026-01-02_13-00-00_3600s",
    ),
]
DECISION = """
INSERT INTO inbox (bot_name, message_id, channel_id, user_id, created_at, received_at, updated_at,
    decision, reason, detail, state)
VALUES ('spark', '1001', '190000000000000011', ?1, ?2, ?2, ?2, 'no', 'pattern_mismatch',
    'channel philosophy', 'declined')
"""


def spoken(folder: Path) -> Home:
    """Make a home with this history."""
    home = Home(folder)
    migrate(home, FakeClock())
    store(home, TURNS)
    store(home, SESSIONS, "sessions")
    change(home, DECISION, ADA, "2026-01-01T12:00:00.500Z")
    return home


def multibot(home: Home, *arguments: str) -> Result:
    """Run a command; its errors are in `exception`."""
    return CliRunner().invoke(
        root, ["--home", str(home.root), *arguments], standalone_mode=False, catch_exceptions=True
    )


def history(home: Home, *arguments: str) -> Result:
    """Run a `history` command that is expected to go well."""
    result = multibot(home, "history", *arguments)
    assert result.exception is None, result.exception
    assert result.return_value == 0
    return result


def objects(home: Home, *arguments: str) -> list[dict[str, Any]]:
    """Run a command that prints an object per line."""
    return [json.loads(line) for line in history(home, *arguments).stdout.split("\n") if line]
