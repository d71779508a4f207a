"""A running sandbox as another process sees it: its own API over HTTP, with the standard library."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import OpenerDirector, ProxyHandler, Request, build_opener

from multibot.errors import NotRunningError, UsageError

_TIMEOUT = 10.0
_MENTION = re.compile(r"<@!?(\d+)>")


class Remote:
    """Speaks to the sandbox at one address."""

    def __init__(self, url: str) -> None:
        if urlsplit(url).scheme != "http" or not urlsplit(url).netloc:
            raise UsageError(
                f"{url} is no address of a sandbox.", remedy="One looks like http://127.0.0.1:8787."
            )
        # The address that the bots get names the API; ours is beside it.
        self.url = url.rstrip("/").removesuffix("/api/v10")
        # A proxy from the environment does not lead back to this machine.
        self._opener: OpenerDirector = build_opener(ProxyHandler({}))

    def say(
        self, channel: str, author: str, content: str, reply_to: str | None = None
    ) -> dict[str, Any]:
        """Post a message as a person; `@name` of a bot becomes a mention, as clients do it."""
        text = mentioning(content, self.bots()) if "@" in content else content
        body = {"channel": channel, "author": author, "content": text, "reply_to": reply_to}
        return self._ask("/sandbox/messages", body)

    def edit(self, message_id: str, author: str, content: str) -> dict[str, Any]:
        """Give a message another text as the person who wrote it; mentions are made as in `say`."""
        text = mentioning(content, self.bots()) if "@" in content else content
        body = {"author": author, "content": text}
        return self._ask(f"/sandbox/messages/{quote(message_id)}", body, method="PATCH")

    def delete(self, message_ids: Sequence[str], author: str) -> list[str]:
        """Delete one message, or several of one channel at once; returns their ids."""
        query = urlencode([("author", author), *(("id", each) for each in message_ids)])
        gone: list[str] = self._ask(f"/sandbox/messages?{query}", method="DELETE")["deleted"]
        return gone

    def messages(
        self, channel: str, user: str, *, limit: int, after: str | None = None
    ) -> list[dict[str, Any]]:
        """Return the newest messages of a channel, or those after an id; oldest first."""
        query = {"channel": channel, "user": user, "limit": str(limit)}
        if after is not None:
            query["after"] = after
        found: list[dict[str, Any]] = self._ask(f"/sandbox/messages?{urlencode(query)}")["messages"]
        return found

    def bots(self) -> dict[str, str]:
        """Return the bots' ids by their names."""
        return {bot["name"]: bot["id"] for bot in self._ask("/sandbox/state")["bots"]}

    def names(self) -> dict[str, str]:
        """Return the names of all bots and people by their ids."""
        state = self._ask("/sandbox/state")
        return {one["id"]: one["name"] for one in (*state["users"], *state["bots"])}

    def add_faults(self, faults: Sequence[Mapping[str, object]]) -> list[dict[str, Any]]:
        """Let the sandbox fail in these ways: in all of them, or in none if one makes no sense."""
        added: list[dict[str, Any]] = self._ask("/sandbox/faults", {"faults": faults})["faults"]
        return added

    def faults(self) -> list[dict[str, Any]]:
        """Return the faults with their states; those that are over as well."""
        found: list[dict[str, Any]] = self._ask("/sandbox/faults")["faults"]
        return found

    def clear_faults(self, ids: Sequence[str]) -> list[str]:
        """Take away these faults, or all; returns whose ids are gone."""
        query = urlencode([("id", one) for one in ids])
        gone: list[str] = self._ask(f"/sandbox/faults?{query}", method="DELETE")["cleared"]
        return gone

    def tell_talk(self, channels: Sequence[Mapping[str, object]]) -> None:
        """Let the page show in which channels bots talk with each other, or rest from it."""
        self._ask("/sandbox/talk", {"channels": channels}, method="PUT")

    def traffic(self) -> dict[str, Any]:
        """Return what each bot asked for, in numbers."""
        return self._ask("/sandbox/traffic")

    def _ask(
        self, path: str, body: Mapping[str, object] | None = None, *, method: str | None = None
    ) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = Request(self.url + path, data, method=method)  # noqa: S310 - scheme was checked
        request.add_header("Content-Type", "application/json")
        try:
            with self._opener.open(request, timeout=_TIMEOUT) as response:
                answer: dict[str, Any] = json.loads(response.read())
        except HTTPError as error:
            raise self._refusal(error) from error
        except (URLError, OSError, ValueError) as error:
            raise self._nobody() from error
        return answer

    def _refusal(self, error: HTTPError) -> Exception:
        try:
            answer = json.loads(error.read())
            return UsageError(": ".join((str(answer["error"]), *_fields(answer.get("errors")))))
        except (ValueError, KeyError, TypeError):
            return self._nobody()
        finally:
            error.close()

    def _nobody(self) -> NotRunningError:
        return NotRunningError(
            f"No sandbox answers at {self.url}.",
            remedy="Start one with `multibot sandbox serve`, or name its address with --url.",
        )


def _fields(errors: object, path: str = "") -> list[str]:
    """Write Discord's nested errors as `content: Must be ...`, one for each."""
    if not isinstance(errors, Mapping):
        return []
    found = [f"{path}: {one['message']}" for one in errors.get("_errors", ())]
    for key, below in errors.items():
        if key != "_errors":
            found += _fields(below, f"{path}.{key}" if path else str(key))
    return found


def named(content: str, names: Mapping[str, str]) -> str:
    """Write the mentions of a message as people see them; an unknown id stays as it is."""
    return _MENTION.sub(
        lambda found: f"@{names[found[1]]}" if found[1] in names else found[0], content
    )


def mentioning(content: str, bots: Mapping[str, str]) -> str:
    """Write `@name` of a known bot as Discord's clients send it."""
    if not bots:
        return content
    ids = {name.casefold(): user_id for name, user_id in bots.items()}
    pattern = re.compile(rf"(?<!\w)@({_either(bots)})(?!\w)", re.IGNORECASE)
    return pattern.sub(lambda found: f"<@{ids[found[1].casefold()]}>", content)


def _either(names: Iterable[str]) -> str:
    """Match the longest name first, so that `@sage2` is not `@sage`."""
    return "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
