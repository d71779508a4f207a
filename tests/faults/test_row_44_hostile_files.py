"""Row 44: hostile configuration. It reads back from supervisor's own loader the same, or is refused clearly."""

from collections import Counter
from typing import Any

import click
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from multibot.cli.main import root
from multibot.errors import PermanentError
from multibot.home import Home
from multibot.supervise import conf
from tests.faults import book
from tests.unit.config import samples

EXAMPLES = book.times(10_000, 150)
NASTY = (
    *(
        "%",
        "%(here)s",
        "%(ENV_PATH)s",
        "%%",
        '"',
        "'",
        '"a"b"',
        ";",
        " ;x",
        "#",
        "=",
        "[program:x]",
    ),
    *(
        "\n",
        "\r\n",
        "\na=b\n",
        "\t",
        "\x00",
        "\x1b[31m",
        "\x85",
        "\u2028",
        "\u202e",
        "\ufeff",
        "\ud800",
    ),
    *(
        "ä",
        "語",
        "🎉",
        "\\",
        "${HOME}",
        "$(id)",
        "`id`",
        "../..",
        "/etc/passwd",
        "all",
        "up",
        "~",
        "-",
    ),
    *("&a", "*a", "<<", "!!python/object:os.system", "{}", "[]", "|", ">", "null", "yes", "1e999"),
)
TEXT = st.lists(st.sampled_from(NASTY) | st.text(max_size=6), max_size=4).map("".join)
NAMES = st.from_regex(r"[a-z][a-z0-9_-]{0,31}", fullmatch=True) | TEXT
SCALARS = st.one_of(
    TEXT, st.none(), st.booleans(), st.integers(), st.floats(), st.integers(10**30, 10**40)
)
JUNK = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
OFTEN_TEXT = TEXT | SCALARS
BOT = st.fixed_dictionaries(
    {"name": NAMES, "config_file": st.sampled_from(("sage.yaml", "spark.md")) | TEXT},
    optional={
        "discord_token": st.sampled_from(("${DISCORD_TOKEN_SAGE}", "${DISCORD_TOKEN_SPARK}"))
        | TEXT,
        "channels": st.lists(TEXT, max_size=3) | JUNK,
        "enabled": st.booleans() | SCALARS,
        "priority": SCALARS,
        "persona": st.dictionaries(st.sampled_from(("name", "description")), OFTEN_TEXT) | JUNK,
    },
)
# One line of what can be printed: hostile to what it is rendered into, and allowed.
LINE = TEXT.map(lambda text: "".join(filter(str.isprintable, text))).map("x{}".format)
GOOD_BOT = st.fixed_dictionaries(
    {
        "name": st.from_regex(r"[a-z][a-z0-9_-]{0,31}", fullmatch=True),
        "config_file": st.just("sage.yaml"),
        "channels": st.lists(LINE, min_size=1, max_size=3),
    },
    optional={"enabled": st.booleans(), "persona": st.fixed_dictionaries({"description": LINE})},
)
GOOD_FLEETS = st.fixed_dictionaries(
    {"bots": st.lists(GOOD_BOT, min_size=1, max_size=4, unique_by=lambda bot: bot["name"])}
)
GOOD_PERSONAS = st.fixed_dictionaries(
    {"system_prompt": LINE}, optional={"persona": st.fixed_dictionaries({"description": LINE})}
)
FLEETS = st.fixed_dictionaries(
    {"bots": st.lists(GOOD_BOT | BOT, max_size=4) | JUNK},
    optional={"global_settings": JUNK, "limits": JUNK, "storage": JUNK, "logging": JUNK},
)
PERSONAS = st.fixed_dictionaries(
    {"system_prompt": TEXT.filter(str.strip)},
    optional={"bot": st.fixed_dictionaries({"name": TEXT}), "persona": JUNK, "scripted": JUNK},
)
# Half of them in order, so that the far end is reached, and half with one part or both that is not.
PAIRS = st.tuples(GOOD_FLEETS, GOOD_PERSONAS) | st.tuples(FLEETS | GOOD_FLEETS, PERSONAS)


def as_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def written(data: Any) -> bytes:
    """Write YAML as a person's editor might, or as it was never meant to be."""
    return as_bytes(yaml.safe_dump(data, allow_unicode=True, sort_keys=False))


def with_tokens(fleet: dict[str, Any]) -> dict[str, Any]:
    """Give each bot of an orderly list a variable of its own."""
    bots = fleet["bots"]
    for number, bot in enumerate(bots if isinstance(bots, list) else ()):
        if isinstance(bot, dict):
            bot.setdefault("discord_token", f"${{DISCORD_TOKEN_{number}}}")
    return fleet


def render(home: Home) -> str:
    """Run `multibot render`; return the error it ends with, or nothing."""
    try:
        root.main(["--home", str(home.root), "render"], standalone_mode=False)
    except PermanentError as error:
        return str(error)
    except click.ClickException as error:
        return error.format_message()
    return ""


def enabled(fleet: dict[str, Any]) -> set[str]:
    return {bot["name"] for bot in fleet["bots"] or () if bot.get("enabled") in {True, None}}


@pytest.fixture
def place(home: Home) -> Home:
    samples.write(home)
    for folder in (home.data, home.run, home.logs):
        folder.mkdir()
    return home


def is_right(home: Home, fleet: dict[str, Any], error: str) -> bool:
    """Compare what supervisor reads with what was written; false for a refusal, looked at as well."""
    if error:
        assert all(line.isprintable() for line in error.splitlines())
        assert "Traceback" not in error
        assert not home.supervisord_conf.exists()
        return False
    parsed = conf.parse(home.supervisord_conf)
    home.supervisord_conf.unlink()
    assert set(parsed.programs) == enabled(fleet)
    for name, program in parsed.programs.items():
        assert program == {
            "command": f"multibot run {name}",
            "directory": str(home.root),
            "environment": {"MULTIBOT_BOT": name},
            "log": str(home.bot_log(name)),
        }
    return True


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_any_values_read_back_the_same_or_are_refused(place: Home) -> None:
    counted: Counter[bool] = Counter()

    @given(pair=PAIRS)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    def attempt(pair: tuple[dict[str, Any], dict[str, Any]]) -> None:
        fleet, persona = with_tokens(pair[0]), pair[1]
        place.fleet_file.write_bytes(written(fleet))
        (place.root / "bots" / "sage.yaml").write_bytes(written(persona))
        counted[is_right(place, fleet, render(place))] += 1

    attempt()
    assert min(counted[True], counted[False]) > EXAMPLES // 10
    book.note(
        book.Entry(
            row=44,
            fault="hostile configuration: values",
            count=counted.total(),
            unit="examples",
            result="supervisor reads the same values, or one clear error; 0 tracebacks",
            figures={"read back": counted[True], "refused": counted[False]},
        )
    )


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_file_with_anything_in_it_is_rendered_or_refused(place: Home) -> None:
    """Bytes of an orderly file, with others put in anywhere."""
    counted: Counter[bool] = Counter()
    text = yaml.safe_dump(samples.FLEET).encode()

    @given(at=st.integers(0, len(text)), junk=TEXT.map(as_bytes) | st.binary())
    @settings(max_examples=EXAMPLES // 2, deadline=None, derandomize=True)
    def attempt(at: int, junk: bytes) -> None:
        samples.write(place, text[:at] + junk + text[at:])
        error = render(place)
        assert "Traceback" not in error
        assert place.supervisord_conf.exists() is not bool(error)
        place.supervisord_conf.unlink(missing_ok=True)
        counted[not error] += 1

    attempt()
    assert min(counted[True], counted[False]) > 0
    book.note(
        book.Entry(
            row=44,
            fault="hostile configuration: bytes",
            count=counted.total(),
            unit="examples",
            result="rendered, or one clear error; 0 tracebacks",
            figures={"rendered": counted[True], "refused": counted[False]},
        )
    )
