"""Variables: `.env`, the caller's environment, and what `up` handed this bot."""

import io
import stat
from collections.abc import Mapping
from pathlib import Path

from dotenv.parser import Binding, parse_stream

from multibot.config import source
from multibot.config.fault import Fault, Findings
from multibot.home import Home

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def read_environment(
    home: Home, environ: Mapping[str, str], bot_name: str | None = None
) -> dict[str, str]:
    """Overlay `.env` with the environment, and that with the hand-over file of this bot.

    A file that cannot be read counts as empty: what is missing then is a fault that names the
    variable, and `dotenv_faults` says what is wrong with `.env`.
    """
    values = read_dotenv(home.dotenv) | dict(environ)
    return values | read_dotenv(home.bot_environment(bot_name)) if bot_name else values


def read_dotenv(path: Path) -> dict[str, str]:
    """Read one dotenv file, without interpolation; the last of several settings counts."""
    bindings = _bindings(path)
    if isinstance(bindings, source.Refusal):
        return {}
    return {each.key: each.value for each in bindings if each.key and each.value is not None}


def overrides_dotenv(home: Home, name: str, value: str) -> bool:
    """Say whether a variable has this value from elsewhere than `.env`."""
    return read_dotenv(home.dotenv).get(name, "").strip() != value


def _bindings(path: Path) -> list[Binding] | source.Refusal:
    text = source.read(path)
    return text if isinstance(text, source.Refusal) else list(parse_stream(io.StringIO(text)))


def dotenv_faults(path: Path) -> list[Fault]:
    """Say what is wrong with `.env`; that there is none is in order."""
    findings = Findings(file=path.name)
    if path.exists() or path.is_symlink():
        findings.faults += filter(None, [open_dotenv(path)])
        _check_lines(_bindings(path), findings)
    return findings.faults


def open_dotenv(path: Path) -> Fault | None:
    """Return the fault of `.env` that others may read or change it, where they may."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return None
    if not (stat.S_ISREG(mode) and mode & _OTHERS):
        return None
    return Fault(
        message=f"may be read or changed by other users (mode {stat.S_IMODE(mode):04o}).",
        remedy=f"Run: chmod 600 {path.name}",
        file=path.name,
        severity="warning",
    )


def _check_lines(bindings: list[Binding] | source.Refusal, findings: Findings) -> None:
    if isinstance(bindings, source.Refusal):
        findings.refuse(bindings)
        return
    seen: set[str] = set()
    for each in bindings:
        line = each.original.line + _blank_lines(each.original.string)
        if each.error:
            findings.refuse(
                source.Refusal("has a line that is no NAME=value.", "Correct it.", line)
            )
        elif each.key and each.value is None:
            # Its word is not repeated: it may be a token without its name.
            findings.faults.append(_without_value(findings.file, line))
        elif each.key in seen:
            findings.faults.append(_twice(findings.file, each.key or "", line))
        elif each.key:
            seen.add(each.key)


def _blank_lines(original: str) -> int:
    """Count the lines before the setting itself, which the parser counts to it."""
    return original[: len(original) - len(original.lstrip())].count("\n")


def _without_value(file: str, line: int) -> Fault:
    return Fault(
        message="has a line without `=`, which sets nothing.",
        remedy="Write NAME=value, or remove it.",
        file=file,
        line=line,
        severity="warning",
    )


def _twice(file: str, name: str, line: int) -> Fault:
    return Fault(
        message=f"sets {name} twice; the last one counts.",
        remedy="Keep one of them.",
        file=file,
        line=line,
        variable=name,
        severity="warning",
    )
