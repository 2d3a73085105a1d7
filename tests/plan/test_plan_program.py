"""The solver behind the model: what it is asked is what it does."""

from __future__ import annotations

import numpy as np

from netlm_imaging.plan.program import Program
from netlm_imaging.plan.rows import Row


def test_every_solve_has_the_time_it_is_given_whatever_those_before_it_took() -> None:
    rng = np.random.default_rng(0)
    count, cost = 60, -rng.integers(5, 50, size=60).astype(float)
    program = Program(np.ones(count), whole=np.arange(count))
    weights = rng.integers(1, 60, size=(40, count))
    program.add([Row(dict(enumerate(map(float, row))), float(row.sum()) / 3.0) for row in weights])
    assert program.with_fractions(cost, seconds=0.2).status == "optimal"
    hard = program.with_whole_numbers(cost, seconds=0.6, relative_gap=0.0, start=None)
    assert hard.status == "feasible"
    assert program.with_fractions(-cost, seconds=0.2).status == "optimal"
    again = program.with_fractions(cost, seconds=0.2)
    assert again.status == "optimal"
    assert again.value <= hard.bound + 1e-6
