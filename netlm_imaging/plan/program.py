"""A mixed-integer linear program that grows by rows, solved by HiGHS."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import highspy
import numpy as np
import numpy.typing as npt

from netlm_imaging.geometry import FloatArray
from netlm_imaging.plan.rows import Row

GAP = 0.5
"""Objectives are whole numbers: a gap below one is none."""
FEASIBILITY = 1e-9
"""Slack of a column times the largest coefficient (a few million voxels) stays below one voxel."""

_OPTIONS: dict[str, bool | int | float | str] = {
    "output_flag": False,
    "threads": 1,
    "parallel": "off",
    "random_seed": 0,
    "mip_abs_gap": GAP,
    # Small programs take a third less time without these, large ones as long.
    "mip_allow_restart": False,
    "mip_heuristic_run_feasibility_jump": False,
    "mip_heuristic_run_rens": False,
    "mip_heuristic_run_root_reduced_cost": False,
    "mip_feasibility_tolerance": FEASIBILITY,
    "primal_feasibility_tolerance": FEASIBILITY,
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Point:
    """What one solve ended with."""

    status: Literal["optimal", "feasible", "infeasible", "unknown"]
    """``unknown``: the time ran out before any solution was found."""
    values: FloatArray
    """Of all columns; empty where there is none."""
    value: float
    bound: float
    """No solution has a smaller value."""


class Program:
    """Columns in [0, upper], some of them whole numbers, and rows ``at least <= sum <= at most``."""

    def __init__(self, upper: FloatArray, *, whole: npt.NDArray[np.int64]) -> None:
        self._width = len(upper)
        self._whole = whole.astype(np.int32)
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = self._width, 0
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = np.zeros(self._width), np.zeros(self._width), upper
        lp.row_lower_ = lp.row_upper_ = np.zeros(0)
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_ = np.zeros(1, dtype=np.int32)
        # The public class prints a banner before it can be told not to (highspy 1.16); its base does not.
        self._highs = highspy._core._Highs()
        for option, value in _OPTIONS.items():
            self._highs.setOptionValue(option, value)
        self._highs.passModel(lp)
        self._mixed = True
        """Whether the last solution is of whole numbers, or none."""
        self._next = 0
        self._numbers = np.zeros(0, dtype=np.int64)
        """Of the rows that are there, in their order: the numbers that they got when they came."""

    def add(self, rows: Iterable[Row]) -> int:
        """Append ``rows``; returns the number of the next one."""
        before = self._next
        for row in rows:
            columns = row.columns
            self._highs.addRow(-highspy.kHighsInf, row.upper, columns.size, columns, row.values)
            self._next += 1
        self._numbers = np.concatenate([self._numbers, np.arange(before, self._next)])
        return self._next

    def loose(self) -> npt.NDArray[np.int64]:
        """The numbers of the rows without a price in the last solution, if that is one with fractions."""
        if self._mixed:
            return self._numbers[:0]
        price = np.asarray(self._highs.getSolution().row_dual)
        return np.asarray(self._numbers[: price.size][price == 0.0])

    def drop(self, numbers: npt.NDArray[np.int64]) -> None:
        """Take rows out; the others keep their numbers."""
        places = np.flatnonzero(np.isin(self._numbers, numbers))
        self._highs.deleteRows(places.size, places.astype(np.int32))
        self._numbers = np.delete(self._numbers, places)

    def bound(self, row: int, *, at_least: float, at_most: float) -> None:
        """Change the bounds of one row."""
        place = int(np.searchsorted(self._numbers, row))
        self._highs.changeRowBounds(place, at_least, at_most)

    def keep(self, column: int, *, at_least: float, at_most: float) -> None:
        """Change the bounds of one column."""
        self._highs.changeColBounds(column, at_least, at_most)

    def with_fractions(self, cost: FloatArray, *, seconds: float) -> Point:
        """The smallest ``cost`` when no column must be whole."""
        self._set_kinds(highspy.HighsVarType.kContinuous)
        return self._run(cost, seconds=seconds, mixed=False)

    def with_whole_numbers(
        self, cost: FloatArray, *, seconds: float, relative_gap: float, start: FloatArray | None
    ) -> Point:
        """The smallest ``cost``; ``start``: a solution to begin with."""
        self._set_kinds(highspy.HighsVarType.kInteger)
        self._highs.setOptionValue("mip_rel_gap", relative_gap)
        if start is not None:
            solution = highspy.HighsSolution()
            solution.col_value = start.tolist()
            self._highs.setSolution(solution)
        return self._run(cost, seconds=seconds, mixed=True)

    def _set_kinds(self, kind: highspy.HighsVarType) -> None:
        self._highs.changeColsIntegrality(self._whole.size, self._whole, np.full(self._whole.size, kind))

    def _run(self, cost: FloatArray, *, seconds: float, mixed: bool) -> Point:
        highs = self._highs
        highs.changeColsCost(self._width, np.arange(self._width, dtype=np.int32), cost)
        # Without whole numbers the limit is held against the time of all runs so far (highspy 1.16).
        spent = 0.0 if mixed else highs.getRunTime()
        highs.setOptionValue("time_limit", spent + max(seconds, 0.01))
        highs.run()
        status, info = highs.getModelStatus(), highs.getInfo()
        self._mixed = mixed or status != highspy.HighsModelStatus.kOptimal
        if status == highspy.HighsModelStatus.kInfeasible:
            return Point(status="infeasible", values=np.zeros(0), value=np.inf, bound=np.inf)
        optimal = status == highspy.HighsModelStatus.kOptimal
        bound = info.mip_dual_bound if mixed else (info.objective_function_value if optimal else -np.inf)
        if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
            return Point(status="unknown", values=np.zeros(0), value=np.inf, bound=float(bound))
        return Point(
            status="optimal" if optimal else "feasible",
            values=np.asarray(highs.getSolution().col_value),
            value=float(info.objective_function_value),
            bound=float(bound),
        )
