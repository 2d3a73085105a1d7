"""Real World Value maps: what other software says that SUVbw is. A check of ours, never a source.

They stand in the images themselves or in objects of their own in the study, which name the images.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset

from netlm_imaging.ingest import values as v
from netlm_imaging.ingest.suv_facts import WorldMap

MODALITY = "RWV"
_GROUPS, _SERIES = "ReferencedImageRealWorldValueMappingSequence", "ReferencedSeriesSequence"
_TAGS = (v.tag_of(_GROUPS), v.tag_of(_SERIES))


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyMap:
    """A SUVbw map of an object in the study and the images that it is for."""

    slope: float
    intercept: float
    images: frozenset[str] = field(repr=False)
    """SOPInstanceUIDs."""
    series: frozenset[str] = field(repr=False)
    """SeriesInstanceUIDs, for objects that name no images."""

    def is_for(self, series_uid: str, sop_uids: frozenset[str]) -> bool:
        """Whether it names images of a series."""
        return bool(self.images & sop_uids) if self.images else series_uid in self.series


def study_maps(file: Path) -> tuple[StudyMap, ...]:
    """The SUVbw maps of a Real World Value Mapping object. Raises what pydicom raises."""
    ds = pydicom.dcmread(
        file, stop_before_pixels=True, force=True, specific_tags=[v.tag_of(_GROUPS), v.tag_of(_SERIES)]
    )
    series = v.items(ds, _SERIES)
    by_series = frozenset(v.text(item, "SeriesInstanceUID") for item in series) - {""}
    by_image = _images(series, "ReferencedInstanceSequence")
    return tuple(
        StudyMap(
            slope=slope,
            intercept=intercept,
            images=_images([group], "ReferencedImageSequence") or by_image,
            series=by_series,
        )
        for group in v.items(ds, _GROUPS)
        for slope, intercept in _suv_maps(group)
    )


def maps_of(datasets: Sequence[Dataset], beside: Sequence[StudyMap]) -> tuple[WorldMap, ...]:
    """All SUVbw maps of these images, with the slices that each is for."""
    inside: dict[int, list[tuple[int, float, float]]] = defaultdict(list)
    for n, ds in enumerate(datasets):
        for place, line in enumerate(_suv_maps(ds)):
            inside[place].append((n, *line))
    uids = [v.text(ds, "SOPInstanceUID") for ds in datasets]
    lines = list(inside.values())
    for entry in beside:
        named = [n for n, uid in enumerate(uids) if not entry.images or uid in entry.images]
        lines.append([(n, entry.slope, entry.intercept) for n in named])
    return tuple(_world_map(line) for line in lines if line)


def _world_map(line: Sequence[tuple[int, float, float]]) -> WorldMap:
    slices, slopes, intercepts = zip(*line, strict=True)
    return WorldMap(slices=slices, slopes=slopes, shifted=any(intercepts))


def _images(items: Sequence[Dataset], name: str) -> frozenset[str]:
    uids = {v.text(image, "ReferencedSOPInstanceUID") for item in items for image in v.items(item, name)}
    return frozenset(uids - {""})


def _suv_maps(ds: Dataset) -> list[tuple[float, float]]:
    """Slope and intercept of the linear maps whose unit is SUVbw (UCUM ``{SUVbw}g/ml``)."""
    found = []
    for entry in v.items(ds, "RealWorldValueMappingSequence"):
        unit = v.text(v.item(entry, "MeasurementUnitsCodeSequence"), "CodeValue").upper()
        slope = v.number(entry, "RealWorldValueSlope")
        if slope is not None and "SUVBW" in unit:
            found.append((slope, v.number(entry, "RealWorldValueIntercept") or 0.0))
    return found
