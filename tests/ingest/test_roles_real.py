"""Roles of real scans."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest
from pydicom.dataset import Dataset
from unpacking import SAFELY

from netlm_imaging.ingest import scan
from netlm_imaging.ingest.header import parse_header, quiet
from netlm_imaging.ingest.roles import role_of

pytestmark = pytest.mark.real


def test_t2_and_adc_of_a_canon_scanner(real_data: Path, tmp_path: Path) -> None:
    (t2_folder := tmp_path / "t2").mkdir()
    with tarfile.open(real_data / "cmb-crc-mr" / "t2_image.tar.xz") as archive:
        archive.extractall(t2_folder, **SAFELY)
    (t2,) = scan(t2_folder).series
    assert (t2.role, t2.facts.plane) == ("t2", "axial")
    (adc,) = scan(real_data / "cmb-crc-mr" / "adc_image").series
    assert adc.role == "adc"


def test_fdg_pet_ct(real_data: Path) -> None:
    """GE: the tracer by name and by GE's own code; NAC beside it; the CT of the PET."""
    study = scan(real_data / "ohif-acrin-petct")
    by_role = {s.role: s for s in study.series}
    pet, ct = by_role["pet"], by_role["ct"]
    assert (pet.facts.tracer, pet.facts.receptor) == ("FDG", False)
    assert "NOT_RECEPTOR_TRACER" in [n.code for n in pet.notices]
    assert (ct.facts.with_pet, ct.facts.kernel) == (True, "soft")
    assert by_role["other"].role_reason == "PET in units PROPCNTS"


def test_portal_venous_ct_by_the_time_of_its_injection(real_data: Path) -> None:
    (ct,) = scan(real_data / "totalsegmentator" / "example_ct_dicom").series
    assert (ct.role, ct.facts.ct_phase, ct.facts.kernel) == ("ct", "portal", "soft")


@pytest.mark.parametrize("words", ["t1_vibe_fs_tra_bh_3 x dyn_Gd", "HBP 20min", "hepatobiliary phase"])
def test_an_extracellular_agent_is_never_hepatobiliary(words: str, real_data: Path) -> None:
    path = real_data / "dicom-quirks" / "liver_mr_extracellular" / "header_tags.json"
    tags = Dataset()
    with quiet():
        for name, value in json.loads(path.read_text()).items():
            setattr(tags, name, value)
        tags.SeriesDescription = words
    verdict = role_of(parse_header(tags, path=path, where="header"))
    assert verdict.role == "other", verdict.reason
    assert verdict.facts.agent == "gadoterate"
    assert verdict.facts.fat_suppressed is True
