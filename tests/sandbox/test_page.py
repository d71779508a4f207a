"""The chat page without a browser: served whole, needs nothing from elsewhere, fits together."""

import re
from collections.abc import AsyncIterator, Iterator
from html.parser import HTMLParser
from itertools import product
from pathlib import Path

import aiohttp
import pytest

from multibot.sandbox import app
from multibot.sandbox.app import RunningSandbox
from multibot.sandbox.world import World
from tests.fakes import FakeClock

PAGE = Path(app.__file__).parent / "page"
FILES = sorted(path.name for path in PAGE.iterdir())
SCRIPTS = [name for name in FILES if name.endswith(".js")]
STYLES = [name for name in FILES if name.endswith(".css")]

CONTENT_TYPES = {
    ".html": {"text/html"},
    ".css": {"text/css"},
    ".js": {"text/javascript", "application/javascript"},
    ".svg": {"image/svg+xml"},
}
# A name that browsers never fetch, and the only address a standalone SVG cannot do without.
SVG_NAMESPACE = "http://www.w3.org/2000/svg"
ADDRESS = re.compile(r"\b(?:https?|wss?|ftp)://\w|[\"'(=]//\w|@import|\burl\(", re.IGNORECASE)
CONTENT_AS_MARKUP = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment"
    r"|DOMParser|\beval\(|\bFunction\(|\"style\""
)
LONGEST_FILE = 300
LONGEST_FUNCTION = 50
READABLE = 4.5


def text_of(name: str) -> str:
    return (PAGE / name).read_text(encoding="utf-8")


class Markup(HTMLParser):
    """What index.html holds: its elements in order, and text inside script or style."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.inline: list[str] = []
        self._within = ""
        self.feed(text_of("index.html"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        self._within = tag

    def handle_data(self, data: str) -> None:
        if self._within in {"script", "style"} and data.strip():
            self.inline.append(data)

    def handle_endtag(self, tag: str) -> None:
        self._within = ""

    def values(self, attribute: str) -> list[str]:
        return [found[attribute] for _, found in self.elements if attribute in found]


@pytest.fixture
async def sandbox(clock: FakeClock) -> AsyncIterator[RunningSandbox]:
    running = await app.start(World(clock))
    yield running
    await running.close()


@pytest.fixture
async def web(sandbox: RunningSandbox) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(sandbox.url) as session:
        yield session


@pytest.mark.parametrize("name", FILES)
async def test_every_file_is_served_with_its_type(web: aiohttp.ClientSession, name: str) -> None:
    async with web.get(f"/page/{name}") as answer:
        body = await answer.text()

    assert answer.status == 200
    assert answer.content_type in CONTENT_TYPES[Path(name).suffix]
    assert body == text_of(name)


async def test_the_root_is_the_page(web: aiohttp.ClientSession) -> None:
    async with web.get("/") as answer:
        body = await answer.text()

    assert answer.content_type == "text/html"
    assert body == text_of("index.html")


async def test_every_address_the_scripts_ask_for_exists(web: aiohttp.ClientSession) -> None:
    """OPTIONS is allowed nowhere, so a known address says 405 and an unknown one 404."""
    asked = {path for name in SCRIPTS for path in re.findall(r"/sandbox/\w+", text_of(name))}

    assert asked
    for path in sorted(asked):
        async with web.options(path) as answer:
            assert (path, answer.status) == (path, 405)


@pytest.mark.parametrize("name", FILES)
def test_nothing_comes_from_elsewhere(name: str) -> None:
    text = text_of(name).replace(SVG_NAMESPACE, "")

    assert ADDRESS.findall(text) == []


def test_links_of_the_page_lead_to_files_that_are_there() -> None:
    markup = Markup()
    local = [one for one in markup.values("href") + markup.values("src") if not one.startswith("#")]

    assert {one.removeprefix("/page/") for one in local} <= set(FILES)
    assert {one for one in STYLES if f"/page/{one}" not in local} == set()


def test_no_script_or_style_is_inline() -> None:
    markup = Markup()
    tags = [tag for tag, _ in markup.elements]
    attributes = {name for _, found in markup.elements for name in found}

    assert markup.inline == []
    assert "style" not in tags
    assert {name for name in attributes if name == "style" or name.startswith("on")} == set()


def test_the_policy_allows_only_the_pages_own_files() -> None:
    (policy,) = [
        found["content"]
        for tag, found in Markup().elements
        if tag == "meta" and found.get("http-equiv") == "Content-Security-Policy"
    ]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))

    assert rules["default-src"] == "'none'"
    assert set(rules.values()) == {"'none'", "'self'"}


@pytest.mark.parametrize("name", SCRIPTS)
def test_content_never_becomes_markup(name: str) -> None:
    assert CONTENT_AS_MARKUP.findall(text_of(name)) == []


def test_every_id_that_is_looked_up_exists_once() -> None:
    markup = Markup()
    ids = markup.values("id")
    looked_up = {one for name in SCRIPTS for one in re.findall(r'byId\("([^"]+)"\)', text_of(name))}
    referred = {
        one
        for attribute in ("for", "aria-labelledby", "aria-controls", "aria-describedby")
        for value in markup.values(attribute)
        for one in value.split()
    }

    assert looked_up
    assert len(ids) == len(set(ids))
    assert (looked_up | referred) - set(ids) == set()


def test_every_icon_exists() -> None:
    drawn = set(Markup().values("data-icon"))
    used = {one for name in SCRIPTS for one in re.findall(r'\bicon\("(\w+)"\)', text_of(name))}

    assert used
    assert used - drawn == set()


def test_every_button_and_field_has_a_name() -> None:
    markup = Markup()
    labelled = set(markup.values("for"))
    for tag, found in markup.elements:
        if tag in {"input", "select", "textarea"}:
            assert found["id"] in labelled or found.get("aria-label"), found
        if tag == "button" and "quiet" in found.get("class", ""):
            assert found.get("aria-label"), found


def imports_of(name: str) -> Iterator[tuple[str, set[str]]]:
    for names, source in re.findall(r'import \{([^}]*)\} from "\./([^"]+)"', text_of(name)):
        yield source, {one.strip() for one in names.split(",") if one.strip()}
    for source in re.findall(r'import \* as \w+ from "\./([^"]+)"', text_of(name)):
        yield source, set()


def exports_of(name: str) -> set[str]:
    declared = r"^export (?:async )?(?:function|const|class) (\w+)"
    return set(re.findall(declared, text_of(name), re.MULTILINE))


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_imported_name_is_exported(name: str) -> None:
    for source, names in imports_of(name):
        assert source in SCRIPTS
        assert names - exports_of(source) == set(), source


def test_every_script_is_reached_from_main() -> None:
    reached, waiting = set[str](), ["main.js"]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting.extend(source for source, _ in imports_of(name))

    assert reached == set(SCRIPTS)


@pytest.mark.parametrize("name", FILES)
def test_files_stay_small(name: str) -> None:
    assert len(text_of(name).splitlines()) < LONGEST_FILE


@pytest.mark.parametrize("name", SCRIPTS)
def test_functions_stay_small(name: str) -> None:
    """A function or method ends at the first line that closes its own indentation."""
    lines = text_of(name).splitlines()
    for at, line in enumerate(lines):
        head = re.match(r"( *)(?:export )?(?:async |get )*(?:function )?#?\w+\([^;]*\) \{$", line)
        if head and line.split("(")[0].split()[-1] not in {"if", "for", "while"}:
            length = next(n for n, later in enumerate(lines[at:]) if later == head[1] + "}") + 1
            assert length < LONGEST_FUNCTION, line


def test_every_style_variable_is_defined() -> None:
    styles = "\n".join(text_of(name) for name in STYLES)
    defined = set(re.findall(r"(--[\w-]+):", styles))

    assert set(re.findall(r"var\((--[\w-]+)", styles)) - defined == set()


def palettes() -> dict[str, dict[str, str]]:
    light, dark = text_of("colours.css").split("@media (prefers-color-scheme: dark)")
    colour = r"(--[\w-]+): (#[0-9a-f]{6});"
    first = dict(re.findall(colour, light))
    return {"light": first, "dark": first | dict(re.findall(colour, dark))}


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


TONES = [f"--tone-{number}" for number in range(1, 9)]
PAPERS = ["--paper", "--side", "--raised", "--hover"]
INKS = ["--ink", "--ink-soft", "--ink-faint", "--accent"]
WRITTEN_ON = [
    *product(INKS, PAPERS),
    *product(TONES, [*PAPERS, "--accent-wash"]),
    *product(["--on-tone"], TONES),
    *product(["--ink", "--ink-soft"], ["--pressed", "--accent-wash"]),
    *product(["--ink", "--ink-faint"], ["--code"]),
    ("--accent", "--accent-wash"),
    ("--on-accent", "--accent"),
    ("--danger", "--danger-wash"),
    ("--on-danger", "--danger"),
    *product(["--ink", "--ink-soft"], ["--raised", "--paper"]),
    ("--warn", "--warn-wash"),
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_readable_in_both_schemes(scheme: str) -> None:
    """WCAG AA for ordinary text: 4.5 to 1 on everything it is written on."""
    colours = palettes()[scheme]
    faint = {
        (ink, paper): round(contrast(colours[ink], colours[paper]), 2)
        for ink, paper in WRITTEN_ON
        if contrast(colours[ink], colours[paper]) < READABLE
    }

    assert faint == {}
