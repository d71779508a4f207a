"""Whose day it is: the fleet of this home, or made-up bots with the usual settings."""

from multibot.config.fleet import Activity, Bot, CrossBot, Fleet, Persona
from multibot.conversation.message import BotName

# The shipped fleet's bots and where they listen; more are made up after them.
USUAL = (
    ("sage", ("philosophy", "advice-*"), 1),
    ("spark", ("creative", "brainstorm*"), 2),
    ("logic", ("tech-*", "research"), 3),
)


def bots(fleet: Fleet | None, count: int | None, preset: str | None) -> tuple[Bot, ...]:
    """Return the bots that take part; those of the fleet come first."""
    known = fleet.enabled if fleet is not None else ()
    wanted = count or len(known) or len(USUAL)
    cross_bot = known[0].cross_bot if known else CrossBot(enabled=True)
    activity = known[0].activity if known else Activity(enabled=True)
    if preset is not None:
        cross_bot = cross_bot.model_copy(update={"enabled": True})
        values = {"enabled": True, "preset": preset, "quiet_hours": activity.quiet_hours}
        activity = Activity.model_validate(values)
    # Ids of real channels mean nothing here.
    activity = activity.model_copy(update={"channel_ids": ()})
    chosen = [*known[:wanted], *_made_up(wanted - len(known), {bot.name for bot in known})]
    settings = {"cross_bot": cross_bot, "activity": activity}
    return tuple(bot.model_copy(update=settings) for bot in chosen)


def _made_up(count: int, taken: set[BotName]) -> list[Bot]:
    names = [*(USUAL if not taken else ()), *((f"bot{n}", (), 0) for n in range(1, 1000))]
    free = [each for each in names if each[0] not in taken]
    return [
        Bot(name=BotName(name), persona=Persona(name=name.capitalize()), channels=where, priority=n)
        for name, where, n in free[: max(0, count)]
    ]


def channels(chosen: tuple[Bot, ...]) -> list[str]:
    """Name channels for a made-up guild: one where people meet, and one for each bot's own."""
    own = [bot.channels[0].replace("*", "talk") for bot in chosen if bot.channels]
    return list(dict.fromkeys(["general", *own]))
