"""Whole exams as files, each series a few small slices."""

from __future__ import annotations

from pathlib import Path

from ingest import builder
from ingest.vendors import Tags
from strategies import oblique_grid

from netlm_imaging.geometry import Grid
from netlm_imaging.ingest import Study, scan

AXIAL = oblique_grid((4, 5, 6), (1.2, 1.4, 3.0), euler_degrees=(3.0, -2.0, 4.0))
CORONAL = oblique_grid((4, 5, 6), (1.2, 1.4, 3.0), euler_degrees=(-87.0, 3.0, 2.0))


def series(
    folder: Path, number: int, tags: Tags, *, grid: Grid = AXIAL, exam: str = "exam", uid: str = ""
) -> None:
    """One series with these tags; series of one ``exam`` share study and frame of reference."""
    name = uid or f"{exam}-{number}"
    for k, plane in enumerate(builder.pattern(grid, seed=number)):
        item = builder.image(plane, grid, k, modality=tags["Modality"], series=name)
        item.StudyInstanceUID, item.FrameOfReferenceUID = builder.uid(exam), builder.uid(exam, "frame")
        item.SOPInstanceUID = item.file_meta.MediaStorageSOPInstanceUID = builder.uid(name, number, k)
        item.SeriesNumber, item.SeriesDescription = number, ""
        if tags["Modality"] in ("CT", "PT"):
            item.RescaleSlope, item.RescaleIntercept = "1", "0"
        for key, value in tags.items():
            setattr(item, key, value)
        place = folder / exam / str(number)
        place.mkdir(parents=True, exist_ok=True)
        item.save_as(place / str(k), enforce_file_format=True)


def exam(folder: Path, listed: list[Tags], *, name: str = "exam") -> Study:
    """Series numbered from 1 in one exam."""
    for number, tags in enumerate(listed, start=1):
        grid = CORONAL if tags.get("SeriesDescription", "").endswith("cor") else AXIAL
        series(folder, number, tags, grid=grid, exam=name)
    return scan(folder)


def roles(study: Study) -> list[str]:
    return [s.role for s in study.series]
