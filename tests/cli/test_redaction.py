"""People made unrecognisable in an export: what is promised, no more and no less."""

import stat
from pathlib import Path

import pytest

from multibot.cli import redaction
from multibot.cli.redaction import Redaction
from multibot.errors import PermanentError
from multibot.home import Home
from multibot.store.archive.directory import User
from tests.cli.chat import ADA, DANA, MALLORY, history, objects, spoken

KEY = b"k" * 32
PEOPLE = [
    User(ADA, "Ada"),
    User(ADA, "Ada Lovelace"),
    User(DANA, "Dana"),
    User("190000000000000005", "dana"),
    User("190000000000000006", "|trey|"),
    User("190000000000000007", "X"),
    User("190000000000000008", "☆"),
    User("190000000000000009", "Straße"),
]
SAGE = "290000000000000001"


@pytest.fixture
def redacted() -> Redaction:
    return Redaction(KEY, PEOPLE, [SAGE])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ada, are you there?", "{ada}, are you there?"),
        ("ADA's ada. @Ada (ada)", "{ada}'s {ada}. @{ada} ({ada})"),
        ("adamant Adam _ada_ ada2", "adamant Adam _ada_ ada2"),
        ("Ada Lovelace and ada", "{ada} and {ada}"),
        ("hello Dana", "hello someone"),
        ("<|trey|> hi |trey|", "<{trey}> hi {trey}"),
        ("trey ☆ x X", "trey ☆ x X"),
        ("in der STRASSE, Straße", "in der STRASSE, {strasse}"),
        (f"<@{ADA}> <@!{ADA}> {ADA} x{ADA}1", "<@{ada}> <@{ada}> {ada} x" + f"{ADA}1"),
        (f"<@{SAGE}> {SAGE} <@1> <#{ADA}>", f"<@{SAGE}> {SAGE} <@{{one}}> <#{{ada}}>"),
        ("190000000000000099 is nobody", "190000000000000099 is nobody"),
        ("", ""),
    ],
)
def test_names_ids_and_mentions(redacted: Redaction, text: str, expected: str) -> None:
    pseudonyms = {
        "ada": redacted.pseudonym(ADA),
        "trey": redacted.pseudonym("190000000000000006"),
        "strasse": redacted.pseudonym("190000000000000009"),
        "one": redacted.pseudonym("1"),
    }

    assert redacted.text(text) == expected.format(**pseudonyms)


def test_pseudonyms_hang_on_the_key_and_on_nothing_else() -> None:
    first, second = Redaction(KEY, PEOPLE, []), Redaction(KEY, [], [])
    other = Redaction(b"o" * 32, PEOPLE, [])

    assert first.pseudonym(ADA) == second.pseudonym(ADA)
    assert len({each.pseudonym(ADA) for each in (first, other)}) == 2
    assert len({first.pseudonym(each.user_id) for each in PEOPLE}) == 7
    assert ADA not in first.pseudonym(ADA)


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return spoken(tmp_path_factory.mktemp("chat"))


@pytest.mark.parametrize("form", ["jsonl", "txt", "markdown", "html"])
def test_no_person_is_left_in_any_format(chat: Home, form: str) -> None:
    text = history(chat, "export", "--redact", "--format", form, "--user", "Ada").stdout
    text += history(chat, "export", "--redact", "--format", form).stdout

    for person in (ADA, DANA, MALLORY, "Ada,", "Ada ", "Ada'", "Dana", "dana", "lory"):
        assert person not in text
    for kept in ("Sage", "Is it still the same ship?", "adamant Adam"):
        assert kept in text


def test_the_same_person_is_the_same_everywhere_and_every_time(chat: Home) -> None:
    first = objects(chat, "export", "--redact")
    second = objects(chat, "export", "--redact", "-n", "4")

    assert first[-4:] == second
    assert first[0]["username"] == first[0]["user_id"] == first[4]["user_id"]
    assert first[1]["user_id"] == first[0]["user_id"]
    assert first[1]["username"] == "Sage"
    assert f"Ask {first[0]['user_id']} ({first[0]['user_id']})" in first[7]["content"]
    assert first[3]["metadata"] == {"attachments": [f"{first[0]['user_id']}'s ship.png"]}
    assert first[1]["metadata"] == {"response_to_message_id": "1001"}


def test_the_key_is_its_owners_and_made_once(chat: Home) -> None:
    history(chat, "export", "--redact")
    key = chat.redaction_key.read_bytes()
    history(chat, "export", "--redact")

    assert chat.redaction_key.read_bytes() == key
    assert len(key) == redaction.KEY_BYTES
    assert stat.S_IMODE(chat.redaction_key.stat().st_mode) == 0o600


def test_where_no_key_can_be_kept_pseudonyms_are_those_of_one_export(tmp_path: Path) -> None:
    home = spoken(tmp_path)
    home.redaction_key.mkdir()

    result = history(home, "export", "--redact")

    assert "no key can be kept" in result.stderr
    assert ADA not in result.stdout


@pytest.mark.parametrize("length", [0, 31, 100])
def test_what_is_no_key_is_refused(tmp_path: Path, length: int) -> None:
    path = tmp_path / "redaction.key"
    path.write_bytes(b"k" * length)

    with pytest.raises(PermanentError, match="remove it"):
        redaction.key_of(path)


def test_a_key_is_made_once_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "redaction.key"

    first, second = redaction.key_of(path), redaction.key_of(path)

    assert first == second
    assert list(tmp_path.iterdir()) == [path]
