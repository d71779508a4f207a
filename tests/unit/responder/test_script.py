import pytest

from multibot.errors import ConfigError
from multibot.responder.choice import Choice
from multibot.responder.script import Script, Topic


def test_a_mapping_becomes_a_script() -> None:
    script = Script.from_mapping(
        {
            "greetings": ["Hi.", "Ho."],
            "thanks": "Sure.",
            "jokes": [],
            "praise": None,
            "topics": [{"name": "sea", "keywords": ["sea", "wave"], "lines": ["Wet."]}],
        }
    )

    assert script.greetings == ("Hi.", "Ho.")
    assert script.thanks == ("Sure.",)
    assert script.jokes == Script().jokes
    assert script.praise == Script().praise
    assert script.topics == (Topic(name="sea", keywords=("sea", "wave"), lines=("Wet.",)),)
    assert Script.from_mapping({}) == Script()


@pytest.mark.parametrize(
    ("mapping", "complaint"),
    [
        ({"greeting": ["Hi."]}, "unknown keys: greeting"),
        ({"greetings": 5}, "scripted.greetings is not a list of texts"),
        ({"greetings": ["a", True]}, "scripted.greetings is not a list of texts"),
        ({"topics": "sea"}, "scripted.topics is not a list"),
        ({"topics": ["sea"]}, r"topics\[0\] needs name, keywords and lines"),
        ({"topics": [{"name": "sea", "lines": ["x"]}]}, r"topics\[0\] needs name"),
        ({"topics": [{"name": "s", "keywords": [True], "lines": ["x"]}]}, r"topics\[0\].keywords"),
        (
            {"topics": [{"name": "s", "keywords": ["s"], "lines": []}]},
            r"topics\[0\].lines is empty",
        ),
    ],
)
def test_a_wrong_mapping_is_refused(mapping: dict[str, object], complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        Script.from_mapping(mapping)


def test_a_line_is_not_taken_again_before_all_the_others() -> None:
    lines = ("One {user} fine day.", "Two fine days.", "Three fine days.")
    said: list[str] = []
    for _ in range(9):
        said.append(Choice("key", said).line(lines))

    assert {*said[:3]} == {*said[3:6]} == {*said[6:]} == {*lines}


def test_a_line_with_other_words_filled_in_is_known_again() -> None:
    lines = ("Hello {user}, how goes it?", "Hi {user}.")

    assert Choice("key", ["Hello Anna, how goes it?"]).line(lines) == "Hi {user}."


def test_a_single_line_is_taken_all_the_same() -> None:
    assert Choice("key", ["Only this."]).line(["Only this."]) == "Only this."
    choice = Choice("key", [])
    assert [choice.next(["a long line", "b long line"]) for _ in range(3)] == [
        "a long line",
        "b long line",
        "a long line",
    ]
