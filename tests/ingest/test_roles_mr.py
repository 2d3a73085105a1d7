# ruff: noqa: E501, RUF001
"""MR series of five vendors: what a radiologist would call each of them."""

from __future__ import annotations

import pytest
from ingest.vendors import (
    BLADE,
    CANON,
    DWI,
    FSP3D,
    HASTE,
    LAVA,
    QUICK3D,
    SIEMENS,
    SSFSE,
    SSH,
    THRIVE,
    UIH,
    VIBE,
    VIBE_DIXON,
    Tags,
    coded_agent,
    header,
)

from netlm_imaging.ingest.roles import role_of

PRIMOVIST: Tags = {"ContrastBolusAgent": "Primovist 10 ml"}
EOVIST: Tags = {"ContrastBolusAgent": "EOVIST"}
MULTIHANCE: Tags = {"ContrastBolusAgent": "MultiHance 15ml"}
DOTAREM: Tags = {"ContrastBolusAgent": "Dotarem 14ml"}
SOME: Tags = {"ContrastBolusAgent": "10 ml"}


def at(injected: str) -> Tags:
    """Injected at that time; the image was acquired at 10:00:00."""
    return {"ContrastBolusStartTime": injected}


def said(words: str, **more: object) -> Tags:
    return {"SeriesDescription": words, **more}


def typed(*values: str) -> Tags:
    return {"ImageType": list(values)}


HEPATOBILIARY: list[tuple[Tags, str]] = [
    ({**VIBE, **PRIMOVIST, **at("094000")}, "hbp"),
    ({**VIBE, **PRIMOVIST, **at("094958")}, "hbp"),
    ({**VIBE, **PRIMOVIST, **at("095102")}, "transitional"),
    ({**VIBE, **PRIMOVIST, **at("095630")}, "transitional"),
    ({**VIBE, **PRIMOVIST, **at("095850")}, "portal"),
    ({**VIBE, **PRIMOVIST, **at("095935")}, "arterial"),
    ({**VIBE, **PRIMOVIST, **at("100200")}, "precontrast"),
    ({**VIBE, **PRIMOVIST, **at("000000"), **said("t1_vibe_fs_tra_20min")}, "hbp"),
    ({**VIBE, **PRIMOVIST, **at("000000")}, "other"),
    ({**VIBE, **coded_agent("440223009"), **at("094000")}, "hbp"),
    ({**VIBE, **coded_agent("C-178FF"), **said("vibe 20 min")}, "hbp"),
    ({**VIBE, **coded_agent("712714000"), **said("vibe 20 min")}, "other"),
    ({**VIBE, **coded_agent("792865009"), **at("085500")}, "hbp"),
    ({**LAVA, **EOVIST, **said("Ax LAVA-Flex HBP 20min")}, "hbp"),
    ({**LAVA, **EOVIST, **said("WATER: Ax LAVA-Flex 20 MIN DELAY")}, "hbp"),
    ({**LAVA, **EOVIST, **said("FAT: Ax LAVA-Flex 20 MIN DELAY")}, "other"),
    ({**LAVA, **EOVIST, **said("InPhase: Ax LAVA-Flex 20 MIN")}, "other"),
    ({**LAVA, **EOVIST, **said("OutPhase: Ax LAVA-Flex 20 MIN")}, "other"),
    ({**THRIVE, **said("eTHRIVE_HBP", ContrastBolusAgent="Gd-EOB-DTPA")}, "hbp"),
    ({**THRIVE, **said("eTHRIVE 15 min", ContrastBolusAgent="gadoxetic acid")}, "hbp"),
    ({**THRIVE, **PRIMOVIST, **said("mDIXON_W 20min"), **typed("DERIVED", "PRIMARY", "W", "W", "DERIVED")}, "hbp"),
    ({**THRIVE, **PRIMOVIST, **said("mDIXON 20min"), **typed("DERIVED", "PRIMARY", "IP", "IP", "DERIVED")}, "other"),
    ({**THRIVE, **PRIMOVIST, **said("mDIXON 20min"), **typed("DERIVED", "PRIMARY", "F", "F", "DERIVED")}, "other"),
    ({**QUICK3D, **PRIMOVIST, **said("Quick3Ds FatSat HB phase")}, "hbp"),
    ({**QUICK3D, **said("肝細胞相 20分", ContrastBolusAgent="EOB・プリモビスト", SpecificCharacterSet="ISO_IR 192")}, "hbp"),
    ({**FSP3D, **said("t1_quick3d_肝胆期", ContrastBolusAgent="普美显", SpecificCharacterSet="GB18030")}, "hbp"),
    ({**FSP3D, **said("간담도기 20분", ContrastBolusAgent="프리모비스트", SpecificCharacterSet="ISO_IR 192")}, "hbp"),
    ({**VIBE, **PRIMOVIST, **said("t1_vibe_fs_tra_leberspezifisch")}, "hbp"),
    ({**VIBE, **PRIMOVIST, **said("VIBE FS phase hépatobiliaire", SpecificCharacterSet="ISO_IR 100")}, "hbp"),
    ({**VIBE, **PRIMOVIST, **said("vibe fase epatobiliare")}, "hbp"),
    ({**VIBE, **PRIMOVIST, **said("vibe fase hepatocitaria")}, "hbp"),
    ({**VIBE, **PRIMOVIST, **said("vibe faza wątrobowo-żółciowa", SpecificCharacterSet="ISO_IR 192")}, "hbp"),
    ({**VIBE, **PRIMOVIST, **said("vibe hepatobiliyer faz 20 dk", SpecificCharacterSet="ISO_IR 192")}, "hbp"),
    ({**VIBE, **PRIMOVIST, **said("vibe leverspecifieke fase")}, "hbp"),
    ({**VIBE, **MULTIHANCE, **at("090000")}, "hbp"),
    ({**VIBE, **MULTIHANCE, **said("vibe hepatobiliary 60 min")}, "hbp"),
    ({**VIBE, **MULTIHANCE, **said("vibe hepatobiliary 20 min")}, "other"),
    ({**VIBE, **MULTIHANCE, **at("094000")}, "other"),
    ({**VIBE, **MULTIHANCE, **at("094000"), **said("vibe HBP")}, "other"),
    ({**VIBE, **said("t1_vibe_fs_HBP")}, "hbp"),
    ({**VIBE, **SOME, **said("t1_vibe_fs_20min")}, "hbp"),
    ({**VIBE, **said("t1_vibe_Primovist_20min")}, "hbp"),
    ({**VIBE, **PRIMOVIST, **said("starvibe fs tra 20min fb")}, "hbp"),
    ({**VIBE, **PRIMOVIST, **said("t1_vibe_fs_cor_20min"), "ImageOrientationPatient": [1, 0, 0, 0, 0, -1]}, "hbp"),
]  # fmt: skip
"""Everything about the agent that liver cells take up."""

NEVER_HEPATOBILIARY: list[tuple[Tags, str]] = [
    ({**VIBE, **said("t1_vibe HBP 20min"), "ContrastBolusAgent": agent}, "other")
    for agent in (
        "Dotarem 14ml", "GADOVIST 7,5", "Gadavist", "Magnevist", "ProHance", "Omniscan 0.5", "Clariscan", "Elucirem",
        "gadoteric acid", "Gd-DTPA", "Gd-DOTA", "gadobutrol", "10mlDotarem", "Resovist", "Vueway", "Artirem",
        "Dotarem + Primovist",
    )
] + [
    ({**VIBE, **DOTAREM, **at("094000")}, "other"),
    ({**VIBE, **DOTAREM, **said("t1_vibe_fs_tra_bh_3 x dyn_Gd")}, "other"),
    ({**VIBE, **DOTAREM, **said("t1 vibe late 5min")}, "other"),
    ({**VIBE, **DOTAREM, **said("t1 vibe portal venous")}, "portal"),
    ({**VIBE, **PRIMOVIST, **at("094000"), **said("t1_vibe_nofs_tra_20min")}, "other"),
    ({**VIBE_DIXON, **PRIMOVIST, **at("094000"), **said("t1_vibe_dixon_20min_in")}, "other"),
    ({**VIBE_DIXON, **PRIMOVIST, **at("094000"), **said("t1_vibe_dixon_20min_opp")}, "other"),
    ({**VIBE_DIXON, **PRIMOVIST, **at("094000"), **said("t1_vibe_dixon_20min_F")}, "other"),
    ({**VIBE_DIXON, **PRIMOVIST, **at("094000"), **said("t1_vibe_dixon_20min_W")}, "hbp"),
    ({**VIBE, **PRIMOVIST, **at("094000"), **said("t1_vibe_art")}, "other"),
    ({**VIBE, **PRIMOVIST, **at("095940"), **said("t1_vibe_20min")}, "other"),
    ({**VIBE, **PRIMOVIST, **said("t1_vibe_20min_SUB")}, "other"),
    ({**VIBE, **PRIMOVIST, **said("t1_vibe_20min"), **typed("DERIVED", "SECONDARY", "SUBTRACTION")}, "other"),
    ({**VIBE, **PRIMOVIST, **said("t1_vibe_20min_MIP_cor")}, "other"),
    ({**VIBE, **PRIMOVIST, **said("t1_vibe_20min"), **typed("DERIVED", "SECONDARY", "MIP")}, "other"),
    ({**VIBE, **PRIMOVIST, **said("T1 map 20min"), **typed("DERIVED", "PRIMARY", "T1 MAP")}, "other"),
    ({**HASTE, **PRIMOVIST, **said("t2 haste 20min HBP")}, "t2"),
]  # fmt: skip
"""Words and times of a hepatobiliary phase, on images that are none."""

DYNAMIC: list[tuple[Tags, str]] = [
    ({**VIBE, **said("t1_vibe_fs_tra_nativ")}, "precontrast"),
    ({**VIBE, **said("t1_vibe_fs_tra_ohne KM")}, "precontrast"),
    ({**VIBE, **said("t1_vibe_fs_tra_KM")}, "other"),
    ({**VIBE, **PRIMOVIST, **said("t1_vibe_fs_tra_art1")}, "arterial"),
    ({**VIBE, **PRIMOVIST, **said("t1_vibe_fs_tra_spätarteriell", SpecificCharacterSet="ISO_IR 100")}, "arterial"),
    ({**VIBE, **PRIMOVIST, **said("vibe artérielle tardive", SpecificCharacterSet="ISO_IR 100")}, "arterial"),
    ({**VIBE, **PRIMOVIST, **said("t1_vibe_fs_tra_ven")}, "portal"),
    ({**VIBE, **PRIMOVIST, **said("t1_vibe_fs_tra_late venous")}, "transitional"),
    ({**VIBE, **PRIMOVIST, **said("t1_vibe_fs_tra_Übergangsphase", SpecificCharacterSet="ISO_IR 100")}, "transitional"),
    ({**VIBE, **PRIMOVIST, **said("t1_vibe_fs_tra_3min")}, "transitional"),
    ({**VIBE, **PRIMOVIST, **said("t1_vibe_fs_tra_70s")}, "portal"),
    ({**VIBE, **PRIMOVIST, **said("t1_vibe_fs_tra_bh_20s")}, "other"),
    ({**VIBE, **PRIMOVIST, **said("t1_vibe_pre_art_ven_dyn")}, "other"),
    ({**VIBE, **PRIMOVIST, **said("", ProtocolName="t1_vibe_fs_tra_art")}, "arterial"),
    ({**LAVA, **EOVIST, **said("Ax LAVA PRE", ProtocolName="LIVER HEPATOBILIARY")}, "precontrast"),
    ({**LAVA, **EOVIST, **said("Ax LAVA ART", ProtocolName="LIVER HEPATOBILIARY")}, "arterial"),
    ({**LAVA, **EOVIST, **said("Ax LAVA", ProtocolName="LIVER HEPATOBILIARY 20 MIN")}, "other"),
    ({**LAVA, **said("DISCO late arterial")}, "arterial"),
    ({**LAVA, **said("Ax LAVA + C 5 MIN")}, "transitional"),
    ({**THRIVE, **said("eTHRIVE portaal veneus")}, "portal"),
    ({**THRIVE, **said("THRIVE fase arteriosa")}, "arterial"),
    ({**THRIVE, **said("THRIVE senza mdc")}, "precontrast"),
    ({**THRIVE, **said("THRIVE faza tętnicza", SpecificCharacterSet="ISO_IR 192")}, "arterial"),
    ({**THRIVE, **said("THRIVE faza wrotna")}, "portal"),
    ({**THRIVE, **said("THRIVE sem contraste")}, "precontrast"),
    ({**THRIVE, **said("THRIVE fase venosa tardía", SpecificCharacterSet="ISO_IR 100")}, "transitional"),
    ({**THRIVE, **said("sans injection")}, "precontrast"),
    ({**QUICK3D, **said("動脈相", SpecificCharacterSet="ISO_IR 192")}, "arterial"),
    ({**QUICK3D, **said("門脈相", SpecificCharacterSet=["", "ISO 2022 IR 87"])}, "portal"),
    ({**QUICK3D, **said("移行相", SpecificCharacterSet="ISO_IR 192")}, "transitional"),
    ({**QUICK3D, **said("単純", SpecificCharacterSet="ISO_IR 192")}, "precontrast"),
    ({**FSP3D, **said("t1_fs 平扫", SpecificCharacterSet="GB18030")}, "precontrast"),
    ({**FSP3D, **said("t1_fs 动脉期", SpecificCharacterSet="GB18030")}, "arterial"),
    ({**FSP3D, **said("t1_fs 门静脉期", SpecificCharacterSet="GB18030")}, "portal"),
    ({**FSP3D, **said("t1_fs 증강전 조영전", SpecificCharacterSet="ISO_IR 192")}, "precontrast"),
    ({**FSP3D, **said("동맥기", SpecificCharacterSet="ISO_IR 192")}, "arterial"),
    ({**FSP3D, **said("kontrastsız", SpecificCharacterSet="ISO_IR 192")}, "precontrast"),
    ({**FSP3D, **said("arteriyel faz")}, "arterial"),
]  # fmt: skip
"""Before and in the minutes after the injection."""

FLUID_AND_DIFFUSION: list[tuple[Tags, str]] = [
    ({**HASTE, **said("t2_haste_tra_bh")}, "t2"),
    ({**HASTE, **said("t2_haste_cor"), "ImageOrientationPatient": [1, 0, 0, 0, 0, -1]}, "t2"),
    ({**HASTE, **said("t2_haste_loc")}, "other"),
    ({**BLADE, **said("t2_blade_fs_tra_navi")}, "t2"),
    ({**BLADE, **said("t2_tirm"), "ScanningSequence": ["IR", "SE"], "EchoTime": "69"}, "t2"),
    ({**SSFSE, **said("Ax T2 SSFSE FS")}, "t2"),
    ({**SSH, **said("T2W_SSh_RT")}, "t2"),
    ({**SSH, **said("T2W_SPAIR"), "EchoTime": "240"}, "t2"),
    ({**SSH, **said("T2 TSE"), "ScanningSequence": "RM"}, "t2"),
    ({**SSH, **said("MRCP 3D"), "MRAcquisitionType": "3D", "EchoTime": "650"}, "other"),
    ({**SSH, **said("s3D_MRCP_HR"), "EchoTime": "200"}, "other"),
    ({**HASTE, **said("t2_spc_rst_3d_cor"), "MRAcquisitionType": "3D", "EchoTime": "701"}, "other"),
    ({**HASTE, **said("t1_tse"), "EchoTime": "11"}, "other"),
    ({**DWI, **said("ep2d_diff_b50_400_800_TRACEW"), "DiffusionBValue": 800.0}, "dwi"),
    ({**DWI, **said("ep2d_diff_b0"), "DiffusionBValue": 0.0}, "dwi"),
    ({**DWI, **said("ep2d_diff"), **typed("ORIGINAL", "PRIMARY", "M", "ND")}, "dwi"),
    ({**DWI, **said("ep2d_diff_ADC"), **typed("DERIVED", "PRIMARY", "DIFFUSION", "ADC")}, "adc"),
    ({**DWI, **said("DWI"), **typed("DERIVED", "PRIMARY", "CALC_BVALUE"), "DiffusionBValue": 1400.0}, "dwi"),
    ({**DWI, **said("Apparent Diffusion Coefficient (mm2/s)"), **typed("DERIVED", "SECONDARY", "OTHER")}, "adc"),
    ({**DWI, **said("dADC"), **typed("DERIVED", "SECONDARY", "OTHER")}, "adc"),
    ({**DWI, **said("eADC"), **typed("DERIVED", "SECONDARY", "OTHER")}, "other"),
    ({**DWI, **said("ep2d_diff_FA"), **typed("DERIVED", "PRIMARY", "DIFFUSION", "FA")}, "other"),
    ({**SSH, **said("DWI_3b"), "ScanningSequence": "SE", "DiffusionBValue": 400.0}, "dwi"),
    ({**CANON, **said("DIFF B500"), "Modality": "MR", "ScanningSequence": "SE", "EchoTime": "80", "SequenceName": "SEEPI2D+0.75", "DiffusionBValue": 0.0}, "dwi"),
    ({**SSH, **said("T2W_TSE"), "DiffusionBValue": 0.0}, "t2"),
    ({**THRIVE, **said("eTHRIVE pre"), "DiffusionBValue": 0.0}, "precontrast"),
    ({**UIH, **said("dwi_弥散", SpecificCharacterSet="GB18030"), "Modality": "MR", "ScanningSequence": "EP", "EchoTime": "65"}, "dwi"),
]  # fmt: skip
"""T2, cholangiography, diffusion and what is computed from it."""

NEITHER: list[tuple[Tags, str]] = [
    ({**VIBE, **said("t1_fl2d_opp-in_tra"), "MRAcquisitionType": "2D", "ScanOptions": "PFP"}, "other"),
    ({**LAVA, **said("Ax Dual Echo"), "MRAcquisitionType": "2D"}, "other"),
    ({**LAVA, **said("Ax FSPGR"), "MRAcquisitionType": "2D"}, "other"),
    ({**VIBE, **said("trufi_tra_bh"), "FlipAngle": "60", "SequenceVariant": ["SS", "SK"]}, "other"),
    ({**LAVA, **said("Cor FIESTA FS"), "FlipAngle": "55", "SequenceVariant": ["SS", "SK"]}, "other"),
    ({**THRIVE, **said("BTFE_BH"), "FlipAngle": "60"}, "other"),
    ({**THRIVE, **said("coronal"), "FlipAngle": "60", "SequenceVariant": ["SS", "SK"]}, "other"),
    ({**VIBE, **said("care_bolus_cor"), "MRAcquisitionType": "2D"}, "other"),
    ({**LAVA, **said("Smartprep"), "MRAcquisitionType": "2D"}, "other"),
    ({**THRIVE, **said("mDIXON_Quant FF"), **typed("DERIVED", "PRIMARY", "FF", "FF", "DERIVED")}, "other"),
    ({**THRIVE, **said("mDIXON_Quant R2_STAR"), **typed("DERIVED", "PRIMARY", "R2_STAR MAP")}, "other"),
    ({**LAVA, **said("FatFrac: IDEAL IQ")}, "other"),
    ({**LAVA, **said("MR-Touch Stiffness (kPa)")}, "other"),
    ({**VIBE, **said("gre_mre_wave"), **typed("ORIGINAL", "PRIMARY", "P", "ND")}, "other"),
    ({**VIBE, **said("t1_vibe"), **typed("ORIGINAL", "PRIMARY", "P", "ND")}, "other"),
    ({**VIBE, **said("t2star_gre"), "EchoTime": "14"}, "other"),
    ({**SIEMENS, **said("localizer"), "Modality": "MR", "ScanningSequence": "GR", "EchoTime": "3.7", "RepetitionTime": "8"}, "other"),
    ({**THRIVE, **said("Survey")}, "other"),
    ({**LAVA, **said("Asset calibration")}, "other"),
    ({"Modality": "MR"}, "other"),
]  # fmt: skip
"""Images of a liver exam that are never used."""

ALL = [*HEPATOBILIARY, *NEVER_HEPATOBILIARY, *DYNAMIC, *FLUID_AND_DIFFUSION, *NEITHER]


def test_there_are_more_than_a_hundred() -> None:
    assert len(ALL) >= 140


@pytest.mark.parametrize(
    ("tags", "role"),
    ALL,
    ids=[f"{n}-{role}-{tags.get('SeriesDescription', '')}" for n, (tags, role) in enumerate(ALL)],
)
def test_role(tags: Tags, role: str) -> None:
    verdict = role_of(header(tags))
    assert verdict.role == role, verdict.reason
    assert verdict.reason
    assert 0 < verdict.confidence <= 1


@pytest.mark.parametrize(
    ("tags", "confidence"),
    [
        ({**VIBE, **PRIMOVIST, **at("094000")}, 1.0),
        ({**VIBE, **PRIMOVIST, **at("094000"), "ScanOptions": "PFP"}, 0.9),
        ({**VIBE, **PRIMOVIST, **said("HBP")}, 0.8),
        ({**VIBE, **PRIMOVIST, **said("", ProtocolName="t1_vibe_HBP")}, 0.7),
        ({**VIBE, **PRIMOVIST, **at("094000"), "MRAcquisitionType": "2D"}, 0.6),
        ({**VIBE, **said("HBP")}, 0.5),
        ({**VIBE, **said("vibe 20min")}, 0.4),
    ],
)
def test_how_sure_a_hepatobiliary_phase_is(tags: Tags, confidence: float) -> None:
    verdict = role_of(header(tags))
    assert (verdict.role, verdict.confidence) == ("hbp", confidence)


def test_reasons_and_facts_never_repeat_the_text_of_the_file() -> None:
    for tags, _ in ALL:
        secret = f"SECRET {tags.get('SeriesDescription', '')}"
        agent = f"{tags.get('ContrastBolusAgent', '')} for SECRET^NAME"
        verdict = role_of(header({**tags, "SeriesDescription": secret, "ContrastBolusAgent": agent}))
        assert "SECRET" not in f"{verdict.reason} {verdict.facts} {verdict.notices}".upper()
