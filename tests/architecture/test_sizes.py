"""Files and functions stay small enough to be read in one go."""

import statistics

from tests.architecture.source import ROOT, functions, python_files

FILE_LINES = 300
FUNCTION_LINES = 50
USUAL_FUNCTION_LINES = 10
FOLDERS = ("multibot", "migrations", "tests")


def test_no_file_reaches_300_lines() -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in python_files(*FOLDERS)}

    assert {
        str(path.relative_to(ROOT)): lines for path, lines in lengths.items() if lines >= FILE_LINES
    } == {}


def test_no_function_reaches_50_lines() -> None:
    found = {
        f"{path.relative_to(ROOT)}:{name}": lines
        for path in python_files(*FOLDERS)
        for name, lines in functions(path.read_text())
        if lines >= FUNCTION_LINES
    }

    assert found == {}


def test_most_functions_are_under_10_lines() -> None:
    lengths = [
        lines for path in python_files("multibot") for _, lines in functions(path.read_text())
    ]

    assert statistics.median(lengths) < USUAL_FUNCTION_LINES


def test_a_function_counts_with_its_inner_functions_and_without_its_decorators() -> None:
    source = "@one\n@two\ndef outer():\n    def inner():\n        pass\n    inner()\n"

    assert list(functions(source)) == [("outer", 4), ("inner", 2)]
