"""The newest messages of other bots, for as long as they matter: a post of several parts is one."""

from collections import OrderedDict
from datetime import timedelta

from multibot.conversation.message import InboundMessage

# So many messages are remembered; a part follows the one before it within seconds.
REMEMBERED = 500
LONGEST_GAP = timedelta(seconds=60)
LONGEST_TEXT = 6000


class Overheard:
    """Puts together again what a bot had to post in several parts. A restart forgets it."""

    def __init__(self) -> None:
        self._messages: OrderedDict[str, InboundMessage] = OrderedDict()

    def note(self, message: InboundMessage) -> None:
        """Remember a message in the order it came."""
        self._messages.setdefault(message.message_id, message)
        if len(self._messages) > REMEMBERED:
            self._messages.popitem(last=False)

    def whole(self, message: InboundMessage) -> str:
        """Return what a message and the parts before and after it say; only a first one replies."""
        same = [
            each
            for each in self._messages.values()
            if (each.channel_id, each.author_id) == (message.channel_id, message.author_id)
        ]
        if message.message_id not in self._messages:
            return message.content
        first = last = [each.message_id for each in same].index(message.message_id)
        while first > 0 and _goes_on(same[first - 1], same[first]):
            first -= 1
        while last + 1 < len(same) and _goes_on(same[last], same[last + 1]):
            last += 1
        parts = [message if each.message_id == message.message_id else each for each in same]
        return "\n".join(each.content for each in parts[first : last + 1])[:LONGEST_TEXT]


def _goes_on(earlier: InboundMessage, later: InboundMessage) -> bool:
    is_near = later.created_at - earlier.created_at <= LONGEST_GAP
    return is_near and later.reply_to_message_id is None
