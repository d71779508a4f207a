"""Every benchmark still runs; how fast is nobody's business here."""

import json

import pytest

from tests.benchmarks.__main__ import main
from tests.benchmarks.catalogue import BENCHMARKS
from tests.benchmarks.figure import Effort, Figure, percentile, table


@pytest.mark.parametrize("name", BENCHMARKS)
def test_it_runs(name: str) -> None:
    figures = BENCHMARKS[name](Effort(share=0))

    assert figures
    assert all(figure.value > 0 for figure in figures)
    assert len({(figure.what, figure.bare_is) for figure in figures}) == len(figures)


def test_the_ratio_says_how_many_times_the_bare_time_it_takes() -> None:
    assert Figure("rate", 50, "/s", 200).ratio == 4
    assert Figure("time", 200, "ms", 50).ratio == 4
    assert Figure("alone", 200, "ms").ratio is None


def test_percentile() -> None:
    assert percentile(range(100), 0.5) == 50
    assert percentile(range(100), 0.99) == 99
    assert percentile([7.0], 0.99) == 7


def test_table_is_straight() -> None:
    lines = table([Figure("a", 12345.6, "/s", 1, "nothing"), Figure("bc", 0.123, "ms")]).split("\n")

    assert len({len(line) for line in lines}) == 1
    assert "12,346 /s" in lines[2]
    assert "0.12 ms" in lines[3]


def test_chosen_ones_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    main(["rules", "--json", "--share", "0"])

    found = json.loads(capsys.readouterr().out)
    assert list(found) == ["rules"]
    assert {"what", "value", "unit", "bare", "ratio"} <= found["rules"][0].keys()


def test_unknown_one_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["rules", "nonsense"])

    assert "no such benchmark: nonsense" in capsys.readouterr().err
