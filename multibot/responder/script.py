"""What a persona of the embedded responder can say: lines by occasion, and topics."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

from multibot.errors import ConfigError

PLACEHOLDER = re.compile(r"```.*?```|\{(user|subject|memory|topic)\}", re.DOTALL)
"""What is filled in, or, without a group, a code block, in which nothing is. {user}: the person's name. {subject}: what the message is about. {memory}:
what the person said before. {topic}: an earlier topic, or in `choices` the one that is chosen.
A line is said only where there is something to fill in, while others are left; a line of `questions`
or `statements` with {topic} is for a topic of which all has been said.
Other braces are left alone."""

Lines = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """Something the persona has views on."""

    name: str
    keywords: Lines
    lines: Lines
    points: Lines = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """Everything one persona can say. An occasion without lines of its own has plain ones."""

    greetings: Lines = ("Hello, {user}.", "Hi, {user}. What is on your mind?")
    returns: Lines = ("Welcome back, {user}.", "Good to see you again, {user}.")
    farewells: Lines = ("Goodbye, {user}.", "Until next time, {user}.")
    thanks: Lines = ("You're welcome, {user}.", "Glad that helped.")
    wellbeing: Lines = ("I'm well, thank you. And you, {user}?", "All good here. How are you?")
    about: Lines = (
        "I'm one of the bots here. Ask me anything.",
        "A bot of this place, at your service.",
    )
    abilities: Lines = (
        "I talk, I listen, and I remember what you tell me here.",
        "Ask me a question or tell me about yourself: I'll keep it in mind.",
    )
    names: Lines = ("Nice to meet you, {user}.", "{user}: I'll remember that.")
    likes: Lines = (
        "{subject}: noted. What draws you to it?",
        "I'll remember that you like {subject}.",
    )
    dislikes: Lines = (
        "Not fond of {subject}, then. Noted.",
        "I'll remember your view of {subject}.",
    )
    facts: Lines = ("Noted, {user}.", "Thank you for telling me. I'll remember it.")
    recall: Lines = ("You told me that {memory}.", "What I know: {memory}.")
    quotes: Lines = ("You said: {memory}", "Your words were: {memory}")
    echoes: Lines = ("I said: {memory}", "My words were: {memory}")
    forgotten: Lines = ("You have not told me that yet.", "That I don't know; tell me.")
    weaves: Lines = (
        "You spoke of {topic} earlier.",
        "Perhaps it ties in with {topic}.",
        "You told me that {memory}.",
        "I keep in mind that {memory}.",
    )
    nods: Lines = ("I see.", "Go on.")
    praise: Lines = ("That is kind of you.", "Thank you, {user}.")
    criticism: Lines = ("Fair. Tell me what would be better.", "Understood. What did I miss?")
    agreement: Lines = ("Good. What next?", "Then we agree.")
    disagreement: Lines = ("All right. What would you say instead?", "Fair enough. Why not?")
    comfort: Lines = ("That sounds hard.", "I'm sorry to hear it. What happened?")
    cheer: Lines = ("That is good to hear.", "Well done, {user}.")
    questions: Lines = (
        "What do you make of {subject} yourself?",
        "Good question. What have you found out about {subject} so far?",
    )
    statements: Lines = ("Tell me more about {subject}.", "What makes you think of {subject}?")
    reasons: Lines = (
        "There is seldom one reason for {subject}.",
        "What do you think lies behind it?",
    )
    choices: Lines = (
        "Both have something for them. Which would you miss more?",
        "What speaks against each?",
    )
    follow_ups: Lines = ("What do you think?", "How do you see it?")
    jokes: Lines = ("I know no jokes yet.", "My jokes are still in the making.")
    stories: Lines = ("Once upon a time somebody asked a bot for a story.", "A story? You first.")
    code: Lines = ('```python\nprint("hello")\n```', '```sh\necho "hello"\n```')
    lists: Lines = ("Here is what comes to mind:", "A short list:")
    points: Lines = ("start small", "ask somebody who has done it", "write down what you learn")
    essays: Lines = (
        "There is more to {subject} than fits in one message.",
        "On {subject} one could write pages.",
    )
    closings: Lines = (
        "Let us leave it there, {user}. It was good to talk.",
        "That is a good place to stop. Until next time, {user}.",
    )
    openers: Lines = (
        "{user}, what do you make of {topic}?",
        "{user}, where do you stand on {topic}?",
        "{user}, what have you been thinking about lately?",
    )
    posts: Lines = (
        "Something on {topic} that went through my mind:",
        "It is quiet here, so a word on {topic}:",
        "It is quiet here. What is everybody busy with?",
    )
    topics: tuple[Topic, ...] = ()

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, object]) -> "Script":
        """Read a persona file's `scripted` section. Keys it leaves out, or leaves empty, keep their default."""
        known = {field.name for field in fields(cls)}
        if strange := sorted(set(mapping) - known):
            raise ConfigError(
                f"scripted has unknown keys: {', '.join(strange)}.",
                remedy=f"Known keys: {', '.join(sorted(known))}.",
            )
        lines = {
            key: _lines(value, key) for key, value in mapping.items() if key != "topics" and value
        }
        topics = tuple(_topics(mapping.get("topics") or ()))
        return cls(**lines, topics=topics)

    @classmethod
    def occasions(cls) -> tuple[str, ...]:
        """Name everything that there are lines for."""
        return tuple(field.name for field in fields(cls) if field.name != "topics")

    def lines_for(self, occasion: str) -> Lines:
        """Return the lines of one occasion, which is one of the field names."""
        lines: Lines = getattr(self, occasion)
        return lines


def _lines(value: object, where: str) -> Lines:
    if isinstance(value, str):
        return (value,)
    if isinstance(value, Sequence) and all(isinstance(line, str) for line in value):
        return tuple(value)
    raise ConfigError(f"scripted.{where} is not a list of texts.")


def _filled(value: object, where: str) -> Lines:
    if lines := _lines(value, where):
        return lines
    raise ConfigError(f"scripted.{where} is empty.")


def _topics(value: object) -> Iterator[Topic]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise ConfigError("scripted.topics is not a list.")
    for index, each in enumerate(value):
        where = f"topics[{index}]"
        if not isinstance(each, Mapping) or not {"name", "keywords", "lines"} <= set(each):
            raise ConfigError(f"scripted.{where} needs name, keywords and lines.")
        yield Topic(
            name=str(each["name"]),
            keywords=_lines(each["keywords"], f"{where}.keywords"),
            lines=_filled(each["lines"], f"{where}.lines"),
            points=_lines(each.get("points") or (), f"{where}.points"),
        )
