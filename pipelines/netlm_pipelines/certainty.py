"""How certain the figures are: the chosen plan, and the one that decides the Type, drawn many times."""

from __future__ import annotations

import time

from netlm_imaging.clinical import Clinical
from netlm_imaging.decide import Uncertainty, uncertainty
from netlm_imaging.plan import Draws, Planned, draw, prepare
from netlm_imaging.plan.records import Plan
from netlm_imaging.settings import Objective, Settings
from netlm_pipelines.progress import Stages


def how_certain(
    planned: Planned, *, method: str, clinical: Clinical, settings: Settings, stages: Stages
) -> Uncertainty | None:
    """``method``: of the liver mask. None without lesions or a plan, or where ``uncertainty.draws`` is 0."""
    main = settings.plan.objective
    plans: dict[Objective, Plan] = {p.objective: p for p in (planned.plan, *planned.alternatives)}
    wanted = {main, "sparing"}
    if not planned.case.problem.lesions or settings.uncertainty.draws == 0:
        return None
    if any(plans[objective].status == "infeasible" for objective in wanted):
        return None
    with stages.stage("How certain the figures are") as entry:
        draws = {name: _draws(planned, name, method, settings, entry) for name in sorted(wanted)}
    return uncertainty(draws[main], deciding=draws["sparing"], clinical=clinical, settings=settings.type)


def _draws(
    planned: Planned, objective: Objective, method: str, settings: Settings, entry: dict[str, object]
) -> Draws:
    of = settings.uncertainty
    start = time.perf_counter()
    prepared = prepare(planned.case, planned.choices[objective].chosen, settings=of)
    ready = time.perf_counter()
    draws = draw(prepared, liver_sd_percent=of.liver_sd_percent(method))
    entry[f"{objective}_prepare_s"] = round(ready - start, 3)
    entry[f"{objective}_draw_s"] = round(time.perf_counter() - ready, 3)
    return draws
