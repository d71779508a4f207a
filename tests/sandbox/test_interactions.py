"""Slash commands: registered, used by a person, answered at once, later, or only to that person."""

import asyncio
from typing import Any

import discord
import pytest
from discord import app_commands

from multibot.sandbox.world import World
from tests.sandbox.clients import PATIENCE, Bot, Http, usual_intents
from tests.sandbox.conftest import TOKEN_ONE, Connect

Use = discord.Interaction[discord.Client]
Answer = discord.InteractionCallbackResponse[discord.Client]


class CommandBot(Bot):
    """A bot with one command for each way to answer."""

    def __init__(self) -> None:
        super().__init__(usual_intents())
        self.tree = app_commands.CommandTree(self)
        self.tree.add_command(at_once)
        self.tree.add_command(for_you_alone)
        self.tree.add_command(later)
        self.tree.add_command(twice)
        self.tree.add_command(silent)
        forum = app_commands.Group(name="forum", description="Forum posts.")
        forum.add_command(opened)
        self.tree.add_command(forum)

    async def setup_hook(self) -> None:
        await self.tree.sync()


@app_commands.command(name="now", description="Answer at once.")
@app_commands.describe(word="A word.", times="How often.")
async def at_once(interaction: Use, word: str, times: int = 1) -> None:
    who = interaction.user.display_name
    await interaction.response.send_message(f"{who}: {' '.join([word] * times)}")


@app_commands.command(name="secret", description="Answer one person.")
async def for_you_alone(interaction: Use) -> None:
    answer: Answer = await interaction.response.send_message("just for you", ephemeral=True)
    assert answer.is_ephemeral()
    await interaction.edit_original_response(content="really just for you")


@app_commands.command(name="later", description="Answer later.")
async def later(interaction: Use) -> None:
    await interaction.response.defer(thinking=True)
    await interaction.followup.send("it took a while")


@app_commands.command(name="twice", description="Answer, then go on.")
async def twice(interaction: Use) -> None:
    answer = await interaction.response.send_message("one")
    message = await interaction.original_response()
    assert answer.message_id == message.id
    await interaction.followup.send("two")
    await message.edit(content="one, edited")


@app_commands.command(name="silent", description="Say nothing.")
async def silent(interaction: Use) -> None:
    await interaction.response.defer(thinking=True, ephemeral=True)
    await interaction.delete_original_response()


@app_commands.command(name="open", description="Open a post.")
async def opened(interaction: Use, user: discord.User) -> None:
    await interaction.response.send_message(f"opened for {user.name}")


@pytest.fixture
async def ready(connect: Connect) -> Any:
    """Return a ready bot whose commands are registered."""
    return await connect(TOKEN_ONE, bot=CommandBot())


async def use(http: Http, command: str, channel: str = "#general", **options: object) -> Any:
    body = {"bot": "sage", "command": command, "channel": channel, "author": "ada"}
    return await http.post("/sandbox/interactions", {**body, "options": options})


async def contents(http: Http, channel: str = "%23general") -> list[str]:
    shown = await http.get(f"/sandbox/messages?channel={channel}&user=ada")
    return [message["content"] for message in shown["messages"]]


@pytest.mark.usefixtures("ready")
async def test_registered_commands_can_be_listed(http: Http) -> None:
    commands = (await http.get("/sandbox/commands?bot=sage"))["commands"]

    names = [command["name"] for command in commands]
    assert names == ["now", "secret", "later", "twice", "silent", "forum"]
    assert [option["name"] for option in commands[0]["options"]] == ["word", "times"]
    assert [option["required"] for option in commands[0]["options"]] == [True, False]


@pytest.mark.usefixtures("ready")
@pytest.mark.parametrize("channel", ["#general", "@sage"])
async def test_answer_at_once(http: Http, channel: str) -> None:
    answer = await use(http, "now", channel, word="hey", times=2)

    assert answer["response"] == {"content": "ada: hey hey", "ephemeral": False}
    assert answer["pending"] is False
    assert await contents(http, channel.replace("#", "%23")) == ["ada: hey hey"]


@pytest.mark.usefixtures("ready")
async def test_options_are_typed_and_known(http: Http) -> None:
    typed = await use(http, "now", word="5", times="3")
    no_number = await use(http, "now", word="5", times="many")
    no_option = await use(http, "now", word="5", colour="red")

    assert typed["response"]["content"] == "ada: 5 5 5"
    assert "times" in no_number["errors"]
    assert "colour" in no_option["errors"]


@pytest.mark.usefixtures("ready")
async def test_ephemeral_answer_is_in_no_channel(http: Http) -> None:
    answer = await use(http, "secret")

    assert answer["response"] == {"content": "just for you", "ephemeral": True}
    assert await contents(http) == []


@pytest.mark.usefixtures("ready")
async def test_deferred_answer_arrives(http: Http) -> None:
    """The followup takes the place of the message that says the bot is thinking."""
    answer = await use(http, "later")

    assert answer["response"] == {"content": "it took a while", "ephemeral": False}
    assert await contents(http) == ["it took a while"]


async def test_followup_and_edit_of_an_answer(http: Http, ready: Bot) -> None:
    await use(http, "twice")
    await ready.hears("message_edit")

    assert await contents(http) == ["one, edited", "two"]


@pytest.mark.usefixtures("ready")
async def test_subcommand_with_a_user(http: Http, world: World) -> None:
    ada = world.find_user("ada")
    assert ada is not None

    answer = await use(http, "forum open", user=ada.id)

    assert answer["response"]["content"] == "opened for ada"


@pytest.mark.usefixtures("ready")
@pytest.mark.parametrize(
    ("command", "status"), [("nonsense", 404), ("now", 400), ("forum", 400), ("forum close", 400)]
)
async def test_wrong_use_of_a_command_is_told(http: Http, command: str, status: int) -> None:
    body = {"bot": "sage", "command": command, "channel": "#general", "author": "ada"}

    response, answer = await http.raw("POST", "/sandbox/interactions", body)

    assert response.status == status
    assert answer["error"]


async def test_second_answer_is_refused(http: Http, world: World) -> None:
    """Also: an answer shows its message only with `with_response`."""
    app = next(iter(world.applications))
    command = {"name": "help", "description": "Say what I do."}
    await http.put(f"/applications/{app}/commands", [command])
    used = asyncio.Event()
    world.subscribe(lambda event: used.set() if event.name == "INTERACTION_CREATE" else None)
    using = asyncio.create_task(use(http, "help"))
    await asyncio.wait_for(used.wait(), PATIENCE)
    one = next(iter(world.interactions.values()))
    path = f"/interactions/{one.id}/{one.token}/callback"

    body = {"type": 4, "data": {"content": "hi"}}
    first, nothing = await http.raw("POST", path, body)
    second = await http.refused("POST", path, body)

    assert (first.status, nothing) == (204, None)
    assert second == (400, 40060)
    assert (await using)["response"]["content"] == "hi"
    webhook = f"/webhooks/{app}/{one.token}/messages/@original"
    original = await http.get(webhook)
    assert (original["type"], original["interaction_metadata"]["name"]) == (20, "help")
    assert original["webhook_id"] == original["application_id"] == app
    assert await http.refused("GET", f"/webhooks/{app}/wrong/messages/@original") == (404, 10015)
    assert await http.delete(webhook) is None
    assert await http.refused("GET", webhook) == (404, 10008)


@pytest.mark.parametrize(
    "commands",
    [
        [{"name": "Help", "description": "x"}],
        [{"name": "he lp", "description": "x"}],
        [{"name": "help"}],
        [{"name": "help", "description": "x" * 101}],
        [{"name": "help", "description": "x"}] * 2,
    ],
)
async def test_command_that_discord_refuses(
    http: Http, world: World, commands: list[dict[str, str]]
) -> None:
    app = next(iter(world.applications))

    assert await http.refused("PUT", f"/applications/{app}/commands", commands) == (400, 50035)


async def test_command_keeps_its_id_when_overwritten(http: Http, world: World) -> None:
    app, guild = next(iter(world.applications)), next(iter(world.guilds))
    path = f"/applications/{app}/guilds/{guild}/commands"
    first = await http.put(path, [{"name": "help", "description": "x"}])
    second = await http.put(path, [{"name": "help", "description": "y"}])
    added = await http.post(path, {"name": "clear", "description": "z"})
    changed = await http.patch(f"{path}/{added['id']}", {"description": "forget"})

    assert second[0]["id"] == first[0]["id"]
    assert second[0]["guild_id"] == guild
    assert (changed["id"], changed["description"]) == (added["id"], "forget")
    assert await http.delete(f"{path}/{added['id']}") is None
    assert [one["name"] for one in await http.get(path)] == ["help"]
    assert await http.get(f"/applications/{app}/commands") == []
    assert await http.refused("GET", f"{path}/{added['id']}") == (404, 10063)
    assert await http.refused("GET", "/applications/1/commands") == (404, 10002)
