"""Real World Value maps, in the images or beside them: compared with our SUV, never used."""

from __future__ import annotations

from pathlib import Path

import pytest
from ingest import builder
from ingest.pet_examples import beds
from ingest.test_pet_facts import after, codes, suv
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from netlm_imaging.errors import SuvUnavailable
from netlm_imaging.ingest import read_image, scan


def world_map(slope: float, intercept: float = 0.0, unit: str = "{SUVbw}g/ml") -> Dataset:
    item, code = Dataset(), Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = unit, "UCUM", "unit"
    item.MeasurementUnitsCodeSequence = Sequence([code])
    item.RealWorldValueSlope, item.RealWorldValueIntercept = slope, intercept
    return item


def mapped(items: list[Dataset], *slopes: float, intercept: float = 0.0) -> list[Dataset]:
    for item in items:
        item.RealWorldValueMappingSequence = Sequence([world_map(s, intercept) for s in slopes])
    return items


def test_maps_in_the_images_that_agree() -> None:
    """For rescaled values as tools write it, or for stored ones as the standard has it (slope 2.5)."""
    factor = after(3600)
    found = suv(mapped(beds(), factor * 1.009, 2.5 * factor))
    assert codes(found) == []
    assert (found.record.inputs["rwv_maps"], found.record.inputs["rwv_agrees"]) == (2.0, 2.0)


@pytest.mark.parametrize("wrong", [1.011, 1e-3, 0.4])
def test_maps_that_differ_are_told_with_both_factors(wrong: float) -> None:
    factor = after(3600)
    found = suv(mapped(beds(), factor * wrong))
    assert codes(found) == ["SUV_RWV_DIFFERS"]
    assert f"{factor * wrong:.5g}" in found.notices[0].message
    assert f"{factor:.5g}" in found.notices[0].message
    assert found.factors == pytest.approx([factor] * 3)
    assert found.record.inputs["rwv_agrees"] == 0.0


def test_a_map_with_an_intercept_differs() -> None:
    assert codes(suv(mapped(beds(), after(3600), intercept=1.0))) == ["SUV_RWV_DIFFERS"]


def test_maps_of_other_units_are_ignored() -> None:
    items = beds()
    for item in items:
        item.RealWorldValueMappingSequence = Sequence([world_map(1.0, unit="Bq/ml")])
    assert "rwv_maps" not in suv(items).record.inputs


def test_a_map_never_stands_in_for_the_header() -> None:
    items = mapped(beds(), 0.0005)
    for item in items:
        del item.PatientWeight
    with pytest.raises(SuvUnavailable, match="a map is not trusted without the header"):
        suv(items)


def rwv_object(path: Path, items: list[Dataset], slope: float, *, by_image: bool) -> None:
    """A Real World Value Mapping object for a series, that names its images or the series alone."""
    item, group, series = builder.image(builder.pattern()[0], builder.GRID, 0), Dataset(), Dataset()
    for name in ("PixelData", "Rows", "Columns", "ImagePositionPatient"):
        delattr(item, name)
    item.SOPClassUID = item.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.67"
    item.Modality, item.SeriesInstanceUID = "RWV", builder.uid("rwv", slope)
    group.RealWorldValueMappingSequence = Sequence([world_map(slope)])
    group.ReferencedImageSequence = Sequence([])
    for image in items if by_image else ():
        named = Dataset()
        named.ReferencedSOPInstanceUID = image.SOPInstanceUID
        group.ReferencedImageSequence.append(named)
    series.SeriesInstanceUID = items[0].SeriesInstanceUID
    item.ReferencedImageRealWorldValueMappingSequence = Sequence([group])
    item.ReferencedSeriesSequence = Sequence([series])
    item.save_as(path, enforce_file_format=True)


@pytest.mark.parametrize("by_image", [True, False])
def test_maps_in_objects_of_their_own(by_image: bool, tmp_path: Path) -> None:
    """Linked by what they refer to; a map of another series says nothing of this one."""
    items = builder.pet()
    builder.write(items, tmp_path)
    factor = 72_000 / 150e6 * 2.0 ** (3600 / 4062.6)
    rwv_object(tmp_path / "right", items, factor, by_image=by_image)
    rwv_object(tmp_path / "wrong", items, factor / 1000, by_image=by_image)
    rwv_object(tmp_path / "other", builder.pet(series="elsewhere"), 7.0, by_image=False)
    (series,) = scan(tmp_path).series
    image = read_image(series)
    assert [n.code for n in image.notices if n.code.startswith("SUV")] == ["SUV_RWV_DIFFERS"]
    assert f"{factor / 1000:.5g}" in image.notices[-1].message
    assert image.record.suv is not None
    assert (image.record.suv.inputs["rwv_maps"], image.record.suv.inputs["rwv_agrees"]) == (2.0, 1.0)
