from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from strategies import ellipsoid, oblique_grid

from netlm_imaging.export import render3d
from netlm_imaging.export.render3d import ANTERIOR, INFERIOR, Frame, Part, View, frame_of, render, surface
from netlm_imaging.geometry import Grid
from netlm_imaging.volume import Mask

GRID = oblique_grid((40, 50, 60), (1.6, 1.9, 2.4), euler_degrees=(14.0, -9.0, 21.0))
CENTER = GRID.to_patient([(n - 1) / 2 for n in GRID.shape_kji])
RED, BLUE = (1.0, 0.0, 0.0), (0.0, 0.0, 1.0)
PIXELS_PER_MM = render3d._ENLARGE / render3d._STEP_MM


def ball(offset: tuple[float, float, float], radius: float) -> Mask:
    return Mask(ellipsoid(GRID, CENTER + offset, (radius,) * 3), GRID)


def frame(view: View) -> Frame:
    return frame_of(Mask(np.ones(GRID.shape_kji, bool), GRID), view, margin_mm=2.0)


def painted(picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    return np.asarray(picture.min(axis=-1) < 128)


@pytest.mark.parametrize("view", [ANTERIOR, INFERIOR])
def test_a_ball_has_its_area_and_place(view: View) -> None:
    offset = (-12.0, 9.0, 7.0)
    block = frame(view)
    picture = render([Part(fields=[surface(ball(offset, 14.0), smooth_mm=2.0)], color=RED)], view, block)
    seen = painted(picture)
    assert seen.sum() / PIXELS_PER_MM**2 == pytest.approx(np.pi * 14.0**2, rel=0.03)
    rows, columns = np.nonzero(seen)
    right, up, _ = view.axes @ (CENTER + offset)
    # A ray stands in the middle of its pixels.
    half = render3d._STEP_MM / 2
    assert columns.mean() / PIXELS_PER_MM == pytest.approx(right - block.low[0] + half, abs=0.6)
    assert rows.mean() / PIXELS_PER_MM == pytest.approx(block.high[1] - up + half, abs=0.6)


@pytest.mark.parametrize("view", [ANTERIOR, INFERIOR])
def test_what_is_nearer_hides_what_is_behind(view: View) -> None:
    towards = -np.asarray(view.into, float) * 15
    near = Part(fields=[surface(ball(tuple(towards), 9.0), smooth_mm=1.0)], color=RED)
    far = Part(fields=[surface(ball(tuple(-towards), 7.0), smooth_mm=1.0)], color=BLUE)
    for parts in ([near, far], [far, near]):
        picture = render(parts, view, frame(view)).astype(int)
        middle = picture[painted(picture)]
        assert (middle[:, 0] > middle[:, 2]).mean() > 0.99


def test_what_is_behind_glass_shines_through() -> None:
    shell = Part(fields=[surface(ball((0, 0, 0), 22.0), smooth_mm=1.0)], color=RED, opacity=0.3)
    core = Part(fields=[surface(ball((0, 0, 0), 6.0), smooth_mm=1.0)], color=BLUE)
    picture = render([shell, core], ANTERIOR, frame(ANTERIOR)).astype(float)
    right, up, _ = ANTERIOR.axes @ CENTER
    block = frame(ANTERIOR)
    row = int((block.high[1] - up) * PIXELS_PER_MM)
    column = int((right - block.low[0]) * PIXELS_PER_MM)
    red, _, blue = picture[row, column]
    assert blue > red > 0.15 * blue
    red, green, blue = picture[row, column + int(14 * PIXELS_PER_MM)]
    assert red > blue == green


@pytest.mark.parametrize("smooth_mm", [0.8, 2.5])
@pytest.mark.parametrize("radius", [2.2, 5.0, 15.0])
def test_smoothing_keeps_the_volume_even_of_the_smallest(radius: float, smooth_mm: float) -> None:
    mask = ball((3.0, -4.0, 5.0), radius)
    field = surface(mask, smooth_mm=smooth_mm)
    inside = np.count_nonzero(field.values >= 0) * field.grid.voxel_ml
    assert inside == pytest.approx(mask.volume_ml, rel=0.02, abs=1.5 * field.grid.voxel_ml)
    assert field.values.min() == pytest.approx(-1.0)


def test_a_region_at_the_edge_of_the_grid_is_closed() -> None:
    field = surface(Mask(np.ones((4, 5, 6), bool), Grid(**_unit())), smooth_mm=1.0)
    assert (field.values[[0, -1]] < 0).all()
    np.testing.assert_allclose(
        field.grid.to_patient(np.asarray(field.grid.shape_kji) / 2 - 0.5), (2.5, 2.0, 1.5), atol=1e-9
    )


def _unit() -> dict[str, tuple[float, ...]]:
    return {"shape_kji": (4, 5, 6), "spacing_mm": (1.0, 1.0, 1.0), "origin_mm": (0.0, 0.0, 0.0)}


def test_nothing_to_draw_is_white() -> None:
    assert (render([Part(fields=[], color=RED)], ANTERIOR, frame(ANTERIOR)) == 255).all()
