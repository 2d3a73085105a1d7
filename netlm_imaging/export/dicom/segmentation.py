"""Masks as DICOM SEG, on their own grid: each plane where the patient's coordinates say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

import netlm_imaging
from netlm_imaging.export.dicom import codes
from netlm_imaging.export.dicom.segments import Segment
from netlm_imaging.export.dicom.source import SOFTWARE, DicomSource
from netlm_imaging.plan.plan_file import mask_sha256
from netlm_imaging.volume import LabelMap, Mask

if TYPE_CHECKING:
    from highdicom.seg import Segmentation

_AXES_KJI = [2, 1, 0, 3]
"""Columns of an affine of (i, j, k) in the order of array axes."""


def seg_of(
    mask: Mask | LabelMap,
    segments: Sequence[Segment],
    source: DicomSource,
    *,
    content: str,
    instance: int,
    run: str,
) -> Segmentation:
    """A binary SEG of ``mask`` with ``segments``, numbered from 1 in their order.

    Planes that hold nothing are left out; a segment without voxels is described and has no plane.
    ``content`` names it (``LESIONS``), ``instance`` is its number in the series, ``run`` tells the series
    from that of another run. Raises ValueError for a mask without any voxel of ``segments``.
    """
    import highdicom as hd

    numbers = np.zeros(max(int(mask.array.max()), *(s.label for s in segments)) + 1, dtype=np.uint16)
    numbers[[s.label for s in segments]] = range(1, len(segments) + 1)
    array = np.stack([numbers[plane.astype(np.intp)] for plane in mask.array])
    if not array.any():
        raise ValueError(f"no voxel in {content}")
    made = hd.seg.Segmentation(
        source_images=list(source.images),
        pixel_array=hd.Volume(
            array,
            affine=mask.grid.affine_lps[:, _AXES_KJI],
            coordinate_system="PATIENT",
            frame_of_reference_uid=source.first.FrameOfReferenceUID,
        ),
        segmentation_type="BINARY",
        segment_descriptions=[_described(n, s) for n, s in enumerate(segments, start=1)],
        sop_instance_uid=source.uid("SEG", content, run, mask_sha256(mask)),
        instance_number=instance,
        series_description=f"{SOFTWARE} masks (research)",
        content_label=content,
        content_description=", ".join(s.name for s in segments)[:64],
        **source.equipment("SEG", run),
    )
    # highdicom draws this one by chance.
    organization = source.uid("dimensions", made.SOPInstanceUID)
    for item in (*made.DimensionOrganizationSequence, *made.DimensionIndexSequence):
        item.DimensionOrganizationUID = organization
    return made


def _described(number: int, segment: Segment) -> Any:
    import highdicom as hd

    tracked = segment.tracking_uid is not None
    return hd.seg.SegmentDescription(
        segment_number=number,
        segment_label=segment.name,
        segmented_property_category=segment.category,
        segmented_property_type=segment.type,
        algorithm_type="AUTOMATIC" if segment.planned else "SEMIAUTOMATIC",
        algorithm_identification=hd.AlgorithmIdentificationSequence(
            name=SOFTWARE, version=netlm_imaging.__version__, family=codes.ALGORITHMS
        ),
        tracking_uid=segment.tracking_uid,
        tracking_id=segment.name if tracked else None,
        anatomic_regions=[codes.LIVER] if segment.in_liver else None,
        display_color=None if segment.color is None else hd.color.CIELabColor.from_string(segment.color),
    )
