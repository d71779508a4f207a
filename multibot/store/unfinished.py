"""What an earlier process of a bot left under way, as its row tells."""

from dataclasses import dataclass
from typing import Any, Literal

from multibot.conversation.addressing import Decision, Reason, Verdict
from multibot.conversation.message import InboundMessage
from multibot.store.envelope import from_json


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A message that an earlier process of this bot left under way."""

    message: InboundMessage
    state: Literal["received", "claimed", "generating", "sending"]
    decision: Decision


def read_unfinished(row: tuple[Any, ...]) -> Unfinished | Exception:
    """Read one row of the inbox, or say why nobody can."""
    _, state, verdict, reason, detail, body = row
    try:
        decision = Decision(Verdict(verdict), Reason(reason), detail)
        return Unfinished(from_json(body), state, decision)
    except (ValueError, TypeError, LookupError) as error:
        return error
