"""How long the planner takes on large livers with many lesions (seconds of clock), and how much memory."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np

from benchmarks.implanted import REAL, digital_liver, real_folder, real_liver, with_lesions
from netlm_imaging.clinical import Clinical
from netlm_imaging.lesions import measure
from netlm_imaging.plan.devices import chosen_devices
from netlm_imaging.plan.optimize import Choice
from netlm_imaging.plan.outcome import Case
from netlm_imaging.plan.plan_set import ask, pose
from netlm_imaging.plan.settle import best_plan
from netlm_imaging.remnant import flr_limits
from netlm_imaging.settings import Objective, Settings

GRID_MM = 1.0
COUNTS = (5, 20, 60, 150)
OBJECTIVES: tuple[Objective, ...] = ("sparing", "maximum", "threshold", "fewest", "palliative")
SECONDS = 60.0
"""For each plan, and for the first one with all candidates and atoms, of which it has half at least."""
LATE_S = 2.0
"""A search ends so much after its time at most: what runs is not cut off in the middle."""


def planner_table(*, counts: Sequence[int] = COUNTS, livers: Sequence[str] = ()) -> Iterator[str]:
    """Markdown lines; each liver and count in a process of its own, one at a time."""
    names = livers or ((*REAL,) if real_folder() is not None else ("digital",))
    yield (
        "| liver | lesions | candidates | atoms | candidates and atoms s | "
        + " | ".join(f"{o} s" for o in OBJECTIVES)
        + " | again s | debulking % | status | peak MB |"
    )
    yield "|" + "-|" * 14
    for name in names:
        for count in counts:
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
                yield pool.submit(planner_row, name, count).result()


def planner_row(name: str, count: int) -> str:
    """One line of the table. Every plan is held against the simulation from voxels."""
    folder = real_folder()
    bare = (
        digital_liver(1, liver_ml=1700.0, spacing_mm=(GRID_MM,) * 3)
        if name == "digital" or folder is None
        else real_liver(folder, name, grid_mm=GRID_MM)
    )
    anatomy = with_lesions(bare, count, np.random.default_rng(7))
    settings, clinical, lesions = Settings(), Clinical(), measure(anatomy)
    limits = flr_limits(anatomy.functional.volume_ml, clinical=clinical, settings=settings.flr)
    start = time.monotonic()
    question = ask(anatomy, lesions, settings=settings, clinical=clinical, limits=limits, progress=None)
    posed = pose(question, chosen_devices(settings))
    case, ready = posed.case, time.monotonic() - start
    times, choices, debulking = [], dict[Objective, Choice](), 0.0
    for objective in (*OBJECTIVES, "sparing"):
        before = time.monotonic()
        known = {other: c for other, c in choices.items() if other != objective}
        seconds = SECONDS if choices else max(SECONDS - LATE_S - ready, SECONDS / 2)
        case, choice = best_plan(case, objective, posed.request, seconds=seconds, known=known)
        times.append(time.monotonic() - before)
        choices[objective] = choice
        outcome = case.simulate(choice.chosen)
        assert outcome.lost_voxels == case.problem.lost_voxels(choice.chosen)
        if objective == "sparing":
            debulking = outcome.debulking_percent
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    unproven = [_gap(case, objective, choices) for objective in OBJECTIVES]
    seconds = " | ".join(f"{t:.2f}" for t in times)
    return (
        f"| {name} | {count} | {len(case.problem.candidates)} | {len(case.problem.atoms.covers)} | "
        f"{ready:.1f} | {seconds} | {debulking:.1f} | "
        f"{', '.join(filter(None, unproven)) or 'all proven'} | {peak:.0f} |"
    )


def _gap(case: Case, objective: Objective, choices: dict[Objective, Choice]) -> str:
    """What is not proven of one plan: the debulking that no plan exceeds, or the rest; empty if nothing."""
    choice, problem = choices[objective], case.problem
    if choice.status == "optimal":
        return ""
    if choice.status == "infeasible":
        return f"{objective} cannot be reached"
    if choice.bound_voxels is None:
        return f"{objective} not proven"
    open_points = 100.0 * (choice.bound_voxels - problem.cleared_voxels(choice.chosen)) / problem.total_voxels
    return f"{objective} within {open_points:.2f} points" if open_points else f"{objective}: liver not proven"
