import pytest

from multibot.errors import ExitCode, MultibotError, PermanentError, StoreUnavailableError
from multibot.store import driver
from multibot.store.driver import sqlite


@pytest.mark.parametrize("version", [(3, 40, 1), (3, 51, 2)])
def test_sqlite_that_can_corrupt_the_file_is_refused_with_a_remedy(
    version: tuple[int, int, int],
) -> None:
    with pytest.raises(PermanentError, match="pysqlite3") as caught:
        driver.require(version)
    assert caught.value.exit_code is ExitCode.PERMANENT
    assert ".".join(map(str, version)) in caught.value.what


@pytest.mark.parametrize("version", [(3, 51, 3), (3, 53, 0), (4, 0, 0)])
def test_sqlite_with_the_fix_is_accepted(version: tuple[int, int, int]) -> None:
    driver.require(version)


def test_this_environment_has_the_fix() -> None:
    driver.require()


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (driver.BUSY, StoreUnavailableError),
        (driver.FULL, StoreUnavailableError),
        (driver.IOERR | (2 << 8), StoreUnavailableError),
        (driver.NOTADB, PermanentError),
        (driver.CORRUPT, PermanentError),
        (1, MultibotError),
    ],
)
def test_errors_of_the_driver_become_ours_with_the_cause(
    code: int, kind: type[MultibotError]
) -> None:
    error = sqlite.OperationalError("no")
    error.sqlite_errorcode = code
    ours = driver.translate(error, "data/conversations.db")
    assert type(ours) is kind
    assert ours.__cause__ is error
    assert "data/conversations.db" in str(ours)


def test_other_errors_are_left_alone() -> None:
    error = ValueError("no")
    assert driver.translate(error, "here") is error
