"""Numbers on the command line that one can count with."""

import math
from typing import Any

import click


class FiniteRange(click.FloatRange):
    """A range of floats without `nan`, which is neither below nor above any bound, and `inf`."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Read the number, or end with the usual line about a wrong option."""
        found = float(super().convert(value, param, ctx))
        if not math.isfinite(found):
            self.fail(f"{value} is no finite number.", param, ctx)
        return found
