"""The documents name everything a user can type, set or meet, and nothing that is not there."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from multibot.cli.main import COMMANDS, LazyGroup, root
from multibot.config.settings import PREFIX, Settings
from multibot.errors import ExitCode
from tests.architecture.source import ROOT, python_files

DOCS = sorted([*(ROOT / "docs").glob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"])
OPERATIONS = ROOT / "docs" / "operations.md"
SETTING = re.compile(r"\bMULTIBOT_[A-Z_]+[A-Z]\b")
# Written for one process by another; nobody sets them by hand.
BETWEEN_PROCESSES = {"MULTIBOT_BOT"}


def commands(
    group: click.Group, context: click.Context, prefix: str
) -> Iterator[tuple[str, click.Command]]:
    """Walk the real command tree: "multibot db migrate" and its command."""
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield f"{prefix} {name}", command
        if isinstance(command, click.Group):
            yield from commands(command, context, f"{prefix} {name}")


def under(name: str) -> dict[str, click.Command]:
    """Return one top-level command with everything below it."""
    context = click.Context(root, info_name="multibot")
    assert isinstance(root, LazyGroup)
    command = root.get_command(context, name)
    assert command is not None
    found = {f"multibot {name}": command}
    if isinstance(command, click.Group):
        found.update(commands(command, context, f"multibot {name}"))
    return found


def section(text: str, title: str) -> str:
    """Cut out what stands under the heading that is this command, up to the next heading."""
    found = re.search(
        rf"^#+ `{re.escape(title)}[^a-z].*?$(.*?)(?=^#)", f"{text}\n#", re.DOTALL | re.MULTILINE
    )
    return found[0] if found else ""


def mentions(text: str, option: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", text) is not None


def all_documents() -> str:
    return "\n".join(path.read_text() for path in DOCS)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_and_option_is_described(name: str) -> None:
    text = OPERATIONS.read_text()

    missing = []
    for title, command in under(name).items():
        described = section(text, title)
        if not described:
            missing.append(title)
        options = [p for p in command.params if isinstance(p, click.Option) and not p.hidden]
        missing += [
            f"{title} {spelling}"
            for option in options
            for spelling in option.opts
            if not mentions(described, spelling)
        ]

    assert missing == []


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_and_option_says_what_it_does(name: str) -> None:
    """`--help` is documentation too."""
    silent = [
        f"{title} {parameter.opts[0] if parameter else ''}".strip()
        for title, command in under(name).items()
        for parameter in [None, *(p for p in command.params if isinstance(p, click.Option))]
        if not (parameter.help if parameter else command.help)
    ]

    assert silent == []


def test_the_options_before_the_command_are_described() -> None:
    text = section(OPERATIONS.read_text(), "multibot")

    assert [
        spelling
        for option in root.params
        for spelling in option.opts
        if not mentions(text, spelling)
    ] == []


@pytest.mark.parametrize("code", ExitCode)
def test_every_exit_code_is_described(code: ExitCode) -> None:
    assert re.search(rf"^\| {int(code)} \|", OPERATIONS.read_text(), re.MULTILINE)


def settings() -> set[str]:
    """Find every setting that the program's own text names or its settings model has."""
    named = {
        name
        for path in python_files("multibot")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for name in SETTING.findall(node.value)
    }
    fields = {f"{PREFIX}{field}".upper() for field in Settings.model_fields}
    return (named | fields) - BETWEEN_PROCESSES


def test_every_setting_is_described() -> None:
    text = all_documents()

    assert sorted(settings() - set(SETTING.findall(text))) == []


def test_every_setting_a_document_names_is_there() -> None:
    made_for_tests = {"MULTIBOT_TEST_FULL"}

    assert set(SETTING.findall(all_documents())) - settings() - made_for_tests <= BETWEEN_PROCESSES


def typed_commands() -> set[str]:
    """Find `multibot <word>` in code, both between backticks and in fenced blocks."""
    code = re.findall(r"```.*?```|`[^`\n]+`", all_documents(), re.DOTALL)
    return {
        word
        for block in code
        for word in re.findall(r"\bmultibot (?:--home \S+ )?([a-z]+)\b(?!\.)", block)
    }


def test_every_command_a_document_shows_is_there() -> None:
    assert typed_commands() - COMMANDS.keys() == set()


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_links_between_files_lead_somewhere(path: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", path.read_text())
    local = [target for target in targets if "://" not in target]

    assert [target for target in local if not (path.parent / target).exists()] == []


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_links_to_headings_lead_somewhere(path: Path) -> None:
    broken = []
    for target, anchor in re.findall(r"\]\(([^)#\s]*)#([^)]+)\)", path.read_text()):
        file = path.parent / target if target else path
        titles = re.findall(r"^#+ (.*)$", file.read_text(), re.MULTILINE) if file.exists() else []
        slugs = {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
        if anchor not in slugs:
            broken.append(f"{target}#{anchor}")

    assert broken == []
