import itertools
import json
import re
from pathlib import Path

import pytest

from multibot.conversation.chunking import split
from multibot.responder.script import Script, Topic
from tests.unit.responder.dialogue import BOTS, FILES, Dialogue, shipped_script

SAMPLE = Path(__file__).parents[2] / "data" / "chat_sample.jsonl"
PLACEHOLDER = re.compile(r"\{(user|subject|memory|topic)\}")
PERSONAS = tuple(FILES)
LINES = (
    "hi", "hello there!", "My name is Anna", "who are you?", "what can you do", "how are you?",
    "should I quit my job?", "I love hiking and I live in Oslo", "what is the meaning of life?",
    "why?", "tell me more", "tea or coffee?", "my code crashes with a segfault", "I feel so lonely",
    "I passed my exam!", "give me 5 ideas for a birthday", "show me code for a retry",
    "explain statistics in detail", "tell me a story", "another one", "a joke please", "haha nice",
    "you are wrong", "yes", "no", "hmm", "😀", "??", "```py\nx\n```", "https://example.org", "<@123>",
    "what do you know about me?", "what is my name?", "what do I like?", "what don't I like?",
    "what did you say?", "what did I say?", "do you remember where I live?", "where do I live?",
    "I hate deadlines", "thanks", "bye",
)  # fmt: skip


async def streamed(dialogue: Dialogue) -> list[str]:
    return [piece async for piece in dialogue.responder.stream(dialogue.prompt())]


@pytest.mark.parametrize("bot_name", PERSONAS)
async def test_the_pieces_are_words_and_add_up_to_the_answer(bot_name: str) -> None:
    dialogue = Dialogue(bot_name)
    answer = dialogue.say("show me code for a retry, please")
    dialogue.turns.pop()

    pieces = await streamed(dialogue)

    assert "".join(pieces) == answer
    assert len(pieces) > 20
    assert all(len(piece.split()) == 1 for piece in pieces)
    await dialogue.responder.close()


@pytest.mark.parametrize("bot_name", PERSONAS)
def test_the_same_seed_and_prompt_give_the_same_answers(bot_name: str) -> None:
    one, other = Dialogue(bot_name, seed=3), Dialogue(bot_name, seed=3)

    assert [one.say(line) for line in LINES] == [other.say(line) for line in LINES]


def test_another_seed_gives_another_conversation() -> None:
    one, other = Dialogue(seed=1), Dialogue(seed=2)

    assert [one.say(line) for line in LINES] != [other.say(line) for line in LINES]


@pytest.mark.parametrize("bot_name", PERSONAS)
@pytest.mark.parametrize("seed", range(5))
def test_every_placeholder_is_filled_and_nothing_is_said_twice_running(
    bot_name: str, seed: int
) -> None:
    dialogue = Dialogue(bot_name, seed=seed)

    answers = [dialogue.say(line) for line in LINES]

    assert all(answer.strip() and not PLACEHOLDER.search(answer) for answer in answers)
    assert all(one != two for one, two in itertools.pairwise(answers))


@pytest.mark.parametrize("bot_name", PERSONAS)
def test_a_bore_gets_a_new_answer_every_time_while_there_are_any(bot_name: str) -> None:
    dialogue = Dialogue(bot_name)

    greetings = [dialogue.say("hi") for _ in range(8)]

    assert len(set(greetings[:4])) == 4
    assert all(one != two for one, two in itertools.pairwise(greetings))


def test_three_characters_differ() -> None:
    conversations = {name: [Dialogue(name).say(line) for line in LINES] for name in PERSONAS}

    for line, *answers in zip(LINES, *conversations.values(), strict=True):
        assert len(set(answers)) == 3, line


@pytest.mark.parametrize("bot_name", PERSONAS)
def test_a_long_answer_needs_several_messages(bot_name: str) -> None:
    answer = Dialogue(bot_name).say("explain everything about love and databases in detail")

    assert len(split(answer)) >= 2


def test_logic_shows_code_in_a_fence_with_its_language() -> None:
    answer = Dialogue("logic").say("can you show me code for a retry with backoff?")

    assert "```python\n" in answer
    assert "def retry(" in answer


def test_a_list_has_as_many_points_as_asked_for() -> None:
    dialogue = Dialogue("spark")

    assert (
        len(re.findall(r"^\d+\. ", dialogue.say("give me 3 ideas for a song"), re.MULTILINE)) == 3
    )
    assert (
        len(re.findall(r"^\d+\. ", dialogue.say("seven tips please, give me tips"), re.MULTILINE))
        == 7
    )
    assert len(re.findall(r"^\d+\. ", dialogue.say("give me 0 ideas"), re.MULTILINE)) == 1


def test_another_one_is_another_of_the_same() -> None:
    dialogue = Dialogue("sage")
    stories = {dialogue.say(line) for line in ("tell me a story", "another one", "more")}

    assert len(stories) == 3
    assert all(story.startswith("**") for story in stories)


def test_a_thought_unasked_is_one_of_its_own() -> None:
    dialogue = Dialogue("spark")
    lines = {line for topic in dialogue.script.topics for line in topic.lines}

    assert dialogue.say("surprise me") in lines
    assert Dialogue(script=Script()).say("surprise me").strip()


def test_a_yes_takes_up_what_was_offered() -> None:
    offer = Script(follow_ups=("Do you want an example in code?",), code=("```sh\nls\n```",))
    detail = Script(follow_ups=("Shall I go into detail?",), essays=("At length.",))

    for script, expected in ((offer, "```sh"), (detail, "At length.")):
        dialogue = Dialogue(script=script)
        dialogue.say("give me a list of tips")
        assert expected in dialogue.say("yes please")


@pytest.mark.parametrize("bot_name", PERSONAS)
def test_own_name_is_no_part_of_what_is_said(bot_name: str) -> None:
    for text in (
        f"hey {bot_name}! I'm Jonas",
        f"{bot_name}: my name is Jonas",
        "I am called jonas",
    ):
        assert "Jonas" in Dialogue(bot_name).say(text)


@pytest.mark.parametrize("bot_name", PERSONAS)
def test_a_question_on_a_topic_is_answered_from_that_topic(bot_name: str) -> None:
    dialogue = Dialogue(bot_name)

    for topic in dialogue.script.topics:
        answer = Dialogue(bot_name).say(f"I wonder about {topic.keywords[0]}, is there a way of it")
        said = [line for line in topic.lines if line.split("{")[0][:20] in answer]
        assert said, (topic.name, answer)


def test_what_shares_words_with_the_question_is_said_first() -> None:
    topic = Topic(name="sea", keywords=("sea",), lines=("It is wet.", "A shark lives there."))

    for seed in range(5):
        dialogue = Dialogue(script=Script(topics=(topic,)), seed=seed)
        assert "shark" in dialogue.say("is there a shark in the sea?")


def test_a_greeting_opens_the_first_answer() -> None:
    dialogue = Dialogue(script=Script(greetings=("Hello, {user}. Well?",), jokes=("Knock.",)))

    assert dialogue.say("hi, tell me a joke") == "Hello, mira. Knock."
    assert dialogue.say("hi, tell me a joke") == "Knock."


def test_an_empty_script_still_talks() -> None:
    dialogue = Dialogue(script=Script())

    answers = [dialogue.say(line) for line in LINES]

    assert all(answer.strip() and not PLACEHOLDER.search(answer) for answer in answers)


@pytest.mark.parametrize("name", ["", "   ", "x" * 500, "{memory}", "\n\n", "<@1>", "\\1", "名前"])
def test_any_user_name_will_do(name: str) -> None:
    dialogue = Dialogue("spark")

    for line in ("hi", "what is my name?", "thanks", "bye"):
        answer = dialogue.say(line, user_name=name)
        assert answer.strip()
        assert len(answer) < 700


@pytest.mark.parametrize(
    "text",
    ["", " ", "i " * 3000, "a" * 6000, "(" * 2000, "\ud83d", "I like " * 500, "my " * 900, "or " * 700 + "?", "i'm so " * 400, "\x00{user}\\g<0>"],
)  # fmt: skip
@pytest.mark.parametrize("bot_name", PERSONAS)
def test_any_text_gets_an_answer(bot_name: str, text: str) -> None:
    dialogue = Dialogue(bot_name)

    assert dialogue.say(text).strip()
    assert dialogue.say("what did I say?").strip()


@pytest.mark.parametrize("bot_name", PERSONAS)
def test_real_chat_is_answered(bot_name: str) -> None:
    """A sample of real chat, all as one person's: no exception, no gap, no line twice running."""
    rows = SAMPLE.read_text(encoding="utf-8").splitlines()[:500]
    dialogue = Dialogue(bot_name)
    before = ""
    for row in rows:
        answer = dialogue.say(json.loads(row)["content"])
        assert answer.strip()
        assert not PLACEHOLDER.search(answer)
        assert answer != before
        before = answer


@pytest.mark.parametrize("bot_name", PERSONAS)
def test_the_shipped_scripts_are_rich(bot_name: str) -> None:
    script = shipped_script(bot_name)

    assert len(script.topics) >= 12
    assert all(len(topic.lines) >= 4 and len(topic.points) >= 4 for topic in script.topics)
    assert all(len(script.lines_for(name)) >= 2 for name in Script.occasions())
    assert any("{memory}" in line for line in script.weaves)
    assert any("{topic}" in line for line in script.weaves)


def test_no_shipped_file_holds_a_token() -> None:
    for name in FILES.values():
        assert "token" not in re.findall(
            r"^\s*(\w+):", (BOTS / name).read_text(encoding="utf-8"), re.MULTILINE
        )
