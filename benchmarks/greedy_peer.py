"""The optimum beside a good greedy plan, on sample livers: how often, how much and for whom it is better.

The greedy plan is what a careful person would do: again and again the treatment that clears the most
tumor for each milliliter of liver lost (and, as another try, the one that clears most), then every
treatment is taken out once and the plan filled up again, as long as that helps. Both choose from the same
candidates under the same limits.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np

from benchmarks.implanted import digital_liver, with_lesions
from netlm_imaging.clinical import Clinical, LiverQuality
from netlm_imaging.decide.rule import Facts, type_of
from netlm_imaging.lesions import measure
from netlm_imaging.plan.devices import chosen_devices
from netlm_imaging.plan.goals import Clear
from netlm_imaging.plan.greedy import greedy
from netlm_imaging.plan.optimize import Choice, optimize
from netlm_imaging.plan.outcome import Case
from netlm_imaging.plan.plan_set import ask, pose
from netlm_imaging.plan.settle import settled
from netlm_imaging.remnant import flr_limits
from netlm_imaging.settings import Settings

SPACING_MM = (2.2, 2.2, 2.5)
MOST_LESIONS = 60
SECONDS = 20.0
QUALITIES = ("normal", "chemotherapy", "cirrhosis")


@dataclass(frozen=True)
class Pair:
    """One patient: percent of tumor cleared and of functional liver lost, greedy and optimal."""

    lesions: int
    proven: bool
    cleared: tuple[float, float]
    lost: tuple[float, float]
    types: tuple[int | None, int | None]


def one_patient(seed: int) -> Pair:
    """Plan one sample liver both ways."""
    rng = np.random.default_rng([seed, 9])
    count = round(float(np.exp(rng.uniform(np.log(4), np.log(MOST_LESIONS)))))
    anatomy = digital_liver(seed, liver_ml=float(rng.uniform(1250, 2000)), spacing_mm=SPACING_MM)
    anatomy = with_lesions(anatomy, count, rng, scale=float(rng.uniform(0.9, 1.7)))
    clinical = Clinical(liver_quality=cast(LiverQuality, QUALITIES[int(rng.integers(3))]))
    settings = Settings()
    limits = flr_limits(anatomy.functional.volume_ml, clinical=clinical, settings=settings.flr)
    question = ask(
        anatomy, measure(anatomy), settings=settings, clinical=clinical, limits=limits, progress=None
    )
    posed = pose(question, chosen_devices(settings))

    def both(case: Case) -> tuple[tuple[int, ...], Choice]:
        by_hand = greedy(case.problem, posed.request.limits, Clear.all(case.problem), improve=True)
        return by_hand, optimize(case.problem, "sparing", posed.request, seconds=SECONDS)

    answer = settled(posed.case, both, chosen=lambda found: [found[0], found[1].chosen])
    problem, (by_hand, choice) = answer.case.problem, answer.found
    plans = (by_hand, choice.chosen)
    cleared = [problem.cleared(plan) for plan in plans]
    share = [100.0 * problem.lesion_voxels[done].sum() / problem.total_voxels for done in cleared]
    types = [
        type_of(
            Facts(
                count=len(problem.lesions),
                debulking_percent=float(percent),
                complete=bool(done.all()),
                mass_effect="none",
                hormonal_symptoms="none",
                threshold_percent=settings.type.debulking_threshold_percent,
                limited_max_lesions=settings.type.limited_max_lesions,
            )
        )
        for percent, done in zip(share, cleared, strict=True)
    ]
    lost = [100.0 * problem.lost_voxels(plan) / problem.functional_voxels for plan in plans]
    return Pair(
        lesions=len(problem.lesions),
        proven=choice.status == "optimal",
        cleared=(float(share[0]), float(share[1])),
        lost=(lost[0], lost[1]),
        types=(types[0], types[1]),
    )


def greedy_table(*, patients: int, picture: Path | None = None, workers: int = 2) -> Iterator[str]:
    """Lines of a summary; ``picture`` is where the chart goes."""
    with ProcessPoolExecutor(workers) as pool:
        pairs = list(pool.map(one_patient, range(patients)))
    gain = np.array([p.cleared[1] - p.cleared[0] for p in pairs])
    same = np.abs(gain) < 1e-9
    saved = np.array([p.lost[0] - p.lost[1] for p in pairs])
    more, spared = gain[~same], saved[same & (saved > 1e-9)]
    changed = [p.types for p in pairs if p.types[0] != p.types[1]]
    yield f"{len(pairs)} patients, {min(p.lesions for p in pairs)} to {max(p.lesions for p in pairs)} lesions"
    yield f"proven optimal: {sum(p.proven for p in pairs)}"
    yield f"the optimum clears more: {more.size}, by {_spread(more)} points of debulking"
    yield f"it clears as much and loses less liver: {spared.size}, by {_spread(spared)} points of the liver"
    yield f"the greedy plan is as good: {int((same & (saved <= 1e-9)).sum())}"
    yield f"another Type: {len(changed)} ({', '.join(f'{a} to {b}' for a, b in sorted(set(changed)))})"
    if picture is not None:
        _draw(pairs, picture)


def _spread(values: np.ndarray) -> str:
    if not values.size:
        return "0"
    middle, tenth = np.percentile(values, [50, 90])
    return f"{middle:.2g} in the median, {tenth:.2g} or more in a tenth, at most {values.max():.2g}"


def _draw(pairs: list[Pair], path: Path) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.0, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    changed = np.array([p.types[0] != p.types[1] for p in pairs])
    lesions = np.array([p.lesions for p in pairs])
    gain = np.array([p.cleared[1] - p.cleared[0] for p in pairs])
    saved = np.array([p.lost[0] - p.lost[1] for p in pairs])
    same = np.abs(gain) < 1e-9
    for chosen, color, label in ((~changed, "#0a4a5c", "same Type"), (changed, "#c65a00", "another Type")):
        left.scatter(lesions[chosen], gain[chosen], s=18, color=color, label=label)
    left.set(
        xlabel="lesions", ylabel="more tumor cleared, points of debulking", title="Optimum beside greedy"
    )
    left.legend(frameon=False)
    right.scatter(lesions[same], saved[same], s=18, color="#0a4a5c")
    right.set(xlabel="lesions", ylabel="liver saved, % of functional liver", title="Where both clear as much")
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    FigureCanvasAgg(figure).print_png(str(path), metadata={"Software": None})
