"""`multibot sandbox edit` and `delete`: change what was said, as people and moderators do."""

import json

import click

from multibot.cli.sandbox_address import at_url

# It owns the guild, and so may do everything there.
MODERATOR = "host"


@click.command()
@click.argument("message_id", metavar="ID")
@click.argument("text")
@click.option("--as", "name", default="ada", show_default=True, help="The person who wrote it.")
@click.option("--json", "as_json", is_flag=True, help="Print the message as one JSON object.")
@at_url
def edit(message_id: str, text: str, name: str, url: str, *, as_json: bool) -> None:
    """Give the message ID another TEXT, as the person who wrote it.

    `say` and `read --json` print ids. `@sage` in TEXT mentions that bot.
    """
    from multibot.sandbox.remote import Remote

    message = Remote(url).edit(message_id, name, text)
    click.echo(json.dumps(message, ensure_ascii=False) if as_json else message["id"])


@click.command()
@click.argument("message_ids", metavar="ID...", nargs=-1, required=True)
@click.option(
    "--as",
    "name",
    default=MODERATOR,
    show_default=True,
    help="Who deletes: people what they wrote, the guild's owner everything in it.",
)
@at_url
def delete(message_ids: tuple[str, ...], name: str, url: str) -> None:
    """Delete messages.

    The bots' too; several of one channel go at once, as after a ban. Prints the ids that are gone.
    """
    from multibot.sandbox.remote import Remote

    click.echo("\n".join(Remote(url).delete(message_ids, name)))
