"""Who may import whom: the table of docs/architecture.md, enforced over every import there is."""

from pathlib import Path

import pytest

from tests.architecture.source import (
    PACKAGE,
    dynamic_imports,
    imports,
    module_name,
    python_files,
)

GROUND = {"multibot", "errors", "clock", "home", "shipping", "wording", "conversation"}
MIDDLE = GROUND | {"config", "importing", "store", "responder"}
BELOW_THE_TOP = MIDDLE | {"runtime", "supervise", "sandbox"}
PROCESS = {"runtime.client", "runtime.wiring", "runtime.process"}

# A unit is a module or package directly in multibot, or one of the three of layer 3 in runtime.
MAY_IMPORT = {
    **dict.fromkeys(GROUND, GROUND),
    "config": GROUND | {"config"},
    "importing": GROUND | {"importing"},
    "store": GROUND | {"store"},
    "responder": GROUND | {"responder"},
    "runtime": MIDDLE | {"runtime"},
    "supervise": GROUND | {"config", "supervise"},
    "sandbox": GROUND | {"sandbox"},
    "runtime.client": MIDDLE | {"runtime"} | PROCESS,
    "runtime.wiring": MIDDLE | {"runtime"} | PROCESS,
    "runtime.process": MIDDLE | {"runtime"} | PROCESS,
    "cli": BELOW_THE_TOP | PROCESS | {"cli"},
    "__main__": {"cli"},
}

# Foreign packages that only one place knows; a prefix of the module's name each.
ONLY_IN = {
    "discord": tuple(
        f"multibot.runtime.{name}" for name in ("inbound", "client", "delivery", "commands")
    ),
    "sqlite3": ("multibot.store",),
    "pysqlite3": ("multibot.store",),
    "sqlite_utils": ("multibot.store",),
    "aiosql": ("multibot.store",),
    "supervisor": ("multibot.supervise",),
    "click": ("multibot.cli",),
    "rich": ("multibot.cli",),
    "yaml": ("multibot.config",),
    "pydantic": ("multibot.config",),
    "pydantic_settings": ("multibot.config",),
}

# The pure rules know nothing of the outside world, not even where the environment is.
NOT_IN_CONVERSATION = {
    *ONLY_IN, "os", "logging", "structlog", "asyncio", "threading", "socket", "time", "random",
}  # fmt: skip


def unit_of(module: str) -> str:
    """Name the row of the table that a module (or a name imported from one) belongs to."""
    parts = module.split(".")[1:]
    if not parts:
        return "multibot"
    pair = ".".join(parts[:2])
    if pair in PROCESS:
        return pair
    # `from multibot import __version__` names no module.
    return parts[0] if parts[0] in MAY_IMPORT else "multibot"


def within(module: str, places: tuple[str, ...]) -> bool:
    return any(module == place or module.startswith(f"{place}.") for place in places)


def violations(source: str, module: str, *, is_package: bool = False) -> list[str]:
    """Say what a file imports that its layer may not."""
    found = []
    for each in imports(source, module, is_package=is_package):
        top = each.target.split(".")[0]
        if top == "multibot":
            allowed = unit_of(each.target) in MAY_IMPORT[unit_of(module)]
        else:
            allowed = within(module, ONLY_IN.get(top, ("multibot",))) and not (
                top in NOT_IN_CONVERSATION and within(module, ("multibot.conversation",))
            )
        if not allowed:
            found.append(f"{module}:{each.line} imports {each.target}")
    return found


def test_every_module_imports_only_what_its_layer_may() -> None:
    found = [
        violation
        for path in python_files("multibot")
        for violation in violations(
            path.read_text(), module_name(path), is_package=path.name == "__init__.py"
        )
    ]

    assert found == []


def test_every_module_and_package_has_its_row_in_the_table() -> None:
    """Something new under multibot/ has to say where it belongs."""
    there = {
        path.stem
        for path in PACKAGE.iterdir()
        if path.suffix == ".py" or (path / "__init__.py").is_file()
    }

    assert there - {"__init__"} <= MAY_IMPORT.keys()


def test_modules_are_imported_by_name_only_where_the_command_line_does() -> None:
    found = {
        module_name(path) for path in python_files("multibot") if dynamic_imports(path.read_text())
    }

    assert found <= {"multibot.cli.main"}


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("multibot.conversation.x", "import discord"),
        ("multibot.conversation.x", "import os"),
        ("multibot.conversation.x", "from ..config import fleet"),
        ("multibot.config.x", "from multibot import store"),
        ("multibot.store.x", "def f():\n    import multibot.responder.script"),
        ("multibot.responder.x", "if TYPE_CHECKING:\n    from multibot.store import ledger"),
        ("multibot.runtime.x", "import click"),
        ("multibot.runtime.x", "import discord"),
        ("multibot.runtime.x", "from multibot.runtime.client import Client"),
        ("multibot.runtime.x", "from .process import main"),
        ("multibot.runtime.x", "from multibot.supervise import render"),
        ("multibot.runtime.client", "from multibot.cli import run"),
        ("multibot.supervise.x", "from multibot.store import status"),
        ("multibot.sandbox.x", "import multibot.config"),
        ("multibot.cli.x", "import sqlite3"),
        ("multibot.errors", "from multibot.cli.main import root"),
        ("multibot.clock", "from .config import settings"),
    ],
)
def test_a_forbidden_import_is_seen(module: str, source: str) -> None:
    """The checker itself: relative, lazy and typing-only imports count like any other."""
    assert len(violations(source, module)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("multibot.conversation.x", "from . import message"),
        ("multibot.conversation.x", "from multibot import clock"),
        ("multibot.config.x", "import yaml"),
        ("multibot.runtime.client", "import discord\nfrom multibot.runtime.engine import Engine"),
        ("multibot.runtime.engine", "from ..store.ledger import Ledger"),
        ("multibot.cli.x", "from multibot.runtime.process import run\nimport click"),
        ("multibot.cli.x", "import multibot\nfrom multibot import __version__"),
    ],
)
def test_an_allowed_import_passes(module: str, source: str) -> None:
    assert violations(source, module) == []


def test_an_import_inside_a_package_file_is_resolved_from_the_package() -> None:
    assert violations("from .x import y", "multibot.config", is_package=True) == []
    assert violations("from ..store import y", "multibot.config", is_package=True) != []


@pytest.mark.parametrize(
    "call", ["importlib.import_module(name)", "import_module('multibot.x')", "__import__(name)"]
)
def test_an_import_by_name_is_seen(call: str) -> None:
    assert dynamic_imports(f"def f():\n    {call}") == [2]


def test_a_foreign_module_may_be_imported_by_name() -> None:
    assert dynamic_imports("importlib.import_module('compression.zstd')") == []


def test_this_folder_finds_the_package() -> None:
    assert Path(PACKAGE / "errors.py") in python_files("multibot")
