from collections.abc import Iterator

import pytest

from tests.process.stand import Stand, make_stand


@pytest.fixture
def stand() -> Iterator[Stand]:
    """A fleet of three stub bots, not started; every process is gone afterwards."""
    made = make_stand()
    try:
        yield made
    finally:
        made.close()
