"""Asking supervisord: XML-RPC over its unix socket, with the standard library only."""

import http.client
import socket
import xmlrpc.client
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any, cast

from multibot.errors import MultibotError, NotRunningError, PermanentError, TemporaryError
from multibot.home import Home

ANSWER_SECONDS = 10.0
# supervisord's `wait` argument: answer before the process has started or ended.
_AT_ONCE = False


class ProcessState(IntEnum):
    """supervisord's own states of a process."""

    STOPPED = 0
    STARTING = 10
    RUNNING = 20
    BACKOFF = 30
    STOPPING = 40
    EXITED = 100
    FATAL = 200
    UNKNOWN = 1000


# It has a process, or will have one again without being asked.
ALIVE = frozenset({ProcessState.STARTING, ProcessState.RUNNING, ProcessState.BACKOFF})


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """What supervisord says of one bot's process; `pid` is 0 when there is none."""

    bot_name: str
    state: ProcessState
    pid: int = 0
    started: int = 0
    exit_status: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class Daemon:
    """What supervisord says of itself."""

    pid: int
    version: str


@dataclass(frozen=True, slots=True)
class Differences:
    """How the configuration file differs from what supervisord runs, by bot name."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]


class RefusedError(MultibotError):
    """supervisord refused a request."""


class ShuttingDownError(TemporaryError):
    """supervisord is shutting down; try again in a moment."""


class Fault(IntEnum):
    """The refusals of supervisord that mean something to us."""

    SHUTDOWN_STATE = 6
    SPAWN_ERROR = 50
    ALREADY_STARTED = 60
    NOT_RUNNING = 70
    ALREADY_ADDED = 90


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=ANSWER_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class _Transport(xmlrpc.client.Transport):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        connection = _Connection(self._path)
        # Where the transport's own close() looks for it.
        self._connection = host, connection
        return connection


class Control:
    """One home's supervisord. No method waits for a process: look again with `processes`."""

    def __init__(self, home: Home) -> None:
        self._path = home.socket

    def alive(self) -> bool:
        """Say whether a supervisord listens here, be it on its way down."""
        try:
            self.daemon()
        except NotRunningError:
            return False
        except ShuttingDownError:
            return True
        return True

    def daemon(self) -> Daemon:
        """Ask supervisord who it is."""
        pid, version = self._ask_all("supervisor.getPID", "supervisor.getSupervisorVersion")
        return Daemon(pid=cast("int", pid), version=cast("str", version))

    def processes(self) -> dict[str, Process]:
        """Tell the state of every bot that supervisord runs, by name."""
        answer = self._ask("supervisor.getAllProcessInfo")
        return {process.bot_name: process for process in map(_process, cast("list[Any]", answer))}

    def longest_stop(self) -> int:
        """Tell after how many seconds of stopping the last bot would be killed."""
        answer = cast("list[dict[str, Any]]", self._ask("supervisor.getAllConfigInfo"))
        return max((int(info["stopwaitsecs"]) for info in answer), default=0)

    def start(self, bot_name: str) -> None:
        """Start a bot, unless it runs already; a start that fails shows in its process state."""
        harmless = (Fault.ALREADY_STARTED, Fault.SPAWN_ERROR)
        self._ask("supervisor.startProcess", bot_name, _AT_ONCE, harmless=harmless)

    def stop(self, bot_name: str) -> None:
        """Ask a bot to stop, unless it is not running."""
        self._ask("supervisor.stopProcess", bot_name, _AT_ONCE, harmless=(Fault.NOT_RUNNING,))

    def stop_all(self) -> None:
        """Ask every bot to stop, all at once."""
        self._ask("supervisor.stopAllProcesses", _AT_ONCE)

    def reload(self) -> Differences:
        """Have the configuration file read again; nothing is started or stopped by it."""
        answer = cast("list[list[list[str]]]", self._ask("supervisor.reloadConfig"))
        added, changed, removed = answer[0]
        return Differences(tuple(sorted(added)), tuple(sorted(changed)), tuple(sorted(removed)))

    def add_group(self, bot_name: str) -> None:
        """Take a bot over from the configuration file last read."""
        self._ask("supervisor.addProcessGroup", bot_name, harmless=(Fault.ALREADY_ADDED,))

    def remove_group(self, bot_name: str) -> None:
        """Forget a stopped bot."""
        self._ask("supervisor.removeProcessGroup", bot_name)

    def shutdown(self) -> None:
        """Ask supervisord to end; it stops its processes one after the other, so stop them first."""
        self._ask("supervisor.shutdown")

    def _ask_all(self, *methods: str) -> list[object]:
        calls = [{"methodName": method, "params": []} for method in methods]
        answers = cast("list[object]", self._ask("system.multicall", calls))
        for answer in answers:
            if isinstance(answer, dict):
                raise _refusal(methods[0], answer["faultCode"], answer["faultString"])
        return answers

    def _ask(self, method: str, *arguments: object, harmless: tuple[Fault, ...] = ()) -> object:
        """Call a method; a harmless fault says that things are as they were asked to be."""
        if not self._path.exists():
            raise NotRunningError
        try:
            return self._call(method, arguments)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode in harmless:
                return None
            raise _refusal(method, fault.faultCode, fault.faultString) from fault
        except (FileNotFoundError, ConnectionError) as error:
            raise NotRunningError from error
        except PermissionError as error:
            raise PermanentError(
                "you may not use this supervisord's socket.",
                where=str(self._path),
                remedy="Run the command as the user who started the fleet.",
            ) from error
        except (OSError, http.client.HTTPException, xmlrpc.client.Error) as error:
            raise TemporaryError(
                "supervisord does not answer; try again later.", where=str(self._path)
            ) from error

    def _call(self, method: str, arguments: tuple[object, ...]) -> object:
        with xmlrpc.client.ServerProxy("http://localhost", _Transport(self._path)) as server:
            call: Callable[..., object] = getattr(server, method)
            return call(*arguments)


def _refusal(method: str, code: object, text: object) -> MultibotError:
    if code == Fault.SHUTDOWN_STATE:
        return ShuttingDownError()
    return RefusedError(f"supervisord refused {method.removeprefix('supervisor.')}: {text}.")


def _process(info: dict[str, Any]) -> Process:
    return Process(
        bot_name=info["name"],
        state=ProcessState(info["state"]),
        pid=info["pid"],
        started=info["start"],
        exit_status=info["exitstatus"],
        error=info["spawnerr"],
    )
