"""A good series gives the right voxels at the right places, however its files lie."""

from __future__ import annotations

from pathlib import Path

import ingest.builder as builder
import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import HealthCheck, given, settings
from strategies import grids, oblique_grid

from netlm_imaging.geometry import Grid
from netlm_imaging.ingest import read_image, scan


def test_ct_on_an_oblique_grid(tmp_path: Path) -> None:
    study = scan(builder.write(builder.ct(), tmp_path))
    (series,) = study.series
    assert (series.role, series.instances, series.faults) == ("ct", 7, ())
    image = read_image(series)
    assert image.volume.grid.same_as(builder.GRID)
    assert image.volume.array.dtype == np.int16
    np.testing.assert_array_equal(image.volume.array, builder.pattern() - 1000)
    assert image.record.instances == 7
    assert image.record.shape_kji == (7, 6, 9)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(grid=grids())
def test_any_orientation_is_read_as_the_same_points(
    tmp_path_factory: pytest.TempPathFactory, grid: Grid
) -> None:
    """Left-handed stacks come back turned, with every value at its own place in the patient."""
    if grid.shape_kji[0] < 3:
        return
    items = builder.ct(grid)
    folder = tmp_path_factory.mktemp("any")
    (series,) = scan(builder.write(items, folder)).series
    volume = read_image(series).volume
    marker = np.argwhere(volume.array == 3000)[0]
    np.testing.assert_allclose(volume.grid.to_patient(marker), grid.to_patient([0, 0, 1]), atol=2e-3)
    assert np.linalg.det(volume.grid.axes) == pytest.approx(1.0)
    np.testing.assert_array_equal(
        np.sort(volume.array, axis=None), np.sort(builder.pattern(grid) - 1000, axis=None)
    )


def test_agrees_with_simpleitk(tmp_path: Path) -> None:
    grid = oblique_grid((5, 7, 4), (0.8, 1.7, 3.1), left_handed=True)
    folder = builder.write(builder.ct(grid), tmp_path)
    (series,) = scan(folder).series
    volume = read_image(series).volume
    names = [str(h.path) for h in series.headers]
    reference = sitk.ReadImage(names)
    np.testing.assert_array_equal(volume.array, sitk.GetArrayFromImage(reference))
    np.testing.assert_allclose(volume.grid.spacing_mm, reference.GetSpacing(), atol=1e-5)
    np.testing.assert_allclose(volume.grid.origin_mm, reference.GetOrigin(), atol=1e-5)
    np.testing.assert_allclose(volume.grid.direction, reference.GetDirection(), atol=1e-6)


def test_the_same_input_has_the_same_fingerprint(tmp_path: Path) -> None:
    first = scan(builder.write(builder.ct(), tmp_path / "one"))
    second = scan(builder.write(list(reversed(builder.ct())), tmp_path / "two"))
    other = scan(builder.write(builder.ct(seed=9), tmp_path / "three"))
    sums = [read_image(study.series[0]).record.sha256 for study in (first, second, other)]
    assert sums[0] == sums[1] != sums[2]


def test_mr_with_whole_and_broken_rescale(tmp_path: Path) -> None:
    items = builder.mr()
    for item in items:
        item.RescaleSlope, item.RescaleIntercept = "0.5", "3"
    (series,) = scan(builder.write(items, tmp_path)).series
    image = read_image(series)
    assert image.volume.array.dtype == np.float32
    np.testing.assert_allclose(image.volume.array, builder.pattern(seed=2) * 0.5 + 3)


def test_sixteen_bit_unsigned_values_are_kept(tmp_path: Path) -> None:
    items = builder.mr()
    for item in items:
        item.PixelRepresentation = 0
    high = np.full((6, 9), 65_000, dtype="<u2")
    items[2].PixelData = high.tobytes()
    (series,) = scan(builder.write(items, tmp_path)).series
    array = read_image(series).volume.array
    assert (array[2] == 65_000).all()
    assert array.dtype == np.int32


def test_two_series_and_choosing_by_role(tmp_path: Path) -> None:
    builder.write(builder.ct(), tmp_path / "x")
    builder.write(builder.pet(), tmp_path / "y")
    study = scan(tmp_path)
    assert [s.number for s in study.series] == [1, 2]
    chosen = study.choose("pet")
    assert chosen is not None
    assert chosen.modality == "PT"
    assert study.choose("hbp") is None


def test_nothing_identifying_leaves(tmp_path: Path) -> None:
    builder.write(builder.ct()[:3] + builder.ct()[4:], tmp_path)
    builder.write(builder.pet(), tmp_path, prefix="p")
    study = scan(tmp_path)
    image = read_image(study.series[1])
    said = repr(study) + repr(image.record) + repr(image.notices)
    for secret in (*builder.SECRETS, builder.uid("a"), builder.uid("study"), str(tmp_path)):
        assert secret not in said


def test_deflated_files(tmp_path: Path) -> None:
    """Row 29."""
    items = builder.ct()
    for item in items:
        item.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1.99"
    (series,) = scan(builder.write(items, tmp_path)).series
    np.testing.assert_array_equal(read_image(series).volume.array, builder.pattern() - 1000)
