import pytest

from multibot.responder.alternatives import options
from multibot.responder.intent import Intent, classify
from multibot.responder.script import Topic
from multibot.responder.topics import Topics
from multibot.responder.wording import clause, content_words, subject, turned_round


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("hi", Intent.GREET),
        ("Good morning!", Intent.GREET),
        ("bye", Intent.LEAVE),
        ("thank you, good night", Intent.LEAVE),
        ("thanks a lot", Intent.THANK),
        ("how are you?", Intent.ASK_WELLBEING),
        ("hey, what's up", Intent.ASK_WELLBEING),
        ("who are you?", Intent.ASK_ABOUT_BOT),
        ("are you a bot?", Intent.ASK_ABOUT_BOT),
        ("what are you doing?", Intent.ASK),
        ("what can you do?", Intent.ASK_ABILITIES),
        ("help", Intent.ASK_ABILITIES),
        ("what's my name", Intent.ASK_NAME),
        ("what do I like?", Intent.ASK_LIKES),
        ("what don't I like?", Intent.ASK_DISLIKES),
        ("do you remember me?", Intent.ASK_ALL),
        ("what did you say?", Intent.ASK_ECHO),
        ("what did I just say?", Intent.ASK_LAST_SAID),
        ("what did I say about cats?", Intent.ASK_SAID),
        ("what did we talk about?", Intent.ASK_TOPICS),
        ("tell me something interesting", Intent.WANT_THOUGHT),
        ("tell me a joke", Intent.WANT_JOKE),
        ("tell me a story about cats", Intent.WANT_STORY),
        ("write me a python function that sorts", Intent.WANT_CODE),
        ("give me five ideas", Intent.WANT_LIST),
        ("make me a list of rivers", Intent.WANT_LIST),
        ("it won't show up in the plugins list", Intent.STATE),
        ("what does that mean?", Intent.WANT_MORE),
        ("can you explain it?", Intent.WANT_MORE),
        ("tabs vs spaces", Intent.ASK_CHOICE),
        ("is rust better than go?", Intent.ASK_CHOICE),
        ("what did anna tell you?", Intent.ASK_SAID),
        ("I'm stuck on the ending", Intent.STATE),
        ("it works with another driver", Intent.STATE),
        ("I have no idea what that is", Intent.STATE),
        ("explain love in detail", Intent.WANT_ESSAY),
        ("tell me more", Intent.WANT_MORE),
        ("why?", Intent.WANT_MORE),
        ("I am so tired", Intent.SUFFER),
        ("my cat died", Intent.SUFFER),
        ("my mother is really sick", Intent.SUFFER),
        ("I passed!", Intent.REJOICE),
        ("the party was great", Intent.REJOICE),
        ("that was great", Intent.PRAISE),
        ("you were right", Intent.PRAISE),
        ("it works now", Intent.REJOICE),
        ("haha nice", Intent.PRAISE),
        ("you are the best", Intent.PRAISE),
        ("you are wrong", Intent.CRITICISE),
        ("that was boring", Intent.CRITICISE),
        ("yes, exactly", Intent.AGREE),
        ("ok, sure", Intent.AGREE),
        ("not really", Intent.DISAGREE),
        ("tea or coffee?", Intent.ASK_CHOICE),
        ("why is the sky blue", Intent.ASK_REASON),
        ("is it cold", Intent.ASK),
        ("hmm", Intent.NOD),
        ("", Intent.NOD),
        ("the sky is blue today", Intent.STATE),
    ],
)
def test_what_a_message_wants(text: str, intent: Intent) -> None:
    assert classify(text) is intent


@pytest.mark.parametrize(
    ("text", "about"),
    [
        ("should I quit my job?", "whether to quit your job"),
        ("how do I bake bread?", "how to bake bread"),
        ("what do you think about modern art?", "modern art"),
        ("what is the meaning of life?", "the meaning of life"),
        ("My boss shouts a lot.", "your boss"),
        ("I feel like crying", "crying"),
        ("the new server crashed", "the new server"),
        ("philosophy is hard", "philosophy"),
        ("so it goes", "that"),
        ("", "that"),
        ("explain stoicism in great detail", "stoicism"),
        ("my postgres query is slow", "your postgres query"),
        ("How much of a security risk is it?", "a security risk"),
        ("pfifo: nope, not yet", "that"),
        ("why is the sky blue?", "the sky"),
        ("do you think robots can love?", "robots"),
        ("does meaning come from others?", "meaning"),
        ("which port should I be using?", "that"),
        ("the dog barks", "the dog"),
        ("I saw a bird. What is a heron?", "a heron"),
    ],
)
def test_what_a_message_is_about(text: str, about: str) -> None:
    assert subject(text) == about


@pytest.mark.parametrize(
    ("text", "turned"),
    [
        ("I was afraid of my boss", "you were afraid of your boss"),
        ("I'm sure you are right", "you're sure I'm right"),
        ("give me your book", "give you my book"),
        ("the weirdest angle you can find", "the weirdest angle I can find"),
        ("what I told you candidly", "what you told me candidly"),
        ("nothing of it", "nothing of it"),
    ],
)
def test_words_are_turned_round(text: str, turned: str) -> None:
    assert turned_round(text) == turned


def test_a_clause_ends_where_the_next_begins() -> None:
    assert clause("jazz because it swings") == "jazz"
    assert clause("old maps, mostly") == "old maps"
    assert clause("all of it") == "all of it"


def test_content_words_carry_meaning() -> None:
    assert content_words("What are the two red doors, and the glass?") == {"red", "door", "glass"}


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("tea or coffee?", ("tea", "coffee")),
        ("should I stay or go?", ("stay", "go")),
        ("should I learn the piano or the guitar?", ("the piano", "the guitar")),
        ("should I quit my job or stay?", ("quit your job", "stay")),
        ("should I use redis or memcached?", ("redis", "memcached")),
        ("should I eat pizza or go home", ("eat pizza", "go home")),
        ("is it better to forgive or to forget?", ("forgive", "forget")),
        ("tabs vs spaces", ("tabs", "spaces")),
        ("what about vim versus emacs?", ("vim", "emacs")),
        ("is rust better than go?", ("rust", "go")),
        ("cats or dogs for the sidekick?", ("cats", "dogs")),
        ("is it a fruit or a vegetable?", ("a fruit", "a vegetable")),
        ("tea, coffee or water?", None),
        ("is it a fruit or vegetable?", None),
        ("should I go or not?", None),
        ("ready or not?", None),
        ("what now?", None),
    ],
)
def test_what_there_is_to_choose_from(text: str, pair: tuple[str, str] | None) -> None:
    assert options(text) == pair


LOVE = Topic(name="love", keywords=("love", "heart"), lines=("x",))
CHOICE = Topic(name="choice", keywords=("should i", "choose"), lines=("x",))
TRUTH = Topic(name="truth", keywords=("truth", "true"), lines=("x",))


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("what is love?", LOVE),
        ("matters of the HEART", LOVE),
        ("I love trains", None),
        ("should I go?", CHOICE),
        ("should I tell the truth?", TRUTH),
        ("truthful", None),
        ("truths", TRUTH),
        ("choose love, choose truth", LOVE),
        ("the heart does not choose truth", LOVE),
        ("", None),
    ],
)
def test_the_topic_is_what_most_of_the_words_speak_of(text: str, topic: Topic | None) -> None:
    assert Topics((LOVE, CHOICE, TRUTH)).best(text) == topic


NETS = Topic(
    name="nets", keywords=("network", "net", "slow", "c++", "wi-fi 6", "node.js"), lines=("x",)
)
DATA = Topic(name="data", keywords=("postgres", "slow", "query", "best"), lines=("x",))
TOPICS = Topics((NETS, DATA))


@pytest.mark.parametrize(
    ("text", "topics"),
    [
        ("my postgres query is slow", (DATA, NETS)),
        ("the networks of nets", (NETS,)),
        ("what is the best pizza topping?", ()),
        ("which is best?", (DATA,)),
        ("I write C++ at home on weekends with friends", (NETS,)),
        ("the letter c", ()),
        ("does node.js run on the wi-fi 6 of an old house in Rome?", (NETS,)),
        ("what, when, why and how?", ()),
    ],
)
def test_rare_words_bring_up_a_topic_and_common_ones_only_alone(
    text: str, topics: tuple[Topic, ...]
) -> None:
    assert TOPICS.ranked(text) == topics


def test_the_line_that_shares_most_with_a_text_is_the_fittest() -> None:
    lines = ("A migration runs once.", "A slow query wants an index.", "Be patient.")
    topics = Topics((Topic(name="d", keywords=("query", "migration", "index"), lines=lines),))

    ranked = sorted(lines, key=lambda line: -topics.fitness(line, "my query is slow"))

    assert ranked == [lines[1], lines[2], lines[0]]
