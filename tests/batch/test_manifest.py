"""Which studies a batch has: folders of a root, rows of a manifest, and everything that is wrong with one."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from netlm_imaging.errors import UsageError
from netlm_pipelines.batch.folder import folder_name, passed_over
from netlm_pipelines.batch.keys import inputs_sha256, settings_sha256
from netlm_pipelines.batch.manifest import read_studies
from netlm_pipelines.batch.order import Order, Study, request_of


def test_folders_and_zips_of_a_root(tmp_path: Path) -> None:
    (tmp_path / "Doe^Jane" / "dicom").mkdir(parents=True)
    (tmp_path / "Doe^Jane" / "clinical.toml").write_text("height_cm = 172")
    (tmp_path / "plain").mkdir()
    (tmp_path / "packed.zip").write_bytes(b"")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "notes.txt").write_text("no study")
    (tmp_path / "link").symlink_to(tmp_path / "plain")
    found = {study.name: study for study in read_studies(tmp_path)}
    assert passed_over(tmp_path) == "files that are no zip: 1, links (not followed): 1"
    assert set(found) == {folder_name(tmp_path / name) for name in ("Doe^Jane", "plain", "packed.zip")}
    jane = found[folder_name(tmp_path / "Doe^Jane")]
    assert jane.images == tmp_path / "Doe^Jane" / "dicom"
    request = request_of(jane, Order(out=tmp_path), tmp_path / "case")
    assert request.clinical.height_cm == 172
    assert "Doe" not in jane.name
    assert "Doe" not in repr(jane)


def test_rows_of_a_manifest(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text("[plan]\nobjective = 'maximum'\n[flr]\nminimum_percent = 33.0\n")
    (tmp_path / "m.csv").write_text(
        "study,path,vessels,settings,clinical.height_cm,clinical.liver_quality,settings.plan.objective,series\n"
        'p1,a/b,"v1.nrrd; v2.dcm#Portal",s.toml,171,steatosis,fewest,hbp=2;pet=3\n'
        "p2,/abs,,,,,,\n"
    )
    first, second = read_studies(tmp_path / "m.csv")
    order = Order(
        out=tmp_path, settings={"flr": {"minimum_percent": 20.0}, "type": {"limited_max_lesions": 4}}
    )
    request = request_of(first, order, tmp_path / "case")
    assert request.images == tmp_path / "a/b"
    assert request.masks.vessels == (str(tmp_path / "v1.nrrd"), str(tmp_path / "v2.dcm#Portal"))
    assert (request.clinical.height_cm, request.clinical.liver_quality) == (171, "steatosis")
    assert request.settings.plan.objective == "fewest"  # the row wins over its file
    assert request.settings.flr.minimum_percent == 33.0  # the study wins over the batch
    assert request.settings.type.limited_max_lesions == 4
    assert request.series == {"hbp": "2", "pet": "3"}
    assert second.images == Path("/abs")


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text(
        "study,path,series\nDoe^Jane,a,\nok,,\n\nok,b,\nOK,c,\n,d,\nfew\nmore,e,,f\nodd,g,hbp:Doe\n"
    )
    with pytest.raises(UsageError) as error:
        read_studies(tmp_path / "m.csv")
    lines = [f"line {number}" for number in (2, 3, 6, 7, 8, 9, 10)]
    assert [fault.where for fault in error.value.faults] == lines
    assert "line 5" in error.value.faults[2].found
    assert {fault.code for fault in error.value.faults} == {"BAD_MANIFEST"}
    assert "Doe" not in str(error.value)


@pytest.mark.parametrize(
    "text",
    [
        '\ufeffstudy;path;lesions;clinical.height_cm\r\na;b;"1.nii;2.nii";172\r\n',
        "study\tpath\tlesions\tclinical.height_cm\na\tb\t1.nii;2.nii\t172\n",
        "study, path, lesions, clinical.height_cm,,\na, b, 1.nii;2.nii, 172,,\n,,,,,\n",
    ],
)
def test_as_spreadsheets_write_it(tmp_path: Path, text: str) -> None:
    """Semicolons where the comma is the decimal point, a mark of UTF-8, empty columns and rows at the end."""
    (tmp_path / "m.csv").write_bytes(text.encode())
    (study,) = read_studies(tmp_path / "m.csv")
    assert (study.name, study.images, study.clinical) == ("a", tmp_path / "b", {"height_cm": 172})
    assert study.masks.lesions == (str(tmp_path / "1.nii"), str(tmp_path / "2.nii"))


@pytest.mark.parametrize(
    "name", ["clinical.hight_cm", "settings.plan.objectiv", "settings.plans.objective", "settings.device.id"]
)
def test_a_column_that_nothing_knows_is_refused_before_the_work(tmp_path: Path, name: str) -> None:
    (tmp_path / "m.csv").write_text(f"study,path,{name}\na,b,1\n")
    with pytest.raises(UsageError, match="BAD_MANIFEST in column 3"):
        read_studies(tmp_path / "m.csv")


@pytest.mark.parametrize(
    "text", ["", "study,Doe\n", "path\na\n", "study,path,path\n", "study,,path\n", '"study,path\n', "\xff"]
)
def test_no_manifest(tmp_path: Path, text: str) -> None:
    (tmp_path / "m.csv").write_bytes(text.encode("latin-1"))
    with pytest.raises(UsageError, match="BAD_MANIFEST") as error:
        read_studies(tmp_path / "m.csv")
    assert "Doe" not in str(error.value)


def test_a_folder_that_holds_no_studies(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "Doe^Jane").symlink_to(tmp_path)
    (tmp_path / "root" / "Doe.dcm").touch()
    with pytest.raises(UsageError, match="files that are no zip: 1, links") as error:
        read_studies(tmp_path / "root")
    assert "Doe" not in str(error.value)
    (tmp_path / "root" / "dicom").mkdir()
    with pytest.raises(UsageError, match="looks like one study"):
        read_studies(tmp_path / "root")


def test_a_folder_that_must_not_be_read_stops_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("open", "closed"):
        (tmp_path / name).mkdir()
    real = os.stat

    def refusing(path: Any, **how: Any) -> os.stat_result:
        if Path(path).parent.name == "closed":  # what the system says of a folder without permission
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(path, **how)

    monkeypatch.setattr(os, "stat", refusing)
    assert {study.images for study in read_studies(tmp_path)} == {tmp_path / "open", tmp_path / "closed"}


def test_nothing_to_do(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("study,path\n")
    for source in (tmp_path / "m.csv", tmp_path / "absent"):
        with pytest.raises(UsageError, match="NO_STUDIES"):
            read_studies(source)


def test_the_key_follows_content_not_place(tmp_path: Path) -> None:
    hashes = []
    for place in ("x", "y"):
        (tmp_path / place / "deep").mkdir(parents=True)
        (tmp_path / place / "deep" / "1").write_bytes(b"slice")
        hashes.append(inputs_sha256(Study(name="a", images=tmp_path / place)))
    assert hashes[0] == hashes[1]
    (tmp_path / "y" / "deep" / "1").rename(tmp_path / "y" / "deep" / "2")
    assert inputs_sha256(Study(name="a", images=tmp_path / "y")) != hashes[0]
    order, study = Order(out=tmp_path), Study(name="a", images=tmp_path / "x")
    other = Order(out=tmp_path / "elsewhere", settings={"plan": {"objective": "fewest"}})
    here = settings_sha256(request_of(study, order, tmp_path / "1"))
    assert settings_sha256(request_of(study, order, tmp_path / "2")) == here
    assert settings_sha256(request_of(study, other, tmp_path / "1")) != here
