"""Work is never lost: saved after each change, there again after a crash."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Layer

from napari_netlm.autosave import Autosave
from napari_netlm.desk import Desk, clear_desk, desk_of
from napari_netlm.hang import adopt, put_on_desk
from napari_netlm.judged import review_in
from napari_netlm.opened import OpenedStudy
from napari_netlm.reviewing import Reviewing
from napari_netlm.scene import scene_of
from napari_netlm.study import open_study
from napari_netlm.work import discard_work, load_work, work_folder
from netlm_imaging.errors import UsageError
from netlm_imaging.review import brushed

VOXEL_KJI = [(20, 30, 40)]
VOXEL = (np.array([20]), np.array([30]), np.array([40]))


def wait_for(what: Callable[[], bool], *, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def drawn_lesions(study: OpenedStudy) -> tuple[int, ...]:
    work = load_work(work_folder(study), study.grid)
    found = {**work.masks, **work.strokes}.get("lesions")
    return () if found is None else found.labels


def test_a_second_window_is_told_that_the_study_is_open(study: OpenedStudy) -> None:
    first, second = ViewerModel(), ViewerModel()
    desk = put_on_desk(first, study)
    other = put_on_desk(second, replace(study, case=None))
    with pytest.raises(UsageError, match="open in another window") as caught:
        put_on_desk(second, study)
    assert caught.value.code == "STUDY_OPEN"
    assert desk_of(second) is other, "what was open there stays"
    assert put_on_desk(first, study) is not desk, "in its own window it opens anew"
    clear_desk(first)
    assert desk_of(second) is other
    assert put_on_desk(second, study).study is study


def test_layers_of_a_study_that_is_open_elsewhere_do_not_stay(study: OpenedStudy) -> None:
    """As napari's own reader adds them."""
    put_on_desk(first := ViewerModel(), study)
    viewer = ViewerModel()
    for data in scene_of(study):
        viewer.layers.append(Layer.create(*data))
    with pytest.raises(UsageError):
        adopt(viewer, study)
    assert not viewer.layers
    clear_desk(first)


def written(desk: Desk) -> bool:
    assert desk.autosave is not None
    return not desk.autosave.pending and desk.autosave.saved is not None


def test_an_edit_is_on_disk_within_a_second_and_there_again(study: OpenedStudy) -> None:
    desk = put_on_desk(ViewerModel(), study)
    desk.edit("lesions", VOXEL, 7)
    began = time.monotonic()
    wait_for(lambda: "lesions" in load_work(work_folder(study), study.grid).masks)
    assert time.monotonic() - began < 5.0  # a second on a quiet machine
    drawn = desk.labels("lesions")
    clear_desk(desk.viewer)
    again = put_on_desk(ViewerModel(), study)
    assert np.array_equal(again.labels("lesions").array, drawn.array)
    again.undo("lesions")
    assert np.array_equal(again.labels("lesions").array, drawn.array), "undo ends where it was opened"
    assert drawn.array.any()
    assert [n.code for n in again.notices] == ["WORK_RESTORED"]


def test_a_study_whose_last_layer_is_deleted_is_closed_and_its_work_saved(study: OpenedStudy) -> None:
    viewer = ViewerModel()
    desk = put_on_desk(viewer, study, unseen_later=True)
    told: list[str] = []
    desk.closed.connect(lambda: told.append("closed"))
    desk.edit("lesions", VOXEL, 7)
    desk.record("review", "as decided")
    viewer.layers.selection = set(viewer.layers) - {desk.layer("liver")}
    viewer.layers.remove_selected()  # napari's own button
    assert desk_of(viewer) is desk
    assert not told
    viewer.layers.clear()
    assert desk_of(viewer) is None
    assert told == ["closed"]
    assert not desk.keys, "layers that were still to be made are gone with it"
    again = put_on_desk(ViewerModel(), study)
    assert np.asarray(again.layer("lesions").data)[VOXEL] == 7
    assert again.records == {"review": "as decided"}


def test_work_on_a_mask_that_is_not_seen_at_first_is_there_again(study: OpenedStudy) -> None:
    viewer = ViewerModel()
    desk = put_on_desk(viewer, study, unseen_later=True)
    desk.edit("segments", VOXEL, 7)
    wait_for(lambda: written(desk))
    again = put_on_desk(viewer, study, unseen_later=True)
    assert np.asarray(again.layer("segments").data)[VOXEL] == 7
    assert "segments" in again.edited


def test_what_was_decided_is_kept_too(study: OpenedStudy) -> None:
    desk = put_on_desk(ViewerModel(), study)
    desk.record("review", {"2": "accepted", "note": "Größe"})
    desk.record("plan", [1, None, 2.5])
    clear_desk(desk.viewer)  # writes what is left
    again = put_on_desk(ViewerModel(), study)
    assert again.records == {"review": {"2": "accepted", "note": "Größe"}, "plan": [1, None, 2.5]}


def test_a_stroke_is_saved_while_the_brush_is_down(study: OpenedStudy) -> None:
    desk = put_on_desk(ViewerModel(), study)
    layer = desk.layer("lesions")
    layer.contour = 0
    with layer.block_history():  # as between press and release
        layer.paint(desk.viewer.dims.current_step, 9)
        wait_for(lambda: 9 in drawn_lesions(study))


def on_disk(study: OpenedStudy) -> Path:
    """A copy of the work as it is on disk now."""
    folder = work_folder(study)
    return Path(shutil.copytree(folder, folder.with_name("as_it_was")))


def crashed(desk: Desk, work: Path) -> OpenedStudy:
    """The study as after a crash that left ``work``: nobody writes any more, nobody holds it."""
    clear_desk(desk.viewer)
    shutil.rmtree(work_folder(desk.study))
    work.rename(work_folder(desk.study))
    return replace(desk.study)


def test_a_stroke_that_a_crash_cut_short_stands_in_the_trail(study: OpenedStudy) -> None:
    desk = put_on_desk(ViewerModel(), study)
    reviewing = Reviewing(desk, who="Reader 1")
    reviewing.do("new", brushed(reviewing.labels, desk.frame.shown_grid, VOXEL_KJI, radius_mm=3.0, label=8))
    wait_for(lambda: written(desk))
    finished, layer = desk.labels("lesions").array, desk.layer("lesions")
    layer.contour = 0
    with layer.block_history():  # as between press and release
        layer.paint(desk.viewer.dims.current_step, 9)
        wait_for(lambda: 9 in drawn_lesions(study) and written(desk))
        drawn = desk.labels("lesions").array
        work = on_disk(study)
    again = put_on_desk(ViewerModel(), crashed(desk, work))
    assert np.array_equal(again.labels("lesions").array, drawn)
    first, event = review_in(again.records).events
    assert (first.action, first.who) == ("new", "Reader 1")
    assert (event.action, event.part, event.lesions) == ("recovered", "lesions", (9,))
    assert event.voxels == np.count_nonzero(drawn != finished) > 0
    gained = np.count_nonzero(drawn) - np.count_nonzero(finished)
    assert event.volume_change_ml == pytest.approx(gained * study.grid.voxel_ml, abs=1e-6)
    assert [n.code for n in again.notices] == ["WORK_RESTORED", "STROKE_RECOVERED"]
    assert f"{event.voxels} voxels of lesions" in again.notices[-1].message
    clear_desk(again.viewer)
    third = put_on_desk(ViewerModel(), replace(study))
    assert review_in(third.records) == review_in(again.records), "told once"
    assert np.array_equal(third.labels("lesions").array, drawn)
    assert [n.code for n in third.notices] == ["WORK_RESTORED"]


def test_a_finished_stroke_is_none_that_was_cut_short(study: OpenedStudy) -> None:
    desk = put_on_desk(ViewerModel(), study)
    strokes = work_folder(study) / "strokes/lesions.nii.gz"
    with desk.layer("lesions").block_history():
        desk.layer("lesions").paint(desk.viewer.dims.current_step, 9)
        wait_for(strokes.exists)
        half = strokes.read_bytes()
        desk.layer("lesions").paint((5, 5, 5), 9)
    wait_for(lambda: not strokes.exists())
    strokes.write_bytes(half)  # killed before it could be removed
    os.utime(strokes, ns=(1, 1))
    drawn = desk.labels("lesions").array
    again = put_on_desk(ViewerModel(), crashed(desk, on_disk(study)))
    assert np.array_equal(again.labels("lesions").array, drawn)
    assert "review" not in again.records


def test_a_mask_that_was_emptied_stays_empty(study: OpenedStudy) -> None:
    desk = put_on_desk(ViewerModel(), study)
    desk.edit("lesions", np.nonzero(desk.layer("lesions").data), 0)
    clear_desk(desk.viewer)
    assert not put_on_desk(ViewerModel(), study).labels("lesions").array.any()


def test_work_on_another_study_is_not_mixed_in(study: OpenedStudy) -> None:
    desk = put_on_desk(ViewerModel(), study)
    desk.record("review", "first")
    clear_desk(desk.viewer)
    other = replace(study, case=None, images=study.images[1:])
    assert work_folder(other) != work_folder(study)
    assert put_on_desk(ViewerModel(), other).records == {}


def test_work_can_be_thrown_away(study: OpenedStudy) -> None:
    desk = put_on_desk(ViewerModel(), study)
    desk.edit("lesions", VOXEL, 7)
    clear_desk(desk.viewer)
    discard_work(study)
    again = put_on_desk(ViewerModel(), study)
    assert np.array_equal(again.labels("lesions").array, study.masks["lesions"].array)
    assert again.notices == ()


def test_damaged_work_is_told_and_the_rest_comes_back(study: OpenedStudy) -> None:
    desk = put_on_desk(ViewerModel(), study)
    desk.record("review", 1)
    desk.edit("lesions", VOXEL, 7)
    clear_desk(desk.viewer)
    (work_folder(study) / "masks" / "lesions.nii.gz").write_bytes(b"no NIfTI")
    again = put_on_desk(ViewerModel(), study)
    assert again.records == {"review": 1}
    assert [n.code for n in again.notices] == ["WORK_RESTORED", "WORK_DAMAGED"]


def test_a_full_disk_is_told_and_tried_again(study: OpenedStudy, tmp_path: Path) -> None:
    desk = put_on_desk(ViewerModel(), study)
    clear_desk(desk.viewer)
    place = tmp_path / "place"
    place.write_text("a file where the folder should be")
    saving = Autosave(desk, place)
    desk.record("review", 1)
    wait_for(lambda: saving.trouble is not None)
    assert saving.pending
    place.unlink()
    saving.flush()
    assert saving.trouble is None
    assert (place / "records.json").is_file()
    saving.close()


EDITOR = """
import sys, time
from pathlib import Path
import numpy as np
from napari.components import ViewerModel
from napari_netlm.hang import adopt, put_on_desk
from napari_netlm.scene import scene_of
from napari_netlm.study import open_study

desk = put_on_desk(ViewerModel(), open_study(Path(sys.argv[1])))
for n in range(10_000):
    desk.edit("lesions", (np.array([5]), np.array([5]), np.array([n % 90])), 1 + n // 90)
    print(n, flush=True)
    time.sleep(0.02)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_killed_process_loses_the_last_second_at_most(finished: Path) -> None:
    study = open_study(finished)
    times: list[float] = []
    with subprocess.Popen(
        [sys.executable, "-c", EDITOR, str(finished)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as editor:
        assert editor.stdout is not None
        for _line in editor.stdout:
            times.append(time.monotonic())
            if len(times) == 80:
                editor.kill()
                break
        killed = time.monotonic()
    again = put_on_desk(ViewerModel(), study)
    before = study.masks["lesions"].array
    kept = int(np.count_nonzero(again.labels("lesions").array != before))
    lost = [t for t in times[kept:] if killed - t > 1.0]
    assert kept > 0
    assert not lost
