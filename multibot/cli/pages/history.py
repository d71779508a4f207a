"""An export as one page: readable, complete in itself, and deaf to what the texts would have it do."""

import base64
import hashlib
import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from multibot.cli import history_lines
from multibot.cli.history_formats import Export, Section, totals
from multibot.cli.history_lines import attachments, name, time
from multibot.cli.printable import HARMFUL, printable_line

if TYPE_CHECKING:
    from multibot.store.archive.turn import StoredTurn
    from multibot.store.archive.who import Who

FOLDER = Path(__file__).parent
# So many people are named above a session.
MOST_NAMED = 8

_HARMFUL = re.compile(f"[{HARMFUL}]")
# As Discord shows it: three backticks, perhaps a language and a line break, and the end of it.
_CODE = re.compile(r"\n?```(?:[\w+#.-]*\n)?(.*?)\n?```\n?", re.DOTALL)

_HEAD = """<!doctype html>
<html lang="und">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>What was said</title>
<style>{style}</style>
</head>
<body>
<header class="title">
<h1>What was said</h1>
<p>{about}. Made {made_at}; times are UTC.</p>
</header>
<form class="search" role="search" hidden>
<input type="search" aria-label="Search this page" placeholder="Search this page" autocomplete="off">
<output></output>
</form>
<main>
"""
_FOOT = """</main>
<footer>{totals}</footer>
<script>{script}</script>
</body>
</html>
"""
_SECTION = """<section>
<h2>{title}</h2>
<p class="span">{span}{people}</p>
"""
_TURN = """<article{kind} id="t{id}">
<div class="by"><bdi class="who">{who}</bdi>{tag}<time datetime="{timestamp}">{time}</time>{edited}</div>
<div class="text" dir="auto">{text}</div>
</article>
"""
_POLICY = "default-src 'none'; style-src '{style}'; script-src '{script}'; base-uri 'none'; form-action 'none'"


def page(export: Export) -> Iterator[str]:
    """Write the page, a section per session."""
    style, script = (
        (FOLDER / file).read_text(encoding="utf-8") for file in ("history.css", "history.js")
    )
    policy = _POLICY.format(style=_source(style), script=_source(script))
    yield _HEAD.format(
        policy=policy, style=style, about=_text(export.about), made_at=_text(export.made_at)
    )
    for section in export.sections():
        yield _SECTION.format(
            title=_text(section.title), span=_text(section.span), people=_people(section)
        )
        yield from (_turn(turn, export.who) for turn in section.turns)
        yield "</section>\n"
    yield _FOOT.format(totals=_text(totals(export)), script=script)


def _source(text: str) -> str:
    """Name an inline part by its hash, so that the browser runs it and nothing else."""
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def _people(section: Section) -> str:
    named = "".join(f", <bdi>{_text(each)}</bdi>" for each in section.people[:MOST_NAMED])
    more = len(section.people) - MOST_NAMED
    return f"{named} and {more} more" if more > 0 else named


def _turn(turn: "StoredTurn", who: "Who") -> str:
    is_of_bot = history_lines.is_of_bot(turn, who)
    kind = "occasion" if turn.is_occasion else "bot" if is_of_bot else ""
    return _TURN.format(
        id=turn.id,
        kind=f' class="{kind}"' if kind else "",
        who=_text(name(turn)),
        tag='<span class="tag">bot</span>' if is_of_bot else "",
        timestamp=_text(turn.timestamp),
        time=_text(time(turn.timestamp)[11:]),
        edited='<span class="edited">edited</span>' if turn.edited_at else "",
        text=_said(turn, who),
    )


def _said(turn: "StoredTurn", who: "Who") -> str:
    parts = _CODE.split(history_lines.with_names(turn.content, who))
    written = [
        f"<pre>{_text(part)}</pre>" if number % 2 else _text(part)
        for number, part in enumerate(parts)
    ]
    attached = (
        f'<bdi class="attached">attached: {_text(printable_line(each))}</bdi>'
        for each in attachments(turn)
    )
    return "".join([*written, *attached])


def _text(text: str) -> str:
    """Write a text so that it is nothing but text, whatever it is."""
    return _HARMFUL.sub(_shown, html.escape(text.replace("\r\n", "\n")))


def _shown(match: re.Match[str]) -> str:
    return f'<span class="char">U+{ord(match[0]):04X}</span>'
