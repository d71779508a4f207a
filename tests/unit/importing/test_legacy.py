"""The formats of the first store, and what becomes of files that are none of them."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.importing.reading import answer, brief, context, entry, read, said, write

ASKED = ("sage", "123", "456", "user", "hello")
ANSWERED = ("sage", "123", "456", "assistant", "hi Al")
BOTH = context(said("hello", 9), answer("hi Al", 9))


def test_a_conversation_in_a_bots_folder(tmp_path: Path) -> None:
    write(tmp_path / "sage" / "123_456.json", BOTH)
    turns, remarks = read(tmp_path)

    assert brief(turns) == [ASKED, ANSWERED]
    assert remarks == []
    question, reply = turns
    assert (question.message_id, question.at) == ("9", "2025-07-08T10:00:00.897Z")
    assert (question.username, question.channel_name) == ("Al", "general")
    assert question.metadata is None
    assert (reply.username, reply.channel_name, reply.answers) == ("sage", "general", "9")
    assert json.loads(reply.metadata or "") == {"response_to_message_id": "9"}


def test_an_id_that_was_never_there_is_made_and_is_none_of_discords(tmp_path: Path) -> None:
    write(tmp_path / "sage" / "123_456.json", BOTH)
    made = read(tmp_path)[0][1].message_id

    assert made.startswith("legacy-20250708100001897-")
    assert not made.isdecimal()
    assert read(tmp_path)[0][1].message_id == made


def test_a_list_belongs_to_the_bot_of_its_folder(tmp_path: Path) -> None:
    write(tmp_path / "sage" / "123_456.json", [entry("hello"), entry("hi Al", 1, "assistant")])

    assert brief(read(tmp_path)[0]) == [ASKED, ANSWERED]


def test_the_same_words_at_the_same_moment_are_two_turns(tmp_path: Path) -> None:
    write(tmp_path / "sage" / "123_456.json", [entry("ok"), entry("ok"), entry("ok", 1)])

    assert len({turn.message_id for turn in read(tmp_path)[0]}) == 3


def test_the_documented_file_name(tmp_path: Path) -> None:
    write(tmp_path / "sage" / "channel_123_user_456.json", [entry("hello")])

    assert brief(read(tmp_path)[0]) == [ASKED]


def test_bots_of_a_shared_file_are_told_apart(tmp_path: Path) -> None:
    """What a person said belongs to each bot that answered it, and to all where none did."""
    messages = [
        said("hello", 9),
        said("hello", 9, 1),
        answer("hi Al", 9, second=2),
        answer("yo", 9, "Spark", second=3),
        said("sage?", 10, 10),
        answer("yes", 10, second=11),
        said("anybody?", 11, 20),
    ]
    write(tmp_path / "multi_bot_conversations" / "123_456.json", context(*messages))
    turns, remarks = read(tmp_path)

    assert remarks == []
    assert {(turn.bot_name, turn.content) for turn in turns} == {
        *(("sage", text) for text in ("hello", "hi Al", "sage?", "yes", "anybody?")),
        *(("spark", text) for text in ("hello", "yo", "anybody?")),
    }


def test_an_answer_without_a_number_is_to_what_was_said_last(tmp_path: Path) -> None:
    answers = [entry("yo", 1, "assistant", bot_name="spark"), entry("b", 2), entry("c", 3)]
    answers.append(entry("hm", 4, "assistant", bot_name="sage"))
    write(tmp_path / "123_456.json", context(entry("a"), *answers))

    assert [(turn.bot_name, turn.content) for turn in read(tmp_path)[0]] == [
        *(("sage", text) for text in ("b", "c", "hm")),
        *(("spark", text) for text in ("a", "yo", "b")),
    ]


def test_who_took_part_owns_what_nobody_answered(tmp_path: Path) -> None:
    write(tmp_path / "123_456.json", context(said("hello", 9), participants=["sage", 7, "a b"]))

    assert brief(read(tmp_path)[0]) == [ASKED]


def test_what_does_not_say_whose_it_is_needs_a_name(tmp_path: Path) -> None:
    write(tmp_path / "123_456.json", [entry("hello"), entry("hi Al", 1, "assistant")])
    write(tmp_path / "124_456.json", context(said("hello", 9), entry("x", 1, "assistant")))

    assert read(tmp_path) == (
        [],
        [
            "123_456.json: does not say whose it is; --bot NAME does",
            "124_456.json: messages[1]: does not say which bot said it; --bot NAME does",
            "124_456.json: messages[0]: no bot answered it; --bot NAME says whose it is",
        ],
    )
    assert len(read(tmp_path, bot="sage")[0]) == 4
    assert brief(read(tmp_path / "123_456.json", bot="sage")[0]) == [ASKED, ANSWERED]


def test_a_folder_named_for_a_bot_of_the_fleet_is_that_bots(tmp_path: Path) -> None:
    write(tmp_path / "Sage" / "123_456.json", [entry("hello")])

    assert brief(read(tmp_path / "Sage", known=frozenset({"sage"}))[0]) == [ASKED]
    assert read(tmp_path / "Sage")[0] == []


@pytest.mark.parametrize(
    "value", [{"123_456": BOTH, "7_8": "x"}, [BOTH], BOTH], ids=["by name", "list", "one"]
)
def test_the_aggregate_in_its_three_shapes(tmp_path: Path, value: Any) -> None:
    write(tmp_path / "shared_conversations.json", value)

    assert brief(read(tmp_path)[0]) == [ASKED, ANSWERED]


@pytest.mark.parametrize("value", [[1], {"a": 1}, "7", '"x"', "{}", {"messages": 7}])
def test_an_aggregate_of_another_shape_is_reported(tmp_path: Path, value: Any) -> None:
    write(tmp_path / "shared_conversations.json", value)
    turns, remarks = read(tmp_path)

    assert turns == []
    assert len(remarks) == 1


def test_ids_inside_come_before_the_name_and_may_be_text_or_stand_behind(tmp_path: Path) -> None:
    write(tmp_path / "sage" / "1_2.json", context(said("hello", 9), channel_id="123"))
    behind = {"messages": [said("hello", 10)], "user_id": 456, "channel_id": 123}
    write(tmp_path / "sage" / "notes.json", behind)
    write(tmp_path / "sage" / "7_8.json", context(said("hello", 11), channel_id=1e30, user_id=True))

    assert {(turn.message_id, turn.channel_id, turn.user_id) for turn in read(tmp_path)[0]} == {
        *(("9", "123", "456"), ("10", "123", "456"), ("11", "7", "8"))
    }


def test_a_private_channel_and_other_metadata(tmp_path: Path) -> None:
    metadata = {"username": "Al", "channel_type": "DM", "guild_id": None, "mood": ["good"]}
    write(tmp_path / "sage" / "123_456.json", [entry("hello", metadata=metadata)])
    (turn,) = read(tmp_path)[0]

    assert (turn.channel_type, turn.channel_name, turn.guild_id) == ("dm", "", None)
    assert json.loads(turn.metadata or "") == {"mood": ["good"]}


def test_each_bad_item_is_a_line_and_the_good_ones_are_read(tmp_path: Path) -> None:
    sage = tmp_path / "sage"
    write(sage / "1_1.json", json.dumps(BOTH)[:-90])
    write(sage / "2_2.json", "")
    write(sage / "3_3.tmp", "{")
    write(
        sage / "4_4.json", [entry("x", role="owner"), entry("x", timestamp="then"), 7, entry("ok")]
    )
    write(sage / "5_5.json", [entry("x") | {"content": None}, entry("y" * 1_100_000), entry("ok")])
    write(sage / "6_6.json", context(entry("x", 0, "assistant", bot_name="spark"), said("ok", 9)))
    write(sage / "7_7.json", json.dumps([entry("ok")]) + "[]")
    write(sage / "notes.json", {"todo": "tidy up"})
    write(tmp_path / "coordinator" / "state.json", {})
    write(tmp_path / "My bot" / "1_2.json", [])
    (tmp_path / "archive").mkdir()
    (sage / "8_8.json").symlink_to(sage / "7_7.json")
    write(tmp_path / "log.txt", "")
    turns, remarks = read(tmp_path)

    assert [turn.content for turn in turns] == ["hello", *["ok"] * 4]
    assert remarks == [
        "My bot: no bot can have this name; import the folder itself with --bot",
        "coordinator: was made by the old program for itself; it is no bot's",
        "sage/1_1.json: messages[0]: breaks off behind this",
        "sage/2_2.json: is empty",
        "sage/3_3.tmp: was never finished: what a save left when it was cut off",
        "sage/4_4.json: [0].role: unknown role 'owner'",
        "sage/4_4.json: [1].timestamp: 'then' is not a time",
        "sage/4_4.json: [2]: is no entry",
        "sage/5_5.json: [0].content: there is no text",
        "sage/5_5.json: [1].content: longer than 262,144 characters",
        "sage/6_6.json: messages[0]: was said by spark, in the folder of sage",
        "sage/7_7.json: something follows behind the end of the JSON",
        "sage/8_8.json: is a link, which is not followed",
        "sage/notes.json: is no conversation of the old store",
        f"{tmp_path}: files that are not .json and were not looked at: 1",
    ]


def test_what_the_database_cannot_hold_is_replaced(tmp_path: Path) -> None:
    write(tmp_path / "sage" / "1_2.json", [entry("zero \x00, half \ud83d"), entry("cafÃ©", 1)])
    turns, remarks = read(tmp_path)

    assert [turn.content for turn in turns] == ["zero \ufffd, half ?", "cafÃ©"]
    what = "texts that look like UTF-8 once read as cp1252 (Ã¤ for ä), kept as they are"
    assert remarks == [f"sage/1_2.json: {what}: 1"]
