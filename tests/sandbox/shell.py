"""`multibot sandbox` as a shell runs it."""

import asyncio

from click.testing import CliRunner

from multibot.cli.main import root

STARTUP = 20.0


async def shell(url: str, *arguments: str) -> tuple[int, str, str]:
    """Run `multibot sandbox ...` in a thread, as the sandbox runs in this one."""
    return await asyncio.to_thread(_invoke, [*arguments, "--url", url])


def _invoke(arguments: list[str]) -> tuple[int, str, str]:
    result = CliRunner().invoke(root, ["sandbox", *arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


async def _complaint(process: asyncio.subprocess.Process) -> str:
    assert process.stderr is not None
    return (await process.stderr.read()).decode()


async def output_until(process: asyncio.subprocess.Process, text: str) -> str:
    """Read what the process prints, up to the line that has this text."""
    assert process.stdout is not None
    lines = ""
    async with asyncio.timeout(STARTUP):
        while text not in lines:
            more = (await process.stdout.readline()).decode()
            assert more, lines or await _complaint(process)
            lines += more
    return lines
