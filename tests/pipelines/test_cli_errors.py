"""What a user sees when something is wrong: a code, a sentence, the exit code, never a traceback."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from ingest import builder
from pipelines.conftest import Netlm, Said

from netlm_imaging.export import write_nifti
from netlm_imaging.volume import Volume
from netlm_pipelines import show, study
from pipelines import small_study


def refused(said: Said, code: int, *words: str) -> None:
    """Nothing but the message, and it holds all ``words``."""
    assert said.code == code, said.err
    assert "Traceback" not in said.err
    assert [word for word in words if word not in said.err] == []


@pytest.mark.parametrize(
    ("args", "word"),
    [
        (["nonsense"], "No such command"),
        (["run", "x"], "--out"),
        (["run", "x", "--out", "y", "--unknown"], "--unknown"),
        (["plan", "--liver", "a", "--out", "y"], "--lesions"),
        (["classify"], "--case"),
        (["sample", "--preset", "type9", "--out", "never"], "type9"),
        (["run", "x", "--out", "never", "--series", "hbp"], "BAD_USAGE in --series"),
        (["run", "x", "--out", "never", "--series", "hbp=1", "--series", "hbp=2"], "one role twice"),
        (["run", "x", "--out", "never", "--segmenter", "magic"], "UNKNOWN_SEGMENTER"),
        (["convert", "x", "--out", "image.png"], ""),
    ],
)
def test_bad_usage(
    args: list[str], word: str, netlm: Netlm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "hbp.nii.gz").write_bytes(b"")
    refused(netlm(*args), 2, word)
    assert not (tmp_path / "never").exists()


@pytest.mark.parametrize(
    ("option", "text", "words"),
    [
        ("--settings", "[resection]\nwegde = true\n", ("BAD_SETTINGS", "wegde", "wedge_margin_mm")),
        ("--settings", "[type]\ndebulking_threshold_percent = 700\n", ("BAD_SETTINGS", "700", "100")),
        ("--settings", "[ablation]\ndevices = ['emprint']\n", ("'emprint'", "emprint-100w-10min")),
        ("--settings", "[type\n", ("BAD_TOML",)),
        ("--clinical", 'liver_quality = "bad"\nweigth_kg = 7\n', ("liver_quality", "cirrhosis", "weigth_kg")),
    ],
)
def test_wrong_settings_name_key_value_and_what_is_allowed(
    option: str, text: str, words: tuple[str, ...], netlm: Netlm, masks: tuple[str, ...], tmp_path: Path
) -> None:
    """Row 50; every fault on a line of its own."""
    file = tmp_path / "file.toml"
    file.write_text(text)
    said = netlm("plan", *masks, "--out", tmp_path / "case", option, file)
    refused(said, 2, *words)
    assert all(line.startswith("error BAD_") for line in said.err.splitlines())
    assert len(said.err.splitlines()) == (2 if "weigth" in text else 1)


def test_a_missing_file_of_any_kind(
    netlm: Netlm, patient: Path, masks: tuple[str, ...], tmp_path: Path
) -> None:
    absent, out = tmp_path / "absent", tmp_path / "case"
    refused(netlm("run", absent, "--out", out), 3, "NOT_FOUND")
    refused(netlm("inspect", absent), 3, "NOT_FOUND")
    refused(netlm("classify", "--case", absent), 3, "UNREADABLE")
    refused(netlm("report", absent), 3, "NO_CASE")
    refused(netlm("plan", *masks, "--settings", absent, "--out", out), 2, "BAD_TOML")
    lesions = patient / "masks" / "lesions.nii.gz"
    said = netlm("plan", "--liver", absent, "--lesions", lesions, "--out", out)
    refused(said, 3, "NOT_FOUND in liver mask")
    assert not out.exists()


@pytest.mark.parametrize("kind", ["empty", "junk"])
def test_a_folder_without_images(kind: str, netlm: Netlm, tmp_path: Path) -> None:
    folder = tmp_path / "study"
    folder.mkdir()
    if kind == "junk":
        (folder / "SMITH.txt").write_text("hello")
        (folder / "Thumbs.db").write_bytes(b"\xd0\xcf\x11\xe0" + bytes(400))
    for said in (netlm("inspect", folder), netlm("run", folder, "--out", tmp_path / "case")):
        refused(said, 3, "NO_IMAGES", "an empty folder" if kind == "empty" else "2 not DICOM")
        assert "SMITH" not in said.err


def test_an_ambiguous_role_names_candidates_and_option_and_is_resolved_by_it(
    netlm: Netlm, masks: tuple[str, ...], tmp_path: Path
) -> None:
    """Row 10."""
    small_study.write_study(tmp_path / "in")
    small_study.write_study(tmp_path / "in", series="again", prefix="again")
    run = ("run", tmp_path / "in", *masks, "--out", tmp_path / "case")
    refused(netlm(*run), 3, "AMBIGUOUS_ROLE", "series 1 (", "series 2 (", "--series hbp=NUMBER")
    refused(netlm(*run, "--series", "hbp=7"), 3, "NO_SUCH_SERIES", "from 1 to 2")
    refused(netlm(*run, "--series", "liver=1"), 2, "UNKNOWN_ROLE")
    refused(netlm(*run, "--series", "pet=1"), 3, "WRONG_MODALITY in series 1")
    assert netlm(*run, "--series", "hbp=2").code == 0


def test_two_series_of_a_role_that_is_not_needed_do_no_harm(
    netlm: Netlm, masks: tuple[str, ...], tmp_path: Path
) -> None:
    small_study.write_study(tmp_path / "in")
    for name in ("t2", "t2 again", "arterial", "arterial late"):
        write_nifti(small_study.intensities(), tmp_path / "in" / f"{name}.nii.gz")
    assert netlm("run", tmp_path / "in", *masks, "--out", tmp_path / "case").code == 0


def test_a_finished_case_is_never_lost(
    netlm: Netlm, masks: tuple[str, ...], finished: Path, tmp_path: Path
) -> None:
    """Row 52."""
    case = shutil.copytree(finished, tmp_path / "case")
    before = (case / "case.json").read_bytes()
    refused(netlm("plan", *masks, "--out", case), 2, "CASE_EXISTS", "--overwrite")
    broken = netlm("plan", "--liver", tmp_path / "absent", "--lesions", "x", "--out", case, "--overwrite")
    refused(broken, 3, "NOT_FOUND")
    assert (case / "case.json").read_bytes() == before
    assert netlm("plan", *masks, "--out", case, "--overwrite").code == 0
    (case / "notes.txt").write_text("mine")
    refused(netlm("plan", *masks, "--out", case, "--overwrite"), 2, "OUT_NOT_EMPTY")
    assert (case / "notes.txt").read_text() == "mine"


def test_what_cannot_be_segmented_has_to_be_given(
    netlm: Netlm, masks: tuple[str, ...], tmp_path: Path
) -> None:
    image = write_nifti(small_study.intensities(), tmp_path / "portal.nii.gz")
    said = netlm("run", image, *masks[:2], "--out", tmp_path / "case")
    refused(said, 2, "MASKS_NEEDED", "--lesions", "series 1: portal")


def test_pet_as_nifti_is_suv_only_by_the_users_word(
    netlm: Netlm, masks: tuple[str, ...], tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    small_study.write_study(folder)
    activity = small_study.intensities()
    write_nifti(Volume(activity.array * 20, activity.grid), folder / "pet.nii.gz")
    run = ("run", folder, *masks, "--out", tmp_path / "case")
    assert netlm(*run).code == 0
    refused(netlm(*run, "--overwrite", "--series", "pet=2"), 3, "NOT_SUV", "values up to")
    write_nifti(Volume((activity.array / 100).astype("float32"), activity.grid), folder / "pet.nii.gz")
    said = netlm(*run, "--overwrite", "--series", "pet=2")
    assert said.code == 0
    assert "warning SUV_ASSUMED (pet)" in said.out


def test_two_patients_in_one_folder(netlm: Netlm, masks: tuple[str, ...], tmp_path: Path) -> None:
    """Row 22: refused whatever series is chosen, nobody named."""
    small_study.write_study(tmp_path / "in")
    other = builder.ct()
    for item in other:
        item.PatientID, item.PatientName = "SECRET-OTHER", "SECRET^OTHER"
    builder.write(other, tmp_path / "in", prefix="other")
    for choice in ((), ("--series", "hbp=1")):
        said = netlm("run", tmp_path / "in", *masks, "--out", tmp_path / "case", *choice)
        refused(said, 3, "PATIENT_MISMATCH", "2 patients (hashes ", ": series 1", ": series 2")
        assert "SECRET" not in said.err + said.out
    inspected = netlm("inspect", tmp_path / "in")
    assert "PATIENT_MISMATCH" in inspected.out
    assert "SECRET" not in inspected.out


def test_a_bug_is_exit_70_and_shows_its_traceback_only_with_debug(
    netlm: Netlm, masks: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class PanicException(BaseException):
        """As the codecs of pylibjpeg raise it: no Exception."""

    def broken(*_: object, **__: object) -> None:
        raise PanicException("SECRET^PATIENT")

    monkeypatch.setattr(study, "plan_case", broken)
    said = netlm("plan", *masks, "--out", tmp_path / "case")
    refused(said, 70, "BUG: PanicException", "--debug")
    assert "SECRET" not in said.err
    assert not (tmp_path / "case").exists()
    assert "--debug" in netlm("plan", "--help").out
    traced = netlm("plan", *masks, "--out", tmp_path / "case", "--debug")
    assert traced.code == 70
    assert "Traceback" in traced.err


def test_nothing_identifying_anywhere(netlm: Netlm, tmp_path: Path) -> None:
    """Planted in every header, and in the name of every file and folder inside the input."""
    folder = tmp_path / "in"
    builder.write(small_study.hbp(), folder / "SECRET^NAME", prefix="SECRET_")
    write_nifti(small_study.intensities(), folder / "SECRET_t2.nii.gz")
    (folder / "SECRET.txt").write_text("hello")
    liver, lesions = small_study.write_masks(tmp_path / "masks", prefix="SECRET_")
    out = tmp_path / "case"
    said = [
        netlm("inspect", folder),
        netlm("inspect", folder, "--json"),
        netlm("convert", folder, "--series", "hbp", "--out", tmp_path / "hbp.nii.gz"),
        netlm("run", folder, "--liver", liver, "--lesions", lesions, "--out", out),
        netlm("report", out),
        netlm("classify", "--case", out / "case.json"),
    ]
    assert [s.code for s in said] == [0] * len(said)
    printed = "".join(s.out + s.err for s in said)
    assert [word for word in ("SECRET", "19480229", builder.uid("hbp")) if word in printed] == []
    for file in out.rglob("*"):
        if file.is_file() and file.parent.name != "dicom":  # those carry the patient of their source
            content = file.read_bytes()
            assert not [word for word in (b"SECRET", b"19480229", b"2.25.") if word in content], file.name
        assert "SECRET" not in file.name


def test_many_faults_are_one_line_each(capfd: pytest.CaptureFixture[str]) -> None:
    from netlm_imaging.errors import Fault

    faults = [Fault(code=f"CODE_{n}", expected="this", found="that [x]", where="series 1") for n in range(5)]
    show.faults(faults)
    lines = capfd.readouterr().err.splitlines()
    assert lines == [f"error CODE_{n} in series 1: expected this; found that [x]." for n in range(5)]
