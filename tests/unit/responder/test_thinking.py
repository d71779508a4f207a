"""What a persona says when a matter goes on for long, or is none of its own."""

import itertools
import re

import pytest

from multibot.responder.script import Script, Topic
from tests.unit.responder.dialogue import FILES, Dialogue

LONG_TALKS = {
    "sage": "what is the {} purpose of existence?",
    "spark": "how do I write the {} chapter of a novel?",
    "logic": "why is there a {} bug in this traceback?",
}
ORDINALS = [f"{count}th" for count in range(4, 20)]
SEA = Topic(
    name="the sea",
    keywords=("sea", "ocean"),
    lines=("The ocean is quite wet.", "Sharks live in the sea."),
    points=("Go and swim.", "Count the gulls.", "Build a boat."),
)
SKY = Topic(name="the sky", keywords=("sky", "cloud"), lines=("Clouds are wet as well.",))
SCRIPT = Script(
    questions=("What do you make of {subject}?", "Why do you come back to {topic}?"),
    statements=("Say more of {subject}, please.",),
    weaves=("It goes with {topic}, I think.",),
    lists=("Do this:",),
    quotes=("You once said {memory}",),
    follow_ups=("Well, what now?",),
    topics=(SEA, SKY),
)


@pytest.mark.parametrize("bot_name", FILES)
@pytest.mark.parametrize("seed", range(3))
def test_no_answer_comes_twice_in_a_long_talk_on_one_topic(bot_name: str, seed: int) -> None:
    dialogue = Dialogue(bot_name, seed=seed)

    answers = [dialogue.say(LONG_TALKS[bot_name].format(nth)) for nth in ORDINALS]

    # Not even the views, without what is hung on to them, come again.
    views = [answer.split(". ")[0] for answer in answers]
    assert len(set(answers)) == len(answers)
    assert len(set(views)) >= len(views) - 2


def test_when_all_is_said_each_other_move_has_its_turn() -> None:
    dialogue = Dialogue(script=SCRIPT)
    dialogue.say("the sky is so full of clouds")
    dialogue.say("the sea took away the castle of Tom")

    said = "\n".join(dialogue.say(f"is the sea {how}?") for how in ("wet", "old", "big", "blue", "wild", "salty", "deep"))  # fmt: skip

    assert "Why do you come back to the sea?" in said
    assert "Do this:\n- Go and swim.\n- Count the gulls." in said
    assert "You once said “The sea took away the castle of Tom.”" in said
    assert "What do you make of the sea?" in said


def test_another_topic_of_the_message_helps_out() -> None:
    dialogue = Dialogue(script=Script(topics=(SEA, SKY)))
    for _ in range(2):
        dialogue.say("is the sea an ocean?")

    said = "".join(dialogue.say("is the sea an ocean below the sky?") for _ in range(6))

    assert "Clouds are wet as well." in said


def test_where_nothing_new_is_left_the_oldest_is_said() -> None:
    topic = Topic(name="sea", keywords=("sea",), lines=("It is all wet.", "It is all salt."))
    bare = Script(
        questions=("What about it?",), statements=("So what?",), follow_ups=("Hm?",), topics=(topic,)
    )  # fmt: skip
    dialogue = Dialogue(script=bare)

    answers = [dialogue.say("is the sea deep?") for _ in range(8)]

    assert all(answer.strip() for answer in answers)
    assert all(one != two for one, two in itertools.pairwise(answers))


@pytest.mark.parametrize("bot_name", FILES)
@pytest.mark.parametrize(
    "question", ["what are zorblaxes?", "do you know anything about zorblaxes?"]
)
def test_a_question_on_nothing_known_is_met_with_its_subject(bot_name: str, question: str) -> None:
    assert "zorblaxes" in Dialogue(bot_name).say(question).lower()


@pytest.mark.parametrize("bot_name", FILES)
def test_a_preference_is_only_spoken_of_where_two_things_are_offered(bot_name: str) -> None:
    script = Dialogue(bot_name).script
    others = (*script.questions, *script.statements, *script.reasons)

    assert not [
        line for line in others if re.search(r"\b(?:the option|the other one|must lean)\b", line)
    ]
    answer = Dialogue(bot_name).say("should I learn the piano or the drums?")
    assert "the piano" in answer.lower() or "the drums" in answer.lower()


def test_a_short_question_goes_on_with_the_matter() -> None:
    dialogue = Dialogue(script=SCRIPT)
    dialogue.say("the ocean is so very large")

    assert "Sharks" in dialogue.say("why is it so?")
    assert "Sharks" not in Dialogue(script=SCRIPT).say("why is it so?")


def test_what_is_wrong_with_a_thing_is_talked_about_and_not_only_noted() -> None:
    answer = Dialogue("logic").say("my postgres query is slow")

    assert "EXPLAIN" in answer or "pg_stat_statements" in answer


@pytest.mark.parametrize("bot_name", FILES)
def test_a_question_is_no_knowledge(bot_name: str) -> None:
    dialogue = Dialogue(bot_name)
    dialogue.say("what was my secret word?")
    dialogue.say("tell me a joke")

    answer = dialogue.say("what do you know about me?")

    assert any(line.split("{")[0] in answer for line in dialogue.script.forgotten)


@pytest.mark.parametrize("bot_name", FILES)
def test_what_somebody_else_said_is_not_guessed(bot_name: str) -> None:
    dialogue = Dialogue(bot_name)
    answer = dialogue.say("what did anna tell you?")
    assert any(line.split("{")[0] in answer for line in dialogue.script.forgotten)

    dialogue.say("Anna wants to move to Rome")
    assert "“Anna wants to move to Rome.”" in dialogue.say("what has anna told you?")


def test_a_statement_answers_a_question_that_it_holds_in_full() -> None:
    dialogue = Dialogue("logic")
    dialogue.say("the hero is a robot called Bolt")

    assert "Bolt" in dialogue.say("what is the robot called?")
    assert "Bolt" not in dialogue.say("what is the robot eating for lunch?")
    assert "Bolt" not in dialogue.say("what about a robot?")


def test_what_is_told_again_is_not_reminded_of() -> None:
    dialogue = Dialogue("logic")
    first, again = (dialogue.say("my postgres database is large") for _ in range(2))

    assert "your postgres database is large" not in again.lower()
    assert first != again
    assert "your postgres database is large" in dialogue.say("is a large postgres slow?").lower()


def test_who_only_nods_is_told_more_when_all_nods_are_said() -> None:
    script = Script(nods=("Well, hm, hm.",), topics=(SEA,))
    silent, met = Dialogue(script=script), Dialogue(script=script)
    met.say("the ocean is so very large")

    nods = [(silent.say("hmm"), met.say("hmm")) for _ in range(6)]

    assert {nod for nod, _ in nods} == {"Well, hm, hm."}
    assert len({nod for _, nod in nods}) >= 4
