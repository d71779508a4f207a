"""The `multibot` command: finds the subcommand, and is the one place that ends the process."""

import importlib
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import click

import multibot
from multibot.errors import ExitCode, MultibotError
from multibot.home import Home

# Name -> where its click command is; imported only when it is the one asked for.
COMMANDS = {
    "check": "multibot.cli.check:check",
    "db": "multibot.cli.database:db",
    "demo": "multibot.cli.demo:demo",
    "doctor": "multibot.cli.doctor:doctor",
    "down": "multibot.cli.fleet:down",
    "incidents": "multibot.cli.incidents:incidents",
    "init": "multibot.cli.init:init",
    "logs": "multibot.cli.logs:logs",
    "render": "multibot.cli.render:render",
    "restart": "multibot.cli.fleet:restart",
    "run": "multibot.cli.run:run",
    "sandbox": "multibot.cli.sandbox:sandbox",
    "status": "multibot.cli.status:status",
    "up": "multibot.cli.fleet:up",
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


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="MULTIBOT_HOME",
    default=".",
    help="The fleet's folder (default: the current one).",
)
@click.version_option(multibot.__version__, prog_name="multibot")
@click.pass_context
def root(ctx: click.Context, home: Path) -> None:
    """Run a fleet of Discord persona bots."""
    ctx.obj = Home(home.resolve())


def report(error: MultibotError, *, as_json: bool) -> None:
    """Say one error on stderr, as a sentence or as one JSON object."""
    if as_json:
        body = {
            "error": error.what,
            "where": error.where,
            "remedy": error.remedy,
            "exit_code": int(error.exit_code),
        }
        click.echo(json.dumps(body), err=True)
    else:
        click.echo(f"multibot: {error}", err=True)


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and end the process with the code of `multibot.errors.ExitCode`."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        result = root.main(args=arguments, prog_name="multibot", standalone_mode=False)
        code = result if isinstance(result, int) else ExitCode.OK
    except MultibotError as error:
        report(error, as_json="--json" in arguments)
        code = error.exit_code
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        code = 130
    except BrokenPipeError:
        # The reader of our output has gone (`| head`); Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = ExitCode.OK
    sys.exit(int(code))
