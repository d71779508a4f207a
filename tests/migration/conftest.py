from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def migrations() -> Path:
    """The folder with the numbered files."""
    return ROOT / "migrations"
