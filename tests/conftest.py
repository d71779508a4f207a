"""What every test gets: a clean environment, a clock of its own, a home of its own."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from multibot.home import Home
from tests.fakes import FakeClock


def pytest_configure() -> None:
    """Let Ctrl-C end what tests start, also where a shell runs the tests in the background.

    Such a shell has its children ignore SIGINT, and they hand that on.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # How long an example takes is a matter of what else the machine does.
    settings.register_profile(
        "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    settings.load_profile("any machine")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hide the developer's own tokens and settings."""
    for name in list(os.environ):
        if name.startswith(("DISCORD_TOKEN", "MULTIBOT_")) and name != "MULTIBOT_TEST_FULL":
            monkeypatch.delenv(name)
    yield  # noqa: PT022 - the patch must outlive the test


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)
