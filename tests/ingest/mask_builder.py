"""Small good DICOM SEG and RTSTRUCT files, to be broken in one way at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from ingest import builder
from pydicom.dataset import Dataset
from pydicom.pixels.utils import pack_bits
from pydicom.sequence import Sequence as DicomSequence
from strategies import oblique_grid

from netlm_imaging.geometry import FloatArray, Grid

GRID = oblique_grid((8, 5, 7), (0.8, 1.7, 3.1))
SEG_CLASS = "1.2.840.10008.5.1.4.1.1.66.4"
LABELMAP_CLASS = "1.2.840.10008.5.1.4.1.1.66.7"
RTSTRUCT_CLASS = "1.2.840.10008.5.1.4.1.1.481.3"
_OF_IMAGES = (
    "PixelData", "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "Rows", "Columns",
    "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "SamplesPerPixel", "ImageType",
    "PhotometricInterpretation", "SliceThickness", "FrameOfReferenceUID",
)  # fmt: skip
Change = Callable[[Dataset], object]


def one(**values: Any) -> DicomSequence:
    """A sequence of one item."""
    item = Dataset()
    for name, value in values.items():
        setattr(item, name, value)
    return DicomSequence([item])


def orientation(grid: Grid = GRID) -> list[float]:
    """ImageOrientationPatient of the slices of a grid."""
    return [round(float(x), 9) for x in grid.axes[:, :2].T.ravel()]


def shared_groups(grid: Grid = GRID) -> DicomSequence:
    """Functional groups that all frames share; the slice thickness is wrong, as in many files."""
    across, down, step = grid.spacing_mm
    return one(
        PlaneOrientationSequence=one(ImageOrientationPatient=orientation(grid)),
        PixelMeasuresSequence=one(
            PixelSpacing=[down, across], SpacingBetweenSlices=f"{step:g}", SliceThickness="9"
        ),
    )


def seg(
    path: Path,
    segments: Mapping[str, npt.NDArray[Any]],
    *,
    grid: Grid = GRID,
    kind: str = "BINARY",
    order: int = 1,
    change: Change | None = None,
    **values: Any,
) -> Path:
    """A SEG file with a frame for every plane that holds something, in reversed order or not."""
    item = seg_dataset(segments, grid=grid, kind=kind, order=order)
    for name, value in values.items():
        setattr(item, name, value)
    if change is not None:
        change(item)
    item.save_as(path, enforce_file_format=True)
    return path


def seg_dataset(
    segments: Mapping[str, npt.NDArray[Any]], *, grid: Grid = GRID, kind: str = "BINARY", order: int = 1
) -> Dataset:
    """The same before it is written."""
    frames = [
        (n, k, mask[k])
        for n, mask in enumerate(segments.values(), start=1)
        for k in range(len(mask))
        if mask[k].any()
    ][::order]
    item = builder.image(np.zeros(grid.shape_kji[1:], np.int16), grid, 0, series="seg")
    item.SOPClassUID = LABELMAP_CLASS if kind == "LABELMAP" else SEG_CLASS
    item.file_meta.MediaStorageSOPClassUID = item.SOPClassUID
    item.Modality, item.SegmentationType = "SEG", kind
    del item.ImagePositionPatient, item.ImageOrientationPatient, item.PixelSpacing, item.SliceThickness
    item.SharedFunctionalGroupsSequence = shared_groups(grid)
    item.PerFrameFunctionalGroupsSequence = DicomSequence(
        [_frame_groups(n, grid.to_patient([k, 0, 0]), kind) for n, k, _ in frames]
    )
    item.SegmentSequence = DicomSequence(
        [one(SegmentNumber=n, SegmentLabel=name)[0] for n, name in enumerate(segments, start=1)]
    )
    item.NumberOfFrames, item.PixelRepresentation = len(frames), 0
    pixels = np.stack([plane for _, _, plane in frames])
    bits = 1 if kind == "BINARY" else 16 if pixels.max() > 255 else 8
    item.BitsAllocated, item.BitsStored, item.HighBit = bits, bits, bits - 1
    if bits == 1:
        item.PixelData = pack_bits(pixels.astype(np.uint8))
    else:
        item.MaximumFractionalValue = 200
        item.PixelData = pixels.astype(f"<u{bits // 8}").tobytes()
        item["PixelData"].VR = "OB" if bits == 8 else "OW"
    return item


def _frame_groups(segment: int, position: FloatArray, kind: str) -> Dataset:
    item = one(
        PlanePositionSequence=one(ImagePositionPatient=[round(float(x), 5) for x in position]),
    )[0]
    if kind != "LABELMAP":
        item.SegmentIdentificationSequence = one(ReferencedSegmentNumber=segment)
    return item


def contour(points: npt.ArrayLike, *, kind: str = "CLOSED_PLANAR") -> Dataset:
    """A contour of (n, 3) LPS mm."""
    corners = np.asarray(points, dtype=np.float64)
    item = Dataset()
    item.ContourGeometricType, item.NumberOfContourPoints = kind, len(corners)
    item.ContourData = [f"{x:.5f}" for x in corners.ravel()]
    # The image that it was drawn on, which is nowhere.
    item.ContourImageSequence = one(
        ReferencedSOPClassUID=builder.SOP_CLASS["CT"], ReferencedSOPInstanceUID=builder.uid("nowhere")
    )
    return item


def rtstruct(
    path: Path,
    rois: Mapping[str, Sequence[Dataset]],
    *,
    numbers: Sequence[int] | None = None,
    frame: str = "frame",
    change: Change | None = None,
) -> Path:
    """An RTSTRUCT of ROIs with their contours, in the frame of reference of the builder's images."""
    item = builder.image(np.zeros((2, 2), np.int16), GRID, 0, series="rtstruct")
    for name in _OF_IMAGES:
        delattr(item, name)
    item.SOPClassUID = item.file_meta.MediaStorageSOPClassUID = RTSTRUCT_CLASS
    item.Modality, item.StructureSetLabel = "RTSTRUCT", "SECRET LABEL"
    uid = builder.uid(frame)
    item.ReferencedFrameOfReferenceSequence = one(FrameOfReferenceUID=uid)
    numbered = list(zip(numbers or range(1, len(rois) + 1), rois.items(), strict=True))
    item.StructureSetROISequence = DicomSequence(
        [one(ROINumber=n, ROIName=name, ReferencedFrameOfReferenceUID=uid)[0] for n, (name, _) in numbered]
    )
    item.ROIContourSequence = DicomSequence(
        [
            one(ReferencedROINumber=n, ContourSequence=DicomSequence(deepcopy(list(c))))[0]
            for n, (_, c) in numbered
        ]
    )
    if change is not None:
        change(item)
    item.save_as(path, enforce_file_format=True)
    return path


def contours_of(mask: npt.NDArray[np.bool_], grid: Grid) -> list[Dataset]:
    """Closed contours along the voxel edges of each slice; holes are contours of their own."""
    return [
        contour(grid.to_patient(np.column_stack([np.full(len(edge), k), edge])))
        for k, plane in enumerate(mask)
        for edge in outlines_of(plane)
    ]


def outlines_of(plane: npt.NDArray[np.bool_]) -> list[FloatArray]:
    """Closed outlines (n, 2) as j, i of the voxels of a slice, along their edges."""
    padded = np.pad(plane, 1).astype(np.int8)
    sides: dict[tuple[int, int], list[tuple[int, int]]] = {}

    def side(start: tuple[int, int], end: tuple[int, int]) -> None:
        sides.setdefault(start, []).append(end)

    # Corner (j, i) lies half a voxel before voxel (j, i); the inside is always on the same hand.
    for j, i in np.argwhere(np.diff(padded, axis=0)[:, 1:-1]):
        down = plane[j, i] if j < len(plane) else False
        side(*(((j, i), (j, i + 1)) if down else ((j, i + 1), (j, i))))
    for j, i in np.argwhere(np.diff(padded, axis=1)[1:-1]):
        right = plane[j, i] if i < plane.shape[1] else False
        side(*(((j + 1, i), (j, i)) if right else ((j, i), (j + 1, i))))
    outlines = []
    while sides:
        start = next(iter(sides))
        corners = [start]
        while (end := _taken(sides, corners[-1])) != start:
            corners.append(end)
        outlines.append(np.array(corners) - 0.5)
    return outlines


def _taken(sides: dict[tuple[int, int], list[tuple[int, int]]], corner: tuple[int, int]) -> tuple[int, int]:
    end = sides[corner].pop()
    if not sides[corner]:
        del sides[corner]
    return end


def thick(mm: float) -> Change:
    """Give all contours a ContourSlabThickness, which those of a single plane need."""

    def change(item: Dataset) -> None:
        for roi in item.ROIContourSequence:
            for outline in roi.ContourSequence:
                outline.ContourSlabThickness = f"{mm:g}"

    return change
