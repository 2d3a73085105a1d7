"""Measures of lesions and liver as SR, template TID 1500; each refers to its segment in a SEG."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pydicom.sr.coding import Code

import netlm_imaging
from netlm_imaging.case import CaseLesion, CaseResult
from netlm_imaging.export.dicom import codes
from netlm_imaging.export.dicom.source import SOFTWARE, DicomSource

if TYPE_CHECKING:
    from highdicom.seg import Segmentation
    from highdicom.sr import ComprehensiveSR

Values = Iterator[tuple[Code, float | None, Code]]
"""Name, value (None where not known) and unit."""


def sr_of(
    case: CaseResult, segs: Mapping[str, Segmentation], source: DicomSource, *, run: str
) -> ComprehensiveSR:
    """A measurement group for each lesion, the liver and its remnant, as far as ``segs`` (by part) has them.

    Lesions are tracked by the identifiers of their segments. Values are those of case.json.
    """
    import highdicom as hd

    groups = [*_liver(case, segs), *_remnant(case, segs), *_lesions(case, segs)]
    report = hd.sr.MeasurementReport(
        observation_context=hd.sr.ObservationContext(
            observer_device_context=hd.sr.ObserverContext(
                observer_type=codes.DEVICE,
                observer_identifying_attributes=hd.sr.DeviceObserverIdentifyingAttributes(
                    uid=source.uid("device", netlm_imaging.__version__),
                    name=SOFTWARE,
                    manufacturer_name=SOFTWARE,
                    model_name=SOFTWARE,
                    serial_number=netlm_imaging.__version__,
                ),
            )
        ),
        procedure_reported=codes.PROCEDURE,
        imaging_measurements=[_group(source, *group) for group in groups],
        title=codes.REPORT,
    )
    return hd.sr.ComprehensiveSR(
        evidence=[*source.images, *segs.values()],
        content=report[0],
        sop_instance_uid=source.uid("measurements", run),
        instance_number=1,
        series_description=f"{SOFTWARE} measurements (research)",
        is_complete=True,
        **source.equipment("SR", run),
    )


_Group = tuple["Segmentation", int, str, Code, Values]
"""SEG, segment number, identifier, what it is, values."""


def _liver(case: CaseResult, segs: Mapping[str, Segmentation]) -> Iterator[_Group]:
    liver = case.liver
    values = (
        (codes.VOLUME, liver.total_ml, codes.ML),
        (codes.TUMOR_VOLUME, liver.tumor_ml, codes.ML),
        (codes.FUNCTIONAL_VOLUME, liver.functional_ml, codes.ML),
        (codes.DEBULKING, case.plan.debulking_percent, codes.PERCENT),
    )
    if "liver" in segs:
        yield segs["liver"], 1, "Liver", codes.LIVER, iter(values)


def _remnant(case: CaseResult, segs: Mapping[str, Segmentation]) -> Iterator[_Group]:
    values = (
        (codes.VOLUME, case.plan.flr_ml, codes.ML),
        (codes.REMNANT_SHARE, case.plan.flr_percent, codes.PERCENT),
    )
    if "remnant" in segs:
        yield segs["remnant"], 1, "Future liver remnant", codes.REMNANT, iter(values)


def _lesions(case: CaseResult, segs: Mapping[str, Segmentation]) -> Iterator[_Group]:
    if "lesions" not in segs:
        return
    numbers = {item.SegmentLabel: int(item.SegmentNumber) for item in segs["lesions"].SegmentSequence}
    for lesion in case.lesions:
        name = f"Lesion {lesion.id}"
        yield segs["lesions"], numbers[name], name, codes.METASTASIS, _measures(lesion)


def _measures(lesion: CaseLesion) -> Values:
    yield codes.VOLUME, lesion.volume_ml, codes.ML
    yield codes.LONGEST_DIAMETER, lesion.longest_diameter_mm, codes.MM
    yield codes.SUV, lesion.suv_max, codes.G_PER_ML


def _group(source: DicomSource, seg: Segmentation, number: int, name: str, kind: Code, values: Values) -> Any:
    import highdicom as hd

    described = seg.SegmentSequence[number - 1]
    tracking = described.get("TrackingUID") or source.uid("tracking", name, seg.SOPInstanceUID)
    return hd.sr.VolumetricROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=hd.sr.TrackingIdentifier(uid=tracking, identifier=name),
        referenced_segment=hd.sr.ReferencedSegment(
            sop_class_uid=seg.SOPClassUID,
            sop_instance_uid=seg.SOPInstanceUID,
            segment_number=number,
            source_series=hd.sr.SourceSeriesForSegmentation(source.series_uid),
        ),
        finding_type=kind,
        finding_sites=[hd.sr.FindingSite(anatomic_location=codes.LIVER)],
        measurements=[
            hd.sr.Measurement(
                name=code,
                value=value,
                unit=unit,
                derivation=codes.MAXIMUM if code is codes.SUV else None,
            )
            for code, value, unit in values
            if value is not None
        ],
    )
