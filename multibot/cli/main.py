"""The `multibot` command: finds the subcommand, and is the one place that ends the process."""

import errno
import importlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import click

import multibot
from multibot.cli import homes, output
from multibot.errors import ExitCode, MultibotError, PermanentError, SchemaError, UsageError
from multibot.home import Home

# Name -> where its click command is; imported only when it is the one asked for.
COMMANDS = {
    "chains": "multibot.cli.chains:chains",
    "check": "multibot.cli.check:check",
    "db": "multibot.cli.database:db",
    "demo": "multibot.cli.demo:demo",
    "doctor": "multibot.cli.doctor:doctor",
    "down": "multibot.cli.fleet:down",
    "forget": "multibot.cli.forget:forget",
    "import": "multibot.cli.imports:imports",
    "history": "multibot.cli.history:history",
    "incidents": "multibot.cli.incidents:incidents",
    "init": "multibot.cli.init:init",
    "logs": "multibot.cli.logs:logs",
    "render": "multibot.cli.render:render",
    "restart": "multibot.cli.fleet:restart",
    "run": "multibot.cli.run:run",
    "sandbox": "multibot.cli.sandbox:sandbox",
    "session": "multibot.cli.session:session",
    "simulate": "multibot.cli.simulate:simulate",
    "status": "multibot.cli.status:status",
    "up": "multibot.cli.fleet:up",
    "why": "multibot.cli.why:why",
}

# They make a home, or need none; `sandbox serve` asks for its own.
WITHOUT_HOME = frozenset({"demo", "init", "sandbox"})

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
_OWNER = "Run as the user who owns the fleet's folder."
_MOVE = "Move it away, or name another folder with --home."
_REMEDIES = {
    errno.EROFS: "Make the disk writable, or name another folder with --home.",
    errno.EACCES: _OWNER,
    errno.EPERM: _OWNER,
    errno.ENOSPC: "Free some space.",
    errno.EDQUOT: "Free some space.",
    errno.EEXIST: _MOVE,
    errno.ENOTDIR: _MOVE,
    errno.EISDIR: _MOVE,
}


class LazyGroup(click.Group):
    """A group whose commands are imported on use, so that each pays only for itself."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name every command, in alphabetical order."""
        del ctx
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name].split(":")
        command = getattr(importlib.import_module(module), name)
        assert isinstance(command, click.Command)  # noqa: S101 - a wrong table is a bug
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is meant; of a word that is none, suggest the nearest one."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            import difflib

            near = difflib.get_close_matches(args[0].lower(), COMMANDS, n=1)
            if not near:
                raise
            message = f"{error.format_message()} Did you mean {near[0]}?"
            raise click.UsageError(message, ctx) from None

    def invoke(self, ctx: click.Context) -> object:
        """Carry a command out; what it misses in a wrong folder is no fault of a database."""
        try:
            return super().invoke(ctx)
        except SchemaError:
            homes.require(ctx.obj)
            raise


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--home",
    type=click.Path(file_okay=False),
    envvar="MULTIBOT_HOME",
    show_envvar=True,
    default=".",
    help="The fleet's folder (default: the current one).",
)
@click.version_option(multibot.__version__, prog_name="multibot")
@click.pass_context
def root(ctx: click.Context, home: str) -> None:
    """Run a fleet of Discord persona bots."""
    if not home.strip():
        raise UsageError("--home is empty.", remedy="Name the fleet's folder.")
    ctx.obj = Home(_resolved(home))
    if ctx.invoked_subcommand not in WITHOUT_HOME:
        require_folder(ctx.obj)


def _resolved(home: str) -> Path:
    try:
        return Path(home).resolve()
    except FileNotFoundError:
        raise UsageError(
            "the current folder is not there any more.",
            remedy="Change to another one, or name the fleet's folder with --home.",
        ) from None


def require_folder(home: Home) -> None:
    """Refuse a home that is not there: a slip of the pen must not look like a fleet at rest."""
    if not home.root.is_dir():
        raise UsageError(
            "there is no such folder.",
            where=str(home.root),
            remedy="Correct --home or MULTIBOT_HOME, or make a home with `multibot init DIR`.",
        )


def report(error: MultibotError, *, as_json: bool) -> None:
    """Say one error on stderr, as a sentence or as one JSON object."""
    body = {
        "error": error.what,
        "where": error.where,
        "remedy": error.remedy,
        "exit_code": int(error.exit_code),
    }
    output.say(json.dumps(body) if as_json else f"multibot: {error}", err=True)


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and end the process with the code of `multibot.errors.ExitCode`."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        code = _run(arguments)
    except (click.Abort, KeyboardInterrupt) as error:
        # click ends the line in which the terminal shows Ctrl-C, but not that of a question.
        if error.__cause__ is None and sys.stderr.isatty():
            output.say(err=True)
        code = 130
    sys.exit(code)


def _run(arguments: list[str]) -> int:
    try:
        result = root.main(args=arguments, prog_name="multibot", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        if "--json" not in arguments:
            error.show()
            return error.exit_code
        report(UsageError(error.format_message()), as_json=True)
        return error.exit_code
    except (MultibotError, OSError) as error:
        if isinstance(error, OSError) and not error.filename:
            output.discard()
            if error.errno in output.READER_GONE:
                # `| head` has read enough, or the terminal was closed; click says 1 of the former.
                return ExitCode.BUG
        ours = error if isinstance(error, MultibotError) else _of_system(error)
        report(ours, as_json="--json" in arguments)
        return ours.exit_code
    return result if isinstance(result, int) else ExitCode.OK


def _of_system(error: OSError) -> MultibotError:
    """Say what a person can change about a failure of the file system; raise any other one."""
    if error.errno not in _REMEDIES or (not error.filename and error.errno not in _NO_ROOM):
        raise error
    return PermanentError(
        f"{error.strerror}.",
        where=str(error.filename or "the output"),
        remedy=_REMEDIES[error.errno],
    )
