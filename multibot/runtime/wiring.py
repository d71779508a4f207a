"""The parts of one bot, put together by hand, here and nowhere else."""

import random
from collections.abc import Callable

from multibot.clock import Clock
from multibot.config.environment import overrides_dotenv
from multibot.config.fleet import Bot, Fleet
from multibot.home import Home
from multibot.responder.protocol import Responder
from multibot.responder.script import Script
from multibot.responder.scripted import ScriptedResponder
from multibot.runtime.arbiter import Arbiter
from multibot.runtime.attention import Attention
from multibot.runtime.breaker import Breaker
from multibot.runtime.catchup import CatchUp
from multibot.runtime.chores import Chores
from multibot.runtime.client import BotClient
from multibot.runtime.commands import Commands
from multibot.runtime.delivery import DiscordDelivery
from multibot.runtime.duties import Duties
from multibot.runtime.engine import Engine
from multibot.runtime.fellows import Fellows
from multibot.runtime.gateway import Gateway
from multibot.runtime.housekeeper import Housekeeper
from multibot.runtime.inbound import GuildViews
from multibot.runtime.oblivion import Oblivion
from multibot.runtime.pulse import Gauges, Pulse
from multibot.runtime.recovery import Recovery
from multibot.runtime.rounds import Rounds
from multibot.store.stores import BotStore


class Parts:
    """What one bot is made of, as its process starts and stops it; nothing runs yet."""

    def __init__(
        self,
        *,
        bot: Bot,
        fleet: Fleet,
        store: BotStore,
        clock: Clock,
        loop_lag: Callable[[], float] = lambda: 0.0,
        responder: Responder | None = None,
    ) -> None:
        self.bot = bot
        self.store = store
        self.clock = clock
        self._chance = random.Random()  # noqa: S311 - odds of speaking, not a secret
        self.duties = Duties()
        self.pulse = Pulse(
            bot_name=bot.name,
            names=(bot.name, bot.persona.name),
            config_hash=bot.config_hash,
            clock=clock,
        )
        self._breaker = Breaker(ledger=store.gateway, pulse=self.pulse, clock=clock)
        api, trace = fleet.settings.discord_api, self._breaker.trace()
        self.client = BotClient(api=api, pulse=self.pulse, trace=trace)
        self._measure(loop_lag)
        self.responder = responder or _scripted(bot)
        self.gateway = self._make_gateway()
        self._delivery = DiscordDelivery(self.client)
        self._arbiter = Arbiter(bot=bot, fleet=fleet, store=store, clock=clock, chance=self._chance)
        attention = self._make_attention()
        fellows = self._make_fellows(attention)
        self.engine = self._make_engine(fellows)
        self.rounds = self._make_rounds(fellows, attention)
        self.recovery = self._make_recovery()
        self.housekeeper = self._make_housekeeper(fleet)
        self.client.serve(self._make_catchup(), self._make_commands())

    def _measure(self, loop_lag: Callable[[], float]) -> None:
        client = self.client
        gauges = Gauges(latency=client.round_trip, ack_age=client.ack_age, loop_lag=loop_lag)
        self.pulse.measure(gauges)

    def _make_gateway(self) -> Gateway:
        return Gateway(
            bot=self.bot,
            line=self.client,
            ledger=self.store.gateway,
            breaker=self._breaker,
            pulse=self.pulse,
            clock=self.clock,
            chance=self._chance,
            token_from_elsewhere=_is_from_elsewhere(self.bot, self.store.home),
        )

    def _make_attention(self) -> Attention:
        talk = self.bot.cross_bot.rules
        rules = self.bot.activity.rules(talk.pair_cooldown)
        return Attention(self.store.activity, rules, self.clock)

    def _make_fellows(self, attention: Attention) -> Fellows:
        return Fellows(
            bot=self.bot,
            store=self.store,
            arbiter=self._arbiter,
            attention=attention,
            pulse=self.pulse,
            clock=self.clock,
            chance=self._chance,
        )

    def _make_engine(self, fellows: Fellows) -> Engine:
        return Engine(
            bot=self.bot,
            store=self.store,
            arbiter=self._arbiter,
            fellows=fellows,
            responder=self.responder,
            delivery=self._delivery,
            pulse=self.pulse,
            clock=self.clock,
            chance=self._chance,
        )

    def _make_rounds(self, fellows: Fellows, attention: Attention) -> Rounds:
        return Rounds(
            bot=self.bot,
            store=self.store,
            guilds=GuildViews(self.client),
            engine=self.engine,
            fellows=fellows,
            arbiter=self._arbiter,
            attention=attention,
            pulse=self.pulse,
            clock=self.clock,
            chance=self._chance,
        )

    def _make_recovery(self) -> Recovery:
        return Recovery(
            engine=self.engine,
            ledger=self.store.ledger,
            delivery=self._delivery,
            clock=self.pulse.world_time,
            max_age=self.bot.catchup.max_age,
        )

    def _make_housekeeper(self, fleet: Fleet) -> Housekeeper:
        pulse, store, clock = self.pulse, self.store, self.clock
        chores = Chores(
            bot=self.bot,
            fleet=fleet,
            store=store,
            clock=clock,
            # Its answer to the log-in has said it.
            discord_time=lambda: pulse.world_time.now() if pulse.member().user_id else None,
        )
        return Housekeeper(store=store, clock=clock, tasks=chores.tasks(), holder=self.bot.name)

    def _make_catchup(self) -> CatchUp:
        return CatchUp(
            bot=self.bot,
            store=self.store,
            engine=self.engine,
            source=self.client,
            pulse=self.pulse,
            clock=self.clock,
            duties=self.duties,
        )

    def _make_commands(self) -> Commands:
        return Commands(
            name=self.bot.persona.name,
            description=self.bot.persona.description,
            channels=self.bot.channels,
            history=self.store.history,
            insight=self.store.insight,
            rules=self.engine.session_rules,
            oblivion=Oblivion(bot_name=self.bot.name, store=self.store, clock=self.clock),
        )


def _is_from_elsewhere(bot: Bot, home: Home) -> bool:
    """Say whether the token in use is another one than that of `.env`, which is looked at now."""
    token = bot.token.reveal() if bot.token else ""
    return any(overrides_dotenv(home, name, token) for name in bot.variables)


def _scripted(bot: Bot) -> Responder:
    return ScriptedResponder(Script.from_mapping(bot.scripted), persona_name=bot.persona.name)
