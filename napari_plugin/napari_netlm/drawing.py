"""What a surgeon draws and moves: handles of a probe, a plane or a surface in the patient; no Qt."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from netlm_imaging.errors import Fault, UsageError
from netlm_imaging.plan.devices import Device, devices_named
from netlm_imaging.plan.drawn import Drawn, DrawnAblation, DrawnPlane, DrawnSurface, Point
from netlm_imaging.plan.drawn_candidate import along_path, in_lesion
from netlm_imaging.plan.session import Edit, PlanSession
from netlm_imaging.volume import Mask

SHAFT_HANDLE_MM = 70.0
"""From the middle of the zone, towards the skin: where a probe is turned."""
NORMAL_HANDLE_MM = 40.0
"""From the middle of a plane, towards what is removed: where it is turned."""
CENTER, TIP, SHAFT, MIDDLE, NORMAL = "center", "tip", "shaft", "plane", "removed side"
HANDLE_TIPS = {
    CENTER: "Move the zone",
    TIP: "Move the probe by its tip",
    SHAFT: "Turn the probe about the middle of its zone",
    MIDDLE: "Move the plane",
    NORMAL: "Turn the plane; the handle stands on the side that is removed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A treatment in somebody's hand."""

    drawn: Drawn
    device: Device | None = None
    """Of a probe."""
    instead_of: int | None = None
    """The candidate whose place it takes."""

    @property
    def handles_lps_mm(self) -> dict[str, npt.NDArray[np.float64]]:
        """Where it can be taken, by name."""
        drawn = self.drawn
        if isinstance(drawn, DrawnAblation):
            center, along = np.asarray(drawn.center_lps_mm), _unit(drawn.axis_lps)
            found = {CENTER: center, SHAFT: center - SHAFT_HANDLE_MM * along}
            tip = self._tip_mm()
            return found if tip is None else {**found, TIP: center + tip * along}
        if isinstance(drawn, DrawnPlane):
            middle = np.asarray(drawn.point_lps_mm)
            return {MIDDLE: middle, NORMAL: middle + NORMAL_HANDLE_MM * _unit(drawn.normal_lps)}
        points = {f"point {n}": np.asarray(p) for n, p in enumerate(drawn.points_lps_mm, start=1)}
        return {**points, "kept side": np.asarray(drawn.kept_lps_mm)}

    def moved(self, handle: str, to_lps_mm: npt.ArrayLike) -> Drawing:
        """With one handle somewhere else."""
        to = np.asarray(to_lps_mm, dtype=np.float64)
        return replace(self, drawn=_moved(self, handle, to))

    def done_in(self, session: PlanSession) -> Edit:
        """Do it where it is, the rest planned anew around it. Raises NetlmError as the session does."""
        if self.instead_of is None:
            return session.add(self.drawn)
        return session.replan(self.drawn, instead_of=self.instead_of)

    def shaft_lps_mm(self, *, step_mm: float = 3.0) -> npt.NDArray[np.float64]:
        """Points along a probe from its handle to the tip, shape (n, 3); none of other drawings."""
        drawn = self.drawn
        if not isinstance(drawn, DrawnAblation):
            return np.empty((0, 3))
        at = np.arange(-SHAFT_HANDLE_MM, self._tip_mm() or 0.0, step_mm)
        return np.asarray(drawn.center_lps_mm) + at[:, None] * _unit(drawn.axis_lps)

    def _tip_mm(self) -> float | None:
        """From the middle of the zone along the probe; None where it is not known."""
        device = self.device
        if device is None or device.beyond_tip_mm is None:
            return None
        return device.zone_mm[0] / 2.0 - device.shrink * sum(device.beyond_tip_mm) / 2.0


def _moved(drawing: Drawing, handle: str, to: npt.NDArray[np.float64]) -> Drawn:
    drawn = drawing.drawn
    if isinstance(drawn, DrawnAblation):
        if handle == SHAFT:
            axis = np.asarray(drawn.center_lps_mm) - to
            return replace(drawn, axis_lps=_point(axis)) if np.linalg.norm(axis) > 1.0 else drawn
        shift = to - drawing.handles_lps_mm[handle]
        return replace(drawn, center_lps_mm=_point(np.asarray(drawn.center_lps_mm) + shift))
    if isinstance(drawn, DrawnPlane):
        if handle == MIDDLE:
            return replace(drawn, point_lps_mm=_point(to))
        normal = to - np.asarray(drawn.point_lps_mm)
        return replace(drawn, normal_lps=_point(normal)) if np.linalg.norm(normal) > 1.0 else drawn
    if handle == "kept side":
        return replace(drawn, kept_lps_mm=_point(to))
    points = list(drawn.points_lps_mm)
    points[int(handle.removeprefix("point ")) - 1] = _point(to)
    return replace(drawn, points_lps_mm=tuple(points))


def drawing_of(session: PlanSession, candidate: int) -> Drawing:
    """A treatment of the session, to be moved. Raises UsageError (BAD_EDIT) where a hand cannot move it."""
    basis, made = session.state.basis, session.candidates[candidate]
    device = made.zones[0].device if made.zones else None
    if candidate >= basis.first_drawn:
        drawn = list(basis.drawn.values())[candidate - basis.first_drawn]
        return Drawing(drawn=drawn, device=device, instead_of=candidate)
    if device is None or len(made.zones) > 1:
        raise UsageError(
            Fault(
                code="BAD_EDIT",
                expected="an ablation of one zone, or what was drawn by hand",
                found=made.name,
                where="plan",
                remedy="Forbid it, and draw a probe or a plane in its place",
            )
        )
    probe = along_path(basis.case, made)
    return Drawing(drawn=probe, device=device, instead_of=candidate)


def new_probe(session: PlanSession, lesion: int, device: str) -> Drawing:
    """A probe in the middle of a lesion, along the planner's best path to it.

    Where there is none, along the shortest way from the capsule. Raises UsageError (BAD_SETTINGS) for an
    unknown device.
    """
    (found,) = devices_named((device,), session.state.basis.settings, key="device")
    middle = _middle_of(session, lesion)
    along = middle - _capsule_near(session, middle)
    if np.linalg.norm(along) < 1.0:
        along = _liver_middle(session) - middle
    probe = in_lesion(
        session.state.basis.case,
        lesion=lesion,
        middle_lps_mm=_point(middle),
        device=found,
        axis_lps=_point(along),
    )
    return Drawing(drawn=probe, device=found)


def new_plane(session: PlanSession, lesion: int) -> Drawing:
    """A plane that cuts a lesion off with the margin of wedges, on the side away from the liver's middle."""
    middle, settings = _middle_of(session, lesion), session.state.basis.settings
    normal = _unit(middle - _liver_middle(session))
    radius = next(x for x in session.state.basis.lesions if x.id == lesion).longest_diameter_mm / 2.0
    point = middle - (radius + settings.resection.wedge_margin_mm) * normal
    return Drawing(drawn=DrawnPlane(point_lps_mm=_point(point), normal_lps=_point(normal)))


def _middle_of(session: PlanSession, lesion: int) -> npt.NDArray[np.float64]:
    return np.asarray(next(x for x in session.state.basis.lesions if x.id == lesion).centroid_lps_mm)


def _liver_middle(session: PlanSession) -> npt.NDArray[np.float64]:
    space = session.state.basis.case.space
    return np.asarray(Mask(space.liver, space.grid).middle_lps_mm)


def _capsule_near(session: PlanSession, point: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    space = session.state.basis.case.space
    at_mm = space.grid.to_index(point) * space.spacing
    nearest = space.capsule.data[space.capsule.query(at_mm)[1]]
    return np.asarray(space.grid.to_patient(nearest / space.spacing))


def surface_on(plane: DrawnPlane, *, reach_mm: float = 40.0) -> DrawnSurface:
    """A surface that begins as ``plane``: nine points that can be moved one by one."""
    normal, middle = _unit(plane.normal_lps), np.asarray(plane.point_lps_mm)
    first = _unit(np.cross(normal, np.eye(3)[np.argmin(np.abs(normal))]))
    second = np.cross(normal, first)
    steps = (-reach_mm, 0.0, reach_mm)
    points = tuple(_point(middle + a * first + b * second) for a in steps for b in steps)
    return DrawnSurface(points_lps_mm=points, kept_lps_mm=_point(middle - NORMAL_HANDLE_MM * normal))


def _unit(direction: npt.ArrayLike) -> npt.NDArray[np.float64]:
    vector = np.asarray(direction, dtype=np.float64)
    return np.asarray(vector / np.linalg.norm(vector))


def _point(array: npt.NDArray[np.float64]) -> Point:
    x, y, z = array.tolist()
    return (x, y, z)
