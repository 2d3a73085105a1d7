"""Opening: the same series, faults and geometry as the command line, on one grid."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ingest import mask_builder
from napari.components import ViewerModel
from pydicom import dcmread

from napari_netlm.additions import read_labels, read_series, registered_pet
from napari_netlm.desk import clear_desk
from napari_netlm.dropped import to_open
from napari_netlm.hang import put_on_desk
from napari_netlm.jobs import Cancelled, CommandFailed, Reporter, run_netlm
from napari_netlm.opened import OpenedStudy
from napari_netlm.readers import get_reader
from napari_netlm.run import facts_of, given_masks
from napari_netlm.study import open_study
from napari_netlm.work import discard_work
from napari_netlm.writers import write_nifti, write_seg
from netlm_imaging.clinical import Clinical, load_clinical
from netlm_imaging.errors import InputError, UsageError
from netlm_imaging.export import write_nifti as write
from netlm_imaging.ingest import read_mask
from netlm_imaging.review import Change
from netlm_imaging.settings import Settings, load_settings, to_toml
from netlm_imaging.study import Silent
from netlm_imaging.volume import LabelMap, Volume
from pipelines import small_study


def test_a_folder_of_dicom_opens_on_the_grid_of_its_hepatobiliary_phase(tmp_path: Path) -> None:
    small_study.write_study(tmp_path / "dicom")
    study = open_study(tmp_path / "dicom")
    assert [image.role for image in study.images] == ["hbp"]
    assert study.grid.same_as(small_study.GRID)
    assert np.array_equal(study.images[0].volume.array, small_study.intensities().array)
    assert study.faults == ()
    assert study.anatomy is None
    assert registered_pet(study, progress=Silent()).image is None


def test_a_missing_slice_is_refused_with_the_code_of_the_command_line(tmp_path: Path) -> None:
    small_study.write_study(tmp_path / "dicom")
    files = [file for file in (tmp_path / "dicom").rglob("*") if file.is_file()]
    next(file for file in files if dcmread(file).InstanceNumber == 9).unlink()
    with pytest.raises(InputError) as caught:
        open_study(tmp_path / "dicom")
    assert "MISSING_SLICE" in caught.value.codes


def test_what_can_be_read_is_shown_beside_what_cannot(tmp_path: Path) -> None:
    """A NIfTI of unknown role is no reference image for a run; a person may look at it all the same."""
    write(small_study.intensities(), tmp_path / "unknown.nii.gz")
    study = open_study(tmp_path)
    assert [fault.code for fault in study.faults] == ["NO_REFERENCE_IMAGE"]
    assert len(study.images) == 1
    assert study.grid.same_as(small_study.GRID)


def test_a_finished_case_opens_over_its_own_series(finished: Path, tmp_path: Path) -> None:
    small_study.write_study(tmp_path / "dicom")
    with pytest.raises(InputError) as caught:
        open_study(finished, images=tmp_path / "dicom")
    assert "NO_SUCH_SERIES" in caught.value.codes
    case = json.loads((finished / "case.json").read_text())
    case["inputs"] += [{**case["inputs"][0], "role": f"lesion mask {n}"} for n in (1, 2)]  # DICOM folders
    several = tmp_path / "several"
    several.mkdir()
    (several / "case.json").write_text(json.dumps(case))
    with pytest.raises(InputError) as caught:
        open_study(several, images=tmp_path / "dicom")
    assert "NO_SUCH_SERIES" in caught.value.codes
    alone = open_study(finished)
    assert alone.anatomy is not None
    assert alone.finished
    assert alone.images == ()
    assert set(alone.measures) == {"ablation_margin_mm"}


def test_a_mask_comes_onto_the_grid_of_the_study(tmp_path: Path) -> None:
    small_study.write_study(tmp_path / "dicom")
    _, lesions = small_study.write_masks(tmp_path / "masks")
    study = open_study(tmp_path / "dicom")
    found = read_labels(study, lesions, key="lesions")
    assert found.masks["lesions"].grid.same_as(study.grid)
    assert found.masks["lesions"].labels == (4, 9)


def contours(folder: Path) -> Path:
    """Lesions 4 and 9 as ROIs of a structure set."""
    rois = {f"Lesion {n}": small_study.lesions().array == n for n in (4, 9)}
    return mask_builder.rtstruct(
        folder / "rt.dcm",
        {name: mask_builder.contours_of(mask, small_study.GRID) for name, mask in rois.items()},
        numbers=(4, 9),
    )


def test_contours_beside_the_images_are_labels_on_their_grid(tmp_path: Path) -> None:
    small_study.write_study(tmp_path / "dicom")
    contours(tmp_path / "dicom")
    study = open_study(tmp_path / "dicom")
    assert study.faults == ()
    (key,) = study.masks
    assert key.startswith("rtstruct_")
    assert study.masks[key].grid.same_as(small_study.GRID)
    overlap = (study.masks[key].array > 0) & (small_study.lesions().array > 0)
    assert overlap.sum() > 0.9 * (small_study.lesions().array > 0).sum()


def test_a_dropped_structure_set_is_a_mask_unless_its_folder_comes(tmp_path: Path) -> None:
    image = small_study.flat(small_study.write_study(tmp_path / "dicom"), tmp_path / "flat")[0]
    alone, beside = contours(tmp_path), contours(image.parent)
    assert to_open([alone]) == (alone,)
    assert to_open([alone, beside, image, image]) == (image.parent, alone)
    broken = tmp_path / "note.txt"
    broken.write_text("no DICOM")
    assert to_open([broken]) == (broken,), "whoever reads it says what is wrong"


def test_contours_alone_open_as_labels(tmp_path: Path) -> None:
    file = contours(tmp_path)
    reader = get_reader(str(file))
    assert reader is not None
    ((data, attributes, kind),) = reader(str(file))
    assert kind == "labels"
    assert set(np.unique(data)) == {0, 4, 9}
    assert attributes["name"] == "Labels"  # never the name of a file, which may be a patient's


def test_a_series_in_another_frame_of_reference_is_not_laid_over(tmp_path: Path) -> None:
    small_study.write_study(tmp_path / "dicom")
    study = open_study(tmp_path / "dicom")
    assert read_series(study, 1).image is not None
    assert study.read is not None
    elsewhere = replace(study, read=replace(study.read, frame_uid_hash="another"))
    with pytest.raises(InputError) as caught:
        read_series(elsewhere, 1)
    assert caught.value.code == "FRAME_MISMATCH"


def test_labels_saved_from_a_layer_are_on_the_source_grid(tmp_path: Path) -> None:
    small_study.write_study(tmp_path / "dicom")
    desk = put_on_desk(ViewerModel(), open_study(tmp_path / "dicom"))
    layer = desk.show_labels("lesions", small_study.lesions())
    at = tmp_path / "lesions.nii.gz"
    data, attributes, _ = layer.as_layer_data_tuple()
    assert write_nifti(str(at), data, attributes) == [str(at)]
    back = read_mask(str(at)).labels
    assert back.grid.same_as(small_study.GRID)
    assert np.array_equal(back.array, small_study.lesions().array)
    with pytest.raises(UsageError) as caught:
        write_nifti(str(at), data, {**attributes, "metadata": {}})
    assert caught.value.code == "NO_GRID"


def test_labels_saved_as_seg_are_those_that_were_drawn(tmp_path: Path) -> None:
    small_study.write_study(tmp_path / "dicom")
    desk = put_on_desk(ViewerModel(), open_study(tmp_path / "dicom"))
    at = tmp_path / "lesions.dcm"
    data, attributes, _ = desk.show_labels("lesions", small_study.lesions()).as_layer_data_tuple()
    assert write_seg(str(at), data, attributes) == [str(at)]
    back = read_mask(str(at)).labels
    drawn = small_study.lesions().array[small_study.GRID.box_of(back.grid)]
    assert np.array_equal(back.array, np.select([drawn == 4, drawn == 9], [1, 2]))
    assert [s.SegmentLabel for s in dcmread(at).SegmentSequence] == ["Lesion 4", "Lesion 9"]
    data, attributes, _ = desk.show_labels("my region", small_study.lesions()).as_layer_data_tuple()
    write_seg(str(at), data, attributes)
    assert [s.SegmentLabel for s in dcmread(at).SegmentSequence] == ["my region 4", "my region 9"]
    with pytest.raises(UsageError) as caught:
        write_seg(str(at), data * 0, attributes)
    assert caught.value.code == "EMPTY_MASK"
    liver = small_study.liver().astype("uint8")
    liver[liver.nonzero()[0][0]] *= 2  # a person drew with another value
    data, attributes, _ = desk.show_labels("liver", LabelMap(liver, small_study.GRID)).as_layer_data_tuple()
    write_seg(str(at), data, attributes)
    assert (read_mask(str(at)).labels.array > 0).sum() == small_study.liver().sum()


def test_no_seg_without_dicom_images(tmp_path: Path) -> None:
    write(small_study.intensities(), tmp_path / "hbp.nii.gz")
    desk = put_on_desk(ViewerModel(), open_study(tmp_path / "hbp.nii.gz"))
    data, attributes, _ = desk.show_labels("lesions", small_study.lesions()).as_layer_data_tuple()
    with pytest.raises(UsageError) as caught:
        write_seg(str(tmp_path / "lesions.dcm"), data, attributes)
    assert caught.value.code == "NO_DICOM_WRITTEN"


def test_images_are_saved_as_images(tmp_path: Path) -> None:
    small_study.write_study(tmp_path / "dicom")
    desk = put_on_desk(ViewerModel(), open_study(tmp_path / "dicom"))
    data, attributes, _ = desk.layer("hbp").as_layer_data_tuple()
    write_nifti(str(tmp_path / "hbp.nii.gz"), data, attributes)
    again = open_study(tmp_path / "hbp.nii.gz").images[0].volume
    assert isinstance(again, Volume)
    assert np.array_equal(again.array, small_study.intensities().array)


def test_masks_that_nobody_touched_are_found_again_not_given(study: OpenedStudy) -> None:
    desk = put_on_desk(ViewerModel(), replace(study, images_path=Path("dicom")))
    assert set(given_masks(desk)) == set()
    desk.edit("lesions", (np.array([1]), np.array([2]), np.array([3])), 9)
    assert set(given_masks(desk)) == {"lesions"}
    clear_desk(desk.viewer)
    discard_work(desk.study)
    alone = put_on_desk(ViewerModel(), study)
    assert set(given_masks(alone)) == {"lesions", "liver"}


def test_a_mask_is_compared_with_the_one_it_replaces_before_the_window_shows_it(
    study: OpenedStudy, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = put_on_desk(ViewerModel(), study)
    opened = desk.labels("lesions")
    desk.show_labels("seg_3", LabelMap(np.where(opened.array == 2, 0, opened.array), opened.grid))
    show = desk.using("seg_3", "lesions")()  # beside the window
    assert desk.labels("lesions").labels == opened.labels
    with monkeypatch.context() as patched:
        patched.setattr(Change, "between", None)  # whole masks, which takes long
        show()
    assert desk.labels("lesions").labels == tuple(n for n in opened.labels if n != 2)
    desk.undo("lesions")
    assert np.array_equal(desk.labels("lesions").array, opened.array)


def test_one_mask_taken_for_lesions_falls_apart_into_them(tmp_path: Path) -> None:
    small_study.write_study(tmp_path / "dicom")
    desk = put_on_desk(ViewerModel(), open_study(tmp_path / "dicom"))
    both = LabelMap((small_study.lesions().array > 0).astype(np.uint8), small_study.GRID)
    desk.show_labels("seg_3", both)
    desk.using("seg_3", "lesions")()()
    assert desk.labels("lesions").labels == (1, 2)
    desk.using("seg_3", "liver")()()
    assert desk.mask("liver").voxels == both.any.voxels


def test_facts_are_those_decided_and_come_back_from_toml(tmp_path: Path, study: OpenedStudy) -> None:
    desk = put_on_desk(ViewerModel(), study)
    desk.record("clinical", {"height_cm": 180.5, "primary_site": 'ileum "é"', "symptomatic_lesions": [2]})
    desk.record("settings", {"ablation": {"margin_mm": 7.0, "pull_back_mm": {"mwa": 2.0}}})
    clinical, settings = facts_of(desk)
    (tmp_path / "c.toml").write_text(to_toml(clinical), encoding="utf-8")
    (tmp_path / "s.toml").write_text(to_toml(settings), encoding="utf-8")
    assert load_clinical(tmp_path / "c.toml") == clinical
    assert load_settings(tmp_path / "s.toml") == settings
    assert clinical.primary_site == 'ileum "é"'
    assert settings.ablation.pull_back_mm.mwa == 2.0
    assert (clinical, settings) != (Clinical(), Settings())
    desk.record("clinical", {"height_cm": 9000})
    with pytest.raises(UsageError):
        facts_of(desk)


def test_the_command_line_is_run_with_its_words(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed) as caught:
        run_netlm(["run", str(tmp_path), "--out", str(tmp_path / "out")], Reporter(lambda text: None))
    assert "NO_IMAGES" in str(caught.value)


def test_a_run_that_is_cancelled_stops(tmp_path: Path) -> None:
    small_study.write_study(tmp_path / "dicom")
    liver, lesions = small_study.write_masks(tmp_path / "masks")
    said: list[str] = []

    def stop(text: str) -> None:
        said.append(text)
        reporter.cancel()

    reporter = Reporter(stop)
    masks = ["--liver", liver, "--lesions", lesions]
    with pytest.raises(Cancelled):
        run_netlm(["run", str(tmp_path / "dicom"), *masks, "--out", str(tmp_path / "out")], reporter)
    assert said == ["Scanning the folder"]
    assert not (tmp_path / "out").exists()
