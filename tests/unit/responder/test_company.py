"""What a persona says to another bot, and when nobody has asked."""

import pytest

from multibot.conversation.chain import Phase
from multibot.conversation.prompt import Company, Prompt, PromptTurn, Task
from multibot.responder.script import Script, Topic
from multibot.responder.scripted import ScriptedResponder
from tests.unit.responder.dialogue import FILES, shipped_script

REQUEST = PromptTurn(role="system", content="Nobody has written here for a while.")
WOOD = Topic(name="wood", keywords=("wood", "trees"), lines=("Wood remembers rain.",))
IRON = Topic(name="iron", keywords=("iron",), lines=("Iron remembers fire, {user}.",))


def talk(name: str, partner: str, opening: str) -> list[str]:
    """Have a persona answer itself as another would, to the end of a chain."""
    responder = ScriptedResponder(shipped_script(name), persona_name=name.title())
    said, turns = [opening], []
    for phase in (Phase.OPEN, Phase.GOING, Phase.CLOSING, Phase.LAST):
        turns.append(PromptTurn(role="user", content=said[-1], name=partner))
        prompt = Prompt(
            bot_name=name,
            system="",
            user_id="9",
            user_name=partner,
            turns=tuple(turns),
            company=Company(phase=phase),
        )
        said.append(responder.answer(prompt))
        turns.append(PromptTurn(role="assistant", content=said[-1], name=name))
    return said


def speak_up(script: Script, task: Task, *turns: PromptTurn, name: str = "sage") -> str:
    prompt = Prompt(
        bot_name=name,
        system="",
        user_id="9",
        user_name="Spark",
        turns=(*turns, REQUEST),
        task=task,
        company=Company() if task is Task.OPEN else None,
    )
    return ScriptedResponder(script, persona_name=name.title()).answer(prompt)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(
    "opening",
    [
        "Hello! How are you?",
        "Tell me a joke, and write me an essay about trees in detail.",
        "Thanks, bye!",
        "My name is Spark. What is my name?",
        "What do you make of music?",
        "",
    ],
)
def test_the_last_message_is_a_goodbye_that_asks_nothing(name: str, opening: str) -> None:
    *before, last = talk(name, "Spark", opening)

    assert all(before[1:])
    assert "?" not in last
    closings = shipped_script(name).closings
    assert any(line.split("{user}")[0][:20] in last for line in closings)


def test_a_wish_of_another_bot_is_no_wish() -> None:
    script = Script(jokes=("a joke",), essays=("an essay",), statements=("go on about it",))
    responder = ScriptedResponder(script, persona_name="Sage")
    turn = PromptTurn(role="user", content="tell me a joke", name="Spark")
    prompt = Prompt(
        bot_name="sage", system="", user_id="9", user_name="Spark", turns=(turn,), company=Company()
    )

    assert "go on about it" in responder.answer(prompt)


def test_what_its_message_answers_is_what_the_talk_is_about() -> None:
    responder = ScriptedResponder(Script(topics=(WOOD,)), persona_name="Sage")
    turn = PromptTurn(role="user", content="I do not think so at all", name="Spark")
    company = Company(answers_to="I like trees.")
    prompt = Prompt(
        bot_name="sage", system="", user_id="9", user_name="Spark", turns=(turn,), company=company
    )

    assert WOOD.lines[0] in responder.answer(prompt)


def test_it_speaks_of_what_was_talked_about_lately() -> None:
    script = Script(topics=(IRON, WOOD))
    asked = PromptTurn(role="user", content="do trees sleep?", name="Ada")

    assert "wood" in speak_up(script, Task.OPEN, asked)
    post = speak_up(script, Task.POST, asked)
    assert "wood" in post
    assert WOOD.lines[0] in post


def test_it_does_not_speak_of_the_same_again() -> None:
    script = Script(topics=(IRON, WOOD))
    first = speak_up(script, Task.POST)
    second = speak_up(script, Task.POST, PromptTurn(role="assistant", content=first, name="sage"))

    assert {"wood" in each for each in (first, second)} == {True, False}


def test_without_topics_it_still_has_something_to_say() -> None:
    assert "{topic}" not in speak_up(Script(), Task.POST)
    assert "Spark" in speak_up(Script(), Task.OPEN)


@pytest.mark.parametrize("name", FILES)
def test_shipped_personas_speak_to_the_other_one_by_name(name: str) -> None:
    assert "Spark" in speak_up(shipped_script(name), Task.OPEN, name=name)


def test_a_post_speaks_to_nobody_in_particular() -> None:
    prompt = Prompt(
        bot_name="sage", system="", user_id="9", user_name="Sage", turns=(REQUEST,), task=Task.POST
    )
    for name in FILES:
        said = ScriptedResponder(shipped_script(name), persona_name=name.title()).answer(prompt)
        assert not said.startswith("Sage")
