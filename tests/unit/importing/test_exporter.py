"""What DiscordChatExporter saved: what it says of each message, and whose history that is."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from multibot.conversation.past import PastTurn
from multibot.importing import belonging, document, exporter
from multibot.importing.belonging import Rules
from multibot.importing.exported import Channel, Said

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FLEET = Rules({"100": "sage", "200": "spark"})
AL, BO, SAGE, SPARK, OTHER = ("7", "al"), ("8", "bo"), ("100", "sage"), ("200", "sp"), ("300", "x")
BOTS = frozenset({"100", "200", "300"})


def message(
    number: int, author: tuple[str, str], text: str, at: str, **changes: Any
) -> dict[str, Any]:
    user_id, name = author
    return {
        "id": str(number),
        "type": "Default",
        "timestamp": f"2025-07-08T{at}+02:00",
        "timestampEdited": None,
        "content": text,
        "author": {"id": user_id, "name": name, "nickname": name.title(), "isBot": user_id in BOTS},
        "attachments": [],
        **changes,
    }


def reply(to: int) -> dict[str, Any]:
    return {"type": "Reply", "reference": {"messageId": str(to), "channelId": "5", "guildId": "9"}}


def export(path: Path, *messages: Any, **channel: Any) -> Path:
    place = {"id": "5", "type": "GuildTextChat", "categoryId": "4", "name": "general", **channel}
    value = {"guild": {"id": "9", "name": "G"}, "channel": place, "messages": list(messages)}
    path.write_text(json.dumps(value, indent=2), encoding="utf-8")
    return path


def read(*paths: Path, rules: Rules = FLEET) -> tuple[list[PastTurn], list[str]]:
    """Read files of one channel: the turns as they come, and what there is to say."""
    places: dict[int, Channel] = {}
    messages: list[tuple[int, Said]] = []
    remarks = []
    for number, path in enumerate(paths):
        with document.opened(path, path.name) as opened:
            for item in exporter.read(opened, NOW):
                if isinstance(item, Said):
                    messages.append((number, item))
                elif isinstance(item, Channel):
                    places[number] = item
                else:
                    remarks.append(str(item))
    messages.sort(key=lambda each: (each[1].at, *each))
    turns = []
    for _, turn in belonging.turns(messages, places, rules):
        if isinstance(turn, PastTurn):
            turns.append(turn)
        else:
            remarks.append(str(turn))
    return turns, remarks


def brief(turns: list[PastTurn]) -> list[tuple[str, str, str, str, str | None]]:
    return [(each.bot_name, each.role, each.content, each.user_id, each.answers) for each in turns]


def test_a_bots_history_is_what_it_said_and_what_it_answered(tmp_path: Path) -> None:
    path = export(
        tmp_path / "a.json",
        message(1, AL, "sage, hi", "10:00:00.35"),
        message(2, SAGE, "hello", "10:00:02", **reply(1)),
        message(3, SAGE, "and more", "10:00:03"),
        message(4, BO, "nobody asked", "10:01:00"),
        message(5, OTHER, "level up", "10:02:00"),
        message(6, AL, "joined", "10:03:00", type="GuildMemberJoin"),
        message(7, AL, "spark?", "10:04:00"),
        message(8, SPARK, "yes", "10:05:00"),
    )
    turns, remarks = read(path)

    assert brief(turns) == [
        ("sage", "user", "sage, hi", "7", None),
        ("sage", "assistant", "hello", "7", "1"),
        ("sage", "assistant", "and more", "7", "1"),
        ("spark", "user", "spark?", "7", None),
        ("spark", "assistant", "yes", "7", "7"),
    ]
    assert [turn.part for turn in turns] == [0, 0, 1, 0, 0]
    assert remarks == ["general: messages that are no part of a bot's history: 2"]


def test_a_turn_has_all_that_the_store_keeps(tmp_path: Path) -> None:
    asked = message(7, AL, "look", "10:04:00.35", timestampEdited="2025-07-08T10:05:00+02:00")
    asked["attachments"] = [{"id": "1", "fileName": "cat.png"}]
    path = export(tmp_path / "a.json", asked, message(8, SAGE, "nice", "10:04:05"))
    turn = read(path)[0][0]

    assert (turn.message_id, turn.at) == ("7", "2025-07-08T08:04:00.350Z")
    assert turn.edited_at == "2025-07-08T08:05:00.000Z"
    assert (turn.username, turn.channel_id, turn.channel_name) == ("Al", "5", "general")
    assert (turn.channel_type, turn.guild_id, turn.parent_channel_id) == ("channel", "9", None)
    assert json.loads(turn.metadata or "") == {"attachments": ["cat.png"]}


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("GuildPublicThread", ("thread", "general", "4")),
        ("DirectTextChat", ("dm", "", None)),
        ("GuildVoiceChat", ("channel", "general", None)),
        ("16", ("channel", "general", None)),
    ],
)
def test_the_kind_of_channel(tmp_path: Path, kind: str, expected: tuple[str, ...]) -> None:
    path = export(tmp_path / "a.json", message(8, SAGE, "hm", "10:00:00"), type=kind)
    (turn,) = read(path)[0]

    assert (turn.channel_type, turn.channel_name, turn.parent_channel_id) == expected


def test_in_a_private_channel_everything_belongs_to_the_bot(tmp_path: Path) -> None:
    some = [message(1, AL, "hi", "10:00:00"), message(2, AL, "there?", "10:30:00")]
    some += [message(3, SAGE, "yes", "10:30:01"), message(4, AL, "good", "11:00:00")]
    turns, remarks = read(export(tmp_path / "a.json", *some, type="DirectTextChat"))

    assert [turn.content for turn in turns] == ["hi", "there?", "yes", "good"]
    assert remarks == []


def test_a_named_bot_takes_everything_that_people_say(tmp_path: Path) -> None:
    some = [message(1, AL, "hi", "10:00:00"), message(2, SPARK, "no", "10:30:01")]
    turns, remarks = read(export(tmp_path / "a.json", *some), rules=Rules({}, "sage"))

    assert brief(turns) == [("sage", "user", "hi", "7", None)]
    assert remarks[1].startswith("general: no bot of the fleet speaks there; its bots are Sp (200)")


def test_what_a_bot_says_unasked_or_after_a_command(tmp_path: Path) -> None:
    command = {"type": "20", "interaction": {"id": "1", "name": "ping", "user": {"id": "8"}}}
    some = [message(1, AL, "hi", "10:00:00"), message(2, SAGE, "pong", "10:01:00", **command)]
    some.append(message(3, SAGE, "anybody here?", "12:00:00"))

    assert brief(read(export(tmp_path / "a.json", *some))[0]) == [
        ("sage", "assistant", "pong", "8", None),
        ("sage", "assistant", "anybody here?", "100", None),
    ]


def test_files_of_one_channel_are_put_together_whatever_their_order(tmp_path: Path) -> None:
    """An export may be in parts, overlap another one, or begin with the newest message."""
    some = [message(1, AL, "hi", "10:00:00"), message(2, SAGE, "a", "10:00:01")]
    some += [message(3, SAGE, "b", "10:00:02"), message(4, SAGE, "c", "10:00:03")]
    whole = read(export(tmp_path / "whole.json", *some))[0]
    newest = export(tmp_path / "newest.json", *some[:0:-1])
    oldest = export(tmp_path / "oldest.json", *some[2::-1])

    def without_position(turns: list[PastTurn]) -> list[PastTurn]:
        return [turn._replace(position=0) for turn in turns]

    assert without_position(read(newest, oldest)[0]) == without_position(whole)
    assert [turn.part for turn in whole] == [0, 0, 1, 2]


def test_each_bad_message_is_a_line_and_the_good_ones_are_read(tmp_path: Path) -> None:
    path = export(
        tmp_path / "a.json",
        7,
        message(1, AL, "hi", "10:00:00", id="x"),
        message(2, AL, "hi", "10:00:00") | {"author": None},
        message(3, AL, "hi", "10:00:00") | {"content": None},
        message(4, AL, "hi", "25:00:00"),
        message(5, AL, "hi", "10:00:00", type=["Default"]),
        message(6, AL, "hi", "10:00:00", reference=7, interaction=[], attachments={"a": 1}),
        message(7, SAGE, "hello", "10:00:01"),
    )
    path.write_text(path.read_text()[:-3])
    turns, remarks = read(path)

    assert [turn.content for turn in turns] == ["hi", "hello"]
    assert remarks == [
        "a.json: messages[0]: is no message",
        "a.json: messages[1].id: is no id of Discord's",
        "a.json: messages[2].author: has no id of Discord's",
        "a.json: messages[3].content: there is no text",
        "a.json: messages[4].timestamp: '2025-07-08T25:00:00+02:00' is not a time",
        "a.json: breaks off behind message 8",
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is empty"),
        ("<html>", "is no JSON export"),
        ("[]", "is no JSON export"),
        ("{}", "is no JSON export"),
        ('{"guild": {"id": "1"}, "messages": [{"id": "1"}]}', "is no JSON export"),
        ('{"channel": {"id": true}, "messages": []}', "is no JSON export"),
    ],
)
def test_what_is_no_export_is_reported(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    turns, remarks = read(path)

    assert turns == []
    assert [line.startswith(f"a.json: {reason}") for line in remarks] == [True]
