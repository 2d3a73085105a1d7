"""The exact mixed-integer model of a Problem, solved by HiGHS (planner.md 3).

    x_c in {0,1}  candidate c is done             s_g in [0,1]  segment g is removed
    z_l in {0,1}  lesion l is cleared             y_a in [0,1]  functional atom a is lost
    m_a in [0,1]  tumor atom a is missed          e = x_c or s_g: element e is removed

    x_c <= s_g <= sum of x_c over the candidates that remove g
    y_a >= e                      for every element e that covers a
    z_l <= sum of e over C_a      for every atom a that holds more than the tolerated rest of lesion l
    m_a >= z_l - sum of e over C_a,  sum of t_a m_a <= tolerated rest    for the smaller atoms
    lost <= budget, counts <= their limits    (each zone of an ablation counts)

Every coefficient is a number of voxels, so every objective is an integer and a bound that is less
than one voxel away from a plan proves it. Given binary x, s and y are binary at the optimum.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

import highspy
import numpy as np
import numpy.typing as npt

from netlm_imaging.geometry import FloatArray
from netlm_imaging.plan.goals import Clear, Few, Goal, Spare
from netlm_imaging.plan.problem import SEGMENTS, Problem

PROOF_VOXELS = 0.5
"""Objectives are whole numbers: a gap below one is none."""
FEASIBILITY = 1e-9
"""Slack of x times the largest coefficient (a few million voxels) stays below one voxel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a plan must keep to; None is no limit."""

    budget_voxels: int
    """Functional liver that may be lost."""
    interventions: int
    resections: int | None = None
    ablations: int | None = None
    segments: int | None = None
    """Whole segments removed, in all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """What one solve ended with."""

    status: Literal["optimal", "feasible", "infeasible", "unknown"]
    """``unknown``: the time ran out before any plan was found."""
    chosen: tuple[int, ...]
    bound: float
    """No plan has a smaller objective than this."""
    seconds: float


class Model:
    """One problem under one set of limits; objectives are minimised one after the other."""

    def __init__(self, problem: Problem, limits: Limits) -> None:
        self._problem = problem
        self._rows = _Rows()
        n = len(problem.candidates)
        self._interventions = np.array([c.interventions for c in problem.candidates], dtype=np.float64)
        # Elements are numbered in this order too: element and column are the same number.
        self._x = np.arange(n)
        self._s = n + np.arange(SEGMENTS)
        self._z = n + SEGMENTS + np.arange(len(problem.lesions))
        self._width = n + SEGMENTS + len(problem.lesions)
        self._integer = [*self._x, *self._z]
        self._upper: dict[int, float] = {}
        self._add_segments()
        self._loss = self._add_losses()
        self._add_coverage()
        self._add_limits(limits)
        self._highs = self._build()

    def require(self, goal: Goal, *, at_most: int) -> None:
        """From now on the value of ``goal``, a whole number, must not exceed ``at_most``."""
        cost = self._cost(goal)
        columns = np.flatnonzero(cost).astype(np.int32)
        self._highs.addRow(-highspy.kHighsInf, at_most + PROOF_VOXELS, columns.size, columns, cost[columns])

    def minimise(self, goal: Goal, *, seconds: float, relative_gap: float = 0.0) -> Solution:
        """The plan with the smallest value of ``goal``, proven, or the best one that the time allows."""
        highs, objective = self._highs, self._cost(goal)
        highs.changeColsCost(self._width, np.arange(self._width, dtype=np.int32), objective)
        highs.setOptionValue("time_limit", max(seconds, 0.01))
        highs.setOptionValue("mip_rel_gap", relative_gap)
        before = highs.getRunTime()  # counts all runs together; the limit is for each
        highs.run()
        used = highs.getRunTime() - before
        status, info = highs.getModelStatus(), highs.getInfo()
        if status == highspy.HighsModelStatus.kInfeasible:
            return Solution(status="infeasible", chosen=(), bound=np.inf, seconds=used)
        if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
            return Solution(status="unknown", chosen=(), bound=float(info.mip_dual_bound), seconds=used)
        values = np.asarray(highs.getSolution().col_value)
        chosen = tuple(int(c) for c in np.flatnonzero(values[self._x] > 0.5))
        proven = info.objective_function_value - info.mip_dual_bound < 1.0 - 1e-3
        optimal = status == highspy.HighsModelStatus.kOptimal and proven
        return Solution(
            status="optimal" if optimal else "feasible",
            chosen=chosen,
            bound=float(info.mip_dual_bound),
            seconds=used,
        )

    def _cost(self, goal: Goal) -> FloatArray:
        cost = np.zeros(self._width)
        match goal:
            case Clear(weights):
                cost[self._z] = [-w for w in weights]
            case Spare():
                cost[list(self._loss)] = list(self._loss.values())
            case Few():
                cost[self._x] = self._interventions
        return cost

    def _new_column(self) -> int:
        self._width += 1
        return self._width - 1

    def _add_segments(self) -> None:
        for s, label in zip(self._s.tolist(), range(1, SEGMENTS + 1), strict=True):
            with_it = [
                c for c, candidate in enumerate(self._problem.candidates) if label in candidate.segments
            ]
            for c in with_it:
                self._rows.at_most({c: 1.0, s: -1.0}, 0.0)
            self._rows.at_most({s: 1.0, **dict.fromkeys(with_it, -1.0)}, 0.0)

    def _add_losses(self) -> dict[int, float]:
        """Columns and rows of functional atoms; returns the lost voxels of each column."""
        loss: defaultdict[int, float] = defaultdict(float)
        for cover, voxels in zip(
            self._problem.atoms.covers, self._problem.atoms.functional.tolist(), strict=True
        ):
            if voxels == 0:
                continue
            column = cover[0] if len(cover) == 1 else self._new_column()
            loss[column] += voxels
            if len(cover) > 1:
                for element in cover:
                    self._rows.at_most({element: 1.0, column: -1.0}, 0.0)
        return dict(loss)

    def _add_coverage(self) -> None:
        problem = self._problem
        for z, tumor, size, needed in zip(
            self._z.tolist(), problem.atoms.tumor, problem.lesion_voxels, problem.needed_voxels, strict=True
        ):
            rest = int(size - needed)
            missable = rest - int(size - tumor.sum())  # what no element covers is missed in any case
            if missable < 0:
                self._upper[z] = 0.0
                continue
            held = np.flatnonzero(tumor)
            essential = {problem.atoms.covers[a] for a in held[tumor[held] > missable].tolist()}
            for cover in _smallest(essential):
                self._rows.at_most({z: 1.0, **dict.fromkeys(cover, -1.0)}, 0.0)
            missed: dict[int, float] = {}
            for atom in held[tumor[held] <= missable].tolist():
                miss = self._new_column()
                cover = problem.atoms.covers[atom]
                self._rows.at_most({z: 1.0, miss: -1.0, **dict.fromkeys(cover, -1.0)}, 0.0)
                missed[miss] = float(tumor[atom])
            self._rows.at_most(missed, float(missable))

    def _add_limits(self, limits: Limits) -> None:
        ablation = np.array([c.kind == "ablation" for c in self._problem.candidates], dtype=bool)
        each = self._interventions
        self._rows.at_most(self._loss, float(limits.budget_voxels))
        self._count(self._x, each, limits.interventions)
        self._count(self._x[ablation], each[ablation], limits.ablations)
        self._count(self._x[~ablation], each[~ablation], limits.resections)
        self._count(self._s, np.ones(SEGMENTS), limits.segments)

    def _count(self, columns: npt.NDArray[np.int64], each: FloatArray, limit: int | None) -> None:
        if limit is not None:
            self._rows.at_most(dict(zip(columns.tolist(), each.tolist(), strict=True)), float(limit))

    def _build(self) -> highspy._core._Highs:
        program = highspy.HighsLp()
        program.num_col_ = self._width
        program.num_row_ = len(self._rows.upper)
        program.col_cost_ = np.zeros(self._width)
        program.col_lower_ = np.zeros(self._width)
        program.col_upper_ = np.array([self._upper.get(n, 1.0) for n in range(self._width)])
        program.row_lower_ = np.full(len(self._rows.upper), -highspy.kHighsInf)
        program.row_upper_ = np.array(self._rows.upper)
        program.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        program.a_matrix_.start_ = np.array(self._rows.starts, dtype=np.int32)
        program.a_matrix_.index_ = np.array(self._rows.columns, dtype=np.int32)
        program.a_matrix_.value_ = np.array(self._rows.values)
        kinds = [highspy.HighsVarType.kContinuous] * self._width
        for column in self._integer:
            kinds[column] = highspy.HighsVarType.kInteger
        program.integrality_ = kinds
        # The public class prints a banner before it can be told not to (highspy 1.16); its base does not.
        highs = highspy._core._Highs()
        for option, value in _OPTIONS.items():
            highs.setOptionValue(option, value)
        highs.passModel(program)
        return highs


_OPTIONS: dict[str, bool | int | float | str] = {
    "output_flag": False,
    "threads": 1,
    "parallel": "off",
    "random_seed": 0,
    "mip_abs_gap": PROOF_VOXELS,
    "mip_feasibility_tolerance": FEASIBILITY,
    "primal_feasibility_tolerance": FEASIBILITY,
}


def _smallest(covers: Collection[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """Those of ``covers`` that hold no other one: what covers the others follows from these."""
    kept: list[tuple[int, ...]] = []
    for cover in sorted(covers, key=lambda c: (len(c), c)):
        if not any(set(cover).issuperset(smaller) for smaller in kept):
            kept.append(cover)
    return kept


class _Rows:
    """Rows ``sum of values * columns <= upper``, one after the other; empty ones that hold are left out."""

    def __init__(self) -> None:
        self.starts: list[int] = [0]
        self.columns: list[int] = []
        self.values: list[float] = []
        self.upper: list[float] = []

    def at_most(self, entries: dict[int, float], upper: float) -> None:
        if not entries and upper >= 0.0:
            return
        self.columns.extend(entries)
        self.values.extend(entries.values())
        self.starts.append(len(self.columns))
        self.upper.append(upper)
