"""A supervisord of plain values: processes take a number of looks to stop."""

from dataclasses import replace
from pathlib import Path

from multibot.errors import NotRunningError
from multibot.home import Home
from multibot.supervise.control import (
    ALIVE,
    Control,
    Daemon,
    Differences,
    Process,
    ProcessState,
    ShuttingDownError,
)
from multibot.supervise.patience import Patience
from tests.fakes import FakeClock


class FakeControl(Control):
    """Stands in for a running supervisord; `looks_to_stop` is how slowly its bots stop."""

    def __init__(self, *running: str, looks_to_stop: int = 2) -> None:
        super().__init__(Home(Path("/nowhere")))
        self.table = {name: self._started(name, pid) for pid, name in enumerate(running, 100)}
        self.differences = Differences((), (), ())
        self.asked: list[str] = []
        self.daemon_state = "running"
        self._looks = looks_to_stop
        self._stopping: dict[str, int] = {}
        self._next_pid = 200

    def set(self, name: str, state: ProcessState, pid: int = 0) -> None:
        self.table[name] = Process(bot_name=name, state=state, pid=pid, started=1)

    def daemon(self) -> Daemon:
        if self.daemon_state == "gone":
            raise NotRunningError
        if self.daemon_state == "ending":
            self.daemon_state = "gone"
            raise ShuttingDownError
        return Daemon(pid=2**22 + 1, version="4.3.0")

    def processes(self) -> dict[str, Process]:
        if self.daemon_state != "running":
            raise NotRunningError
        for name in list(self._stopping):
            self._stopping[name] -= 1
            if self._stopping[name] <= 0:
                del self._stopping[name]
                self.set(name, ProcessState.STOPPED)
        return dict(self.table)

    def longest_stop(self) -> int:
        return 20

    def start(self, bot_name: str) -> None:
        self.asked.append(f"start {bot_name}")
        assert self.table[bot_name].state is not ProcessState.STOPPING
        if self.table[bot_name].state not in ALIVE:
            self._next_pid += 1
            self.table[bot_name] = self._started(bot_name, self._next_pid)

    def stop(self, bot_name: str) -> None:
        self.asked.append(f"stop {bot_name}")
        if self.table[bot_name].state in ALIVE:
            process = self.table[bot_name]
            self.table[bot_name] = replace(process, state=ProcessState.STOPPING)
            self._stopping[bot_name] = self._looks

    def stop_all(self) -> None:
        self.asked.append("stop all")
        for name in self.table:
            self.stop(name)

    def reload(self) -> Differences:
        return self.differences

    def add_group(self, bot_name: str) -> None:
        self.asked.append(f"add {bot_name}")
        self.set(bot_name, ProcessState.STOPPED)

    def remove_group(self, bot_name: str) -> None:
        assert self.table[bot_name].state not in ALIVE
        self.asked.append(f"remove {bot_name}")
        del self.table[bot_name]

    def shutdown(self) -> None:
        self.asked.append("shutdown")
        self.daemon_state = "ending"

    @staticmethod
    def _started(name: str, pid: int) -> Process:
        return Process(bot_name=name, state=ProcessState.RUNNING, pid=pid, started=1)


def patience(clock: FakeClock) -> Patience:
    """Wait without waiting."""
    return Patience(clock=clock, pause=clock.tick)
