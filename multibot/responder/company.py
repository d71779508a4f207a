"""What a persona says to another bot, and what it says when nobody has asked."""

from collections.abc import Iterator
from dataclasses import replace

from multibot.conversation.chain import Phase
from multibot.conversation.prompt import Company, Prompt, Task
from multibot.responder.choice import Choice
from multibot.responder.intent import Intent
from multibot.responder.scene import Scene
from multibot.responder.script import Script, Topic
from multibot.responder.thinking import Thinking
from multibot.responder.topics import Topics
from multibot.responder.voice import Voice
from multibot.responder.wording import sentences

# Whatever else another bot seems to want is no wish of a person.
_OF_THE_MATTER = frozenset({Intent.ASK, Intent.ASK_REASON, Intent.STATE})
_ENDING = frozenset({Phase.CLOSING, Phase.LAST})
_TOPIC = "{topic}"


def converse(script: Script, topics: Topics, scene: Scene, choice: Choice, company: Company) -> str:
    """Answer another bot: to the matter, and with a goodbye where it is the last message."""
    before = topics.best(company.answers_to)
    intent = scene.intent if scene.intent in _OF_THE_MATTER else Intent.STATE
    scene = replace(scene, intent=intent, topic=scene.topic or before or scene.last_topic)
    voice = Voice(script, scene, choice, topics)
    thought = Thinking(voice, scene, choice, topics).thought()
    if company.phase not in _ENDING:
        return thought
    told = " ".join(each for each in sentences(thought) if not each.endswith("?"))
    if company.phase is Phase.LAST:
        told = " ".join(filter(None, (*sentences(told)[:1], voice.say("closings"))))
    return told or thought


def speak_up(script: Script, topics: Topics, scene: Scene, choice: Choice, prompt: Prompt) -> str:
    """Say something of one's own accord, on what was talked about lately or on a topic of one's own."""
    topic = _fresh_topic(script, topics, choice, prompt)
    voice = Voice(script, replace(scene, topic=topic), choice, topics)
    lines = voice.sayable("openers" if prompt.task is Task.OPEN else "posts")
    line = choice.line([each for each in lines if _TOPIC in each] if topic else lines)
    said = voice.fill(line)
    if topic is None or prompt.task is Task.OPEN:
        return said
    # Nobody in particular is spoken to.
    to_all = tuple(each for each in topic.lines if "{user}" not in each)
    return f"{said} {voice.on(replace(topic, lines=to_all or topic.lines))}"


def _fresh_topic(script: Script, topics: Topics, choice: Choice, prompt: Prompt) -> Topic | None:
    lately = next((t for t in _lately(topics, prompt) if choice.has_fresh(t.lines)), None)
    if lately is not None or not script.topics:
        return lately
    named = {topic.name: topic for topic in script.topics if choice.has_fresh(topic.lines)}
    named = named or {topic.name: topic for topic in script.topics}
    return named[choice.line([*named])]


def _lately(topics: Topics, prompt: Prompt) -> Iterator[Topic]:
    """Yield what people talked about, the newest first."""
    for turn in reversed(prompt.turns):
        if turn.role == "user" and (topic := topics.best(turn.content)) is not None:
            yield topic
