"""Is the uncertainty calibrated? Plans made on wrong masks and carried out wrongly, against the truth.

Each patient has a truth made of shapes. A reader draws its surfaces with an error, misses lesions and
gets the liver's volume wrong; the planner sees only that. The plan is then carried out with zones that
come out otherwise and elsewhere, on the true patient, and measured on points of the true shapes.
Nothing here uses the code of the draws: only the standard deviations are the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np

from benchmarks.light_patient import Floats, LightPatient, distance, grid_points, light_patient
from netlm_imaging.clinical import Clinical
from netlm_imaging.decide import uncertainty
from netlm_imaging.decide.rule import Facts, type_of
from netlm_imaging.lesions import measure
from netlm_imaging.plan import Draws, Planned, draw, plan_case, prepare
from netlm_imaging.plan.candidates import Zone
from netlm_imaging.remnant import flr_limits
from netlm_imaging.settings import Settings

POINT_MM = 0.6
"""Spacing of the points that a lesion's coverage is measured on."""
SETTINGS = Settings.model_validate({"plan": {"time_limit_s": 4.0}})
CLINICAL = Clinical(liver_quality="normal", mass_effect="none", hormonal_symptoms="none")


@dataclass(frozen=True)
class Figure:
    """One figure of one patient."""

    truth: float
    low: float
    high: float
    rank: float
    """Where the truth lies among the draws, 0 to 1; equal ones count by chance."""

    @property
    def inside(self) -> bool:
        """Within the 90 % interval, its ends included."""
        return self.low - 1e-6 <= self.truth <= self.high + 1e-6


@dataclass(frozen=True)
class Outcome:
    """One patient."""

    figures: dict[str, Figure]
    threshold_met: bool
    probability_threshold_met: float
    type_probability: float
    """That the draws gave to the true Type."""
    typed: float
    """The probability of the most probable Type."""
    typed_right: bool


@dataclass(frozen=True)
class Reality:
    """What is off in one patient."""

    shifts_mm: Floats
    found: np.ndarray
    liver_factor: float


def calibration_table(*, patients: int = 300, workers: int = 2) -> Iterator[str]:
    """Markdown lines: how often the 90 % interval holds the truth."""
    with ProcessPoolExecutor(workers) as pool:
        outcomes = [o for o in pool.map(one_patient, range(patients)) if o is not None]
    yield f"{len(outcomes)} patients with a lesion that was found"
    yield "| figure | in the 90 % interval % | below % | above % | in it, ends included % | mean width |"
    yield "|-|-|-|-|-|-|"
    for name in outcomes[0].figures:
        yield f"| {' | '.join(row(name, [o.figures[name] for o in outcomes]))} |"
    yield from probability_lines(outcomes)


def row(name: str, figures: Sequence[Figure]) -> list[str]:
    ranks = np.array([f.rank for f in figures])
    width = np.mean([f.high - f.low for f in figures])
    return [
        name,
        f"{100 * np.mean((ranks >= 0.05) & (ranks <= 0.95)):.1f}",
        f"{100 * np.mean(ranks < 0.05):.1f}",
        f"{100 * np.mean(ranks > 0.95):.1f}",
        f"{100 * np.mean([f.inside for f in figures]):.1f}",
        f"{width:.1f}",
    ]


def probability_lines(outcomes: Sequence[Outcome]) -> Iterator[str]:
    said = np.array([o.probability_threshold_met for o in outcomes])
    met = np.array([o.threshold_met for o in outcomes])
    yield f"threshold: said in {100 * said.mean():.1f} %, met in {100 * met.mean():.1f} %"
    for low, high in ((0.0, 0.2), (0.2, 0.5), (0.5, 0.8), (0.8, 1.01)):
        part = (said >= low) & (said < high)
        if part.any():
            yield (
                f"  said {100 * said[part].mean():.0f} % of {part.sum()} patients: "
                f"met in {100 * met[part].mean():.0f} %"
            )
    typed, right = np.array([o.typed for o in outcomes]), np.array([o.typed_right for o in outcomes])
    yield f"most probable Type: said {100 * typed.mean():.1f} %, right in {100 * right.mean():.1f} %"


def one_patient(seed: int) -> Outcome | None:
    """Draw, plan and carry out one patient; None when the reader finds no lesion."""
    patient = light_patient(seed)
    rng = np.random.default_rng([seed, 2])
    reality = _reality(patient, rng)
    if not reality.found.any():
        return None
    anatomy = patient.drawn(reality.shifts_mm, reality.found, _liver_shift_mm(patient, reality.liver_factor))
    limits = flr_limits(anatomy.functional.volume_ml, clinical=CLINICAL, settings=SETTINGS.flr)
    planned = plan_case(anatomy, measure(anatomy), settings=SETTINGS, clinical=CLINICAL, limits=limits)
    if planned.plan.status == "infeasible":
        return None
    chosen = planned.choices["sparing"].chosen
    prepared = prepare(planned.case, chosen, settings=SETTINGS.uncertainty)
    draws = draw(prepared, liver_sd_percent=SETTINGS.uncertainty.liver_given_sd_percent)
    done = Done(patient, reality, planned, rng)
    return _compared(done, draws, rng)


def _reality(patient: LightPatient, rng: np.random.Generator) -> Reality:
    of = SETTINGS.uncertainty
    count = len(patient.lesions)
    common = of.boundary_common_sd_mm * rng.standard_normal()
    diameters = np.array([np.cbrt(6000.0 * ball.volume_ml / np.pi) for ball in patient.lesions])
    chance = np.where(diameters >= of.missed_large_from_mm, of.missed_large_percent, of.missed_small_percent)
    chance = np.where(diameters >= of.missed_never_from_mm, 0.0, chance)
    return Reality(
        shifts_mm=common + of.boundary_lesion_sd_mm * rng.standard_normal(count),
        found=rng.random(count) >= chance / 100.0,
        liver_factor=1.0 + of.liver_given_sd_percent / 100.0 * rng.standard_normal(),
    )


def _liver_shift_mm(patient: LightPatient, factor: float) -> float:
    """How far inside the true surface the reader's liver lies, so that its volume is off by ``factor``."""
    depth = np.sort(-distance(patient.liver, grid_points(patient.grid)))[::-1]
    true = np.count_nonzero(depth >= 0.0)
    return float(depth[min(round(true / factor), depth.size) - 1])


class Done:
    """The plan carried out on the true patient."""

    def __init__(
        self, patient: LightPatient, reality: Reality, planned: Planned, rng: np.random.Generator
    ) -> None:
        self.patient, self.reality = patient, reality
        self.case = planned.case
        of = SETTINGS.uncertainty
        candidates = [self.case.problem.candidates[c] for c in planned.choices["sparing"].chosen]
        self.cuts = [c for c in candidates if not c.zones]
        self.zones: list[tuple[Zone, Floats, float]] = []
        for candidate in candidates:
            size = rng.standard_normal()
            for zone in candidate.zones:
                center = np.asarray(zone.center_lps_mm) + of.placement_sd_mm * rng.standard_normal(3)
                factor = 1.0 + of.zone_sd_percent(zone.device.modality) / 100.0 * size
                self.zones.append((zone, center, max(factor, 0.1)))
        self.removed = np.zeros(self.case.space.liver.shape, dtype=bool)
        for cut in self.cuts:
            self.removed.ravel()[cut.region(self.case.space)] = True
        self.devascularized = self.case.devascularized(planned.choices["sparing"].chosen)

    def deprives(self, points: Floats) -> np.ndarray:
        """Which of the points (3, n) lose their inflow: as planned, for resections are done as planned."""
        voxels = np.rint(self.case.space.grid.to_index(points.T)).astype(int)
        on_grid = ((voxels >= 0) & (voxels < self.devascularized.shape)).all(axis=1)
        return self.devascularized[tuple(np.where(on_grid[:, None], voxels, 0).T)] & on_grid

    def treats(self, points: Floats) -> np.ndarray:
        """Which of the points (3, n) are cut or destroyed."""
        voxels = np.rint(self.case.space.grid.to_index(points.T)).astype(int)
        on_grid = ((voxels >= 0) & (voxels < self.removed.shape)).all(axis=1)
        where = tuple(np.where(on_grid[:, None], voxels, 0).T)
        treated = self.removed[where] & on_grid
        for cut in self.cuts:
            for lesion in cut.lesions if cut.margin_mm is not None else ():
                ball = self.patient.lesions[lesion - 1]
                treated |= distance(ball, points) + self.reality.shifts_mm[lesion - 1] <= cut.margin_mm
        for zone, center, factor in self.zones:
            treated |= _in_ball(zone, center, factor, points) & self._hot(zone, where)
        return treated

    def _hot(self, zone: Zone, where: tuple[np.ndarray, ...]) -> np.ndarray:
        sink, pull_back = self.case.space.sink_distance_mm, zone.device.pull_back_mm
        if sink is None or pull_back == 0.0:
            return np.ones(where[0].size, dtype=bool)
        return np.asarray(sink[where] > pull_back)

    def covered(self, number: int) -> tuple[float, float]:
        """Volume (mL) of one true lesion, and of what is treated of it."""
        ball = self.patient.lesions[number]
        low, high = (np.asarray(corner, dtype=float) for corner in ball.bounds)
        axes = [np.arange(a, b + POINT_MM, POINT_MM) for a, b in zip(low, high, strict=True)]
        points = np.stack([axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")])
        points = points[:, distance(ball, points) <= 0.0]
        share = np.count_nonzero(self.treats(points)) / points.shape[1]
        return ball.volume_ml, ball.volume_ml * share


def _in_ball(zone: Zone, center: Floats, factor: float, points: Floats) -> np.ndarray:
    """The built-in zones are balls; anything else would need its own geometry here."""
    assert zone.device.spherical
    radius = zone.device.zone_mm[0] / 2.0 * factor
    return np.asarray(((points - center[:, None]) ** 2).sum(axis=0) <= radius**2)


def _compared(done: Done, draws: Draws, rng: np.random.Generator) -> Outcome:
    volumes = np.array([done.covered(n) for n in range(len(done.patient.lesions))])
    total, treated = volumes.T
    cleared = treated >= SETTINGS.lesion.cleared_fraction * total
    by_lesion = 100.0 * total[cleared].sum() / total.sum()
    points = grid_points(done.patient.grid)
    functional = distance(done.patient.liver, points) <= 0.0
    for ball in done.patient.lesions:
        functional &= distance(ball, points) > 0.0
    left = functional & ~done.treats(points) & ~done.deprives(points)
    truths = {
        "debulking by lesion %": (by_lesion, draws.debulking_percent),
        "debulking by volume %": (100.0 * treated.sum() / total.sum(), draws.debulking_percent_by_volume),
        "FLR %": (100.0 * left.sum() / functional.sum(), draws.remnant.flr_percent),
        "FLR mL": (left.sum() * done.patient.grid.voxel_ml, draws.remnant.flr_ml),
    }
    said = uncertainty(draws, deciding=draws, clinical=CLINICAL, settings=SETTINGS.type)
    facts = Facts(
        count=len(total),
        debulking_percent=by_lesion,
        complete=bool(cleared.all()),
        mass_effect=CLINICAL.mass_effect,
        hormonal_symptoms=CLINICAL.hormonal_symptoms,
        threshold_percent=SETTINGS.type.debulking_threshold_percent,
        limited_max_lesions=SETTINGS.type.limited_max_lesions,
    )
    true_type = str(type_of(facts))
    likeliest = max(said.type_probabilities, key=lambda name: said.type_probabilities[name])
    return Outcome(
        figures={name: _figure(truth, values, rng) for name, (truth, values) in truths.items()},
        threshold_met=facts.reaches_threshold,
        probability_threshold_met=said.probability_threshold_met,
        type_probability={str(k): v for k, v in said.type_probabilities.items()}[true_type],
        typed=said.type_probabilities[likeliest],
        typed_right=likeliest == true_type,
    )


def _figure(truth: float, values: Floats, rng: np.random.Generator) -> Figure:
    low, high = np.quantile(values, [0.05, 0.95], method="inverted_cdf")
    below = np.mean(values < truth - 1e-6)
    equal = np.mean(np.abs(values - truth) <= 1e-6)
    return Figure(float(truth), float(low), float(high), float(below + rng.random() * equal))
