"""What is imported is what an export gives."""

from datetime import UTC
from pathlib import Path

from multibot.home import Home
from tests.importing import roundtrip
from tests.importing.layouts import LAYOUTS, Line

QUESTION = Line(
    bot="sage",
    channel_id="10",
    user_id="7",
    role="user",
    at="2025-07-08T10:00:00.000Z",
    content='Gr\u00fc\u00dfe, "you" \u2028 \n there',
    message_id="1000",
    username="Al",
    channel_name="general",
)
ANSWER = QUESTION._replace(
    role="assistant", content="hi", message_id="", answers="1000", username="sage"
)


def test_every_line_is_exported_as_it_was_imported(home: Home, old: Path, tmp_path: Path) -> None:
    expected = LAYOUTS["F3"](old, [QUESTION, ANSWER], UTC)
    roundtrip.run(home, "legacy", old, "--source-tz", "UTC")

    assert roundtrip.exported(home, tmp_path / "out.jsonl") == expected
