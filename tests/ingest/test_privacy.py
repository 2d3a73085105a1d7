"""What a folder is called can name the patient as well as a header can."""

from __future__ import annotations

from pathlib import Path

import pytest
from ingest import builder

from netlm_imaging.errors import InputError
from netlm_imaging.ingest import read_image, scan
from netlm_imaging.ingest.privacy import hashed, without_identity


@pytest.mark.parametrize("name", ["Patient SECRET", "secret_patient_1948", "x19480229", "ID-77-SECRET-ID"])
def test_folders_named_after_the_patient_are_hashes_in_messages(name: str, tmp_path: Path) -> None:
    items = builder.ct()
    items[3].RescaleSlope = "0"
    builder.write(items, tmp_path / "study" / name)
    (series,) = scan(tmp_path / "study").series
    with pytest.raises(InputError) as caught:
        read_image(series)
    assert name not in str(caught.value)
    assert f"{hashed(name)}/d" in str(caught.value)


def test_other_folders_keep_their_names() -> None:
    assert without_identity("series 1/IM 4.dcm", ["Doe^Jo", "A1", ""]) == "series 1/IM 4.dcm"
    assert without_identity("a/doe_jo/4.dcm", ["Doe^Jo"]) == f"a/{hashed('doe_jo')}/4.dcm"
