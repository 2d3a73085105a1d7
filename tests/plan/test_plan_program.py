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


def test_rows_that_are_taken_out_bind_no_more_and_the_others_keep_their_numbers() -> None:
    program = Program(np.full(3, 10.0), whole=np.arange(3))
    limits = (4.0, 7.0, 9.0)
    program.add([Row({column: 1.0}, limit) for column, limit in enumerate(limits)])
    after = program.add([Row({0: 1.0, 1: 1.0, 2: 1.0}, 12.0)])
    assert after == 4
    cost = np.array([-3.0, -2.0, -1.0])
    assert program.with_fractions(cost, seconds=1.0).value == -3.0 * 4.0 - 2.0 * 7.0 - 1.0
    assert program.loose().tolist() == [2]
    program.drop(np.array([0, 2]))
    assert program.with_fractions(cost, seconds=1.0).value == -3.0 * 10.0 - 2.0 * 2.0
    program.bound(1, at_least=-np.inf, at_most=1.0)
    assert program.with_fractions(cost, seconds=1.0).value == -3.0 * 10.0 - 2.0 * 1.0 - 1.0
    assert program.with_whole_numbers(cost, seconds=1.0, relative_gap=0.0, start=None).value == -33.0
    assert program.loose().size == 0  # whole numbers do not say which rows matter
    assert program.add([Row({0: 1.0}, 3.0)]) == 5
    assert program.with_fractions(cost, seconds=1.0).value == -9.0 - 2.0 - 8.0
