"""Enhanced multi-frame CT, MR and PET: each frame as good as a classic image, or refused as one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from ingest import builder, enhanced
from pydicom.dataset import Dataset
from pydicom.uid import RLELossless

from netlm_imaging.errors import SuvUnavailable
from netlm_imaging.ingest import Series, read_image, scan

SHUFFLED = (4, 0, 6, 2, 5, 1, 3)


def only(folder: Path) -> Series:
    (series,) = scan(folder).series
    return series


def classic(items: Sequence[Dataset], folder: Path) -> Series:
    return only(builder.write(items, folder / "classic"))


@pytest.mark.parametrize("make", [builder.ct, builder.mr, builder.pet])
@pytest.mark.parametrize("shared", [(), ("PlaneOrientationSequence", "PixelMeasuresSequence")])
def test_equal_to_classic_images(
    make: Callable[[], list[Dataset]], shared: tuple[str, ...], tmp_path: Path
) -> None:
    """Frames in any order, groups shared or not: the volume of the classic images, PET as the same SUV."""
    items = make()
    frames = enhanced.enhanced([items[n] for n in SHUFFLED], shared=shared)
    series = only(enhanced.save([frames], tmp_path / "enhanced"))
    assert (series.instances, series.faults) == (1, ())
    found, expected = read_image(series), read_image(classic(items, tmp_path))
    np.testing.assert_array_equal(found.volume.array, expected.volume.array)
    assert found.volume.grid.same_as(expected.volume.grid)
    assert found.record.role == expected.record.role
    assert found.record.suv == expected.record.suv


def test_legacy_converted(tmp_path: Path) -> None:
    items = builder.mr()
    series = only(enhanced.save([enhanced.legacy_converted(items)], tmp_path / "legacy"))
    np.testing.assert_array_equal(read_image(series).volume.array, builder.pattern(seed=2))
    assert series.role == classic(items, tmp_path).role
    assert series.headers[0].echo_ms == 1.5


def test_compressed_frames(tmp_path: Path) -> None:
    whole = enhanced.enhanced([builder.ct()[n] for n in SHUFFLED])
    whole.compress(RLELossless)
    series = only(enhanced.save([whole], tmp_path))
    np.testing.assert_array_equal(read_image(series).volume.array, builder.pattern() - 1000)


@pytest.mark.parametrize(
    ("keyword", "values", "rule"),
    [
        ("EchoTime", ("1.2", "2.4"), "echo"),
        ("DiffusionBValue", (50.0, 800.0), "b-value"),
        ("TemporalPositionIdentifier", (1, 2), "temporal position"),
        ("AcquisitionTime", ("100000", "101500"), "acquisition time"),
    ],
)
def test_several_volumes_in_one_object(
    keyword: str, values: tuple[object, object], rule: str, tmp_path: Path
) -> None:
    """Row 11: frames of two volumes mixed slice by slice."""
    first, second = builder.mr(seed=4), builder.mr(seed=5)
    for items, value in zip((first, second), values, strict=True):
        for item in items:
            setattr(item, keyword, value)
    mixed = [item for pair in zip(first, second, strict=True) for item in pair]
    study = scan(enhanced.save([enhanced.enhanced(mixed)], tmp_path))
    assert [s.split_by for s in study.series] == [(rule,), (rule,)]
    for series, seed in zip(study.series, (4, 5), strict=True):
        np.testing.assert_array_equal(read_image(series).volume.array, builder.pattern(seed=seed))


@pytest.mark.parametrize("declared", [True, False])
def test_concatenation(declared: bool, tmp_path: Path) -> None:
    """Row 37: an object in three files is one volume."""
    parts = enhanced.concatenation(enhanced.enhanced(builder.ct()), (3, 2, 2), declared=declared)
    series = only(enhanced.save(parts[::-1], tmp_path))
    assert series.instances == 3
    np.testing.assert_array_equal(read_image(series).volume.array, builder.pattern() - 1000)


def test_decay_correction_time_of_enhanced_pet(tmp_path: Path) -> None:
    """It says outright to which moment the activity was corrected: here the injection, so nothing decays."""
    whole = enhanced.enhanced(builder.pet())
    whole.DecayCorrectionDateTime = "20240305090000"
    series = only(enhanced.save([whole], tmp_path))
    suv = read_image(series).record.suv
    assert suv is not None
    assert suv.inputs["reference_rule"] == "decay correction time"
    slopes = 1.5 + 0.25 * np.arange(7)[:, None, None]
    np.testing.assert_allclose(
        read_image(series).volume.array, builder.pattern(seed=3) * slopes * 72_000 / 150e6, rtol=1e-6
    )


@pytest.mark.parametrize(
    ("unit", "ratio", "available"),
    [("Bq/ml", 1.0, True), ("Bq/ml", 1000.0, False), ("{SUVbw}g/ml", 1.0, False)],
)
def test_unit_of_enhanced_pet_from_its_real_world_map(
    unit: str, ratio: float, available: bool, tmp_path: Path
) -> None:
    """No rescale type: a map of the same slope may name Bq/mL, and no map is trusted beyond that."""
    whole = enhanced.enhanced(builder.pet())
    for frame in whole.PerFrameFunctionalGroupsSequence:
        rescale = frame.PixelValueTransformationSequence[0]
        del rescale.RescaleType
        frame.RealWorldValueMappingSequence = enhanced.one(
            RealWorldValueSlope=float(rescale.RescaleSlope) * ratio,
            RealWorldValueIntercept=0.0,
            MeasurementUnitsCodeSequence=enhanced.one(CodeValue=unit),
        )
    series = only(enhanced.save([whole], tmp_path / "enhanced"))
    if available:
        expected = read_image(classic(builder.pet(), tmp_path))
        np.testing.assert_array_equal(read_image(series).volume.array, expected.volume.array)
    else:
        with pytest.raises(SuvUnavailable):
            read_image(series)
