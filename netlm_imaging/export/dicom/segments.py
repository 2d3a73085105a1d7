"""What the labels of each mask of a case are, in words and codes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from pydicom.sr.coding import Code

from netlm_imaging.anatomy import SEGMENT_NAMES
from netlm_imaging.export import palette
from netlm_imaging.export.dicom import codes
from netlm_imaging.export.dicom.source import DicomSource
from netlm_imaging.plan.plan_file import mask_sha256
from netlm_imaging.volume import LabelMap, Mask

_LONGEST_NAME = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """What one label of a mask is."""

    label: int = 1
    """Its value in the mask."""
    name: str
    category: Code = codes.STRUCTURE
    type: Code
    color: str | None = None
    planned: bool = False
    """Made by the planner; else a mask as given, found or reviewed."""
    in_liver: bool = False
    tracking_uid: str | None = None
    """Lesions alone are followed from object to object."""


_PLANNED = {"category": codes.REGION, "planned": True, "in_liver": True}
REGIONS = {
    "liver": Segment(name="Liver", type=codes.LIVER, color=palette.LIVER),
    "treated": Segment(name="Treated liver", type=codes.TREATED, color=palette.TREATED, **_PLANNED),
    "remnant": Segment(name="Future liver remnant", type=codes.REMNANT, color=palette.LIVER, **_PLANNED),
    "vessels": Segment(name="Vessels", type=codes.VESSELS, color=palette.VESSEL),
    "portal_vein": Segment(name="Portal vein", type=codes.PORTAL_VEIN, color=palette.VESSEL),
    "spleen": Segment(name="Spleen", type=codes.SPLEEN),
    "gallbladder": Segment(name="Gallbladder", type=codes.GALLBLADDER),
    "bile_ducts": Segment(name="Bile ducts", type=codes.BILE_DUCTS),
    "cysts": Segment(name="Cysts", category=codes.ABNORMAL, type=codes.CYSTS, in_liver=True),
}
"""Masks of one region each, by their names in the case."""


def segments_of(
    part: str, mask: Mask | LabelMap, source: DicomSource, *, cleared: Collection[int] | None
) -> list[Segment]:
    """The segments of ``part``, a mask of a case or of any other name, in the order of their labels.

    ``cleared``: lesions that the plan clears; None without a plan.
    """
    if part in REGIONS:
        return [REGIONS[part]]
    labels = mask.labels if isinstance(mask, LabelMap) else (1,)
    if part == "lesions":
        return _lesions(labels, source, key=mask_sha256(mask), cleared=labels if cleared is None else cleared)
    if part == "segments":
        # All eight, so that segment n of the file is Couinaud's segment n also where one was resected.
        known = zip(SEGMENT_NAMES, codes.COUINAUD, strict=True)
        couinaud = [Segment(label=n, name=f"Segment {s}", type=c) for n, (s, c) in enumerate(known, start=1)]
        return couinaud + _unknown("Label", [n for n in labels if n > len(couinaud)], numbered=True)
    return _unknown(part, labels, numbered=len(labels) > 1)


def _lesions(
    labels: Collection[int], source: DicomSource, *, key: str, cleared: Collection[int]
) -> list[Segment]:
    return [
        Segment(
            label=n,
            name=f"Lesion {n}",
            category=codes.ABNORMAL,
            type=codes.METASTASIS,
            color=palette.CLEARED if n in cleared else palette.RESIDUAL,
            in_liver=True,
            tracking_uid=source.uid("lesion", str(n), key),
        )
        for n in labels
    ]


def _unknown(name: str, labels: Collection[int], *, numbered: bool) -> list[Segment]:
    """What a person drew and named in words alone."""
    named = [(n, f"{name} {n}" if numbered else name) for n in labels]
    return [Segment(label=n, name=text[:_LONGEST_NAME], type=codes.STRUCTURE) for n, text in named]
