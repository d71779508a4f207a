"""What one bot says of its last decision in a channel."""

from multibot.conversation import account
from multibot.conversation.addressing import Decision, Reason, Verdict
from multibot.conversation.message import ChannelId
from tests.store.conftest import OpenBot
from tests.store.material import ANSWER, NOT_ADDRESSED, SAGE, SPARK, message


async def test_the_last_decision_is_this_bots_own_and_of_this_channel(open_bot: OpenBot) -> None:
    sage, spark = open_bot(SAGE), open_bot(SPARK)
    here, elsewhere = message(), message(channel_id=ChannelId("11"))
    await sage.ledger.receive(here, ANSWER, per_minute=10)
    await sage.ledger.decline(elsewhere, NOT_ADDRESSED)
    await spark.ledger.decline(message(), NOT_ADDRESSED)

    last = sage.insight.last_decision("10")
    assert last is not None
    assert (last.message_id, last.made.reason, last.guild_id) == (here.message_id, "answered", "1")
    assert sage.insight.last_decision("12") is None


async def test_talk_of_bots_to_nobody_and_what_nobody_wrote_are_passed_over(
    open_bot: OpenBot,
) -> None:
    sage = open_bot(SAGE)
    asked = message()
    await sage.ledger.decline(asked, NOT_ADDRESSED)
    for detail in account.UNREMARKABLE:
        decision = Decision(Verdict.NO, Reason.NOT_ADDRESSED, detail)
        await sage.ledger.decline(message(), decision)
    await sage.ledger.undertake(message(message_id="round-1-2"), ANSWER)

    last = sage.insight.last_decision("10")
    assert last is not None
    assert last.message_id == asked.message_id
