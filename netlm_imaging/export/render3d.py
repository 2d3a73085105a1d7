"""A small software renderer: smooth surfaces of masks seen from a direction of the patient.

Orthographic rays through blurred masks: the first crossing of the level that keeps the mask's
volume is the surface, the gradient there its normal. Translucent layers are sorted by depth.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from netlm_imaging.geometry import Grid
from netlm_imaging.volume import Mask

Floats = npt.NDArray[np.float32]

_STEP_MM = 1.25
"""Distance between rays and between samples along them."""
_ENLARGE = 3
"""Pixels of the picture per ray, with smooth edges."""
_LIGHT = np.array([-0.45, 0.55, -0.70], np.float32)
"""Towards the light, in view coordinates: from the upper left, behind the viewer."""
_FAR_FADE = 0.22
"""How much of the background's color the farthest surface takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Where the viewer stands; three orthogonal unit vectors in LPS."""

    name: str
    right: tuple[int, int, int]
    """What lies to the right of the picture."""
    up: tuple[int, int, int]
    into: tuple[int, int, int]
    """Away from the viewer."""
    letters: tuple[str, str, str, str]
    """Patient directions at the picture's left, right, top and bottom edge."""

    @property
    def axes(self) -> npt.NDArray[np.float64]:
        """3 x 3: rows are right, up, into."""
        return np.array([self.right, self.up, self.into], float)


ANTERIOR = View(
    name="from the front", right=(1, 0, 0), up=(0, 0, 1), into=(0, 1, 0), letters=("R", "L", "S", "I")
)
INFERIOR = View(
    name="from the feet", right=(1, 0, 0), up=(0, -1, 0), into=(0, 0, 1), letters=("R", "L", "A", "P")
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Field:
    """A smooth function on a grid [k, j, i]: positive inside the region, 0 on its surface, -1 far away."""

    values: Floats
    grid: Grid


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """One thing to draw."""

    fields: Sequence[Field]
    color: tuple[float, float, float]
    opacity: float = 1.0
    rim: float = 0.0
    """Opacity added where the surface turns away from the viewer: a glass-like edge."""
    recess_mm: float = 0.0
    """How much deeper it counts when surfaces are sorted: what touches it is drawn in front of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The block of space that the picture shows, in mm along right, up, into."""

    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]

    @property
    def rays(self) -> tuple[int, int, int]:
        """Samples along into, down, right."""
        right, up, into = np.ceil((self.high - self.low) / _STEP_MM).astype(int) + 1
        return (int(into), int(up), int(right))


def surface(mask: Mask, *, smooth_mm: float) -> Field:
    """The smooth surface of a mask that is not empty; it encloses the mask's own volume."""
    box = mask.bounding_box()
    pad = [int(np.ceil(4 * smooth_mm / step)) for step in mask.grid.spacing_kji_mm]
    sigma = [smooth_mm / step for step in mask.grid.spacing_kji_mm]
    inner = np.pad(mask.array[box].astype(np.float32), [(n, n) for n in pad])
    blurred = ndimage.gaussian_filter(inner, sigma, mode="constant")
    inside = int(np.count_nonzero(inner))
    # Midway between the last voxel inside and the first outside, so that the surface runs between them.
    level = np.partition(blurred.ravel(), (-inside - 1, -inside))[[-inside - 1, -inside]].mean()
    return Field(values=blurred / level - 1.0, grid=_padded_grid(mask.grid.crop(box), pad))


def _padded_grid(grid: Grid, pad: Sequence[int]) -> Grid:
    k, j, i = (n + 2 * p for n, p in zip(grid.shape_kji, pad, strict=True))
    x, y, z = grid.to_patient([-p for p in pad])
    return Grid(
        shape_kji=(k, j, i), spacing_mm=grid.spacing_mm, origin_mm=(x, y, z), direction=grid.direction
    )


def frame_of(mask: Mask, view: View, *, margin_mm: float) -> Frame:
    """The frame around a mask that is not empty."""
    points = mask.grid.to_patient(np.argwhere(mask.array)) @ view.axes.T
    return Frame(low=points.min(axis=0) - margin_mm, high=points.max(axis=0) + margin_mm)


def render(parts: Iterable[Part], view: View, frame: Frame) -> npt.NDArray[np.uint8]:
    """The picture, RGB [row from the top, column from the left, 3] on white."""
    layers = [_layer(part, view, frame) for part in parts if part.fields]
    _, rows, columns = frame.rays
    picture = np.ones((rows * _ENLARGE, columns * _ENLARGE, 3), np.float32)
    if layers:
        depth = np.stack([layer.depth for layer in layers])
        color = np.stack([layer.color for layer in layers])
        alpha = np.stack([layer.alpha for layer in layers])
        for far_first in np.argsort(-depth, axis=0, kind="stable"):
            here = far_first[None, ..., None]
            a = np.take_along_axis(alpha[..., None], here, axis=0)[0]
            picture += a * (np.take_along_axis(color, here, axis=0)[0] - picture)
    return np.asarray(np.rint(picture.clip(0, 1) * 255), np.uint8)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Layer:
    """One part as the viewer sees it, in pixels of the picture."""

    depth: Floats
    color: Floats
    alpha: Floats


def _layer(part: Part, view: View, frame: Frame) -> _Layer:
    samples = _sampled(part.fields, view, frame)
    seen = np.asarray((samples > 0).any(axis=0))
    if not seen.any():
        blank = np.zeros([n * _ENLARGE for n in seen.shape], np.float32)
        return _Layer(depth=blank, color=np.repeat(blank[..., None], 3, axis=2), alpha=blank)
    depth, normal = _first_hits(samples, seen)
    normal = np.stack([_enlarged(component) for component in normal])
    normal /= np.linalg.norm(normal, axis=0) + 1e-6
    depth = _enlarged(depth)
    far = np.asarray(depth / len(samples), np.float32)
    turned_away = 1.0 - (-normal[2]).clip(0, 1)
    opacity = (part.opacity + part.rim * turned_away**2).clip(0, 1)
    return _Layer(
        depth=depth + np.float32(part.recess_mm / _STEP_MM),
        color=_shaded(part.color, normal, far),
        alpha=np.asarray(_coverage(samples.max(axis=0)) * opacity, np.float32),
    )


def _sampled(fields: Sequence[Field], view: View, frame: Frame) -> Floats:
    """The union of the fields on the rays: [into, down, right]."""
    samples = np.full(frame.rays, -1.0, np.float32)
    for field in fields:
        # Index of ray sample 0 and the index steps along into, down and right: an affine map.
        start = np.array([frame.low[0], frame.high[1], frame.low[2]])
        steps = _STEP_MM * np.array([[0, 0, 1], [0, -1, 0], [1, 0, 0]])
        origin = field.grid.to_index(start @ view.axes)
        matrix = (field.grid.to_index((start + steps) @ view.axes) - origin).T
        block = _block(field.grid, view, frame)
        first = [s.start for s in block]
        part = ndimage.affine_transform(
            field.values,
            matrix,
            offset=origin + matrix @ first,
            output_shape=tuple(s.stop - s.start for s in block),
            order=1,
            mode="constant",
            cval=-1.0,
        )
        np.maximum(samples[block], part, out=samples[block])
    return samples


def _block(grid: Grid, view: View, frame: Frame) -> tuple[slice, slice, slice]:
    """The ray samples that a grid can reach."""
    corners = grid.corners_lps_mm() @ view.axes.T
    low, high = corners.min(axis=0), corners.max(axis=0)
    near = (low[2] - frame.low[2], frame.high[1] - high[1], low[0] - frame.low[0])
    far = (high[2] - frame.low[2], frame.high[1] - low[1], high[0] - frame.low[0])
    spans = zip(near, far, frame.rays, strict=True)
    k, j, i = (
        slice(min(n, max(0, int(a / _STEP_MM))), max(0, min(n, int(b / _STEP_MM) + 2))) for a, b, n in spans
    )
    return (k, j, i)


def _first_hits(samples: Floats, seen: npt.NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Depth in samples [down, right] and outward normal (right, up, into), spread beyond the outline."""
    v, u = np.nonzero(seen)
    w = (samples[:, v, u] > 0).argmax(axis=0)

    def at(dw: int, dv: int, du: int) -> Floats:
        place = (w + dw, v + dv, u + du)
        k, j, i = (np.clip(p, 0, n - 1) for p, n in zip(place, samples.shape, strict=True))
        return np.asarray(samples[k, j, i])

    here, before = at(0, 0, 0), at(-1, 0, 0)
    inward = np.stack([at(0, 0, 1) - at(0, 0, -1), at(0, -1, 0) - at(0, 1, 0), at(1, 0, 0) - at(-1, 0, 0)])
    depth = np.zeros(seen.shape, np.float32)
    depth[v, u] = w - np.where(w > 0, here / np.maximum(here - before, 1e-6), 0)
    normal = np.zeros((3, *seen.shape), np.float32)
    normal[:, v, u] = -inward / (np.linalg.norm(inward, axis=0) + 1e-6)
    nearest = ndimage.distance_transform_edt(~seen, return_distances=False, return_indices=True)
    return depth[tuple(nearest)], normal[(slice(None), *nearest)]


def _enlarged(picture: Floats) -> Floats:
    return np.asarray(ndimage.zoom(picture, _ENLARGE, order=1, mode="nearest", grid_mode=True))


def _coverage(deepest: Floats) -> Floats:
    """How much of each pixel the part covers: a soft edge one pixel wide."""
    value = _enlarged(deepest)
    slope = np.hypot(*np.gradient(value))
    return np.asarray((0.5 + value / np.maximum(slope, 1e-6)).clip(0, 1))


def _shaded(color: tuple[float, float, float], normal: Floats, far: Floats) -> Floats:
    light = _LIGHT / np.linalg.norm(_LIGHT)
    half = light + np.array([0, 0, -1], np.float32)
    half /= np.linalg.norm(half)
    lit = 0.42 + 0.62 * np.tensordot(light, normal, axes=1).clip(0, 1)
    gleam = 0.28 * np.tensordot(half, normal, axes=1).clip(0, 1) ** 24
    shade = lit[..., None] * np.asarray(color, np.float32) + gleam[..., None]
    return np.asarray(shade + (_FAR_FADE * far)[..., None] * (1.0 - shade), np.float32)
