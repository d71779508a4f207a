import pytest

from multibot.conversation.names import addressed_names, is_name_address, raw_mentions, with_mention

NAMES = ("sage", "Sage", "Old Sage")


@pytest.mark.parametrize(
    "text",
    [
        "sage, what is time?",
        "Sage what is time?",
        "SAGE: help",
        "sage",
        "sage?",
        "  sage ...",
        "hi sage",
        "Hey, Sage!",
        "hello there sage",
        "ok sage",
        "ok, so sage what now",
        "thanks sage",
        "Thank you so much, sage!",
        "thanks a lot Sage",
        "good morning sage",
        "Good   evening, sage.",
        "@sage what is time?",
        "hey @Sage",
        "**Sage** look at this",
        "👋 sage are you there",
        "<:wave:123456> sage are you there",
        "what is time, sage?",
        "what is time, Sage",
        "tell me, sage, what is time",
        "I know, sage :)",
        "That was odd. Sage, what is time?",
        "That was odd.\nSage: what is time?",
        "I am back. Hi sage!",
        "> sage was right\nsage, was that you?",
        "```\ncode\n```\nsage what is wrong here?",
        "old sage, what is time?",
        "Old  Sage what is time?",
    ],
)
def test_a_name_speaks_to_its_owner(text: str) -> None:
    assert is_name_address(text, NAMES)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I like sage",
        "I like sage in my soup, really",
        "what a sage thing to say",
        "sagebrush, what is that",
        "sages, all of them",
        "sage's answer was good",
        "sage\u2019s answer was good",
        "sage-two, hello",
        "sage_two hello",
        "not-sage, hello",
        "sage.example.org is down",
        "sage/pepper",
        "https://sage.example.org, look",
        "see <https://example.org/sage>, ok",
        "www.sage.example, look",
        "mail me, sage@example.org",
        "`sage` is a command",
        "run `x`, `sage`, then y",
        "```\nsage, hello\n```",
        "```\nsage, hello",
        "~~~\nsage, hello\n~~~ ",
        '"sage" is a word',
        '"hello there" sage said',
        "she said, “sage, come here”",
        "‘sage’ is a word",  # noqa: RUF001 - the typographic quotes are the case
        "'sage' is a word",
        "> sage, hello",
        ">>> all of this\nsage, hello",
        ":sage: is an emoji",
        "<:sage:123> is an emoji",
        "the topic is logic, not sage",
        "so I told sage what it is",
        "10:30:45 sage",
    ],
)
def test_a_name_that_is_only_spoken_of_addresses_nobody(text: str) -> None:
    assert not is_name_address(text, NAMES)


def test_the_longest_name_is_taken() -> None:
    assert addressed_names("Sage Two, hello", ["sage", "sage two"]) == {"sage two"}
    assert addressed_names("sage and spark, hello", ["sage", "spark"]) == {"sage"}
    assert addressed_names("sage, spark, hello", ["sage", "spark"]) == {"sage", "spark"}


@pytest.mark.parametrize("names", [[], ["", "  "]])
def test_no_names_address_nobody(names: list[str]) -> None:
    assert addressed_names("hello, you", names) == frozenset()


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("c++", "c++, help", True),
        ("c++", "cpp, help", False),
        (".*", "anything, help", False),
        ("✨Spark✨", "✨spark✨ hello", True),
        ("it", "it, that is", True),
        ("it", "is it, or not", False),
        ("ok", "ok ok what now", True),
        ("hi", "hi", True),
        ("hi", "high, very", False),
    ],
)
def test_hostile_names(name: str, text: str, *, found: bool) -> None:
    """Names that are common words, or full of special characters, are taken literally."""
    assert is_name_address(text, [name]) is found


@pytest.mark.parametrize(
    "text", ["!" * 4000, ", " * 2000, "`" * 4000, '"' * 4000, "«" * 3000, "hi " * 1300]
)
def test_hostile_texts_are_read(text: str) -> None:
    assert not is_name_address(text, NAMES)


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("hi <@101> and <@!102>", {"101", "102"}),
        ("<@&101> <#102> @103", set()),
        ("`<@101>` is how it is written", set()),
        ("```\n<@101>\n```", set()),
        ("> <@101>", {"101"}),
    ],
)
def test_raw_mentions(text: str, ids: set[str]) -> None:
    assert raw_mentions(text) == ids


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("Spark, are you there?", "<@7>, are you there?"),
        ("@spark: a question", "<@7>: a question"),
        ("Logic puzzles are fun", "<@7> Logic puzzles are fun"),
        ("what do you say, Spark?", "<@7> what do you say, Spark?"),
        ("<@7> hello", "<@7> hello"),
        ("hello <@!7>", "hello <@!7>"),
        ("`<@7>` is code", "<@7> `<@7>` is code"),
        ("Sparkle, dear", "<@7> Sparkle, dear"),
        ("", "<@7> "),
    ],
)
def test_a_text_is_made_to_mention_its_addressee(content: str, expected: str) -> None:
    assert with_mention(content, "7", ("Spark", "Logic")) == expected


def test_a_name_is_no_regular_expression() -> None:
    assert with_mention("anything, else", "7", (".*", "")) == "<@7> anything, else"
