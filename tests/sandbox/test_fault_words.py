"""What can be said about a fault, in JSON and in the words of a shell, and what cannot."""

import shlex

import pytest

from multibot.errors import UsageError
from multibot.sandbox import fault_spec
from multibot.sandbox.fault_spec import KINDS
from tests.sandbox.clients import Json


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ({"kind": "flood"}, "There is no fault 'flood'"),
        ({"kind": "200"}, "There is no fault '200'"),
        ({}, "There is no fault ''"),
        ({"kind": "429", "done": True}, "429 has no 'done'"),
        ({"kind": "no-hello", "bot": "sage"}, "no-hello has no 'bot'"),
        ({"kind": "revoke-token", "times": 1}, "revoke-token has no 'times'"),
        ({"kind": "500", "times": 0}, "times=0 is not a whole number from 1 on"),
        ({"kind": "500", "times": True}, "times=True"),
        ({"kind": "500", "times": "many"}, "times=many"),
        ({"kind": "500", "after": -1}, "after=-1 is not a number of seconds"),
        ({"kind": "500", "every": 0}, "every=0"),
        ({"kind": "500", "after": "inf"}, "after=inf"),
        ({"kind": "500", "until": "nan"}, "until=nan"),
        ({"kind": "500", "probability": 1.5}, "probability=1.5"),
        ({"kind": "500", "after": 5, "until": 5}, "over before it begins"),
        ({"kind": "500", "body": "xml"}, "body=xml is not json or html"),
        ({"kind": "500", "path": 5}, "path=5 is not a text"),
        ({"kind": "hang", "done": "perhaps"}, "done=perhaps is not yes or no"),
        ({"kind": "429", "scope": "galaxy"}, "scope=galaxy"),
        ({"kind": "429", "retry_after": 0}, "retry_after=0"),
        ({"kind": "close", "code": 1005}, "code=1005 is not a close code"),
        ({"kind": "close", "at": "noon"}, "at=noon"),
        ({"kind": "duplicate", "copies": 1}, "copies=1"),
        ({"kind": "disable-intents", "intents": "guilds"}, "intents=guilds"),
        ({"kind": "disable-intents", "intents": []}, "intents="),
    ],
)
def test_nonsense_is_refused_in_words(said: Json, complaint: str) -> None:
    with pytest.raises(UsageError) as error:
        fault_spec.read(said)

    assert complaint in str(error.value)


@pytest.mark.parametrize("kind", [*KINDS, "404", "500"])
def test_words_of_a_shell_mean_what_json_means(kind: str) -> None:
    """The line that is shown for a fault asks for that fault again."""
    values: Json = {
        "bot": "sage", "after": 1.5, "until": 9.0, "every": 2.0, "times": 3, "probability": 0.5,
        "seed": 4, "method": "POST", "path": "/channels/*", "done": True, "body": "html",
        "error": 50013, "scope": "shared", "retry_after": 6.5, "seconds": 7.0, "at": "login",
        "code": 4009, "resumable": True, "silent": True, "event": "MESSAGE_*", "copies": 5,
        "remaining": 6, "reset_after": 8.0, "intents": ["members", "presences"], "guild": "multibot",
    }  # fmt: skip
    fields = fault_spec.kind_of(kind).fields
    spec = fault_spec.read({"kind": kind, **{name: values[name] for name in fields}})

    first, *words = shlex.split(fault_spec.line(spec))
    again = fault_spec.read({"kind": first, **dict(word.split("=", 1) for word in words)})

    assert again == spec
    assert len(words) == len(fields)
