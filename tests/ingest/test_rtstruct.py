"""RTSTRUCT to voxels: volumes of known shapes, holes, planes in any direction, names and numbers."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from ingest import builder, mask_builder
from ingest.mask_builder import contour, rtstruct
from pydicom.dataset import Dataset
from scipy.spatial.transform import Rotation
from strategies import oblique_grid

from netlm_imaging.geometry import FloatArray, Grid
from netlm_imaging.ingest import MaskFile, read_mask
from netlm_imaging.ingest.objects import count_parts

AXES = Rotation.from_euler("xyz", (12.0, -27.0, 33.0), degrees=True).as_matrix()
CENTER = np.array([-43.0, 61.0, 812.0])
ANGLE = np.linspace(0, 2 * np.pi, 300, endpoint=False)


def heights(half: float, step: float) -> FloatArray:
    """Planes in the middle of the slabs that fill a shape from -half to half."""
    return np.asarray((np.arange(int(2 * half / step)) + 0.5) * step - half)


def circle(
    radius: float, height: float, *, axes: FloatArray, middle: tuple[float, float] = (0, 0)
) -> Dataset:
    points = np.column_stack(
        [
            middle[0] + radius * np.cos(ANGLE),
            middle[1] + radius * np.sin(ANGLE),
            np.full_like(ANGLE, height),
        ]
    )
    return contour(CENTER + points @ axes.T)


def ball(
    radius: float, step: float, *, axes: FloatArray = AXES, middle: tuple[float, float] = (0, 0)
) -> list[Dataset]:
    return [
        circle(float(np.sqrt(radius**2 - h**2)), float(h), axes=axes, middle=middle)
        for h in heights(radius, step)
    ]


def ball_ml(radius: float) -> float:
    return 4 / 3 * np.pi * radius**3 / 1000


def volume_ml(file: MaskFile, label: int = 1) -> float:
    return file.labels.mask(label).volume_ml


def codes(file: MaskFile) -> list[str]:
    return [n.code for n in file.notices]


@pytest.mark.parametrize("axes", [np.eye(3), np.eye(3)[:, [1, 2, 0]], AXES])
def test_ball_with_a_hole(axes: FloatArray, tmp_path: Path) -> None:
    """The hole is off the middle; order and direction of the contours do not matter."""
    outer, hole = ball(30, 1, axes=axes), ball(12, 1, axes=axes, middle=(9, -6))
    path = rtstruct(tmp_path / "a.dcm", {"Liver": [*hole, *outer[::-1]]})
    found = read_mask(f"{path}#liver")
    assert found.binary
    assert volume_ml(found) == pytest.approx(ball_ml(30) - ball_ml(12), rel=0.002)
    hole_center = CENTER + axes @ (9, -6, 0)
    k, j, i = np.rint(found.labels.grid.to_index(hole_center)).astype(int)
    assert found.labels.array[k, j, i] == 0
    inside = found.labels.grid.to_patient(np.argwhere(found.labels.array))
    away = CENTER + axes @ (-9, 6, 0) * ball_ml(12) / (ball_ml(30) - ball_ml(12))
    np.testing.assert_allclose(inside.mean(axis=0), away, atol=0.05)
    assert codes(found) == ["CONTOURS_FILLED"]


def ellipsoid_contours(matrix: FloatArray, step: float) -> list[Dataset]:
    """Contours in planes across AXES[:, 2] of the points with x' matrix x <= 1."""
    half = float(np.sqrt(np.linalg.inv(matrix)[2, 2]))
    flat, beside = matrix[:2, :2], matrix[:2, 2]
    shift = -np.linalg.solve(flat, beside)
    root = np.linalg.inv(np.linalg.cholesky(flat)).T
    found = []
    for h in heights(half, step):
        left = 1 - h**2 * (matrix[2, 2] + beside @ shift)
        points = h * shift + np.sqrt(left) * np.column_stack([np.cos(ANGLE), np.sin(ANGLE)]) @ root.T
        found.append(contour(CENTER + np.column_stack([points, np.full_like(ANGLE, h)]) @ AXES.T))
    return found


@pytest.mark.parametrize(("semi_axes", "step"), [((41, 23, 32), 1.5), ((7, 9, 11), 0.7), ((4, 3.5, 5), 0.5)])
def test_oblique_ellipsoid(semi_axes: tuple[float, ...], step: float, tmp_path: Path) -> None:
    """Tilted against its planes, which are tilted against the patient; down to 0.3 mL."""
    turn = Rotation.from_euler("zyx", (20.0, 35.0, -15.0), degrees=True).as_matrix()
    matrix = turn @ np.diag(1 / np.square(semi_axes)) @ turn.T
    found = read_mask(str(rtstruct(tmp_path / "a.dcm", {"Lesion": ellipsoid_contours(matrix, step)})))
    assert volume_ml(found) == pytest.approx(4 / 3 * np.pi * np.prod(semi_axes) / 1000, rel=0.01)
    points = found.labels.grid.to_patient(np.argwhere(found.labels.array)) - CENTER
    np.testing.assert_allclose(points.mean(axis=0), 0, atol=0.1)
    covariance = AXES.T @ np.cov(points.T) @ AXES
    np.testing.assert_allclose(covariance, np.linalg.inv(matrix) / 5, atol=0.02 * max(semi_axes) ** 2)


def test_on_an_image_its_rows_and_columns_are_used(tmp_path: Path) -> None:
    """Axes of the image, parallel to the contours: every image voxel is a voxel of the finer grid too."""
    image = oblique_grid((30, 40, 50), (1.9, 1.4, 3.0), euler_degrees=(12.0, -27.0, 33.0))
    shape = np.zeros(image.shape_kji, dtype=bool)
    shape[5:20, 8:30, 11:40] = True
    shape[9:12, 15:20, 20:33] = False
    path = rtstruct(tmp_path / "a.dcm", {"Liver": mask_builder.contours_of(shape, image)})
    found = read_mask(str(path), grid=image)
    assert found.labels.any.volume_ml == pytest.approx(shape.sum() * image.voxel_ml, rel=1e-6)
    index = found.labels.grid.to_index(image.origin_mm)
    np.testing.assert_allclose(index, np.rint(index), atol=1e-3)
    assert found.labels.grid.spacing_mm == pytest.approx((1.9, 1.4, 3.0))
    assert not found.own_grid
    np.testing.assert_allclose(found.labels.grid.axes, image.axes, atol=1e-6)


@pytest.mark.parametrize("shift", [0.0, 1.3])
def test_contours_beside_the_image_slices(shift: float, tmp_path: Path) -> None:
    """Off-slice: drawn on 3 mm planes between the slices of a 4 mm image."""
    image = Grid(shape_kji=(30, 64, 64), spacing_mm=(1.5, 1.5, 4.0), origin_mm=(-90.0, 12.0, 750.0 + shift))
    path = rtstruct(tmp_path / "a.dcm", {"Liver": ball(21, 3, axes=np.eye(3))})
    found = read_mask(str(path), grid=image)
    assert volume_ml(found) == pytest.approx(ball_ml(21), rel=0.01)
    points = found.labels.grid.to_patient(np.argwhere(found.labels.array))
    np.testing.assert_allclose(points.mean(axis=0), CENTER, atol=0.05)


def test_every_other_slice_is_a_step_of_its_own(tmp_path: Path) -> None:
    """The lesion is drawn on every slice, the liver on every other one: both keep volume and place."""
    liver, lesion = ball(30, 6, axes=np.eye(3)), ball(12, 3, axes=np.eye(3))
    path = rtstruct(tmp_path / "a.dcm", {"Liver": liver, "Lesion": lesion})
    found = read_mask(f"{path}#Liver")
    assert volume_ml(found) == pytest.approx(sum(np.pi * (900 - heights(30, 6) ** 2)) * 6 / 1000, rel=0.005)
    points = found.labels.grid.to_patient(np.argwhere(found.labels.array))
    np.testing.assert_allclose(points.mean(axis=0), CENTER, atol=0.05)
    assert codes(found) == ["CONTOURS_FILLED"]


def test_rois_become_labels_and_the_smallest_keeps_the_voxel(tmp_path: Path) -> None:
    liver, lesion = ball(25, 2), ball(9, 2, middle=(6, 4))
    path = rtstruct(tmp_path / "a.dcm", {"Lesion": lesion, "Liver": liver}, numbers=(7, 3))
    found = read_mask(str(path))
    assert found.labels.labels == (3, 7)
    assert not found.binary
    assert volume_ml(found, 7) == pytest.approx(ball_ml(9), rel=0.01)
    assert volume_ml(found, 3) == pytest.approx(ball_ml(25) - ball_ml(9), rel=0.01)
    assert "ROI_OVERLAP" in codes(found)
    assert volume_ml(read_mask(f"{path}#3")) == pytest.approx(ball_ml(25), rel=0.005)
    assert count_parts(path) == 2
    one, other = read_mask(f"{path}#Liver").labels.grid, read_mask(f"{path}#Lesion").labels.grid
    assert one.spacing_mm == pytest.approx(other.spacing_mm)
    between = one.to_index(other.origin_mm)
    np.testing.assert_allclose(between, np.rint(between), atol=1e-6)


def test_numbers_that_are_no_labels_are_counted_anew(tmp_path: Path) -> None:
    path = rtstruct(
        tmp_path / "a.dcm", {"A": ball(9, 1), "B": ball(5, 1, middle=(20, 0))}, numbers=(0, 70_000)
    )
    found = read_mask(str(path))
    assert volume_ml(found, 1) == pytest.approx(ball_ml(9), rel=0.01)
    assert volume_ml(found, 2) == pytest.approx(ball_ml(5), rel=0.01)
    assert "ROI_RENUMBERED" in codes(found)


def test_points_open_and_repeated_contours(tmp_path: Path) -> None:
    """What encloses nothing is left out; the same contour twice would cancel out."""
    contours = ball(12, 2)
    contours += [
        contours[3],
        contour([CENTER], kind="POINT"),
        contour([CENTER, CENTER + 1], kind="OPEN_PLANAR"),
    ]
    path = rtstruct(tmp_path / "a.dcm", {"Lesion #2": contours, "Marker": [contour([CENTER], kind="POINT")]})
    found = read_mask(f"{path}#Lesion #2")
    assert volume_ml(found) == pytest.approx(ball_ml(12), rel=0.015)
    assert codes(found) == ["CONTOURS_IGNORED", "CONTOUR_REPEATED", "CONTOURS_FILLED"]
    assert "ROI_EMPTY" in codes(read_mask(str(path)))


def test_a_plane_left_out_is_told_with_its_volume(tmp_path: Path) -> None:
    planes = ball(20, 2, axes=np.eye(3))
    del planes[9]
    found = read_mask(str(rtstruct(tmp_path / "a.dcm", {"Liver": planes})))
    area = np.pi * (400 - heights(20, 2)[9] ** 2)
    whole = np.pi * sum(400 - heights(20, 2) ** 2) * 2 / 1000
    assert volume_ml(found) == pytest.approx(whole - area * 2 / 1000, rel=0.005)
    (gap,) = [n for n in found.notices if n.code == "ROI_GAP"]
    assert "on 1 of the 20 planes" in gap.message
    said = float(gap.message.partition("about ")[2].split()[0])
    assert said == pytest.approx(area * 2 / 1000, rel=0.02)


def test_a_single_plane_has_the_thickness_that_the_file_or_the_image_names(tmp_path: Path) -> None:
    plane = [circle(10, 0, axes=np.eye(3))]
    area = np.pi * 100 / 1000
    image = Grid(shape_kji=(9, 64, 64), spacing_mm=(1.5, 1.5, 4.0), origin_mm=(-90.0, 12.0, 796.0))
    alone = rtstruct(tmp_path / "a.dcm", {"Lesion": plane})
    assert volume_ml(read_mask(str(alone), grid=image)) == pytest.approx(area * 4, rel=0.005)
    slab = rtstruct(tmp_path / "b.dcm", {"Lesion": plane}, change=mask_builder.thick(2.5))
    found = read_mask(str(slab))
    assert volume_ml(found) == pytest.approx(area * 2.5, rel=0.005)
    assert codes(found) == ["ROI_SINGLE_PLANE", "CONTOURS_FILLED"]
    beside = rtstruct(tmp_path / "c.dcm", {"Lesion": plane, "Liver": ball(30, 3, axes=np.eye(3))})
    assert volume_ml(read_mask(f"{beside}#Lesion")) == pytest.approx(area * 3, rel=0.005)


def test_a_region_too_small_for_any_grid_says_so(tmp_path: Path) -> None:
    dot = [circle(0.3, h, axes=AXES) for h in (0.0, 1.0, 2.0)]
    found = read_mask(str(rtstruct(tmp_path / "a.dcm", {"Dot": dot})))
    assert codes(found) == ["CONTOURS_FILLED", "ROI_VOLUME"]


def test_a_folder_of_one_object_and_names_in_messages(tmp_path: Path) -> None:
    folder = tmp_path / "rt"
    folder.mkdir()
    rtstruct(folder / "a", {"SECRET NAME": ball(9, 1), "Other": ball(5, 1)})
    assert volume_ml(read_mask(f"{folder}#other")) == pytest.approx(ball_ml(5), rel=0.01)
    text = str(read_mask(str(folder)))
    assert not [secret for secret in (*builder.SECRETS, "SECRET", builder.uid("frame")) if secret in text]


def test_filling_is_fast(tmp_path: Path) -> None:
    """40 planes of 400 points with a hole, half a meter wide."""
    contours = [circle(r, 3.0 * n, axes=np.eye(3), middle=(r / 9, 0)) for n in range(40) for r in (250, 60)]
    path = rtstruct(tmp_path / "a.dcm", {"Body": contours})
    start = time.perf_counter()
    found = read_mask(str(path))
    assert time.perf_counter() - start < 2.0
    assert found.labels.grid.shape_kji[1] > 500
