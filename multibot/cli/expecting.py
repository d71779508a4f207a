"""What a command says while it waits for bots, and of those that did not become ready."""

from collections.abc import Callable, Collection, Mapping

from multibot.cli.output import say
from multibot.errors import ExitCode
from multibot.supervise.explanation import until
from multibot.supervise.patience import Patience
from multibot.supervise.readiness import Condition

OTHER_CONFIGURATION = "it is connected, but runs with another configuration than the files have"

Tell = Callable[[Condition], None]


def teller(bot_names: Collection[str], time: Patience) -> Tell:
    """Say of these bots that they are ready, and after how long."""
    begun = time.clock.monotonic()

    def tell(condition: Condition) -> None:
        if condition.bot_name in bot_names:
            seconds = time.clock.monotonic() - begun
            say(f"{condition.bot_name} ready (pid {condition.pid}, {seconds:.1f} s)")

    return tell


def tell_of_wait(condition: Condition, *, err: bool = False) -> None:
    """Say until when a bot waits, and why."""
    why = f": {condition.error}" if condition.error else ""
    say(f"{condition.bot_name} waits{until(condition)}{why}", err=err)


def say_missing(missing: Mapping[str, Condition]) -> int:
    """Say why bots are not ready, and return the exit code that means it."""
    for name, condition in sorted(missing.items()):
        reason = OTHER_CONFIGURATION if condition.is_ready else _reason(condition)
        say(f"{name} is not ready: {reason}", err=True)
    return ExitCode.BUG if missing else ExitCode.OK


def _reason(condition: Condition) -> str:
    error = f": {condition.error}" if condition.error else ""
    return f"{condition.state}{until(condition)}{error}"
