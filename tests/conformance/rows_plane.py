"""Rows 18 to 26: sizes, spacings, positions and orientations of single slices."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from conformance.breaks import Items, as_bytes, assign, on_all, on_each, on_slice, remove, several, turn
from conformance.case import Case, Truth
from conformance.series import GRID, series_cases
from ingest import builder
from pydicom.dataset import Dataset

from netlm_imaging.geometry import Grid


def rows_reversed(items: Items) -> Items:
    """Row order bottom to top, the same voxels at the same places."""
    for item in items:
        plane = np.frombuffer(item.PixelData, "<i2").reshape(item.Rows, item.Columns)
        builder.moved(item, GRID.axes[:, 1] * GRID.spacing_mm[1] * (item.Rows - 1))
        axes = np.array(item.ImageOrientationPatient, dtype=float)
        item.ImageOrientationPatient = [round(float(x), 9) for x in (*axes[:3], *-axes[3:])]
        item.PixelData = plane[::-1].tobytes()
    return items


def after_row_reversal(found: Truth) -> Truth:
    """The stack is turned to be right-handed: slices from the other end, rows as stored."""
    axes = GRID.axes @ np.diag([1.0, -1.0, -1.0])
    grid = Grid(
        shape_kji=GRID.shape_kji,
        spacing_mm=GRID.spacing_mm,
        origin_mm=tuple(float(x) for x in GRID.to_patient([6, 5, 0])),  # type: ignore[arg-type]
        direction=tuple(axes.ravel().tolist()),
    )
    return replace(found, array=found.array[::-1, ::-1], grid=grid)


def seen_from(axes: list[int]) -> dict[str, Any]:
    """The stack as if the patient lay another way: columns of ``axes`` are rows, columns, normal."""
    row, column = np.array(axes[:3], dtype=float), np.array(axes[3:], dtype=float)
    matrix = np.column_stack([row, column, np.cross(row, column)])
    grid = replace(GRID, direction=tuple(matrix.ravel().tolist()))

    def apply(items: Items) -> Items:
        for k, item in enumerate(items):
            item.ImageOrientationPatient = axes
            item.ImagePositionPatient = [round(float(x), 6) for x in grid.to_patient([k, 0, 0])]
        return items

    return {"broken": apply, "truth": lambda found: replace(found, grid=grid)}


def reversed_numbers(items: Items) -> Items:
    for k, item in enumerate(items):
        item.InstanceNumber = len(items) - k
    return items


def smaller(item: Dataset) -> None:
    item.Rows, item.PixelData = 5, item.PixelData[:90]


CASES: list[Case] = [
    *series_cases(18, "65535 rows and columns", on_all(assign(Rows=65535, Columns=65535)),
                  refused=["BAD_SIZE", "TRUNCATED_FILE"]),
    *series_cases(18, "no rows", on_all(assign(Rows=0)), refused=["BAD_SIZE"]),
    *series_cases(18, "rows and columns absent in one slice", on_slice(2, remove("Rows", "Columns")),
                  refused=["BAD_SIZE", "MATRIX_MIXED"]),
    *series_cases(19, "one slice of another matrix size", on_slice(2, smaller), refused=["MATRIX_MIXED"]),
    *series_cases(19, "one slice of another modality", on_slice(2, assign(Modality="US")),
                  refused=["MODALITY_MIXED"], says=["another"]),
    *series_cases(19, "one slice without modality", on_slice(2, remove("Modality")),
                  refused=["MODALITY_MIXED"]),
    *series_cases(19, "one slice of another pixel spacing", on_slice(2, assign(PixelSpacing=[1.0, 1.0])),
                  refused=["SPACING_MIXED"]),
    *series_cases(19, "a pixel spacing of 0", on_all(assign(PixelSpacing=[0, 1.3])), refused=["BAD_SPACING"]),
    *series_cases(19, "a negative pixel spacing", on_all(assign(PixelSpacing=[-0.9, 1.3])),
                  refused=["BAD_SPACING"]),
    *series_cases(19, "a pixel spacing that is no number", on_all(assign(PixelSpacing=["NaN", "1"])),
                  refused=["BAD_SPACING"]),
    *series_cases(19, "an infinite pixel spacing", on_all(assign(PixelSpacing=["1e400", "1"])),
                  refused=["BAD_SPACING"]),
    *series_cases(19, "one value of pixel spacing only", on_all(assign(PixelSpacing="1.3")),
                  refused=["BAD_SPACING"]),
    *series_cases(19, "no pixel spacing", on_all(remove("PixelSpacing")), refused=["BAD_SPACING"]),
    *series_cases(19, "text for the pixel spacing of one slice", on_slice(1, as_bytes("PixelSpacing",
                  b"wide")),
                  refused=["BAD_SPACING"]),
    *series_cases(20, "no position in one slice", on_slice(5, remove("ImagePositionPatient")),
                  refused=["NO_POSITION"], says=["1 of 7 images"]),
    *series_cases(20, "no position at all", on_all(remove("ImagePositionPatient")), refused=["NO_POSITION"],
                  says=["7 of 7 images"]),
    *series_cases(20, "a position of 1e30 mm", on_slice(5, assign(ImagePositionPatient=["1e30", "0", "0"])),
                  refused=["NO_POSITION"]),
    *series_cases(20, "a position that is no number", on_slice(5, assign(ImagePositionPatient=["NaN", "0",
                  "0"])),
                  refused=["NO_POSITION"]),
    *series_cases(20, "a position of two values", on_slice(5, assign(ImagePositionPatient=["1", "2"])),
                  refused=["NO_POSITION"]),
    *series_cases(20, "no orientation in one slice", on_slice(5, remove("ImageOrientationPatient")),
                  refused=["BAD_ORIENTATION"]),
    *series_cases(20, "no orientation at all", on_all(remove("ImageOrientationPatient")),
                  refused=["BAD_ORIENTATION"]),
    *series_cases(20, "row and column axis parallel", on_all(assign(ImageOrientationPatient=[1, 0, 0, 1, 0,
                  0])),
                  refused=["BAD_ORIENTATION"]),
    *series_cases(20, "an axis longer than 1", on_all(assign(ImageOrientationPatient=[1.1, 0, 0, 0, 1, 0])),
                  refused=["BAD_ORIENTATION"]),
    *series_cases(20, "axes of zeros", on_all(assign(ImageOrientationPatient=[0] * 6)),
                  refused=["BAD_ORIENTATION"]),
    *series_cases(20, "axes 1 degree off the right angle", on_all(
                  assign(ImageOrientationPatient=[1, 0, 0, 0.017452, 0.999848, 0])),
                  refused=["BAD_ORIENTATION"]),
    *series_cases(20, "axes that are no numbers", on_all(assign(ImageOrientationPatient=["NaN"] * 6)),
                  refused=["BAD_ORIENTATION"]),
    *series_cases(20, "five values of orientation", on_all(assign(ImageOrientationPatient=[1, 0, 0, 0, 1])),
                  refused=["BAD_ORIENTATION"]),
    *series_cases(20, "neither position, nor orientation, nor pixel spacing", on_all(
                  remove("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing")),
                  refused=["NO_POSITION", "BAD_ORIENTATION", "BAD_SPACING"]),
    *series_cases(21, "one slice rotated by 1 degree", on_slice(3, turn(1.0)), refused=["ORIENTATION_MIXED"]),
    *series_cases(21, "one slice rotated by 0.1 degrees", on_slice(3, turn(0.1)),
                  refused=["ORIENTATION_MIXED"]),
    *series_cases(21, "one slice rotated by 30 degrees", on_slice(3, turn(30.0)),
                  refused=["ORIENTATION_MIXED"]),
    *series_cases(21, "slices rotated one by one by 0.1 degrees", on_each(lambda k,
                  item: turn(0.1 * k)(item)),
                  refused=["ORIENTATION_MIXED"]),
    *series_cases(21, "cosines that differ by rounding (0.01 degrees)", on_slice(3, turn(0.01))),
    *series_cases(22, "one slice of another patient", on_slice(3, assign(PatientID="SECRET-OTHER")),
                  refused=["PATIENT_MISMATCH"], says=["2 patients", "hashes", ": 1 images"]),
    *series_cases(22, "no patient IDs, two names", several(on_all(assign(PatientID="")), on_slice(
                  3, assign(PatientName="SECRET^OTHER"))), refused=["PATIENT_MISMATCH"]),
    *series_cases(22, "one patient ID written in two ways", on_slice(3, assign(PatientID=" secret-id-77 "))),
    *series_cases(22, "one patient ID with two names", on_slice(3, assign(PatientName="SECRET^MARRIED"))),
    *series_cases(23, "two frames of reference in one series", on_slice(
                  3, assign(FrameOfReferenceUID=builder.uid("other frame"))), refused=["FRAME_MIXED"]),
    *series_cases(23, "a frame of reference in some slices only", on_slice(3, remove("FrameOfReferenceUID")),
                  refused=["FRAME_MIXED"]),
    *series_cases(23, "no frame of reference at all", on_all(remove("FrameOfReferenceUID"))),
    *series_cases(24, "every InstanceNumber 1", on_all(assign(InstanceNumber=1))),
    *series_cases(24, "InstanceNumber in reversed order", reversed_numbers),
    *series_cases(24, "no InstanceNumber", on_all(remove("InstanceNumber"))),
    *series_cases(24, "InstanceNumber that is no number", on_slice(2, assign(InstanceNumber=""))),
    *series_cases(24, "rows from bottom to top", rows_reversed, truth=after_row_reversal),
    *series_cases(24, "feet first, decubitus left", on_all(assign(PatientPosition="FFDL"))),
    *series_cases(24, "head first, prone", on_all(assign(PatientPosition="HFP"))),
    *series_cases(24, "a sagittal stack", **seen_from([0, 1, 0, 0, 0, -1])),
    *series_cases(24, "a coronal stack", **seen_from([1, 0, 0, 0, 0, -1])),
    *series_cases(24, "a stack from head to feet", **seen_from([1, 0, 0, 0, -1, 0])),
    *series_cases(25, "slice thickness that is not the step (3.2 mm)", on_all(assign(SliceThickness="3.2"))),
    *series_cases(25, "slice thickness 0", on_all(assign(SliceThickness="0"))),
    *series_cases(25, "no slice thickness", on_all(remove("SliceThickness"))),
    *series_cases(25, "a wrong SpacingBetweenSlices", on_all(assign(SpacingBetweenSlices="-7"))),
    *series_cases(25, "SliceLocation against the positions", on_each(
                  lambda k, item: assign(SliceLocation=str(-5 * k))(item))),
    *series_cases(26, "MONOCHROME1: stored values are not inverted", on_all(
                  assign(PhotometricInterpretation="MONOCHROME1"))),
    *series_cases(19, "mixed spacing, two frames of reference, an empty slope", several(
                  on_slice(2, assign(PixelSpacing=[1.0, 1.0])), on_slice(
                  3, assign(FrameOfReferenceUID=builder.uid("other frame"))),
                  on_all(assign(RescaleSlope=""))),
                  over=["CT", "PT"], refused=["SPACING_MIXED", "FRAME_MIXED", "NO_RESCALE"]),
    *series_cases(20, "bad position, bad spacing, a turned slice and a slope of 0 in four slices", several(
                  on_slice(0, remove("ImagePositionPatient")), on_slice(1, assign(PixelSpacing=[0, 0])),
                  on_slice(2, turn(2.0)), on_slice(3, assign(RescaleSlope="0"))),
                  refused=["NO_POSITION", "BAD_SPACING", "ORIENTATION_MIXED", "BAD_RESCALE"]),
]  # fmt: skip
