"""One bot's own file: YAML, or Markdown whose front matter is YAML and whose body is the prompt."""

import re
from pathlib import Path

from multibot.config import credential, document, old_keys, source, unbuilt, validation
from multibot.config.fault import Findings, Place, nearest
from multibot.config.schema import BotFile, ScriptedPart
from multibot.config.secret import Secret

SUFFIXES = (".yaml", ".yml", ".md")

_FENCE = "---"
_BRACES = re.compile(r"\{([a-z_]{2,20})\}")
_PLACEHOLDERS = ("user", "subject", "memory", "topic")


def read(path: Path, findings: Findings) -> BotFile:
    """Read what can be read; all that is wrong is in the findings."""
    text = source.read(path)
    if isinstance(text, source.Refusal):
        findings.refuse(text)
        return BotFile()
    parsed = _front_matter(text) if path.suffix == ".md" else document.parse(text)
    if isinstance(parsed, source.Refusal):
        findings.refuse(parsed)
        return BotFile()
    findings.lines = parsed.lines
    data = mapping(parsed, findings)
    if path.suffix == ".md" and data is not None:
        data = _with_prompt(data, _body(text), findings)
    return _validated(data, findings) if data is not None else BotFile()


def mapping(parsed: document.Document, findings: Findings) -> dict[str, object] | None:
    """Return the data of a file, which must be one mapping."""
    if parsed.data is None:
        findings.refuse(
            source.Refusal("is empty.", "Write its keys; the configuration reference has them.")
        )
    elif not isinstance(parsed.data, dict):
        line = parsed.lines.get((), 1)
        findings.refuse(source.Refusal("is not a mapping.", "Write `key: value` lines.", line))
    else:
        return parsed.data
    return None


def _rows(text: str) -> list[str]:
    return [row.rstrip() for row in text.split("\n")]


def _front_matter(text: str) -> document.Document | source.Refusal:
    rows = _rows(text)
    if rows[0] != _FENCE:
        return source.Refusal("has no front matter.", "Begin it with a line of three dashes.", 1)
    if _FENCE not in rows[1:]:
        return source.Refusal(
            "has front matter without an end.", "Close it with a line of three dashes.", 1
        )
    return document.parse("\n".join(text.split("\n")[1 : rows.index(_FENCE, 1)]), first_line=2)


def _body(text: str) -> str:
    return "\n".join(text.split("\n")[_rows(text).index(_FENCE, 1) + 1 :]).strip()


def _with_prompt(data: dict[str, object], body: str, findings: Findings) -> dict[str, object]:
    if data.get("system_prompt") is not None:
        findings.error(
            ("system_prompt",),
            "does not belong here.",
            "In a .md file the text below is the prompt.",
        )
    elif not body:
        findings.refuse(
            source.Refusal("has no text below its front matter.", "Write the system prompt there.")
        )
    return {**data, "system_prompt": body}


def _validated(data: dict[str, object], findings: Findings) -> BotFile:
    _refuse_old_token(data, findings)
    data = old_keys.strip(data, old_keys.BOT_FILE, findings)
    data = unbuilt.drop(data, findings)
    warn_unexpanded(data, findings)
    file = validation.validate(BotFile, data, findings) or BotFile()
    if file.system_prompt is not None and not file.system_prompt.strip() and not findings.failed:
        findings.error(("system_prompt",), "must not be blank.", "Write it, or remove the key.")
    if file.scripted:
        _check_placeholders(file.scripted, findings)
    return file


def _refuse_old_token(data: dict[str, object], findings: Findings) -> None:
    section = data.get("discord")
    token = section.get("token") if isinstance(section, dict) else None
    if isinstance(token, str):
        secret = Secret(token.strip())
        if credential.reference(token) is None:
            findings.secrets.append(secret)
        credential.refuse_literal(
            secret, bot_name=findings.bot or "name", findings=findings, place=("discord", "token")
        )


def warn_unexpanded(data: object, findings: Findings, place: Place = ()) -> None:
    """Say where a file counts on variables being filled in that are not."""
    if isinstance(data, dict):
        for key, value in data.items():
            warn_unexpanded(value, findings, (*place, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            warn_unexpanded(value, findings, (*place, index))
    elif isinstance(data, str) and place[-1:] != ("discord_token",) and credential.reference(data):
        findings.warning(
            place, "is taken as it is: variables are not filled in here.", "Write it out."
        )


def _check_placeholders(scripted: ScriptedPart, findings: Findings) -> None:
    """Warn of what was most likely meant as a placeholder; other braces are text."""
    for occasion, lines in scripted.model_dump(exclude_unset=True, exclude={"topics"}).items():
        for index, line in enumerate(lines or ()):
            _check_line(line, ("scripted", occasion, index), findings)
    for number, topic in enumerate(scripted.topics or ()):
        for index, line in enumerate(topic.lines):
            _check_line(line, ("scripted", "topics", number, "lines", index), findings)


def _check_line(line: str, place: Place, findings: Findings) -> None:
    for word in _BRACES.findall(line):
        near = nearest(word, _PLACEHOLDERS)
        if near and near != word:
            findings.warning(
                place, f"has {{{word}}} in it.", f"Did you mean {{{near}}}?", near=near
            )
