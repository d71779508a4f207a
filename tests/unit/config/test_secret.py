"""A secret leaves by `reveal` only."""

import copy
import json
import logging
import pickle
import traceback

import pytest

from multibot.config.secret import Secret

TOKEN = "sandbox-token-one"


@pytest.mark.parametrize(
    "shown",
    [
        str(Secret(TOKEN)),
        repr(Secret(TOKEN)),
        f"{Secret(TOKEN)}",
        f"{Secret(TOKEN):>40}",
        f"{[Secret(TOKEN)]}",
        "%s" % Secret(TOKEN),  # noqa: UP031 - one more way to print
        logging.makeLogRecord({"msg": "%s", "args": (Secret(TOKEN),)}).getMessage(),
    ],
)
def test_a_secret_does_not_print(shown: str) -> None:
    assert TOKEN not in shown


def test_a_secret_is_not_in_a_traceback() -> None:
    with pytest.raises(TypeError) as raised:
        json.dumps(Secret(TOKEN))

    assert TOKEN not in "".join(traceback.format_exception(raised.value))


@pytest.mark.parametrize("write", [pickle.dumps, copy.copy])
def test_a_secret_is_not_written(write: type) -> None:
    with pytest.raises(TypeError, match="not written"):
        write(Secret(TOKEN))


def test_reveal_gives_the_text() -> None:
    assert Secret(TOKEN).reveal() == TOKEN


def test_the_fingerprint_tells_two_secrets_apart_and_is_stable() -> None:
    assert Secret("x").fingerprint() == "2d711642"
    assert Secret("x").fingerprint() != Secret("y").fingerprint()


def test_secrets_are_equal_by_their_text() -> None:
    assert Secret("x") == Secret("x")
    assert Secret("x") != Secret("y")
    assert Secret("x") != "x"
    assert len({Secret("x"), Secret("x")}) == 1
