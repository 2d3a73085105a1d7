from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from netlm_imaging.align import Rigid, rigid
from netlm_imaging.align.itk import from_transform, to_transform
from netlm_imaging.errors import InputError

ANGLES = st.tuples(*[st.floats(-180.0, 180.0)] * 3)
SHIFTS = st.tuples(*[st.floats(-300.0, 300.0)] * 3)
POINTS = np.array([[0.0, 0.0, 0.0], [120.0, -35.0, 410.0], [-7.0, 250.0, -3.0]])


def motion(angles: tuple[float, ...], shift: tuple[float, ...]) -> Rigid:
    return rigid(Rotation.from_euler("xyz", angles, degrees=True).as_matrix(), shift)


@given(ANGLES, SHIFTS)
def test_inverse_undoes(angles: tuple[float, ...], shift: tuple[float, ...]) -> None:
    there = motion(angles, shift)
    np.testing.assert_allclose(there.inverse().apply(there.apply(POINTS)), POINTS, atol=1e-9)


@given(ANGLES, SHIFTS, ANGLES, SHIFTS)
def test_compose_is_first_then_second(a: tuple, s: tuple, b: tuple, t: tuple) -> None:  # type: ignore[type-arg]
    first, second = motion(a, s), motion(b, t)
    np.testing.assert_allclose(
        second.compose(first).apply(POINTS), second.apply(first.apply(POINTS)), atol=1e-8
    )


def test_apply_is_rotation_then_translation() -> None:
    quarter = motion((0.0, 0.0, 90.0), (10.0, 20.0, 30.0))
    np.testing.assert_allclose(quarter.apply([1.0, 2.0, 3.0]), [8.0, 21.0, 33.0], atol=1e-12)
    np.testing.assert_allclose(quarter.shift_at_mm([1.0, 2.0, 3.0]), [7.0, 19.0, 30.0], atol=1e-12)


@given(st.floats(0.0, 179.0), st.tuples(*[st.floats(0.1, 1.0)] * 3))
def test_rotation_degrees(angle: float, axis: tuple[float, float, float]) -> None:
    turn = np.radians(angle) * np.asarray(axis) / np.linalg.norm(axis)
    found = rigid(Rotation.from_rotvec(turn).as_matrix(), (1.0, 2.0, 3.0)).rotation_degrees
    assert found == pytest.approx(angle, abs=1e-6)


@pytest.mark.parametrize(
    "rotation",
    [
        (-1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0),  # left and right swapped
        (1.1, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0),
        (float("nan"), 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0),
        (1.0, 0.0, 0.0),
    ],
)
def test_only_proper_rotations(rotation: tuple[float, ...]) -> None:
    with pytest.raises(InputError) as error:
        Rigid(rotation=rotation)
    assert error.value.code == "BAD_TRANSFORM"


@given(ANGLES, SHIFTS)
def test_simpleitk_agrees(angles: tuple[float, ...], shift: tuple[float, ...]) -> None:
    there = motion(angles, shift)
    for point in POINTS:
        np.testing.assert_allclose(
            to_transform(there).TransformPoint(point.tolist()), there.apply(point), atol=1e-8
        )


def test_back_from_a_centered_simpleitk_rotation() -> None:
    import SimpleITK as sitk

    transform = sitk.Euler3DTransform()
    transform.SetCenter((40.0, -20.0, 130.0))
    transform.SetRotation(0.1, -0.2, 0.3)
    transform.SetTranslation((5.0, 6.0, 7.0))
    for point in POINTS:
        np.testing.assert_allclose(
            from_transform(transform).apply(point), transform.TransformPoint(point.tolist()), atol=1e-9
        )
