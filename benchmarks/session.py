"""How long edits of a plan take: 60 lesions in a liver on a grid of 1 mm."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from benchmarks.implanted import REAL, real_folder, real_liver, with_lesions
from benchmarks.uncertainty_speed import ball_anatomy
from netlm_imaging.anatomy import Anatomy
from netlm_imaging.clinical import Clinical
from netlm_imaging.errors import PlanError
from netlm_imaging.lesions import measure
from netlm_imaging.plan.basis import planned_basis
from netlm_imaging.plan.drawn import DrawnAblation, DrawnPlane, DrawnSurface
from netlm_imaging.plan.fixed import Fixed
from netlm_imaging.plan.session import Edit, PlanSession
from netlm_imaging.plan.session_state import solved
from netlm_imaging.remnant import flr_limits
from netlm_imaging.settings import Settings

FIRST_S, PATIENCE_S, QUICK_S = 30.0, 5.0, 0.1
REFUSED = "refused"
Measured = tuple[float, str | None]


def session_lines(*, lesions: int = 60) -> Iterator[str]:
    """Median and 95 % quantile of every kind of edit on a synthetic and, if there is one, a real liver."""
    livers = {"synthetic liver": ball_anatomy(lesions)}
    folder = real_folder()
    if folder is not None:
        liver = real_liver(folder, REAL[0], grid_mm=1.0)
        livers[f"real liver {REAL[0]}"] = with_lesions(liver, lesions, np.random.default_rng(7))
    for name, anatomy in livers.items():
        session = _session(anatomy)
        yield (
            f"{name}: {anatomy.liver.volume_ml:.0f} mL, {anatomy.liver.voxels / 1e6:.2f} million voxels, "
            f"{lesions} lesions, {len(session.candidates)} candidates, {len(session.chosen)} chosen"
        )
        for what, seconds in _edits(session).items():
            yield f"  {what:44s}{_said(seconds)}"
        yield f"  peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB"


def _said(measured: list[Measured]) -> str:
    median, high = np.percentile([seconds for seconds, _ in measured], [50, 95])
    line = f"median {1000 * median:6.0f} ms   95 % {1000 * high:6.0f} ms   n = {len(measured)}"
    known = [status for _, status in measured if status is not None]
    line += f"   proven {known.count('optimal')}" if known else ""
    return line + (f"   refused {known.count(REFUSED)}" if REFUSED in known else "")


def _edits(session: PlanSession) -> dict[str, list[Measured]]:
    """Every kind of edit."""
    quick = replace(session, seconds=QUICK_S)
    rng = np.random.default_rng(3)
    residual = list(session.figures.residual[:8])
    probes = [(c, _beside(session, c, rng)) for c in session.chosen if session.candidates[c].zones]
    probes += [(session.chosen[0], _anywhere(session, rng)) for _ in range(12)]
    planes, surfaces = [_plane(session, rng) for _ in range(12)], [_surface(session, rng) for _ in range(6)]
    first = session.chosen[0]
    session.preview(planes[0])
    return {
        f"re-plan in {PATIENCE_S:g} s at most: must not": [
            _timed(lambda c=c: session.must_not(c)) for c in session.chosen[:10]
        ],
        f"re-plan in {QUICK_S:g} s: must not": [
            _timed(lambda c=c: quick.must_not(c)) for c in session.chosen
        ],
        f"re-plan in {QUICK_S:g} s: a lesion cleared": [
            _timed(lambda n=n: quick.must_clear(n)) for n in residual
        ],
        f"re-plan in {QUICK_S:g} s: other limits": [
            _timed(lambda n=n: quick.change(_fewer(session, n))) for n in range(5, 20)
        ],
        f"re-plan in {QUICK_S:g} s: a probe moved": [
            _timed(lambda p=p: quick.replan(p[1], instead_of=p[0])) for p in probes
        ],
        "preview: a probe moved": [
            _timed(lambda p=p: session.preview(p[1], instead_of=p[0])) for p in probes * 3
        ],
        "preview: a plane moved": [_timed(lambda p=p: session.preview(p, instead_of=first)) for p in planes],
        "preview: a smooth surface moved": [
            _timed(lambda s=s: session.preview(s, instead_of=first)) for s in surfaces
        ],
        "undo": [_timed(lambda: session.undo()) for _ in range(5)],
    }


def _timed(edit: Callable[[], object]) -> Measured:
    """Seconds, and the status of the plan that came out; an edit that no plan can meet is answered too."""
    start = time.perf_counter()
    try:
        found = edit()
    except PlanError:  # with the demands that conflict
        return time.perf_counter() - start, REFUSED
    seconds = time.perf_counter() - start
    return seconds, found.session.state.choice.status if isinstance(found, Edit) else None


def _session(anatomy: Anatomy) -> PlanSession:
    settings, lesions, clinical = Settings(), measure(anatomy), Clinical()
    limits = flr_limits(anatomy.functional.volume_ml, clinical=clinical, settings=settings.flr)
    basis = planned_basis(anatomy, lesions, settings=settings, clinical=clinical, limits=limits)
    return PlanSession(state=solved(basis, "sparing", Fixed(), seconds=FIRST_S), seconds=PATIENCE_S)


def _beside(session: PlanSession, candidate: int, rng: np.random.Generator) -> DrawnAblation:
    zone = session.candidates[candidate].zones[0]
    moved = np.array(zone.center_lps_mm) + rng.normal(0.0, 2.0, 3)
    return DrawnAblation(device=zone.device.id, center_lps_mm=tuple(moved), axis_lps=zone.axis_lps)


def _anywhere(session: PlanSession, rng: np.random.Generator) -> DrawnAblation:
    return DrawnAblation(
        device="mwa-3-probes", center_lps_mm=_inside(session, rng), axis_lps=tuple(rng.normal(size=3))
    )


def _plane(session: PlanSession, rng: np.random.Generator) -> DrawnPlane:
    return DrawnPlane(point_lps_mm=_inside(session, rng), normal_lps=tuple(rng.normal(size=3)))


def _surface(session: PlanSession, rng: np.random.Generator) -> DrawnSurface:
    points = np.array([_inside(session, rng) for _ in range(8)])
    return DrawnSurface(points_lps_mm=tuple(map(tuple, points)), kept_lps_mm=_inside(session, rng))


def _inside(session: PlanSession, rng: np.random.Generator) -> tuple[float, float, float]:
    space = session.state.basis.case.space
    liver = np.flatnonzero(space.liver)
    index = np.unravel_index(liver[rng.integers(liver.size)], space.liver.shape)
    x, y, z = space.grid.to_patient(np.array(index)).tolist()
    return (x, y, z)


def _fewer(session: PlanSession, interventions: int) -> Settings:
    settings = session.state.basis.settings
    return settings.model_copy(
        update={"plan": settings.plan.model_copy(update={"max_interventions": interventions})}
    )
