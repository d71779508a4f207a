"""Other web sites stay outside: their names and their origins are refused."""

import pytest

from tests.sandbox.clients import Http

FOREIGN_HOST = {"Host": "evil.example"}
FOREIGN_ORIGIN = {"Origin": "http://evil.example"}


@pytest.mark.parametrize("path", ["/sandbox/state", "/", "/page/main.js", "/sandbox/events"])
@pytest.mark.parametrize(
    "headers",
    [FOREIGN_HOST, FOREIGN_ORIGIN, {"Origin": "null"}, {"Origin": "http://127.0.0.1:1"}],
)
async def test_foreign_host_or_origin_is_refused(
    http: Http, path: str, headers: dict[str, str]
) -> None:
    async with http.session.get(http.url + path, headers=headers) as response:
        assert response.status == 403


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "[::1]"])
async def test_this_machine_is_welcome_by_all_its_names(http: Http, name: str) -> None:
    host = f"{name}:{http.url.rpartition(':')[2]}"
    headers = {"Host": host, "Origin": f"http://{host}"}

    async with http.session.get(http.url + "/sandbox/state", headers=headers) as response:
        assert response.status == 200


async def test_bots_may_call_the_sandbox_by_any_name(http: Http) -> None:
    """They bring a token; a container reaches the sandbox under a name of its own."""
    response, _ = await http.raw(
        "GET", "/users/@me", headers={**http.headers, "Host": "sandbox.internal:8787"}
    )

    assert response.status == 200


async def test_page_is_served_and_nothing_around_it(http: Http) -> None:
    async with http.session.get(http.url + "/") as response:
        assert response.content_type == "text/html"
        policy = response.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'self';")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert "data:" not in policy
    for path in ("/page/..%2fapp.py", "/page/nothing.js", "/page/.hidden", "/app.py"):
        async with http.session.get(http.url + path) as response:
            assert response.status == 404
