"""An error is one line that reads as sentences."""

import pytest

from multibot.errors import PermanentError


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("Discord refuses the token (401)", "Discord refuses the token (401). Renew it."),
        ("already runs as pid 7", "already runs as pid 7. Renew it."),
        ("It is closed.", "It is closed. Renew it."),
        ("Is it closed?", "Is it closed? Renew it."),
    ],
)
def test_what_is_wrong_and_what_to_do_are_two_sentences(what: str, text: str) -> None:
    assert str(PermanentError(what, remedy="Renew it.")) == text


def test_without_a_remedy_nothing_is_added() -> None:
    assert (
        str(PermanentError("Discord refuses (401)", where="sage")) == "sage: Discord refuses (401)"
    )
