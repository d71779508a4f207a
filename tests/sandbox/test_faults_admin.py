"""Faults and traffic from outside: the sandbox's own API, and the commands of a shell."""

import json
from pathlib import Path

import pytest

from multibot.errors import UsageError
from multibot.sandbox.app import RunningSandbox
from multibot.sandbox.fault_spec import KINDS
from multibot.sandbox.traffic import UNKNOWN
from multibot.sandbox.world import World
from tests.sandbox.clients import Http
from tests.sandbox.conftest import TOKEN_ONE, TOKEN_TWO, Open
from tests.sandbox.shell import shell


async def test_fault_is_added_listed_and_cleared(http: Http) -> None:
    said = {"kind": 503, "bot": "sage", "path": "/users/*", "times": 2}
    added = (await http.post("/sandbox/faults", said))["faults"]
    assert (await http.raw("GET", "/users/@me"))[0].status == 503

    listed = (await http.get("/sandbox/faults"))["faults"]
    cleared = await http.delete(f"/sandbox/faults?id={added[0]['id']}")

    assert [(one["id"], one["state"], one["fired"]) for one in listed] == [("f1", "armed", 1)]
    assert listed[0]["line"] == "503 bot=sage path='/users/*' times=2"
    assert cleared == {"cleared": ["f1"]}
    assert (await http.raw("GET", "/users/@me"))[0].status == 200


async def test_scenario_is_added_as_a_whole_and_cleared_as_a_whole(http: Http) -> None:
    scenario = [{"kind": "close", "every": 5, "after": 60}, {"kind": "hang", "after": 60}]

    added = (await http.post("/sandbox/faults", {"faults": scenario}))["faults"]
    cleared = await http.delete("/sandbox/faults")

    assert [one["state"] for one in added] == ["waiting", "waiting"]
    assert cleared == {"cleared": ["f1", "f2"]}
    assert await http.get("/sandbox/faults") == {"faults": []}


@pytest.mark.parametrize(
    ("said", "status", "complaint"),
    [
        ({"kind": "flood"}, 400, "There is no fault 'flood'"),
        ({"kind": "500", "bot": "nobody"}, 404, "There is no bot nobody."),
        ({"kind": "guild-unavailable", "guild": "x"}, 404, "There is no guild x."),
        ({"faults": {"kind": "500"}}, 400, "not a list"),
    ],
)
async def test_nonsense_is_refused_and_adds_nothing(
    http: Http, said: dict[str, object], status: int, complaint: str
) -> None:
    response, answer = await http.raw("POST", "/sandbox/faults", said)

    assert response.status == status
    assert complaint in answer["error"]
    assert await http.get("/sandbox/faults") == {"faults": []}


# -- traffic ---------------------------------------------------------------------------------------


async def test_traffic_counts_what_each_bot_asked_for(
    http: Http, other_http: Http, open_gateway: Open, world: World
) -> None:
    channel = world.find_channel("general")
    assert channel is not None
    gateway = await open_gateway()
    await gateway.send(1, None)
    await gateway.identify(TOKEN_ONE)
    await gateway.send(1, 1)
    await gateway.op(11)
    await http.say("#general", "hello")
    world.faults.add("403", bot="sage", method="POST", times=1)
    for _ in range(2):
        await http.raw("POST", f"/channels/{channel.id}/messages", {"content": "a"})
    await other_http.get("/users/@me")

    traffic = await http.get("/sandbox/traffic")

    assert set(traffic["bots"]) == {"sage", "spark"}
    sage, spark = traffic["bots"]["sage"], traffic["bots"]["spark"]
    assert (sage["identifies"], sage["resumes"], sage["requests"]) == (1, 0, 2)
    assert sage["statuses"] == {"200": 1, "403": 1}
    assert sage["routes"] == {"POST /channels/{channel_id}/messages": {"200": 1, "403": 1}}
    assert sage["gateway_sends"] == {"IDENTIFY": 1, "HEARTBEAT": 1}
    assert sage["events"]["MESSAGE_CREATE"] == 2
    assert sage["last_seen"].endswith("Z")
    assert (spark["identifies"], spark["requests"]) == (0, 1)
    assert traffic["invalid_requests"] == {"last_10_minutes": 1, "worst_10_minutes": 1}


async def test_requests_are_logged_in_order_with_their_fault(http: Http, world: World) -> None:
    await http.get("/users/@me")
    world.faults.add("503", times=1)
    await http.get("/users/@me/guilds?limit=5")
    await http.get("/nowhere")

    logged = (await http.get("/sandbox/requests?bot=sage"))["requests"]
    later = (await http.get(f"/sandbox/requests?after={logged[1]['n']}"))["requests"]

    assert [(one["path"], one["query"], one["status"], one["fault"]) for one in logged] == [
        ("/users/@me", "", 200, None),
        ("/users/@me/guilds", "limit=5", 503, "f1"),
        ("/nowhere", "", 404, None),
    ]
    assert [one["path"] for one in later] == ["/nowhere"]
    assert len((await http.get("/sandbox/requests?limit=1"))["requests"]) == 1


async def test_token_of_nobody_is_logged_without_the_token(http: Http, open_gateway: Open) -> None:
    stranger = Http(http.session, http.url, "sandbox-token-wrong")
    await stranger.raw("GET", "/users/@me")
    gateway = await open_gateway()
    await gateway.send(2, {"token": "sandbox-token-wrong", "intents": 1})
    await gateway.close_code()

    traffic = await http.get("/sandbox/traffic")
    requests = await http.get(f"/sandbox/requests?bot={UNKNOWN}")

    assert list(traffic["bots"]) == [UNKNOWN]
    assert traffic["bots"][UNKNOWN]["statuses"] == {"401": 1}
    assert traffic["bots"][UNKNOWN]["identifies"] == 1
    assert "wrong" not in json.dumps([traffic, requests])


async def test_connections_are_logged_with_how_they_ended(
    http: Http, open_gateway: Open, world: World
) -> None:
    first, second = await open_gateway(), await open_gateway()
    await first.identify(TOKEN_ONE)
    await second.identify(TOKEN_TWO)
    world.faults.add("close", code=4009, bot="sage")
    await first.close_code()

    async def logged() -> list[tuple[str, int | None]]:
        found = (await http.get("/sandbox/connections?bot=sage"))["connections"]
        return [(one["what"], one["code"]) for one in found]

    while len(await logged()) < 2:
        pass

    assert await logged() == [("identify", None), ("close", 4009)]
    everybody = (await http.get("/sandbox/connections"))["connections"]
    assert [one["n"] for one in everybody] == sorted(one["n"] for one in everybody)


async def test_page_of_another_site_cannot_add_faults(http: Http) -> None:
    foreign = {"Origin": "http://evil.example"}

    response, _ = await http.raw("POST", "/sandbox/faults", {"kind": "500"}, headers=foreign)

    assert response.status == 403


# -- commands --------------------------------------------------------------------------------------


async def test_fault_is_added_listed_and_cleared_from_a_shell(
    sandbox: RunningSandbox, http: Http
) -> None:
    words = ("429", "bot=sage", "path=/users/*", "retry_after=65", "scope=global", "times=1")
    _, added, _ = await shell(sandbox.url, "fault", "add", *words)
    limited, body = await http.raw("GET", "/users/@me")
    _, listed, _ = await shell(sandbox.url, "fault", "list")
    _, as_json, _ = await shell(sandbox.url, "fault", "list", "--json")
    _, cleared, _ = await shell(sandbox.url, "fault", "clear", "f1")
    _, nothing, _ = await shell(sandbox.url, "fault", "clear")

    assert added == "f1\n"
    assert (limited.status, body["global"]) == (429, True)
    assert listed.split(maxsplit=3) == [
        *("f1", "over", "1x"),
        "429 bot=sage path='/users/*' retry_after=65 scope=global times=1\n",
    ]
    assert json.loads(as_json)["faults"][0]["retry_after"] == 65
    assert (cleared, nothing) == ("f1\n", "There was none.\n")


async def test_scenario_is_played_from_a_file(sandbox: RunningSandbox, tmp_path: Path) -> None:
    file = tmp_path / "storm.yaml"
    file.write_text(
        "- {kind: 503, times: 2}\n- kind: close\n  code: 4000\n  after: 60\n  at: now\n"
    )

    _, added, _ = await shell(sandbox.url, "fault", "play", str(file))
    _, listed, _ = await shell(sandbox.url, "fault", "list", "--json")

    assert added == "f1 f2\n"
    assert [one["line"] for one in json.loads(listed)["faults"]] == [
        "503 times=2",
        "close after=60",
    ]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("kind: close", "no list of faults"),
        ("- close", "no list of faults"),
        ("- {kind: [", r"storm\.yaml:\d: It is not YAML"),
        ("- {kind: \xff}".encode("latin-1"), "It is not UTF-8"),
        ("- {kind: flood}", "There is no fault 'flood'"),
        ("- {kind: 503, after: 2024-01-01}", "after=2024-01-01 is not a number of seconds"),
    ],
)
async def test_file_that_is_no_scenario_is_refused(
    sandbox: RunningSandbox, tmp_path: Path, text: str | bytes, complaint: str
) -> None:
    file = tmp_path / "storm.yaml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)

    with pytest.raises(UsageError, match=complaint):
        await shell(sandbox.url, "fault", "play", str(file))


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("add", "503", "often"), "often is not NAME=VALUE"),
        (("add", "503", "bot=nobody"), "There is no bot nobody"),
        (("add", "503", "colour=red"), "503 has no 'colour'.*It has: .*times"),
        (("clear", "f9"), "There is no fault f9"),
    ],
)
async def test_shell_is_told_what_is_wrong(
    sandbox: RunningSandbox, words: tuple[str, ...], complaint: str
) -> None:
    with pytest.raises(UsageError) as error:
        await shell(sandbox.url, "fault", *words)

    assert pytest.approx(2) == int(error.value.exit_code)
    error.match(complaint)


async def test_traffic_is_shown_to_a_shell(sandbox: RunningSandbox, http: Http) -> None:
    await http.get("/users/@me")
    await http.get("/nowhere")

    _, shown, _ = await shell(sandbox.url, "traffic")
    _, as_json, _ = await shell(sandbox.url, "traffic", "--json")

    assert "sage: 0 identifies, 0 resumes, 2 requests (200:1 404:1), closes none" in shown
    assert "401, 403 and 429 in 10 minutes: 0 now, 0 at worst" in shown
    assert json.loads(as_json)["bots"]["sage"]["requests"] == 2


async def test_help_names_every_kind(sandbox: RunningSandbox) -> None:
    code, shown, _ = await shell(sandbox.url, "fault", "add", "--help")

    assert code == 0
    assert [kind for kind in KINDS if f"  {kind} " not in shown] == []
