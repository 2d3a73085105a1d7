from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from strategies import grids, oblique_grid

from netlm_imaging.align import Rigid, resample, rigid
from netlm_imaging.geometry import FloatArray, Grid
from netlm_imaging.volume import Volume

SLOPE = np.array([0.7, -1.1, 0.4])


def ramp(grid: Grid) -> FloatArray:
    """Linear in the patient's coordinates, so that linear interpolation is exact."""
    return np.asarray(grid.to_patient(np.moveaxis(np.indices(grid.shape_kji), 0, -1)) @ SLOPE + 50.0)


@given(grids(max_side=6), st.tuples(*[st.floats(-10.0, 10.0)] * 3), st.tuples(*[st.floats(-20.0, 20.0)] * 3))
def test_a_ramp_is_reproduced_under_any_motion(old: Grid, turn: tuple, shift: tuple) -> None:  # type: ignore[type-arg]
    motion = rigid(Rotation.from_euler("xyz", turn, degrees=True).as_matrix(), shift)
    center = motion.inverse().apply(old.corners_lps_mm().mean(axis=0))
    step = np.asarray(old.spacing_mm).min() * 0.2
    new = oblique_grid((3, 2, 4), (step, 1.3 * step, 0.7 * step), origin_mm=tuple(center.tolist()))
    result = resample(Volume(ramp(old), old), new, transform=motion, outside=-999.0).array
    points = motion.apply(new.to_patient(np.moveaxis(np.indices(new.shape_kji), 0, -1)))
    index = old.to_index(points)
    inside = ((index > 1e-3) & (index < np.asarray(old.shape_kji) - 1.001)).all(axis=-1)
    np.testing.assert_allclose(result[inside], (points @ SLOPE + 50.0)[inside], atol=1e-2)


def test_outside_gets_the_value_asked_for() -> None:
    old = oblique_grid()
    far = oblique_grid((2, 3, 4), origin_mm=(900.0, 0.0, 0.0))
    assert (resample(Volume(ramp(old), old), far, outside=-5.0).array == -5.0).all()


def test_same_grid_is_untouched() -> None:
    volume = Volume(ramp(oblique_grid()), oblique_grid())
    assert resample(volume, oblique_grid()) is volume


def test_the_identity_motion_changes_nothing() -> None:
    volume = Volume(ramp(oblique_grid()), oblique_grid())
    np.testing.assert_allclose(
        resample(volume, oblique_grid(), transform=Rigid()).array, volume.array, atol=1e-3
    )
