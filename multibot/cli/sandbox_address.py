"""Where the sandbox is: named by --url, or where the bots of this home look for Discord."""

import ipaddress
import os
from urllib.parse import urlsplit

import click

from multibot.home import Home

PORT = 8787
USUAL = f"http://127.0.0.1:{PORT}"
API_PATH = "/api/v10"


def _chosen(context: click.Context, parameter: click.Parameter, value: str | None) -> str:
    del parameter
    if value is not None:
        return value.strip()
    home = context.find_object(Home)
    return of_home(home) if home else USUAL


def of_home(home: Home) -> str:
    """Return the address that this home's bots are told, if it is one of this machine."""
    from multibot.config.environment import read_environment

    address = read_environment(home, os.environ).get("MULTIBOT_DISCORD_API", "").strip()
    return address if _is_loopback(address) else USUAL


def _is_loopback(address: str) -> bool:
    try:
        host = urlsplit(address).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


at_url = click.option(
    "--url",
    callback=_chosen,
    metavar="ADDRESS",
    help=f"Where the sandbox is (default: what MULTIBOT_DISCORD_API says, else {USUAL}).",
)
