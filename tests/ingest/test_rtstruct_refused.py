"""RTSTRUCT that cannot be trusted: each refused with its code, all that is wrong at once."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ingest import builder, mask_builder
from ingest.mask_builder import contour, one, rtstruct
from ingest.test_rtstruct import CENTER, ball, circle
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence

from netlm_imaging.errors import InputError
from netlm_imaging.ingest import objects, read_mask, rtstruct_contours

Break = Callable[[Dataset], object]
UPRIGHT = np.eye(3)


def liver() -> list[Dataset]:
    return ball(20, 2, axes=UPRIGHT)


def refused(path: Path, part: str = "") -> InputError:
    with pytest.raises(InputError) as caught:
        read_mask(f"{path}{part}")
    assert not [secret for secret in (*builder.SECRETS, "SECRET") if secret in str(caught.value)]
    return caught.value


def in_contour(n: int, **values: Any) -> Break:
    """Set attributes of the n-th contour of the first ROI; None deletes."""

    def change(item: Dataset) -> None:
        outline = item.ROIContourSequence[0].ContourSequence[n]
        for name, value in values.items():
            if value is None:
                delattr(outline, name)
            else:
                setattr(outline, name, value)

    return change


def coordinate(value: str) -> Break:
    def change(item: Dataset) -> None:
        outline = item.ROIContourSequence[0].ContourSequence[4]
        texts = [str(x) for x in outline.ContourData]
        outline.add_new("ContourData", "LO", [*texts[:5], value, *texts[6:]])

    return change


def set_(**values: Any) -> Break:
    def change(item: Dataset) -> None:
        for name, value in values.items():
            setattr(item, name, value)

    return change


def move(n: int, millimeters: float) -> Break:
    """Move a plane along the normal."""

    def change(item: Dataset) -> None:
        outline = item.ROIContourSequence[0].ContourSequence[n]
        points = np.array(outline.ContourData, dtype=float).reshape(-1, 3) + np.array([0, 0, millimeters])
        outline.ContourData = [f"{x:.4f}" for x in points.ravel()]

    return change


BREAKS: list[tuple[str, Break]] = [
    ("CONTOUR_POINTS", in_contour(3, NumberOfContourPoints=10**9)),
    ("CONTOUR_POINTS", in_contour(3, ContourData=["1", "2", "3", "4"], NumberOfContourPoints=None)),
    ("CONTOUR_POINTS", in_contour(3, ContourData=None)),
    ("CONTOUR_COORDINATES", coordinate("nan")),
    ("CONTOUR_COORDINATES", coordinate("-inf")),
    ("CONTOUR_COORDINATES", coordinate("1e30")),
    ("CONTOUR_COORDINATES", coordinate("1e400")),
    ("CONTOUR_COORDINATES", coordinate("left")),
    ("CONTOUR_TYPE", in_contour(3, ContourGeometricType="SPLINE")),
    ("CONTOUR_TYPE", in_contour(3, ContourGeometricType=None)),
    ("UNEVEN_SPACING", move(7, 0.9)),
    ("ROI_DESCRIPTION", set_(StructureSetROISequence=DicomSequence([]))),
    ("ROI_DESCRIPTION", set_(StructureSetROISequence=one(ROINumber=9, ROIName="Liver"))),
    ("ROI_DESCRIPTION", set_(StructureSetROISequence=one(ROIName="Liver"))),
    (
        "ROI_DESCRIPTION",
        lambda item: item.StructureSetROISequence.append(one(ROINumber=1, ROIName="Twice")[0]),
    ),
    ("NO_CONTOURS", set_(ROIContourSequence=DicomSequence([]))),
    ("UNREADABLE", set_(SOPClassUID=builder.SOP_CLASS["CT"])),
]


@pytest.mark.parametrize(("code", "change"), BREAKS)
def test_damaged(code: str, change: Break, tmp_path: Path) -> None:
    assert set(refused(rtstruct(tmp_path / "a.dcm", {"Liver": liver()}, change=change)).codes) == {code}


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    def change(item: Dataset) -> None:
        in_contour(2, NumberOfContourPoints=7)(item)
        in_contour(3, ContourGeometricType="SPLINE")(item)
        coordinate("nan")(item)

    found = refused(rtstruct(tmp_path / "a.dcm", {"Liver": liver()}, change=change))
    assert set(found.codes) == {"CONTOUR_POINTS", "CONTOUR_TYPE", "CONTOUR_COORDINATES"}
    assert found.faults[0].found == "ROI 1: 1 of 20 that are not so"


def test_another_roi_may_be_damaged(tmp_path: Path) -> None:
    rois = {
        "Broken": liver(),
        "Turned": [circle(9, h, axes=UPRIGHT[:, [2, 0, 1]]) for h in (0, 1)],
        "Liver": liver(),
    }
    path = rtstruct(tmp_path / "a.dcm", rois, change=coordinate("nan"))
    assert read_mask(f"{path}#Liver").labels.any.volume_ml == pytest.approx(33.5, rel=0.01)
    assert refused(path, "#Broken").code == "CONTOUR_COORDINATES"
    assert refused(path).code == "CONTOUR_COORDINATES"


def test_planes_and_contours_that_do_not_fit(tmp_path: Path) -> None:
    bent = liver()
    points = np.array(bent[5].ContourData, dtype=float).reshape(-1, 3)
    points[10, 2] += 1.5
    bent[5] = contour(points)
    assert refused(rtstruct(tmp_path / "a.dcm", {"Liver": bent})).codes == ("CONTOUR_NOT_PLANAR",)
    turned = [*liver(), circle(9, 0, axes=UPRIGHT[:, [2, 0, 1]])]
    assert refused(rtstruct(tmp_path / "b.dcm", {"Liver": turned})).codes == ("CONTOURS_TURNED",)
    tilted = [*liver(), circle(18, 0, axes=mask_builder.GRID.axes)]
    assert refused(rtstruct(tmp_path / "c.dcm", {"Liver": tilted})).codes == ("CONTOURS_TURNED",)
    close = [circle(20, h, axes=UPRIGHT) for h in np.arange(9) * 0.07]
    assert refused(rtstruct(tmp_path / "d.dcm", {"Liver": close})).codes == ("UNEVEN_SPACING",)
    skipped = [circle(20, h, axes=UPRIGHT) for h in (0, 3, 9, 15, 21, 27)]
    assert refused(rtstruct(tmp_path / "e.dcm", {"Liver": skipped})).codes == ("UNEVEN_SPACING",)
    flat = [contour([CENTER + np.array([x, 0, z]) for x in range(4)]) for z in range(3)]
    assert refused(rtstruct(tmp_path / "f.dcm", {"Liver": flat})).codes == ("NO_CONTOURS",)
    alone = [circle(20, 0, axes=UPRIGHT)]
    assert refused(rtstruct(tmp_path / "g.dcm", {"Liver": alone})).codes == ("NO_THICKNESS",)


def test_rois_in_two_frames_of_reference(tmp_path: Path) -> None:
    def change(item: Dataset) -> None:
        item.StructureSetROISequence[1].ReferencedFrameOfReferenceUID = builder.uid("elsewhere")

    path = rtstruct(tmp_path / "a.dcm", {"Liver": liver(), "Lesion": ball(5, 1)}, change=change)
    assert refused(path).code == "FRAME_MIXED"
    frames = [read_mask(f"{path}#{n}").frame_uid_hash for n in (1, 2)]
    assert all(frames)
    assert frames[0] != frames[1]


def test_names(tmp_path: Path) -> None:
    path = rtstruct(tmp_path / "a.dcm", {"SECRET": liver(), "Lesion": ball(5, 1), "lesion ": liver()})
    found = refused(path, "#Spleen")
    assert found.code == "ROI_UNKNOWN"
    assert "1 (20 contours); 2 (10 contours); 3 (20 contours)" in str(found)
    assert refused(path, "#LESION").code == "ROI_AMBIGUOUS"
    assert read_mask(f"{path}#2").labels.any.volume_ml == pytest.approx(0.524, rel=0.02)


def test_sizes_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Far apart, or more points than any contour has: refused before memory is taken."""
    far = [circle(9000, h, axes=UPRIGHT) for h in (0, 0.2, 0.4, 4000, 4000.2, 4000.4)]
    path = rtstruct(tmp_path / "a.dcm", {"Liver": far})
    wide = rtstruct(tmp_path / "b.dcm", {"Liver": [circle(40_000, h, axes=UPRIGHT) for h in (0, 1, 2)]})
    tracemalloc.start()
    assert refused(path).code == "BAD_SIZE"
    assert refused(wide).code == "BAD_SIZE"
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64 * 2**20
    good = rtstruct(tmp_path / "c.dcm", {"Liver": liver()})
    monkeypatch.setattr(rtstruct_contours, "LARGEST_POINTS", 1000)
    assert refused(good).code == "CONTOURS_TOO_COMPLEX"
    monkeypatch.setattr(objects, "LARGEST_RTSTRUCT", 1000)
    assert refused(good).code == "TOO_LARGE"


def test_far_apart_is_no_body(tmp_path: Path) -> None:
    """Two small parts 3.1 m apart, whatever their voxels would take."""
    parts = [circle(9, h, axes=UPRIGHT, middle=(x, 0)) for x in (0, 3100) for h in (0, 1, 2)]
    assert refused(rtstruct(tmp_path / "a.dcm", {"Liver": parts})).code == "BAD_SIZE"


def test_numbers_of_rois_contours_and_planes_are_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the coordinates are read; the largest numbers of points are 120 MB."""
    many: dict[str, list[Dataset]] = {str(n): [] for n in range(500)}
    assert (
        refused(rtstruct(tmp_path / "a.dcm", {**many, "Liver": liver()}), "#Liver").code
        == "CONTOURS_TOO_COMPLEX"
    )
    assert rtstruct_contours.LARGEST_POINTS * 3 * 8 <= 120_000_000
    assert rtstruct_contours.LARGEST_CONTOURS <= 25_000
    path = rtstruct(tmp_path / "b.dcm", {"Liver": liver()}, change=coordinate("nan"))
    monkeypatch.setattr(rtstruct_contours, "LARGEST_CONTOURS", 19)
    assert refused(path).code == "CONTOURS_TOO_COMPLEX"
    monkeypatch.undo()
    triangle = np.array([[0.0, 0.0, 0.0], [9.0, 0.0, 0.0], [0.0, 9.0, 0.0]])
    thin = [contour(CENTER + (triangle + np.array([0.0, 0.0, 0.2 * n])) @ UPRIGHT.T) for n in range(3001)]
    assert refused(rtstruct(tmp_path / "c.dcm", {"Liver": thin})).code == "BAD_SIZE"


def test_rois_in_another_frame_of_reference_tell_nothing(tmp_path: Path) -> None:
    """Their planes cannot be compared: they do not show how thick a single plane is."""

    def change(item: Dataset) -> None:
        item.StructureSetROISequence[1].ReferencedFrameOfReferenceUID = builder.uid("elsewhere")

    rois = {"Lesion": [circle(9, 0, axes=UPRIGHT)], "Liver": liver()}
    assert refused(rtstruct(tmp_path / "a.dcm", rois, change=change), "#Lesion").code == "NO_THICKNESS"
    found = read_mask(f"{rtstruct(tmp_path / 'b.dcm', rois)}#Lesion").labels.any
    assert found.volume_ml == pytest.approx(np.pi * 81 * 2 / 1000, rel=0.01)
