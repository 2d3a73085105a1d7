"""SUV of real scanners and of public reference objects: what their README files say must come out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from ingest.test_ingest_real import unpack
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from netlm_imaging.errors import SuvUnavailable
from netlm_imaging.ingest import read_image, scan
from netlm_imaging.ingest.pet_facts import facts_of
from netlm_imaging.ingest.suv import suv_factors

pytestmark = pytest.mark.real

_PHILIPS = {"SUVScaleFactor": 0x00, "ActivityConcentrationScaleFactor": 0x09}


def dataset_of(header: dict[str, Any]) -> Dataset:
    """A JSON header of calculate-suv as the dataset that it was taken from."""
    item, drug, code = Dataset(), Dataset(), Dataset()
    private = header.pop("PhilipsPETPrivateGroup", {})
    for name, value in header.items():
        holder = drug if name.startswith("Radio") else item
        setattr(holder, name, value)
    code.CodeValue = "C-111A1"
    drug.RadionuclideCodeSequence = Sequence([code])
    item.RadiopharmaceuticalInformationSequence = Sequence([drug])
    for name, value in private.items():
        block = item.private_block(0x7053, "Philips PET Private Group", create=True)
        block.add_new(_PHILIPS[name], "DS", value or "0")
    return item


@pytest.mark.parametrize(
    ("vendor", "factor"),
    [
        ("SIEMENS", 0.00042748316187197236),
        ("GE_MEDICAL_AND_BQML", 0.0005367387681819742),
        ("PHILIPS_BQML", 0.0007463747013889488),
        ("PHILIPS_CNTS_AND_SUV", 0.000728),
    ],
)
def test_vendor_factors(real_data: Path, vendor: str, factor: float) -> None:
    instances = json.loads((real_data / "suv-headers" / f"{vendor}-instances.json").read_text())
    found = suv_factors(facts_of([dataset_of(header) for header in instances]))
    assert found.factors[0] == pytest.approx(factor, rel=1e-6)


@pytest.mark.parametrize("name", ["0_0", "1_0", "2_0", "2_2", "2_4", "3_0", "3_2", "4_1"])
def test_reference_objects(real_data: Path, name: str, tmp_path: Path) -> None:
    series = scan(unpack(real_data / "suv-dro" / f"DRO_{name}.tar.xz", tmp_path)).choose("pet")
    assert series is not None
    array = read_image(series).volume.array
    inside = array[array > 0.01]
    found = (inside.min(), np.median(inside), inside.max())
    np.testing.assert_allclose(found, (0.20, 1.00, 4.00), atol=0.005)


def test_ge_with_maps_of_other_software(real_data: Path) -> None:
    """GE's rounded positions too; two maps beside it agree."""
    study = scan(real_data / "ohif-acrin-petct")
    series = study.choose("pet")
    assert series is not None
    assert series.faults == ()
    suv, becquerel = read_image(series), read_image(series, raw=True)
    peak = np.unravel_index(int(becquerel.volume.array.argmax()), becquerel.volume.array.shape)
    factor = suv.volume.array[peak] / becquerel.volume.array[peak]
    assert factor == pytest.approx(4.2111e-4, rel=1e-5)
    assert suv.volume.array.max() == pytest.approx(51, abs=0.5)
    assert suv.record.suv is not None
    inputs = suv.record.suv.inputs
    assert inputs["factor"] == pytest.approx(4.211101e-4, rel=1e-6)
    assert (inputs["rwv_maps"], inputs["rwv_agrees"]) == (2.0, 2.0)
    assert (inputs["weight_kg"], inputs["seconds_from_injection"]) == (91.0, 9527.0)


def test_without_attenuation_correction_not_even_by_a_map(real_data: Path) -> None:
    study = scan(real_data / "ohif-acrin-petct")
    (series,) = (s for s in study.series if s.modality == "PT" and s.role == "other")
    with pytest.raises(SuvUnavailable, match="PROPCNTS") as caught:
        read_image(series)
    assert "a map is not trusted without the header" in str(caught.value)


def test_a_map_that_is_wrong_by_a_thousand_is_told(real_data: Path, tmp_path: Path) -> None:
    """rwv_1 as if it were for the corrected series."""
    (wrong,) = (real_data / "ohif-acrin-petct" / "rwv_1").iterdir()
    item = pydicom.dcmread(wrong)
    for file in (real_data / "ohif-acrin-petct" / "pt_ac").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    first = pydicom.dcmread(tmp_path / file.name, stop_before_pixels=True)
    item.ReferencedSeriesSequence[0].SeriesInstanceUID = first.SeriesInstanceUID
    del item.ReferencedSeriesSequence[0].ReferencedInstanceSequence
    del item.ReferencedImageRealWorldValueMappingSequence[0].ReferencedImageSequence
    item.save_as(tmp_path / "rwv")
    (series,) = scan(tmp_path).series
    image = read_image(series)
    (told,) = [n.message for n in image.notices if n.code == "SUV_RWV_DIFFERS"]
    assert "4.2111e-07" in told
    assert "0.00042111" in told


def test_lutetium_decay_corrected_to_injection(real_data: Path, tmp_path: Path) -> None:
    series = scan(unpack(real_data / "lu177-dotatate" / "scan_001.tar.xz", tmp_path)).choose("pet")
    assert series is not None
    suv, becquerel = read_image(series), read_image(series, raw=True)
    assert suv.record.suv is not None
    assert suv.record.suv.inputs["decay_correction"] == "ADMIN"
    assert suv.record.suv.inputs["nuclide"] == "Lu-177"
    peak = np.unravel_index(int(becquerel.volume.array.argmax()), becquerel.volume.array.shape)
    factor = suv.volume.array[peak] / becquerel.volume.array[peak]
    assert factor == pytest.approx(92_987 / 7.2104256e9, rel=1e-5)
