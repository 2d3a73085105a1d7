"""Rows of bad-input.md for DICOM series: one good series, broken in one way, and what is promised."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ingest import builder
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from scipy.spatial.transform import Rotation

from netlm_imaging.errors import InputError
from netlm_imaging.ingest import read_image, scan

Items = list[Dataset]
STEP = builder.GRID.spacing_mm[2]


def drop(*slices: int) -> Callable[[Items], Items]:
    return lambda items: [item for k, item in enumerate(items) if k not in slices]


def on_slice(k: int, change: Callable[[Dataset], object]) -> Callable[[Items], Items]:
    def apply(items: Items) -> Items:
        change(items[k])
        return items

    return apply


def on_all(change: Callable[[int, Dataset], object]) -> Callable[[Items], Items]:
    def apply(items: Items) -> Items:
        for k, item in enumerate(items):
            change(k, item)
        return items

    return apply


def assign(**values: object) -> Callable[[Dataset], None]:
    def apply(item: Dataset) -> None:
        # pydicom warns of the values that are wrong on purpose.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for name, value in values.items():
                setattr(item, name, value)

    return apply


def remove(*names: str) -> Callable[[Dataset], None]:
    def apply(item: Dataset) -> None:
        for name in names:
            delattr(item, name)

    return apply


def turn(item: Dataset, *, degrees: float) -> None:
    axes = np.reshape(np.array(item.ImageOrientationPatient, dtype=float), (2, 3))
    turned = Rotation.from_rotvec([0, 0, degrees], degrees=True).apply(axes)
    item.ImageOrientationPatient = [round(float(x), 9) for x in turned.ravel()]


def repeat(k: int, *, same_uid: bool, same_pixels: bool) -> Callable[[Items], Items]:
    def apply(items: Items) -> Items:
        plane = builder.pattern()[k if same_pixels else (k + 1) % 7]
        extra = builder.image(plane, builder.GRID, k)
        extra.RescaleSlope, extra.RescaleIntercept = "1", "-1000"
        if not same_uid:
            extra.SOPInstanceUID = extra.file_meta.MediaStorageSOPInstanceUID = builder.uid("extra")
        return [*items, extra]

    return apply


def cut_pixels(item: Dataset) -> None:
    item.PixelData = item.PixelData[: len(item.PixelData) // 2]


def lies_sheared(k: int, item: Dataset) -> None:
    builder.moved(item, builder.GRID.axes[:, 1] * 0.25 * STEP * k)


def lies_uneven(k: int, item: Dataset) -> None:
    builder.moved(item, builder.normal() * (0.3 * STEP if k > 3 else 0.0))


def jitters(fraction: float) -> Callable[[int, Dataset], None]:
    return lambda k, item: builder.moved(item, builder.normal() * STEP * fraction * (k == 3))


REFUSED = [
    # bad-input row, how the series is broken, the code of the refusal
    (1, drop(3), "MISSING_SLICE"),
    (1, drop(2, 3), "MISSING_SLICE"),
    (5, repeat(2, same_uid=True, same_pixels=False), "UID_CONFLICT"),
    (5, repeat(2, same_uid=False, same_pixels=False), "DUPLICATE_POSITION"),
    (6, on_all(lies_uneven), "UNEVEN_SPACING"),
    (7, on_all(jitters(0.08)), "UNEVEN_SPACING"),
    (7, on_slice(3, lambda i: builder.moved(i, builder.GRID.axes[:, 0] * 2.0)), "SHIFTED_SLICE"),
    (8, on_all(lies_sheared), "TILT"),
    (12, on_all(lambda k, i: remove("RescaleSlope", "RescaleIntercept")(i)), "NO_RESCALE"),
    (14, on_slice(1, assign(RescaleSlope="0")), "BAD_RESCALE"),
    (14, on_slice(1, assign(RescaleIntercept="NaN")), "BAD_RESCALE"),
    (12, on_all(lambda k, i: remove("RescaleIntercept")(i)), "NO_RESCALE"),
    (28, on_slice(1, assign(BitsStored=40_000)), "BAD_BITS"),
    (16, on_slice(4, cut_pixels), "TRUNCATED_FILE"),
    (18, on_all(lambda k, i: assign(Rows=65535, Columns=65535)(i)), "BAD_SIZE"),
    (18, on_all(lambda k, i: assign(NumberOfFrames=2_000_000_000)(i)), "MULTIFRAME_UNSUPPORTED"),
    (19, on_slice(2, assign(Rows=5, PixelData=bytes(90))), "MATRIX_MIXED"),
    (19, on_slice(2, assign(PixelSpacing=[1.0, 1.0])), "SPACING_MIXED"),
    (19, on_all(lambda k, i: assign(PixelSpacing=[0, 1.3])(i)), "BAD_SPACING"),
    (19, on_all(lambda k, i: assign(PixelSpacing=[-0.9, 1.3])(i)), "BAD_SPACING"),
    (19, on_all(lambda k, i: assign(PixelSpacing=["NaN", "1"])(i)), "BAD_SPACING"),
    (20, on_slice(5, remove("ImagePositionPatient")), "NO_POSITION"),
    (20, on_slice(5, assign(ImagePositionPatient=["1e30", "0", "0"])), "NO_POSITION"),
    (20, on_slice(5, remove("ImageOrientationPatient")), "BAD_ORIENTATION"),
    (20, on_all(lambda k, i: assign(ImageOrientationPatient=[1, 0, 0, 1, 0, 0])(i)), "BAD_ORIENTATION"),
    (20, on_all(lambda k, i: assign(ImageOrientationPatient=[1.1, 0, 0, 0, 1, 0])(i)), "BAD_ORIENTATION"),
    (20, on_all(lambda k, i: assign(ImageOrientationPatient=[0] * 6)(i)), "BAD_ORIENTATION"),
    (21, on_slice(3, lambda i: turn(i, degrees=1.0)), "ORIENTATION_MIXED"),
    (22, on_slice(3, assign(PatientID="SECRET-OTHER")), "PATIENT_MISMATCH"),
    (23, on_slice(3, assign(FrameOfReferenceUID=builder.uid("other frame"))), "FRAME_MIXED"),
    (2, drop(0, 1, 2, 3, 4), "TOO_FEW_SLICES"),
]


@pytest.mark.parametrize(
    ("row", "broken", "code"), REFUSED, ids=[f"row{r}-{c}-{n}" for n, (r, _, c) in enumerate(REFUSED)]
)
def test_refused(row: int, broken: Callable[[Items], Items], code: str, tmp_path: Path) -> None:
    study = scan(builder.write(broken(builder.ct()), tmp_path))
    (series,) = study.series
    assert code in [fault.code for fault in series.faults]
    with pytest.raises(InputError) as caught:
        read_image(series)
    assert code in caught.value.codes
    assert "series 1" in str(caught.value)
    assert not any(secret in str(caught.value) for secret in ("SECRET", str(tmp_path), builder.uid("a")))


WARNED = [
    (2, drop(0), "SLICES_MAY_BE_MISSING"),
    (2, on_all(lambda k, i: assign(ImagesInAcquisition=9)(i)), "SLICES_MAY_BE_MISSING"),
    (3, repeat(2, same_uid=False, same_pixels=True), "DUPLICATE_DROPPED"),
    (4, repeat(2, same_uid=True, same_pixels=True), "DUPLICATE_DROPPED"),
    (7, on_all(jitters(0.03)), "POSITION_JITTER"),
]


@pytest.mark.parametrize(
    ("row", "broken", "code"), WARNED, ids=[f"row{r}-{c}-{n}" for n, (r, _, c) in enumerate(WARNED)]
)
def test_read_with_a_warning(row: int, broken: Callable[[Items], Items], code: str, tmp_path: Path) -> None:
    (series,) = scan(builder.write(broken(builder.ct()), tmp_path)).series
    image = read_image(series)
    assert code in [notice.code for notice in image.notices]
    start = 7 - image.volume.grid.shape_kji[0]
    np.testing.assert_array_equal(image.volume.array, builder.pattern()[start:] - 1000)


def clean(items: Items) -> Items:
    return items


def reverse_frames(items: Items) -> Items:
    for k, item in enumerate(items):
        item.InstanceNumber = len(items) - k
    return items


FINE = [
    (7, on_all(jitters(0.008))),
    (17, clean),
    (24, on_all(lambda k, i: assign(InstanceNumber=1)(i))),
    (24, reverse_frames),
    (24, on_all(lambda k, i: assign(PatientPosition="FFDL")(i))),
    (25, on_all(lambda k, i: assign(SliceThickness="3.2", SliceLocation=str(-k))(i))),
    (26, on_all(lambda k, i: assign(PhotometricInterpretation="MONOCHROME1")(i))),
]


@pytest.mark.parametrize(("row", "change"), FINE, ids=[f"row{r}-{n}" for n, (r, _) in enumerate(FINE)])
def test_fine(row: int, change: Callable[[Items], Items], tmp_path: Path) -> None:
    (series,) = scan(builder.write(change(builder.ct()), tmp_path)).series
    image = read_image(series)
    assert image.notices == ()
    np.testing.assert_array_equal(image.volume.array, builder.pattern() - 1000)
    assert np.abs(image.volume.grid.corners_lps_mm() - builder.GRID.corners_lps_mm()).max() < 0.01 * STEP


def test_real_pet_steps_load(tmp_path: Path) -> None:
    """Row 7: GE rounds positions, so that steps are 3.27, 3.29 and 3.19 mm."""
    items = builder.pet()
    heights = np.cumsum([0, 3.27, 3.27, 3.29, 3.27, 3.19, 3.27])
    for k, item in enumerate(items):
        item.ImagePositionPatient = [
            float(x) for x in np.array(builder.GRID.origin_mm) + builder.normal() * heights[k]
        ]
    (series,) = scan(builder.write(items, tmp_path)).series
    image = read_image(series)
    assert "POSITION_JITTER" in [n.code for n in image.notices]
    assert image.volume.grid.spacing_mm[2] == pytest.approx(heights[-1] / 6, abs=1e-6)


def test_all_faults_at_once(tmp_path: Path) -> None:
    items = drop(3)(builder.ct())
    items[0].RescaleSlope = "0"
    items[1].PatientID = "SECRET-OTHER"
    (series,) = scan(builder.write(items, tmp_path)).series
    assert {f.code for f in series.faults} == {"MISSING_SLICE", "BAD_RESCALE", "PATIENT_MISMATCH"}


def test_missing_slice_says_where(tmp_path: Path) -> None:
    (series,) = scan(builder.write(drop(3)(builder.ct()), tmp_path)).series
    assert f"between {2 * STEP:.2f} and {4 * STEP:.2f}" in series.faults[0].found


def test_uneven_stack_is_resampled_when_asked(tmp_path: Path) -> None:
    """Rows 6 and 8: a plane wave in space comes back as it was, by the true positions."""
    direction = np.array([0.02, 0.05, 0.11])
    for name, move in (("uneven", lies_uneven), ("tilted", lies_sheared)):
        items = on_all(move)(builder.ct())
        for item in items:
            start = np.array([float(x) for x in item.ImagePositionPatient])
            rows, columns = np.mgrid[0:6, 0:9]
            axes = np.reshape(np.array(item.ImageOrientationPatient, dtype=float), (2, 3))
            points = start + columns[..., None] * 0.9 * axes[0] + rows[..., None] * 1.3 * axes[1]
            item.PixelData = np.rint(100 * (points @ direction)).astype("<i2").tobytes()
        (series,) = scan(builder.write(items, tmp_path / name)).series
        image = read_image(series, resample_uneven=True)
        assert "RESAMPLED_UNEVEN" in [n.code for n in image.notices]
        grid = image.volume.grid
        points = grid.to_patient(np.moveaxis(np.indices(grid.shape_kji), 0, -1))
        expected = 100 * (points @ direction) - 1000
        inner = (slice(None), slice(3, None), slice(None)) if name == "tilted" else ...
        np.testing.assert_allclose(image.volume.array[inner], expected[inner], atol=1.0)


def test_resampling_repairs_no_missing_slice(tmp_path: Path) -> None:
    (series,) = scan(builder.write(drop(3)(builder.ct()), tmp_path)).series
    with pytest.raises(InputError) as caught:
        read_image(series, resample_uneven=True)
    assert caught.value.codes == ("MISSING_SLICE",)


def test_mixed_signedness_is_read_slice_by_slice(tmp_path: Path) -> None:
    """Row 15."""
    items = builder.ct()
    items[2].PixelRepresentation = 0
    items[2].PixelData = (builder.pattern()[2].astype("<i4") + 40_000).astype("<u2").tobytes()
    items[2].RescaleIntercept = "-41000"
    (series,) = scan(builder.write(items, tmp_path)).series
    np.testing.assert_array_equal(read_image(series).volume.array, builder.pattern() - 1000)


def test_bits_above_those_stored_are_masked(tmp_path: Path) -> None:
    """Row 28: an old overlay in the four high bits; twelve-bit signed values keep their sign."""
    stored = np.clip(builder.pattern(), 0, 4095) - 2048
    items = builder.ct()
    for k, item in enumerate(items):
        item.BitsStored, item.HighBit = 12, 11
        item.PixelData = ((stored[k] & 0x0FFF) | 0x5000).astype("<u2").tobytes()
    (series,) = scan(builder.write(items, tmp_path)).series
    np.testing.assert_array_equal(read_image(series).volume.array, stored - 1000)


def test_damaged_pixels_are_refused_with_the_transfer_syntax(tmp_path: Path) -> None:
    """Row 30."""
    items = builder.ct()
    items[2].file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.90"
    items[2].PixelData = encapsulate([b"junk" * 9])
    items[2]["PixelData"].VR = "OB"
    items[2]["PixelData"].is_undefined_length = True
    (series,) = scan(builder.write(items, tmp_path)).series
    with pytest.raises(InputError) as caught:
        read_image(series)
    assert caught.value.code == "PIXELS_UNREADABLE"
    assert "1.2.840.10008.1.2.4.90" in str(caught.value)
