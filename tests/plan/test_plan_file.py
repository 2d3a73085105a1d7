"""Plans saved and opened again: the same treatments, the same figures, only on the same masks."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from plan.plan_examples import settings_with
from plan.session_examples import lumpy_session, middle_of, session_on
from plan.test_plan_case import random_anatomy

from netlm_imaging.anatomy import Surroundings
from netlm_imaging.clinical import Clinical
from netlm_imaging.errors import InputError
from netlm_imaging.export import write_nifti, write_plan
from netlm_imaging.ingest import read_mask, read_plan
from netlm_imaging.lesions import measure
from netlm_imaging.plan.drawn import DrawnAblation, DrawnPlane, DrawnSurface
from netlm_imaging.plan.fixed import key_of
from netlm_imaging.plan.plan_file import PlanFile, mask_sha256, masks_of, plan_file_of
from netlm_imaging.plan.reopen import reopened
from netlm_imaging.plan.session import PlanSession
from netlm_imaging.volume import LabelMap, Mask


def edited(seed: int) -> PlanSession:
    """A session in which everything was used that a file must keep."""
    session = lumpy_session(seed, keep=0.05)
    middle, rng = middle_of(session.state.basis.anatomy), np.random.default_rng(seed)
    session = session.must_not(session.chosen[0]).session.must(session.chosen[1]).session
    session = session.must_clear(session.figures.cleared[0]).session.leave_alone(5).session
    plane = DrawnPlane(point_lps_mm=tuple(middle + np.array([16.0, 1.0, 2.0])), normal_lps=(1.0, 0.3, 0.2))
    session = session.add(plane).session
    probe = DrawnAblation(
        device="rfa-1-probe", center_lps_mm=tuple(middle), axis_lps=tuple(rng.normal(size=3))
    )
    session = session.add(probe).session
    points = middle + np.array([(0, -14, 0), (5, -15, 9), (-6, -15.5, 8), (1, -13, -9), (8, -14, -2)])
    surface = DrawnSurface(points_lps_mm=tuple(map(tuple, points)), kept_lps_mm=tuple(middle))
    return session.add(surface).session.free(session.state.basis.first_drawn).session


@pytest.mark.parametrize("seed", [5, 7])
def test_an_opened_plan_has_the_same_treatments_and_figures_to_the_voxel(seed: int, tmp_path: Path) -> None:
    session = edited(seed)
    state = session.state
    written = write_plan(plan_file_of(state, state.basis.anatomy), tmp_path / "plan.json")
    again = reopened(read_plan(written), state.basis.anatomy)
    assert again.figures == session.figures
    assert again.state.outcome == state.outcome
    assert again.plan == session.plan
    for one, other in zip(again.chosen, session.chosen, strict=True):
        mine, theirs = again.candidates[one], session.candidates[other]
        assert key_of(mine) == key_of(theirs)
        assert np.array_equal(
            mine.region(again.state.basis.case.space), theirs.region(state.basis.case.space)
        )
    assert again.state.fixed == state.fixed
    assert again.state.basis.drawn == state.basis.drawn
    assert plan_file_of(again.state, again.state.basis.anatomy).to_json() == written.read_text()
    assert again.finish(seconds=20).session.state.choice.chosen == session.finish(seconds=20).session.chosen


def test_an_opened_plan_counts_what_its_treatments_lose_only_together() -> None:
    anatomy = random_anatomy(22, lesions=8, coarse=1.7)
    settings = settings_with(plan={"objective": "maximum"})
    session = PlanSession.begin(anatomy, measure(anatomy), settings=settings, clinical=Clinical())
    state = session.state
    together = [j for j in state.basis.case.problem.joint if j.candidates <= set(session.chosen)]
    assert sum(j.voxels.size for j in together) > 0, "or nothing is tested"
    again = reopened(plan_file_of(state, anatomy), anatomy)
    assert again.figures == session.figures
    assert again.plan == session.plan


def test_masks_from_files_open_the_plan_and_edits_go_on(tmp_path: Path) -> None:
    session = edited(5)
    anatomy = session.state.basis.anatomy
    file = plan_file_of(session.state, anatomy)
    parts: dict = {}
    for name, mask in masks_of(anatomy).items():
        labels = read_mask(str(write_nifti(mask, tmp_path / f"{name}.nii.gz"))).labels
        parts[name] = labels if isinstance(mask, LabelMap) else Mask(labels.array > 0, labels.grid)
    again = reopened(PlanFile.from_json(file.to_json()), replace(anatomy, **parts))
    assert again.figures == session.figures
    out = next(c for c in again.chosen if c not in again.state.fixed.must)
    assert again.must_not(out).figures == session.must_not(out).figures


def test_vessels_that_nobody_traced_stay_so_in_the_opened_plan() -> None:
    settings = settings_with(resection={"inflow_from_all_vessels": True})
    traced = lumpy_session(5).state.basis.anatomy
    for anatomy in (traced, replace(traced, vessels_traced=False)):
        session = session_on(anatomy, settings=settings)
        again = reopened(plan_file_of(session.state, anatomy), traced)
        assert (again.state.basis.case.space.inflow is not None) is anatomy.vessels_traced
        assert again.figures == session.figures


def test_paths_from_the_skin_are_there_again_where_the_surroundings_are_given() -> None:
    anatomy = random_anatomy(5, lesions=5, coarse=1.3)
    only_zones = settings_with(resection={"wedge": False, "enucleation": False, "anatomical": False})
    file = plan_file_of(session_on(anatomy, settings=only_zones).state, anatomy)
    skin = np.zeros(anatomy.grid.shape_kji, dtype=bool)
    skin[1:-1, 1:-1, 1:-1] = True
    around = Surroundings(body=Mask(skin, anatomy.grid))
    for given, approaches in ((None, {"operative"}), (around, {"operative", "percutaneous"})):
        again = reopened(file, anatomy, around=given)
        assert {p.approach for t in again.plan.treatments for p in t.paths} == approaches
        assert {t.open_only for t in again.plan.treatments} == ({None} if given is None else {False})


def test_other_masks_are_refused_and_each_is_named() -> None:
    session = lumpy_session(5)
    anatomy = session.state.basis.anatomy
    file = plan_file_of(session.state, anatomy)
    lesions = anatomy.lesions.array.copy()
    lesions[tuple(np.argwhere(lesions)[0])] = 0
    other = replace(anatomy, lesions=LabelMap(lesions, anatomy.grid), vessels=None, spleen=anatomy.liver)
    with pytest.raises(InputError) as caught:
        reopened(file, other)
    assert caught.value.codes == ("PLAN_OF_OTHER_MASKS",) * 3
    text = str(caught.value)
    assert "the lesions mask of the plan; found other voxels" in text
    assert "the spleen mask of the plan; found one that the plan was made without" in text
    assert "the vessels mask of the plan; found none" in text
    moved = replace(anatomy.grid, origin_mm=(0.0, 0.0, 0.0))
    shifted = {name: type(mask)(mask.array, moved) for name, mask in masks_of(anatomy).items()}
    with pytest.raises(InputError, match="another grid"):
        reopened(file, replace(anatomy, **shifted))


def test_a_treatment_that_comes_out_otherwise_is_refused() -> None:
    session = lumpy_session(5)
    file = plan_file_of(session.state, session.state.basis.anatomy)
    first = replace(file.treatments[0], sha256="0" * 64)
    second = replace(file.treatments[1], key=replace(file.treatments[1].key, name="Wedge of the moon"))
    wrong = replace(file, treatments=(first, second, *file.treatments[2:]))
    with pytest.raises(InputError) as caught:
        reopened(wrong, session.state.basis.anatomy)
    assert caught.value.codes == ("PLAN_NOT_REPRODUCED",) * 2
    assert "T1" in str(caught.value)
    assert "Wedge of the moon" in str(caught.value)


def test_hashes_know_voxels_and_not_their_storage() -> None:
    anatomy = lumpy_session(5).state.basis.anatomy
    wide = LabelMap(anatomy.lesions.array.astype(np.int32), anatomy.grid)
    assert mask_sha256(wide) == mask_sha256(anatomy.lesions)
    assert mask_sha256(LabelMap(anatomy.liver.array.astype(np.uint8), anatomy.grid)) == mask_sha256(
        anatomy.liver
    )
    flipped = LabelMap(np.ascontiguousarray(anatomy.lesions.array[::-1]), anatomy.grid)
    assert mask_sha256(flipped) != mask_sha256(anatomy.lesions)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda d: d.pop("grid"), "grid"),
        (lambda d: d.update(schema="netlm-plan/2"), "schema netlm-plan/1); found schema 'netlm-plan/2'"),
        (lambda d: d.update(surprise=1), "surprise"),
        (lambda d: d["treatments"][0].update(voxels="many"), "treatments.0.voxels"),
    ],
)
def test_a_spoiled_file_is_refused_with_what_is_wrong(spoil, says: str, tmp_path: Path) -> None:
    session = lumpy_session(5)
    content = json.loads(plan_file_of(session.state, session.state.basis.anatomy).to_json())
    spoil(content)
    (tmp_path / "plan.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match="BAD_PLAN_FILE") as caught:
        read_plan(tmp_path / "plan.json")
    assert says in str(caught.value)


def test_a_file_that_is_not_there_or_no_json_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="UNREADABLE"):
        read_plan(tmp_path / "plan.json")
    (tmp_path / "plan.json").write_bytes(b"\xff{")
    with pytest.raises(InputError, match=r"BAD_PLAN_FILE in plan.json: .*found no JSON"):
        read_plan(tmp_path / "plan.json")


@pytest.mark.parametrize("seed", range(5, 9))
def test_no_two_candidates_have_one_key(seed: int) -> None:
    session = lumpy_session(seed).change(settings_with(ablation={"margin_mm": 2.0, "max_zones": 4})).session
    keys = [key_of(candidate) for candidate in session.candidates]
    assert len(set(keys)) == len(keys)
