"""Where the lesions lie: presets whose Type follows by construction, on any patient."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from netlm_sample_data.patient import Patient, Tumor
from netlm_sample_data.shapes import LobulatedBall, Vector
from netlm_sample_data.survey import UNTREATABLE_DEPTH_MM, Survey, survey

GAP_MM = 6.0
"""Least distance between two lesions, so that no segmentation melts them into one."""
TRIES = 400
"""Places looked at for one lesion before giving up."""
BULK_GAP_MM = 22.0
"""Around a bulk that must stay untreatable: no zone or wedge for another lesion reaches it."""
MOST_SMALL = 19
"""Treatable lesions of Types 3 and 4: within the 20 interventions of one operation."""
LEFT, RIGHT = (2, 3, 4), (5, 6, 7, 8)
PAIR_SHARE, TRIPLE_SHARE = 0.80, 0.93
"""Of a bulk, no two and no three segments hold more: only removing a whole lobe could clear it."""
SMALL_SHARE_OF_BULK = 0.75
"""All treatable lesions together, relative to the bulk (Types 3 and 4): at most 43 % can be debulked."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One lesion to place."""

    kind: str
    radius: float
    sides: tuple[int, ...] = LEFT + RIGHT
    """Couinaud segments that may hold its center."""
    apart: float = GAP_MM
    """Least distance (mm) to any other lesion."""


class PlacementError(RuntimeError):
    """No place was left for a lesion in this liver; another draw is needed."""


class Placer:
    """Places lesions one after another, apart from each other and from the cyst."""

    def __init__(self, patient: Patient, rng: np.random.Generator) -> None:
        self.patient = patient
        self.rng = rng
        self.survey: Survey = survey(patient)
        self.taken: list[tuple[LobulatedBall, float]] = []

    def place(self, wanted: Wanted) -> tuple[LobulatedBall, int]:
        """The shape of a lesion and the Couinaud label at its center. Raises PlacementError."""
        lobes = self._lobes(wanted)
        ball = LobulatedBall((0.0, 0.0, 0.0), wanted.radius, lobes)
        allowed = np.flatnonzero(self._allowed(wanted, ball.reach))
        for index in self._in_order(wanted, allowed, ball.reach)[:TRIES]:
            if self._suits(wanted, int(index), ball.reach):
                placed = replace(ball, center=_vector(self.survey.points[index]))
                self.taken.append((placed, wanted.apart))
                return placed, int(self.survey.segments[index])
        raise PlacementError(f"no place for a {wanted.kind} lesion of {2 * wanted.radius:.0f} mm")

    def _lobes(self, wanted: Wanted) -> tuple[tuple[Vector, int, float], ...]:
        """Round when small or deep, gently lobulated otherwise."""
        strength = 0.03 if wanted.radius < 6 or wanted.kind == "bulk" else 0.05
        axes = self.rng.normal(size=(3, 3))
        axes /= np.linalg.norm(axes, axis=1, keepdims=True)
        amplitudes = self.rng.uniform(0.3, 1.0, 3) * strength
        return tuple(
            (_vector(axis), degree, float(a))
            for axis, degree, a in zip(axes, (2, 3, 4), amplitudes, strict=True)
        )

    def _allowed(self, wanted: Wanted, reach: float) -> npt.NDArray[np.bool_]:
        """Inside the liver, in the wanted segments, apart from what is there."""
        s = self.survey
        allowed = np.isin(s.segments, wanted.sides) & (s.depth >= reach + 1.5)
        for ball, apart in self.taken:
            gap = np.linalg.norm(s.points - np.asarray(ball.center), axis=1) - ball.reach - reach
            allowed &= gap >= max(apart, wanted.apart)
        if wanted.kind == "subcapsular":
            allowed &= s.depth <= reach + 4.5
        elif wanted.kind == "perivascular":
            allowed &= (s.to_sink <= reach + 0.5) & (s.to_sink >= reach - 2.5)
        elif wanted.kind == "deep":
            allowed &= s.ablatable(reach) & (s.depth >= reach + 8)
        elif wanted.kind == "bulk":
            allowed &= s.depth >= reach + UNTREATABLE_DEPTH_MM
        elif wanted.kind == "cyst":
            allowed &= (s.depth >= reach + 4) & (s.to_sink >= reach + 3)
        return allowed

    def _in_order(self, wanted: Wanted, allowed: npt.NDArray[np.intp], reach: float) -> npt.NDArray[np.intp]:
        """Candidates, random; those of a bulk the deepest first."""
        if wanted.kind != "bulk":
            return self.rng.permutation(allowed)
        return allowed[np.argsort(-self.survey.depth[allowed], kind="stable")]

    def _suits(self, wanted: Wanted, index: int, reach: float) -> bool:
        """The checks that are too slow for every point."""
        if wanted.kind == "bulk":
            pair, triple = self._shares(index, reach)
            return pair <= PAIR_SHARE and triple <= TRIPLE_SHARE
        if wanted.kind in ("deep", "cyst"):
            return True
        if wanted.kind == "scattered" and self.survey.ablatable_at(index, reach):
            return True
        return self.survey.wedgeable(index, reach)

    def _shares(self, index: int, reach: float) -> tuple[float, float]:
        """The shares of a ball that its two and its three fullest segments hold."""
        s = self.survey
        near = np.linalg.norm(s.points - s.points[index], axis=1) <= reach
        counts = np.sort(np.bincount(s.segments[near], minlength=9))
        return float(counts[-2:].sum() / counts.sum()), float(counts[-3:].sum() / counts.sum())


def add_disease(patient: Patient, *, preset: str, seed: int) -> Patient:
    """The patient with the lesions of a preset and one cyst. Raises PlacementError."""
    for attempt in range(8):
        rng = np.random.default_rng([seed, 3, attempt])
        placer = Placer(patient, rng)
        try:
            cyst, _ = (
                placer.place(Wanted("cyst", float(rng.uniform(6.5, 8.5)))) if preset == "type1" else (None, 0)
            )
            wanted = _wanted(preset, placer, rng)
            placed = [(w, *placer.place(w)) for w in wanted]
            if cyst is None:
                cyst, _ = placer.place(Wanted("cyst", float(rng.uniform(6.5, 8.5))))
        except PlacementError:
            continue
        return patient.with_disease(_tumors(placed, rng), (cyst,))
    raise PlacementError(f"preset {preset} does not fit the patient of seed {seed}")


def _wanted(preset: str, placer: Placer, rng: np.random.Generator) -> list[Wanted]:
    """The lesions of a preset, largest and hardest to place first."""
    if preset == "type1":
        limited = {"deep": 9.4, "perivascular": 7.8, "subcapsular": 6.8}
        return [Wanted(kind, radius + float(rng.uniform(-0.6, 0.6))) for kind, radius in limited.items()]
    if preset == "type2":
        return [Wanted("bulk", 15.6), *_scatter(rng, TREATABLE_RADII_MM)]
    bulk = _largest_bulk(placer)
    budget = SMALL_SHARE_OF_BULK * bulk**3
    radii: list[float] = []
    for radius in np.clip(rng.lognormal(np.log(5.5), 0.25, 60), 4.2, 8.0):
        if len(radii) < MOST_SMALL and sum(r**3 for r in radii) + radius**3 <= budget:
            radii.append(float(radius))
    return [Wanted("bulk", bulk, apart=BULK_GAP_MM), *_scatter(rng, tuple(sorted(radii, reverse=True)))]


TREATABLE_RADII_MM = (12.6, 12.4, 12.2, 12.0, 11.8, 11.6, 11.4, 11.2, 10.8, 10.4, 9.5, 8.5, 7.5, 6.5)
"""Type 2: with a bulk of 15.6 mm these hold more than 80 % of the tumor."""


def _scatter(rng: np.random.Generator, radii: tuple[float, ...]) -> list[Wanted]:
    """Lesions over both lobes: a third on the left, the last but one and two special ones."""
    wanted = []
    for n, radius in enumerate(radii):
        kind = {len(radii) - 2: "subcapsular", len(radii) - 3: "perivascular"}.get(n, "scattered")
        sides = LEFT if n % 3 == 2 else RIGHT
        wanted.append(Wanted(kind, radius * float(rng.uniform(0.98, 1.02)), sides))
    return wanted


def _largest_bulk(placer: Placer) -> float:
    """The largest radius (mm) that still lies too deep for a wedge, up to 34."""
    room = float(placer.survey.depth.max()) - UNTREATABLE_DEPTH_MM
    return min(30.0, (room - 2.0) / 1.06)


def _tumors(placed: list[tuple[Wanted, LobulatedBall, int]], rng: np.random.Generator) -> tuple[Tumor, ...]:
    """Ids by volume, largest first; the second smallest of many has no more uptake than the liver."""
    ordered = sorted(placed, key=lambda item: -item[1].volume_ml)
    tumors = []
    for n, (wanted, ball, segment) in enumerate(ordered, start=1):
        silent = len(ordered) > 5 and n == len(ordered) - 1
        tumors.append(
            Tumor(
                id=n,
                kind=wanted.kind,
                shape=ball,
                segment=segment,
                hbp=float(rng.uniform(55, 60)),
                precontrast=float(rng.uniform(76, 84)),
                suv=5.0 if silent else float(np.clip(rng.normal(18, 6), 11, 32)),
                hu=float(rng.uniform(42, 50)),
            )
        )
    return tuple(tumors)


def _vector(point: npt.NDArray[np.float64]) -> Vector:
    x, y, z = (float(v) for v in point)
    return (x, y, z)
