"""`multibot session`: which conversations there are, what was said in one, ending one."""

import asyncio
import functools
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner, Result

from multibot.cli.main import root
from multibot.conversation.message import BotName
from multibot.conversation.session import SessionRules
from multibot.errors import SchemaError, UsageError
from multibot.home import Home
from multibot.store.archive.closing import close_lapsed
from multibot.store.archive.shared import SharedFile
from multibot.store.driver import sqlite
from multibot.store.migrate import migrate
from multibot.store.stores import open_store
from tests.fakes import FakeClock
from tests.store.material import ANSWER, RULES, SHARED, START, message

BELL = "\x1b]0;owned\x07"


@dataclass
class Talks:
    """What two bots have stored, and the command line over it."""

    home: Home
    clock: FakeClock

    def say(self, bot: str, *seconds: float, rules: SessionRules = RULES, **who: Any) -> list[str]:
        """Store a message with its answer at each of these seconds; return the sessions."""

        async def work() -> list[str]:
            store = open_store(self.home, BotName(bot), self.clock)
            try:
                found = []
                for after in seconds:
                    said = message(f"said at {after}", after=after, **who)
                    await store.ledger.receive(said, ANSWER, per_minute=1000)
                    session = await store.ledger.begin(said, rules)
                    [part] = await store.outbox.stage(said.message_id, [f"re {after}"])
                    sent_id = f"9{said.message_id}"
                    await store.outbox.mark_sent(said, session.session_id, part, sent_id, "Sage")
                    found.append(str(session.session_id))
                return found
            finally:
                await store.close()

        return asyncio.run(work())

    def run(self, *arguments: str) -> Result:
        result = CliRunner().invoke(root, ["--home", str(self.home.root), "session", *arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def listed(self, *arguments: str) -> list[dict[str, Any]]:
        output = self.run("list", "--json", *arguments).stdout
        return [json.loads(line) for line in output.splitlines()]

    def ids(self, *arguments: str) -> list[str]:
        return [each["session_id"] for each in self.listed(*arguments)]


@pytest.fixture
def talks(home: Home, clock: FakeClock) -> Talks:
    migrate(home, clock)
    return Talks(home, clock)


def test_the_one_that_was_active_last_is_listed_first(talks: Talks) -> None:
    [first, second] = talks.say("sage", 0, 1000)
    [other] = talks.say("spark", 500, author_id="8", author_name="Bo", channel_name="lounge")
    assert talks.ids() == [second, other, first]
    lines = talks.run("list").stdout.splitlines()
    assert lines[0].split() == [
        *("ID", "SESSION", "BOT", "CHANNEL", "USER", "TURNS", "LAST", "ACTIVITY", "STATE"),
    ]
    assert lines[2].split() == [
        *(other[:8], "2026-01-01_12-08-20_3600s", "spark", "#lounge", "Bo", "2"),
        *("2026-01-01", "12:08:20", "open"),
    ]
    assert lines[3].endswith("closed (gap)")
    assert [each["state"] for each in talks.listed()] == ["open", "open", "closed"]


def test_filters_go_together(talks: Talks) -> None:
    [old, new] = talks.say("sage", 0, 1000)
    [bo] = talks.say("sage", 2000, author_id="8", author_name="Bo")
    [dm] = talks.say("sage", 3000, channel_id="12", channel_type="dm", channel_name="")
    [spark] = talks.say("spark", 4000, channel_id="11", channel_name="lounge")
    assert talks.ids("--bot", "spark") == [spark]
    assert talks.ids("--channel", "#general") == [bo, new, old]
    assert talks.ids("--channel", "12") == [dm]
    assert talks.ids("--user", "Bo") == [bo]
    assert talks.ids("--user", "7", "--bot", "sage") == [dm, new, old]
    assert talks.ids("--open", "--user", "7") == [spark, dm, new]
    assert talks.ids("--closed") == [old]
    assert talks.ids("--since", "2026-01-01T12:20:00") == [spark, dm, bo]
    assert talks.ids("--until", "2026-01-01T12:30:00") == [new, old]
    assert talks.ids("--limit", "2") == [spark, dm]
    nothing = talks.run("list", "--bot", "spark", "--user", "Bo")
    assert (nothing.exit_code, nothing.stdout) == (0, "")
    assert "there is no session" in nothing.stderr


def test_a_session_that_users_share_is_found_by_each_of_them(talks: Talks) -> None:
    [shared] = talks.say("sage", 0, rules=SHARED)
    talks.say("sage", 1, rules=SHARED, author_id="8", author_name="Bo")
    talks.say("sage", 2, channel_id="11", author_id="9", author_name="Cy")
    assert talks.ids("--user", "Bo") == [shared]
    assert talks.ids("--user", "Al") == [shared]
    assert "(shared)" in talks.run("list", "--user", "Al").stdout


def test_one_session_is_shown_by_id_beginning_and_display_id(talks: Talks) -> None:
    [session] = talks.say("sage", 0)
    talks.say("sage", 10)
    [display_id] = [each["display_id"] for each in talks.listed()]
    texts = {talks.run("show", each).stdout for each in (session, session[:8], display_id)}
    assert len(texts) == 1
    [text] = texts
    assert text.index("said at 0") < text.index("re 0") < text.index("said at 10")
    assert display_id in text
    shown = json.loads(talks.run("show", session, "--json").stdout)
    assert shown["session"]["message_count"] == 4
    assert [turn["content"] for turn in shown["turns"]] == [
        *("said at 0", "re 0", "said at 10", "re 10"),
    ]
    newest = json.loads(talks.run("show", session, "--json", "--limit", "1").stdout)
    assert [turn["content"] for turn in newest["turns"]] == ["re 10"]


def test_what_fits_several_is_refused_with_their_ids(talks: Talks) -> None:
    ids = [*talks.say("sage", 0), *talks.say("spark", 0)]
    for command in ("show", "close"):
        with pytest.raises(UsageError) as refusal:
            talks.run(command, "2026-01-01_12-00-00_3600s")
        assert all(each in str(refusal.value) for each in ids)
        assert "(spark, channel 10, user 7)" in str(refusal.value)


def rename(writing: sqlite.Connection, old: str, new: str) -> None:
    writing.execute("UPDATE sessions SET session_id = ? WHERE session_id = ?", (new, old))


def test_ids_that_begin_alike_are_listed_as_long_as_tells_them_apart(talks: Talks) -> None:
    """Imported sessions of one day have the same first characters."""
    ids = [*talks.say("sage", 0), *talks.say("sage", 0, author_id="8"), *talks.say("spark", 0)]
    alike = [f"0194214e-cd0{end}-743c-982b-73487e1ad3ab" for end in ("0", "1")]
    with SharedFile(talks.home) as shared:
        for old, new in zip(ids, alike, strict=False):
            shared.write(functools.partial(rename, old=old, new=new))
    # What is not listed counts as well.
    for options, expected in (
        ((), {ids[2][:8], alike[0][:13], alike[1][:13]}),
        (("--user", "8"), {alike[1][:13]}),
    ):
        shown = talks.run("list", *options).stdout.splitlines()[1:]
        assert {line.split()[0] for line in shown} == expected
        assert all(talks.run("show", each).exit_code == 0 for each in expected)


def test_a_beginning_that_is_too_short_says_how_long_it_must_be(talks: Talks) -> None:
    [only] = talks.say("sage", 0)
    with pytest.raises(UsageError, match=r"too short .*at least the first 6 characters"):
        talks.run("show", only[:5])


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "nothing"),
        ("close", "nothing"),
        ("list", "--bot", "nobody"),
        ("list", "--user", "nobody"),
        ("list", "--channel", "nowhere"),
        ("list", "--since", "soon"),
    ],
)
def test_what_is_not_there_is_refused(talks: Talks, arguments: tuple[str, ...]) -> None:
    talks.say("sage", 0)
    with pytest.raises(UsageError):
        talks.run(*arguments)


def test_without_a_database_the_command_to_run_is_named(home: Home, clock: FakeClock) -> None:
    home.fleet_file.parent.mkdir()
    home.fleet_file.touch()
    with pytest.raises(SchemaError, match="multibot db migrate"):
        Talks(home, clock).run("list")


def test_an_open_session_is_closed_and_the_next_message_begins_another(talks: Talks) -> None:
    [first] = talks.say("sage", 0)
    result = talks.run("close", first[:8])
    assert (result.exit_code, result.stdout) == (0, f"{first[:8]}: closed ({first})\n")
    [closed] = talks.listed()
    assert (closed["state"], closed["close_reason"]) == ("closed", "closed")
    [second] = talks.say("sage", 1)
    assert second != first


def test_several_are_closed_at_once_and_those_that_were_say_so(talks: Talks) -> None:
    [lapsed] = talks.say("sage", 0)
    with SharedFile(talks.home) as file:
        file.write(lambda writing: close_lapsed(writing, START + timedelta(hours=1), 10))
    [spark] = talks.say("spark", 0)
    result = talks.run("close", lapsed, spark)
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        f"{lapsed}: was closed already, at 2026-01-01T13:00:00.000Z (gap)",
        f"{spark}: closed ({spark})",
    ]
    # One that is not there closes none of them.
    [other] = talks.say("spark", 5000)
    with pytest.raises(UsageError):
        talks.run("close", other, "nothing")
    assert talks.ids("--open") == [other]


def test_what_people_are_called_does_nothing_to_a_terminal(talks: Talks) -> None:
    [session] = talks.say("sage", 0, author_name=f"Al{BELL}", channel_name=f"gen{BELL}")
    for arguments in (("list",), ("list", "--json"), ("show", session)):
        assert "\x1b" not in talks.run(*arguments).stdout
        assert "\x07" not in talks.run(*arguments).stdout


def test_deleted_turns_are_not_shown(talks: Talks) -> None:
    [session] = talks.say("sage", 0)

    async def delete() -> None:
        store = open_store(talks.home, BotName("sage"), talks.clock)
        [turn] = store.history.lately("10", "7", 10)[:1]
        await store.edits.deleted([turn.message_id])
        await store.close()

    asyncio.run(delete())
    text = talks.run("show", session).stdout
    assert "said at 0" not in text
    assert "re 0" in text
