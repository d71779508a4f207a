import pytest

from multibot.conversation.prompt import PromptTurn
from multibot.responder.intent import plain
from multibot.responder.memory import Told, best_match, last_said, listed, recollect, tell
from tests.unit.responder.dialogue import FILES, Dialogue


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("My name is Anna", Told(name="Anna")),
        ("my name's anna and I live in Oslo", Told(name="Anna", facts=("you live in Oslo",))),
        ("Hi, I'm Anna", Told(name="Anna")),
        ("please call me Ann-Marie.", Told(name="Ann-Marie")),
        ("I am called Anna Berg", Told(name="Anna Berg")),
        ("call me back", Told()),
        ("my name is not important", Told()),
        ("I'm Tired", Told()),
        ("I'm Dutch.", Told()),
        ("I'm Mira", Told(name="Mira")),
        ("I'm Mira and I live in Oslo", Told(name="Mira", facts=("you live in Oslo",))),
        ("this is Mira, a nurse", Told(name="Mira")),
        ("I'm Mira's sister", Told()),
        ("I'm cold", Told()),
        ("I'm Groot here to stay with Anna", Told(name="Groot")),
        ("what is my name, is it Anna", Told()),
        ("I have a new question", Told()),
        ("my server runs Ubuntu 22.04 with 512 MB", Told()),
        ("I like jazz", Told(likes=("jazz",))),
        ("I really love my dog because he is fun", Told(likes=("your dog",))),
        ("I'm into old maps.", Told(likes=("old maps",))),
        ("my favourite food is ramen", Told(likes=("ramen",))),
        ("I like it", Told()),
        ("I like that idea", Told()),
        ("I'd like a coffee", Told()),
        ("do you think I like jazz?", Told()),
        ("I hate mornings", Told(dislikes=("mornings",))),
        ("I don't like rain, really", Told(dislikes=("rain",))),
        ("I work as a nurse in Bergen and I love hiking", Told(likes=("hiking",), facts=("you work as a nurse in Bergen",))),
        ("I am 31", Told(facts=("you are 31 years old",))),
        ("I was born in Rome", Told(facts=("you were born in Rome",))),
        ("my sister lives in Rome", Told(facts=("your sister lives in Rome",))),
        ("My brother is called Tom", Told(facts=("your brother is called Tom",))),
        ("I'm working on a novel about you", Told(facts=("you're working on a novel about me",))),
        ("I use Ubuntu on a ThinkPad", Told(facts=("you use Ubuntu on a ThinkPad",))),
        ("the wifi on my laptop is slow", Told()),
        ("I have to go", Told()),
        ("we have 512 MB of memory", Told(facts=("you have 512 MB of memory",))),
        ("my sister draws comics", Told(facts=("your sister draws comics",))),
        ("where do I live?", Told()),
        ("", Told()),
    ],
)  # fmt: skip
def test_what_a_text_tells(text: str, told: Told) -> None:
    assert tell(text) == told


@pytest.mark.parametrize("bot_name", FILES)
@pytest.mark.parametrize(
    ("earlier", "question", "expected"),
    [
        ("my name is Anna", "what is my name?", "Anna"),
        ("my name is Anna", "do you remember my name?", "Anna"),
        ("I like jazz and chess", "what do I like?", "you like jazz and chess"),
        ("I hate mondays", "what do I hate?", "you don't like mondays"),
        ("I live in Oslo", "where do I live?", "you live in Oslo"),
        ("I'm 31", "how old am I?", "31 years old"),
        ("My dog is called Rex", "what is my dog called?", "your dog is called Rex"),
        ("I work as a nurse", "what do you know about me?", "you work as a nurse"),
        ("the server crashed at noon", "what did I say about the server?", "The server crashed at noon."),
        ("the server crashed at noon", "do you remember the server?", "The server crashed at noon."),
        ("the server crashed at noon", "what did I say?", "The server crashed at noon."),
        ("should I paint the door?", "what did I just ask?", "Should I paint the door?"),
    ],
)  # fmt: skip
def test_what_was_told_is_remembered(
    bot_name: str, earlier: str, question: str, expected: str
) -> None:
    """Also over a pause and other talk in between."""
    dialogue = Dialogue(bot_name)
    dialogue.say(earlier)
    dialogue.pause()

    assert expected in dialogue.say(question)


@pytest.mark.parametrize("bot_name", FILES)
def test_memory_reaches_past_other_talk(bot_name: str) -> None:
    dialogue = Dialogue(bot_name)
    for line in (
        "hi",
        "my name is Anna",
        "I live in Oslo",
        "what is love?",
        "tell me a joke",
        "ok",
    ):
        dialogue.say(line)

    known = dialogue.say("what do you know about me?")

    assert "your name is Anna" in known
    assert "you live in Oslo" in known
    assert "Anna" in "".join(dialogue.say("thanks") for _ in range(4))


@pytest.mark.parametrize(
    "question",
    [
        "what is my name?",
        "what do I like?",
        "what don't I like?",
        "where do I live?",
        "what do you know about me?",
        "what did I say?",
        "what did you say?",
        "do you remember my dog?",
    ],
)
def test_what_was_not_told_is_not_invented(question: str) -> None:
    dialogue = Dialogue("logic")

    answer = dialogue.say(question)

    assert any(line.split("{")[0] in answer for line in dialogue.script.forgotten)


def test_the_last_answer_can_be_repeated() -> None:
    dialogue = Dialogue("sage")
    answer = dialogue.say("hmm")

    assert answer in dialogue.say("what did you say?")


def test_where_nothing_was_told_the_topics_are_remembered() -> None:
    dialogue = Dialogue("sage")
    dialogue.say("hi")
    dialogue.say("what is the meaning of life?")

    assert "you wanted to talk about meaning" in dialogue.say("what do you know about me?")
    assert "you wanted to talk about meaning" in dialogue.say("what did we talk about?")
    assert "you wanted to talk about meaning" in dialogue.say("do you remember the purpose?")
    assert "What is the meaning of life?" in dialogue.say("what did I ask about life?")


def test_a_display_name_is_known_but_not_taken_for_told() -> None:
    dialogue = Dialogue("sage")

    assert "you go by mira here" in dialogue.say("what is my name?")


def test_code_is_not_repeated_into_a_quote() -> None:
    dialogue = Dialogue("logic")
    dialogue.say("show me code for a retry")

    assert "```" not in dialogue.say("what did you say?")


def test_a_vague_do_you_remember_asks_for_all() -> None:
    dialogue = Dialogue("sage")
    dialogue.say("I live in Oslo")

    assert "you live in Oslo" in dialogue.say("do you remember?")


def test_a_long_quote_is_shortened() -> None:
    dialogue = Dialogue("logic")
    dialogue.say("the server said " + "blah " * 200)

    assert len(dialogue.say("what did I say about the server?")) < 400


def test_a_told_fact_comes_up_where_it_matters() -> None:
    dialogue = Dialogue("sage")
    dialogue.say("I love hiking")
    dialogue.say("tell me a joke")

    assert "you like hiking" in dialogue.say("is it worth hiking in winter?")


def test_a_later_name_wins_and_nothing_is_listed_twice() -> None:
    dialogue = Dialogue("logic")
    for line in ("my name is Anna", "I live in Oslo", "I live in Oslo", "actually, call me Berit"):
        dialogue.say(line)

    memory = recollect(dialogue.prompt())

    assert memory.name == "Berit"
    assert memory.facts == ("you live in Oslo",)


def test_a_return_is_greeted_as_one() -> None:
    dialogue = Dialogue("logic")
    dialogue.say("my name is Anna")
    dialogue.pause()

    answer = dialogue.say("hello")

    assert answer in {line.replace("{user}", "Anna") for line in dialogue.script.returns}


def test_what_others_said_is_not_taken_for_this_persons() -> None:
    """In a session that a channel shares, each turn has its speaker's name."""
    dialogue = Dialogue("logic")
    dialogue.say("my name is Bob and I live in Rome", user_name="bob")
    dialogue.turns.append(PromptTurn(role="user", content="where do I live?", name="mira"))

    memory = recollect(dialogue.prompt("mira"))

    assert (memory.name, memory.facts, memory.said) == (None, (), ())


def test_matching_and_joining() -> None:
    assert (
        best_match("the red door?", ["a red car", "the blue door", "doors that are red"])
        == "doors that are red"
    )
    assert best_match("the red door?", ["nothing"]) is None
    assert last_said(["this is long enough", "ok"]) == "this is long enough"
    assert last_said(["ok"]) == "ok"
    assert last_said([]) is None
    assert [listed(list("abc")[:n]) for n in range(4)] == ["", "a", "a and b", "a, b and c"]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("<@123> what  is\nthis?", "what is this?"),
        ("Sage, what is this?", "what is this?"),
        ("hey Sage! what is this?", "hey! what is this?"),
        ("what is this, sage?", "what is this?"),
        ("sage advice is rare", "advice is rare"),
        ("> quoted\nmine", "mine"),
        ("look `x` ```y```", "look"),
        ("im sure it doesnt, and Youre late", "i'm sure it doesn't, and You're late"),
        ("I don\u2019t see https://example.org/a?b", "I don't see"),
    ],
)
def test_a_message_is_reduced_to_its_words(content: str, text: str) -> None:
    assert plain(content, ("Sage", "sage")) == text
