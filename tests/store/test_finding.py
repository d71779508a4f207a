"""What a search finds: every turn that has the words, indexed or not, and nothing else."""

import random
import time
from typing import Any

import pytest

from multibot.errors import UsageError
from multibot.home import Home
from multibot.store.archive import search, terms
from multibot.store.archive.criteria import Criteria
from multibot.store.archive.finding import UNINDEXED, Finding, Order, catch_up
from multibot.store.archive.index import Found
from multibot.store.archive.marks import show
from multibot.store.archive.reading import Transcript
from multibot.store.archive.shared import SharedFile
from multibot.store.migrate import migrate
from tests.fakes import FakeClock
from tests.store.transcripts import change, store, turn

TEXTS = (
    "the oranges are sweet, sweet, sweet",
    "Oranges OR lemons",
    "the oranges of a long story about something else altogether that goes on and on, sweet",
    "naïve CAFÉ",
    "don't NEAR(me) c++",
    "日本語 テスト",
)


def find(home: Home, text: str, order: Order = Order.NEWEST, **asked: Any) -> list[Found]:
    with SharedFile(home) as shared:
        return Finding(shared, Criteria(**asked), text).find(order, 20)


def found(home: Home, text: str, order: Order = Order.NEWEST, **asked: Any) -> list[int]:
    return [each.turn.id for each in find(home, text, order, **asked)]


def index(home: Home, limit: int = 500) -> None:
    with SharedFile(home) as shared:
        shared.write(lambda connection: search.fill(connection, limit))


@pytest.fixture(scope="module", params=[0, 3, 500], ids=["not indexed", "half indexed", "indexed"])
def spoken(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Home:
    """A few turns, of which the index has taken in some."""
    home = Home(tmp_path_factory.mktemp("spoken"))
    migrate(home, FakeClock())
    store(home, [turn(text, after=number) for number, text in enumerate(TEXTS)])
    if request.param:
        index(home, request.param)
    return home


@pytest.fixture(scope="module")
def long_chat(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("long"))
    migrate(home, FakeClock())
    draw = random.Random(1)  # noqa: S311 - a seed, not a secret
    times = draw.sample(range(3_000), 2_000)
    words = {0: "common rare", 1: "common", 2: "common", 3: "common"}
    store(
        home,
        (
            turn(
                words.get(at % 97, "nothing") + (" ancient" if at < 200 else ""),
                after=at,
                bot_name=draw.choice(["sage", "spark"]),
                user_id=str(7 + (at % 50 == 0)),
            )
            for at in times
        ),
    )
    with SharedFile(home) as shared:
        for _ in range(3):
            shared.write(search.fill)
        assert search.behind(shared.reader)
    return home


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("oranges", [3, 2, 1]),
        ("sweet oranges", [3, 1]),
        ('"oranges are"', [1]),
        ('"are oranges"', []),
        ("orang*", [3, 2, 1]),
        ('"oranges ar"*', [1]),
        ("oranges or", [2]),
        ("oranges OR lemons", [2]),
        ("oranges NOT lemons", []),
        ("naive cafe", [4]),
        ("don't", [5]),
        ("NEAR(me)", [5]),
        ("c++", [5]),
        ("日本*", [6]),
        ("-oranges +sweet", [3, 1]),
        ("content:oranges", []),
        ("{content}", []),
        ("^oranges", [3, 2, 1]),
        ('"unfinished oranges', []),
        ("😀 lemons !!", [2]),
        ("'; DROP TABLE conversations; --", []),
        ("lemons \0 \ud800", [2]),
    ],
)
def test_words_are_words_and_nothing_else(spoken: Home, text: str, ids: list[int]) -> None:
    assert found(spoken, text) == ids


@pytest.mark.parametrize("text", ["", "  ", "***", '""', "😀", "( )"])
def test_no_word_at_all_is_refused(home: Home, text: str) -> None:
    with pytest.raises(UsageError, match="no word"):
        terms.expression(text)


def test_a_pasted_page_is_refused() -> None:
    assert terms.expression("a " * 32)
    with pytest.raises(UsageError, match="33 words"):
        terms.expression("a " * 33)


def test_best_first_is_what_speaks_most_of_it(spoken: Home) -> None:
    assert found(spoken, "sweet", Order.BEST) == [1, 3]
    assert found(spoken, "sweet", Order.NEWEST) == [3, 1]


def test_what_was_found_is_marked(spoken: Home) -> None:
    (one,) = find(spoken, "naive")

    assert one.turn.content == "naïve CAFÉ"
    assert show(one.text.whole, "<{}>".format) == "<naïve> CAFÉ"
    assert one.text.places() == [(0, 5)]


def test_a_long_turn_is_shown_where_the_words_are(home: Home) -> None:
    store(home, [turn("before " * 500 + "the oranges here" + " after" * 500)])

    (one,) = find(home, '"oranges here"')

    assert "«oranges here»" in show(one.text.excerpt, "«{}»".format)
    assert len(one.text.excerpt) < 300
    assert one.turn.content[slice(*one.text.places()[0])] == "oranges here"


@pytest.mark.parametrize("indexed", [0, 500])
def test_a_very_long_turn_is_marked_without_a_long_wait(home: Home, indexed: int) -> None:
    text = "naïve w " * 30_000 + "the oranges here " + "w" * 10_000
    store(home, [turn(text)])
    index(home, indexed)

    began = time.process_time()
    (one,) = find(home, '"oranges here" naive')

    assert time.process_time() - began < 2
    assert show(one.text.whole, str) == text
    shown = {one.turn.content[slice(*place)] for place in one.text.places()}
    assert shown == {"naïve", "oranges here"}
    assert "«naïve»" in show(one.text.excerpt, "«{}»".format)
    assert len(one.text.excerpt) < 1_000


@pytest.mark.parametrize("indexed", [0, 3, 500])
def test_edits_and_deletions_are_followed(home: Home, indexed: int) -> None:
    store(home, [turn(text) for text in TEXTS])
    index(home, indexed)
    change(home, "UPDATE conversations SET content = 'lemons' WHERE id = 1")
    change(home, "UPDATE conversations SET content = '', deleted_at = 'x' WHERE id = 2")

    assert found(home, "oranges") == [3]
    assert found(home, "lemons") == [1]


@pytest.mark.parametrize(
    ("asked", "ids"),
    [
        ({"bot_names": ("sage",)}, [3, 2, 1]),
        ({"bot_names": ("spark",)}, []),
        ({"user_ids": ("7",)}, [3, 2, 1]),
        ({"user_ids": ("8",)}, []),
        ({"channel_ids": ("11",)}, []),
        ({"role": "assistant"}, []),
        ({"since": turn("", after=1)["timestamp"]}, [3, 2]),
        ({"until": turn("", after=1)["timestamp"]}, [1]),
    ],
)
def test_only_what_fits_is_found(spoken: Home, asked: dict[str, Any], ids: list[int]) -> None:
    assert found(spoken, "oranges", **asked) == ids


def test_newest_is_by_time_whatever_the_order_of_storing(home: Home) -> None:
    store(home, [turn("now", after=9), turn("imported later, from now on", after=-9)])
    index(home)

    assert found(home, "now") == [1, 2]


def test_the_limit_cuts_the_order_that_is_asked_for(spoken: Home) -> None:
    with SharedFile(spoken) as shared:
        finding = Finding(shared, Criteria(), "sweet")
        assert [each.turn.id for each in finding.find(Order.BEST, 1)] == [1]
        assert [each.turn.id for each in finding.find(Order.NEWEST, 1)] == [3]
        assert not finding.is_cut


def test_of_a_common_word_those_stored_last_are_ranked(home: Home) -> None:
    store(home, [turn("the best" if number < 3 else "the words of it") for number in range(9)])
    index(home)

    with SharedFile(home) as shared:
        finding = Finding(shared, Criteria(), "the", window=4)
        assert [each.turn.id for each in finding.find(Order.BEST, 20)] == [9, 8, 7, 6]
        assert finding.is_cut
        narrow = Finding(shared, Criteria(bot_names=("sage",)), "the", window=4)
        assert [each.turn.id for each in narrow.find(Order.BEST, 20)] == [9, 8, 7, 6]


@pytest.mark.parametrize(("exact", "steps"), [(5000, 12), (0, 12), (0, 1)])
@pytest.mark.parametrize("asked", [{}, {"user_ids": ("8",)}, {"role": "user"}])
def test_newest_first_is_exact_on_every_way_through_the_file(
    long_chat: Home, exact: int, steps: int, asked: dict[str, Any]
) -> None:
    """Turns stored in no order of time, some of them not indexed; words common, rare and old."""
    criteria = Criteria(**asked)
    with SharedFile(long_chat) as shared:
        said = list(Transcript(shared, criteria).turns())
        for word in ("common", "rare", "ancient"):
            having = [one.id for one in reversed(said) if word in one.content]
            finding = Finding(shared, criteria, word, exact=exact, steps=steps)
            for limit in (1, 20, 1000):
                found = finding.find(Order.NEWEST, limit)
                assert [each.turn.id for each in found] == having[:limit]


def test_an_index_that_is_far_behind_is_brought_up_to_date(home: Home) -> None:
    store(home, [turn(f"number {number}") for number in range(UNINDEXED + 1)])
    heard: list[int] = []

    with SharedFile(home) as shared:
        assert catch_up(shared, heard.append)
        assert search.behind(shared.reader) == 0
    assert heard == [UNINDEXED + 1, 1, 0]
    assert len(found(home, "number 500")) == 1


def test_a_few_that_are_missing_are_no_reason_to_write(home: Home) -> None:
    store(home, [turn("oranges")])

    with SharedFile(home) as shared:
        assert catch_up(shared, lambda _: None)
        assert search.behind(shared.reader) == 1


def test_where_nothing_can_be_written_everything_is_searched_all_the_same(home: Home) -> None:
    store(home, [turn(f"number {number}") for number in range(UNINDEXED + 1)])
    home.database_lock.unlink(missing_ok=True)
    home.database_lock.mkdir()

    with SharedFile(home) as shared:
        assert not catch_up(shared, lambda _: None)
    assert found(home, "number 0") == [1]
    assert len(found(home, "number")) == 20
