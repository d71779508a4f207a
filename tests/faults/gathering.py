"""Bots that share their channels and mention each other in everything they say."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Self

import yaml

from multibot.clock import to_text
from multibot.sandbox.entities import Message
from multibot.sandbox.world import there
from multibot.store.status import read_statuses
from tests.faults import witness
from tests.faults.crowd import Crowd
from tests.process.fleet import until

# What the embedded responder may say to anything at all.
OCCASIONS = (
    "greetings", "returns", "farewells", "thanks", "wellbeing", "about", "abilities", "names",
    "likes", "dislikes", "facts", "recall", "quotes", "echoes", "forgotten", "weaves", "nods",
    "praise", "criticism", "agreement", "disagreement", "comfort", "cheer", "questions",
    "statements", "reasons", "choices", "follow_ups", "closings", "openers", "posts",
)  # fmt: skip
QUICK: dict[str, Any] = {
    "enabled": True,
    "response_chance": 1,
    "name_factor": 1,
    "burst_seconds": 0,
    "inter_bot_delay": 0.3,
    "cooldown_minutes": 0.02,
    "chain_expiry": 60,
}


@dataclass
class Gathering(Crowd):
    """Bots around tables: `#table-0`, `#table-1` ..., or in the places that are named.

    `talk` overrides the quick rules of talk.
    """

    tables: int = 1
    places: tuple[str, ...] = ()
    talk: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.channels = self.places or tuple(f"table-{each}" for each in range(self.tables))
        self.settings = {**self.settings, "cross_bot": {**QUICK, **self.talk}}

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        for name in self.bots:
            self.write_persona(name)
        return self

    def write_persona(self, name: str) -> None:
        """Have a bot mention all the others whatever it says, with a number to tell lines apart."""
        others = " ".join(f"<@{self.user_id(each)}>" for each in self.bots if each != name)
        lines = [f"{others} what do you say to number {n}" for n in range(40)]
        persona = {
            "bot": {"name": name, "description": "for tests"},
            "system_prompt": "You are brief.",
            "message": {"streaming": False, "typing_indicator": False},
            "scripted": dict.fromkeys(OCCASIONS, lines),
        }
        path = self.home.root / "bots" / f"{name}.yaml"
        path.write_text(yaml.safe_dump(persona), encoding="utf-8")

    def write_files(self) -> None:
        """Write the fleet file; each bot's own file follows when its id is known."""
        super().write_files()
        path = self.home.fleet_file
        fleet = yaml.safe_load(path.read_text(encoding="utf-8"))
        for bot in fleet["bots"]:
            bot |= {"config_file": f"{bot['name']}.yaml", "channels": ["nowhere"]}
        path.write_text(yaml.safe_dump(fleet, sort_keys=False), encoding="utf-8")

    def user_id(self, bot: str) -> str:
        """Give a bot's id on the sandbox's Discord."""
        return there(self.world.application_by_token(self.tokens[bot])).user.id

    def channel_id(self, table: str) -> str:
        """Give a table's id on the sandbox's Discord."""
        return there(self.world.find_channel(table)).id

    async def speak(self, bot: str, table: str, content: str) -> None:
        """Post as a bot whose process knows nothing of it."""
        async with self._http.post(
            f"/api/v10/channels/{self.channel_id(table)}/messages",
            json={"content": content},
            headers={"Authorization": f"Bot {self.tokens[bot]}"},
        ) as response:
            assert response.status == 200, await response.text()

    def said_in(self, table: str) -> Sequence[Message]:
        """Give what stands in a channel, oldest first."""
        return list(there(self.world.find_channel(table)).messages.values())

    def runs(self, table: str) -> Iterator[int]:
        """Count the messages of bots that stand between those of people."""
        for is_bot, group in groupby(self.said_in(table), key=lambda each: each.author.bot):
            if is_bot:
                yield len(list(group))

    async def talked_out(self, seconds: float = 300.0) -> None:
        """Wait until every bot has decided about every message, and may begin anew."""
        await until(self.is_talked_out, "everything is said", seconds)

    def is_talked_out(self) -> bool:
        """Say whether nobody has anything to answer any more, nor a cooldown to wait for."""
        said = [each for table in self.channels for each in self.said_in(table)]
        expected = {(bot, each.id) for bot in self.bots for each in said if each.author.name != bot}
        rows = self.rows("select bot_name, message_id, state from inbox")
        settled = {
            (row["bot_name"], row["message_id"]) for row in rows if row["state"] in witness.SETTLED
        }
        now = to_text(self.world.clock.now())
        cooling = self.rows("select 1 from channel_cooldowns where expires_at > ?", now)
        return expected <= settled and not cooling

    def all_ready(self) -> bool:
        """Say whether every bot is ready."""
        rows = read_statuses(self.home.database)
        return all(name in rows and rows[name].state == "ready" for name in self.bots)
