"""From programs to the text of supervisord.conf: pure, the same bytes on every machine."""

import re
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multibot.supervise.programs import Program

MARKER = "; Written by multibot."
IDENTIFIER = "multibot-fleet"

_HEAD = f"""\
{MARKER} Change the files in bots/ and run `multibot up`, not this file.

[unix_http_server]
file = %(here)s/data/run/supervisor.sock
chmod = 0700

[supervisord]
identifier = {IDENTIFIER}
logfile = %(here)s/data/logs/supervisord.log
logfile_maxbytes = 10MB
logfile_backups = 5
pidfile = %(here)s/data/run/supervisord.pid
umask = 077
minfds = 4096
nocleanup = true
nodaemon = false

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface

[supervisorctl]
serverurl = unix://%(here)s/data/run/supervisor.sock
"""

_PROGRAM = """\

[program:{name}]
command = multibot run {name}
directory = %(here)s
environment = MULTIBOT_BOT="{name}"
autostart = {autostart}
autorestart = unexpected
exitcodes = 0,78
startsecs = 1
startretries = 20
stopsignal = TERM
stopwaitsecs = {stop_wait}
stopasgroup = true
killasgroup = true
redirect_stderr = true
stdout_logfile = %(here)s/data/logs/{name}.log
stdout_logfile_maxbytes = 20MB
stdout_logfile_backups = 5
"""

_SECTION = re.compile(r"^\[program:([^]]+)\]$", re.MULTILINE)


def render(programs: "Iterable[Program]", *, asleep: Collection[str] = ()) -> str:
    """Write the configuration of a fleet; bots named in `asleep` wait until they are started."""
    return _HEAD + "".join(_section(program, asleep) for program in sorted(programs))


def _section(program: "Program", asleep: Collection[str]) -> str:
    autostart = "false" if program.bot_name in asleep else "true"
    return _PROGRAM.format(name=program.bot_name, autostart=autostart, stop_wait=program.stop_wait)


def is_ours(text: str) -> bool:
    """Say whether `render` wrote this text."""
    return text.startswith(MARKER)


def program_names(text: str) -> tuple[str, ...]:
    """Name the programs of a rendered text, without supervisord's own slow reader."""
    return tuple(_SECTION.findall(text))
