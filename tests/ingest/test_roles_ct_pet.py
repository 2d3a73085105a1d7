# ruff: noqa: E501
"""CT phases and kernels; PET tracers by code, by name and by nuclide."""

from __future__ import annotations

import pytest
from ingest.vendors import CT, CU64, F18, GA68, PET, Tags, code, given, header

from netlm_imaging.ingest.roles import role_of
from netlm_imaging.ingest.roles_ct import kernel_kind


@pytest.mark.parametrize(
    ("tags", "phase"),
    [
        ({"SeriesDescription": "Abdomen nativ 3.0 Br40"}, "native"),
        ({"SeriesDescription": "Abd w/o contrast"}, "native"),
        ({"SeriesDescription": "VNC 1.0"}, "native"),
        ({"SeriesDescription": "Leber art 1.5"}, "arterial"),
        ({"SeriesDescription": "spätarteriell", "SpecificCharacterSet": "ISO_IR 100"}, "arterial"),
        ({"SeriesDescription": "PORTAL VENOUS 3mm"}, "portal"),
        ({"SeriesDescription": "Abdomen ven 3.0"}, "portal"),
        ({"SeriesDescription": "temps portal"}, "portal"),
        ({"SeriesDescription": "Fase portale"}, "portal"),
        ({"SeriesDescription": "门静脉期", "SpecificCharacterSet": "GB18030"}, "portal"),
        ({"SeriesDescription": "Delayed 5 min"}, "delayed"),
        ({"SeriesDescription": "fase tardiva"}, "delayed"),
        ({"SeriesDescription": "Abdomen 3.0", "ProtocolName": "Leber venoes"}, "portal"),
        ({"SeriesDescription": "Abdomen 3.0", "ProtocolName": "Leber nativ art ven"}, None),
        ({"SeriesDescription": "Abdomen 3.0", "ContrastBolusStartTime": "095925"}, "arterial"),
        ({"SeriesDescription": "Abdomen 3.0", "ContrastBolusStartTime": "095845"}, "portal"),
        ({"SeriesDescription": "Abdomen 3.0", "ContrastBolusStartTime": "095500"}, "delayed"),
        ({"SeriesDescription": "Abdomen 3.0", "ContrastBolusStartTime": "000000"}, None),
        ({"SeriesDescription": "Abdomen ven", "ContrastBolusStartTime": "095845"}, "portal"),
        ({"SeriesDescription": "Abdomen art", "ContrastBolusStartTime": "095500"}, None),
        ({"SeriesDescription": "Abdomen 3.0", "ContrastBolusAgent": "Omnipaque 350"}, None),
    ],
)
def test_phase_of_ct(tags: Tags, phase: str | None) -> None:
    verdict = role_of(header({**CT, **tags}))
    assert (verdict.role, verdict.facts.ct_phase) == ("ct", phase), verdict.reason


@pytest.mark.parametrize(
    ("kernel", "kind"),
    [
        ("B30f", "soft"), ("I31f", "soft"), ("Br40d", "soft"), ("Br38f", "soft"), ("B70f", "sharp"), ("Bl57d", "sharp"),
        ("Hr60f", "sharp"), ("STANDARD", "soft"), ("SOFT", "soft"), ("LUNG", "sharp"), ("BONE", "sharp"),
        ("BONEPLUS", "sharp"), ("FC08", "soft"), ("FC13", "soft"), ("FC51", "sharp"), ("FC30", "sharp"), ("B", "soft"),
        ("L", "sharp"), ("B_SOFT_A", "soft"), ("B_VSHARP_B", "sharp"), ("", None), ("ODD", None),
    ],
)  # fmt: skip
def test_kernels_of_five_vendors(kernel: str, kind: str | None) -> None:
    assert kernel_kind(kernel) == kind


def test_facts_of_ct() -> None:
    attenuation = role_of(
        header({**CT, "SeriesDescription": "CT AC low dose 4.0", "ConvolutionKernel": ["B19f", "2"]})
    )
    assert (attenuation.facts.attenuation_ct, attenuation.facts.kernel) == (True, "soft")
    lung = role_of(header({**CT, "SeriesDescription": "Thorax Lunge 1.0"}))
    assert lung.facts.kernel == "sharp"
    coronal = {"ImageOrientationPatient": [1, 0, 0, 0, 0, -1], "ImageType": ["DERIVED", "SECONDARY", "MPR"]}
    facts = role_of(header({**CT, **coronal})).facts
    assert (facts.plane, facts.reformatted) == ("coronal", True)
    assert role_of(header({**CT, "SeriesDescription": "Iodine map"})).role == "other"


RECEPTOR: list[Tags] = [
    given("Ga-68 DOTATATE", nuclide=GA68),
    given("DOTATOC"),
    given("68Ga-DOTANOC", nuclide=GA68),
    given("Solution", tracer=code("724025002")),
    given(tracer=code("C2713594", scheme="UMLS")),
    given("Cu 64 dotatate", nuclide=CU64),
    given("Detectnet", nuclide=CU64),
    given("NETSPOT"),
    given("gallium edotreotide"),
    given("18F-SiTATE", nuclide=F18),
    given("AlF-NOTA-octreotide", nuclide=F18),
    given("64Cu-SARTATE", nuclide=CU64),
    given("44Sc-DOTATOC", nuclide=code("", "^44^Scandium")),
    given("DOTA-JR11", nuclide=GA68),
]
OTHER_TRACERS: list[Tags] = [
    given("FDG -- fluorodeoxyglucose", nuclide=F18),
    given("Fluorodeoxyglucose"),
    given("F-18 Fluordesoxyglucose", nuclide=F18),
    given("Solution", tracer=code("C-B1031", scheme="SRT"), nuclide=F18),
    given(tracer=code("35321007")),
    given("PSMA-11", nuclide=GA68),
    given("Pylarify", nuclide=F18),
    given(tracer=code("126758", scheme="DCM")),
    given("FAPI-46", nuclide=GA68),
    given("FES", nuclide=F18),
    given("fluorocholine", nuclide=F18),
    given("F-DOPA", nuclide=F18),
    given("6-fluoro-L-dopa", tracer=code("C-E0241", scheme="SRT")),
    given("NaF", nuclide=F18),
    given("exendin-4", nuclide=GA68),
]


@pytest.mark.parametrize("drug", RECEPTOR)
def test_tracers_of_somatostatin_receptors(drug: Tags) -> None:
    verdict = role_of(header({**PET, **drug}))
    assert (verdict.role, verdict.facts.receptor, verdict.confidence) == ("pet", True, 1.0), verdict.reason
    assert verdict.facts.tracer
    assert verdict.notices == ()


@pytest.mark.parametrize("drug", OTHER_TRACERS)
def test_other_tracers_are_known_not_to_show_receptors(drug: Tags) -> None:
    """Whatever the description says."""
    verdict = role_of(header({**PET, **drug}))
    assert (verdict.role, verdict.facts.receptor, verdict.confidence) == ("pet", False, 1.0), verdict.reason
    assert [n.code for n in verdict.notices] == ["NOT_RECEPTOR_TRACER"]
    said = role_of(header({**PET, **drug, "StudyDescription": "PET/CT DOTATATE"}))
    assert said.facts.receptor is not True
    assert said.notices


@pytest.mark.parametrize(
    ("tags", "receptor", "confidence", "notice"),
    [
        ({**given("Solution", nuclide=GA68), "StudyDescription": "PET/CT Ga-68 DOTATATE"}, True, 0.6, None),
        ({**given(nuclide=GA68), "SeriesDescription": "PET DOTATOC AC"}, True, 0.6, None),
        ({**given(nuclide=F18), "StudyDescription": "FDG Ganzkörper"}, False, 0.6, "NOT_RECEPTOR_TRACER"),
        (given(nuclide=GA68), None, 0.5, "TRACER_UNKNOWN"),
        (given("Solution"), None, 0.5, "TRACER_UNKNOWN"),
        ({}, None, 0.5, "TRACER_UNKNOWN"),
        (given("Solution", nuclide=F18), False, 0.4, "NOT_RECEPTOR_TRACER"),
        (given(nuclide=code("", "^89^Zirconium")), False, 0.4, "NOT_RECEPTOR_TRACER"),
        # Scanners write FDG when nothing else is set up: it cannot be with 68Ga.
        ({**given("FDG", nuclide=GA68), "StudyDescription": "PET DOTATATE"}, True, 0.5, "TRACER_CONTRADICTS"),
        (given("FDG", nuclide=GA68), None, 0.4, "TRACER_CONTRADICTS"),
        (
            {**given("DOTATATE", nuclide=GA68), "StudyDescription": "PSMA PET"},
            None,
            0.5,
            "TRACER_CONTRADICTS",
        ),
    ],
)
def test_tracers_that_are_not_sure(
    tags: Tags, receptor: bool | None, confidence: float, notice: str | None
) -> None:
    verdict = role_of(header({**PET, "SpecificCharacterSet": "ISO_IR 192", **tags}))
    assert (verdict.role, verdict.facts.receptor, verdict.confidence) == ("pet", receptor, confidence)
    assert [n.code for n in verdict.notices] == ([notice] if notice else [])


@pytest.mark.parametrize(
    "tags",
    [
        {"CorrectedImage": ["DECY", "SCAT"]},
        {"Units": "PROPCNTS"},
        {"ImageType": ["DERIVED", "SECONDARY", "MIP"]},
    ],
)
def test_pet_that_is_no_measurement(tags: Tags) -> None:
    assert role_of(header({**PET, **given("DOTATATE"), **tags})).role == "other"
