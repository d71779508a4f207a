"""What becomes of the many ways in which supervisord may not answer."""

import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path
from socketserver import ThreadingUnixStreamServer
from typing import Any
from xmlrpc.client import Fault as RpcFault
from xmlrpc.server import SimpleXMLRPCDispatcher, SimpleXMLRPCRequestHandler

import pytest

from multibot.errors import MultibotError, NotRunningError, TemporaryError
from multibot.home import Home
from multibot.supervise.control import (
    Control,
    Differences,
    ProcessState,
    RefusedError,
    ShuttingDownError,
)

SPEC = "supervisor."


class Handler(SimpleXMLRPCRequestHandler):
    rpc_paths = ()
    disable_nagle_algorithm = False

    def address_string(self) -> str:
        return "local"


class FakeSupervisord(SimpleXMLRPCDispatcher, ThreadingUnixStreamServer):
    """Answers each method with what it was told, or with the fault it was told."""

    logRequests = False  # noqa: N815 - the base class's name
    daemon_threads = True

    def __init__(self, path: Path) -> None:
        SimpleXMLRPCDispatcher.__init__(self)
        ThreadingUnixStreamServer.__init__(self, str(path), Handler)
        self.register_function(self._call_all, "system.multicall")
        self.calls: list[tuple[object, ...]] = []

    def _call_all(self, calls: Any) -> Any:
        # Unlike other servers, supervisord does not put each value into a list of its own.
        try:
            return [self._dispatch(call["methodName"], call["params"]) for call in calls]
        except RpcFault as fault:
            return [{"faultCode": fault.faultCode, "faultString": fault.faultString}]

    def answer(self, method: str, value: object) -> None:
        def act(*arguments: Any) -> Any:
            self.calls.append((method, *arguments))
            if isinstance(value, RpcFault):
                raise value
            return value

        self.register_function(act, SPEC + method)


@pytest.fixture
def home() -> Iterator[Home]:
    with tempfile.TemporaryDirectory(prefix="mb-") as folder:
        made = Home(Path(folder))
        made.run.mkdir(parents=True)
        yield made


@pytest.fixture
def server(home: Home) -> Iterator[FakeSupervisord]:
    with FakeSupervisord(home.socket) as fake:
        thread = threading.Thread(target=fake.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield fake
        fake.shutdown()
        thread.join()


def test_nobody_there_is_not_running(home: Home) -> None:
    control = Control(home)

    assert not control.alive()
    with pytest.raises(NotRunningError):
        control.processes()


def test_a_stale_socket_is_not_running(home: Home) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(home.socket))

    assert home.socket.exists()
    assert not Control(home).alive()


def test_one_that_hangs_up_is_not_running(home: Home) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(home.socket))
        listener.listen()

        def hang_up() -> None:
            for _ in range(2):
                listener.accept()[0].close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        with pytest.raises(NotRunningError):
            Control(home).processes()
        thread.join()


def test_something_else_on_the_socket_is_a_passing_trouble(home: Home) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(home.socket))
        listener.listen()

        def babble() -> None:
            connection = listener.accept()[0]
            asked = b""
            with connection:
                while b"</methodCall>" not in asked:
                    asked += connection.recv(65536)
                connection.sendall(b"HTTP/1.1 %d No\r\n\r\n" % HTTPStatus.SERVICE_UNAVAILABLE)

        thread = threading.Thread(target=babble)
        thread.start()
        with pytest.raises(TemporaryError, match="does not answer"):
            Control(home).processes()
        thread.join()


def test_who_it_is_and_what_it_runs(home: Home, server: FakeSupervisord) -> None:
    server.answer("getPID", 12)
    server.answer("getSupervisorVersion", "4.3.0")
    info = {"name": "sage", "state": 20, "pid": 7, "start": 5, "exitstatus": 0, "spawnerr": ""}
    server.answer("getAllProcessInfo", [info])
    server.answer("getAllConfigInfo", [{"stopwaitsecs": 20}, {"stopwaitsecs": 65}])
    control = Control(home)

    assert (control.daemon().pid, control.daemon().version) == (12, "4.3.0")
    sage = control.processes()["sage"]
    assert (sage.state, sage.pid, sage.started) == (ProcessState.RUNNING, 7, 5)
    assert control.longest_stop() == 65


def test_differences_are_named_in_order(home: Home, server: FakeSupervisord) -> None:
    server.answer("reloadConfig", [[["b", "a"], [], ["c"]]])

    assert Control(home).reload() == Differences(("a", "b"), (), ("c",))


def test_no_request_waits_for_a_process(home: Home, server: FakeSupervisord) -> None:
    for method in ("startProcess", "stopProcess", "stopAllProcesses"):
        server.answer(method, value=True)
    control = Control(home)

    control.start("sage")
    control.stop("sage")
    control.stop_all()

    assert [call[-1] for call in server.calls] == [False, False, False]


Act = Callable[[Control], None]


@pytest.mark.parametrize(
    ("method", "code", "act"),
    [
        ("startProcess", 60, lambda control: control.start("sage")),
        ("startProcess", 50, lambda control: control.start("sage")),
        ("stopProcess", 70, lambda control: control.stop("sage")),
        ("addProcessGroup", 90, lambda control: control.add_group("sage")),
    ],
)
def test_what_is_so_already_is_no_error(
    home: Home, server: FakeSupervisord, method: str, code: int, act: Act
) -> None:
    server.answer(method, RpcFault(code, "ALREADY"))

    act(Control(home))

    assert server.calls[0][:2] == (method, "sage")


@pytest.mark.parametrize(
    ("code", "kind", "text"),
    [
        (91, RefusedError, "refused removeProcessGroup: STILL_RUNNING: sage"),
        (6, ShuttingDownError, "shutting down"),
    ],
)
def test_a_refusal_says_what_was_refused(
    home: Home, server: FakeSupervisord, code: int, kind: type[MultibotError], text: str
) -> None:
    server.answer("removeProcessGroup", RpcFault(code, "STILL_RUNNING: sage"))

    with pytest.raises(kind, match=text):
        Control(home).remove_group("sage")


def test_one_on_its_way_down_is_still_there(home: Home, server: FakeSupervisord) -> None:
    for method in ("getPID", "getSupervisorVersion"):
        server.answer(method, RpcFault(6, "SHUTDOWN_STATE"))

    assert Control(home).alive()
