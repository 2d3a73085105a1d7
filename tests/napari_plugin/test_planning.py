"""A plan edited on a desk without a window: edits, undo, proof, what is kept and compared."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from napari.components import ViewerModel
from napari_plugin.planned import Later, begun, refused, settings_of

from napari_netlm.decision import waiting_html
from napari_netlm.desk import Desk, clear_desk
from napari_netlm.drawing import new_probe
from napari_netlm.hang import put_on_desk
from napari_netlm.opened import OpenedStudy
from napari_netlm.outlook import Outlook
from napari_netlm.plan_figures import change_words, figure_rows, status_words
from napari_netlm.plan_files import NOT_READY, why_no_report
from napari_netlm.plan_layers import ABLATED, PLAN, RESECTED, PlanShown
from napari_netlm.plan_list import lesion_rows, shared_rows
from napari_netlm.plan_start import RECORD, Started, question_of
from napari_netlm.planning import Planning
from napari_netlm.runner import attempted
from napari_netlm.work import load_work
from napari_netlm.writers import write_nifti
from netlm_imaging.clinical import Clinical
from netlm_imaging.errors import InputError
from netlm_imaging.export.wording import listed
from netlm_imaging.ingest import read_mask


def test_every_lesion_has_its_treatments_or_the_reasons(planning: Planning) -> None:
    rows = lesion_rows(planning)
    assert {row.lesion.id for row in rows} == {lesion.id for lesion in planning.started.lesions}
    assert [row.lesion.volume_ml for row in rows] == sorted((r.lesion.volume_ml for r in rows), reverse=True)
    options = [option for row in rows for option in row.options]
    assert all(option.why for option in options if option.standing == "impossible")
    assert all(option.cost_ml is not None for option in options if option.candidate is not None)
    done = {o.candidate for o in (*options, *shared_rows(planning)) if o.standing == "done"}
    assert done == set(planning.session.chosen)


def test_the_plan_lies_where_its_voxels_are(planning: Planning, tmp_path: Path) -> None:
    shown = PlanShown(planning)
    layer, state = planning.desk.layer(PLAN), planning.session.state
    world = np.argwhere(np.isin(layer.data, (RESECTED, ABLATED))) * layer.scale + layer.translate
    grid = planning.started.anatomy.grid
    at = np.rint(grid.to_index(planning.desk.frame.to_patient(world))).astype(int)
    case = state.basis.case
    treated = np.argwhere(case.treated(planning.session.chosen)) + [
        s.start for s in grid.box_of(case.space.grid)
    ]
    assert {tuple(v) for v in at} == {tuple(v) for v in treated}
    write_nifti(str(tmp_path / "plan.nii.gz"), *layer.as_layer_data_tuple()[:2])
    saved = read_mask(str(tmp_path / "plan.nii.gz")).labels.paste_into(grid).array
    assert np.count_nonzero(np.isin(saved, (RESECTED, ABLATED))) == len(treated)
    assert np.isin(saved[tuple(treated.T)], (RESECTED, ABLATED)).all()
    assert not planning.desk.layer("treated").visible
    shown.close()
    assert planning.desk.layer(PLAN) is None


def test_undo_while_an_edit_is_planned_takes_it_back_when_it_stands(desk: Desk, started: Started) -> None:
    later = Later()
    planning = Planning(desk, started, run=later)
    later.all()
    before = planning.session.chosen
    planning.edit(lambda session: session.leave_alone(1))
    assert planning.busy
    planning.undo()
    planning.edit(lambda session: session.leave_alone(2))
    planning.undo()
    planning.redo()
    later.all()
    assert planning.session.state.fixed.leave == {2}
    assert len(planning.session.past) == 1
    planning.undo()
    assert planning.session.chosen == before
    planning.close()


def test_the_type_of_before_is_not_shown_or_written_while_an_edit_is_planned(
    desk: Desk, started: Started
) -> None:
    later = Later()
    planning = Planning(desk, started, run=later)
    later.all()
    assert why_no_report(planning) == ""
    planning.edit(lambda session: session.leave_alone(1))
    assert planning.classification is None
    assert why_no_report(planning) == NOT_READY
    assert "Type" not in waiting_html(planning)
    later.one()  # it stands, its reasons are still to come
    assert f"Type {planning.type}" in waiting_html(planning)
    later.all()
    assert why_no_report(planning) == ""
    planning.edit(lambda session: session.must_clear(77))
    later.all()
    assert why_no_report(planning) == "", "refused: the plan of before stands"
    planning.close()


def test_a_forbidden_treatment_is_out_and_comes_back_by_undo(planning: Planning) -> None:
    before, first = planning.figures, planning.session.chosen[0]
    planning.edit(lambda session: session.must_not(first))
    assert first not in planning.session.chosen
    assert planning.last is not None
    assert planning.last.type_after == planning.type == planning.classification.type
    assert change_words(planning.last)
    planning.undo()
    assert planning.figures == before
    planning.redo()
    assert first in planning.session.state.fixed.must_not


def test_what_no_plan_can_do_is_told_and_changes_nothing(planning: Planning) -> None:
    errors, session = refused(planning), planning.session
    planning.change(settings_of(planning.settings, flr={"minimum_percent": 100.0}))
    dear = max(range(len(session.candidates)), key=lambda n: planning.cost_ml(session.candidates[n]))
    planning.edit(lambda s: s.must(dear))
    assert [error.code for error in errors] == ["PLAN_CONFLICT"]
    assert planning.session.past[0] is session.state
    assert not planning.busy


def test_edits_that_come_fast_are_all_done_in_order(desk: Desk, started: Started) -> None:
    runner = Later()
    planning = Planning(desk, started, run=runner)
    runner.all()
    one, two = planning.session.chosen[:2]
    planning.edit(lambda session: session.must(one))
    planning.edit(lambda session: session.must_not(two))
    assert planning.busy
    assert status_words(planning) == "planning ..."
    runner.all()
    assert not planning.busy
    assert planning.session.state.fixed.must == {one}
    assert planning.session.state.fixed.must_not == {two}
    assert len(planning.session.past) == 2


def test_a_proof_counts_only_for_the_plan_that_it_was_begun_for(desk: Desk, started: Started) -> None:
    state = replace(started.session.state, choice=replace(started.session.state.choice, status="feasible"))
    runner = Later()
    planning = Planning(desk, replace(started, session=replace(started.session, state=state)), run=runner)
    assert planning.proving
    assert "proof goes on" in status_words(planning)
    first = planning.session.chosen[0]
    planning.edit(lambda session: session.must_not(first))
    proof = next(n for n, (job, _) in enumerate(runner.jobs) if "finish" in job.__code__.co_names)
    late = runner.jobs.pop(proof)
    runner.all()
    stands = planning.session
    late[1](attempted(late[0]))
    assert planning.session is stands
    assert stands.state.choice.status == "optimal"
    assert not planning.proving


def test_answers_after_the_study_is_closed_are_thrown_away(desk: Desk, started: Started) -> None:
    runner = Later()
    planning = Planning(desk, started, run=runner)
    planning.beside.append(PlanShown(planning))
    planning.hand.take(new_probe(planning.session, 1, "mwa-1-probe"))
    planning.edit(lambda session: session.must_not(session.chosen[0]))
    clear_desk(desk.viewer)
    runner.all()
    assert not desk.viewer.layers
    assert not planning.session.past


def test_the_plan_is_kept_with_the_work_and_gone_on_with(planning: Planning) -> None:
    first = planning.session.chosen[0]
    planning.edit(lambda session: session.must_not(first))
    planning.know(planning.clinical.model_copy(update={"liver_quality": "cirrhosis"}))
    planning.change(settings_of(planning.settings, plan={"max_interventions": 6}))
    desk = planning.desk
    desk.autosave.flush()
    saved = load_work(desk.autosave.folder, desk.study.grid)
    assert saved.records[RECORD]["plan"]["debulking_percent"] == planning.figures.debulking_percent
    assert saved.records["clinical"]["liver_quality"] == "cirrhosis"
    assert saved.records["settings"]["plan"]["max_interventions"] == 6
    again = begun(desk)
    assert again.session.figures == planning.figures
    assert again.session.state.fixed == planning.session.state.fixed
    assert not again.notices


def test_facts_that_were_changed_since_hold_for_the_saved_plan(planning: Planning) -> None:
    planning.edit(lambda session: session.must_not(session.chosen[0]))
    desk = planning.desk
    desk.record("clinical", {"liver_quality": "cirrhosis"})
    desk.record("settings", {"ablation": {"margin_mm": 7.0}})
    again = begun(desk).session
    assert again.state.basis.case.clinical == Clinical(liver_quality="cirrhosis")
    assert again.state.basis.settings.ablation.margin_mm == 7.0
    assert again.state.fixed.must_not
    assert not again.past


def test_a_plan_of_other_masks_is_told_and_planned_anew(planning: Planning) -> None:
    planning.edit(lambda session: session.must_not(session.chosen[0]))
    desk = planning.desk
    layer = desk.layer("lesions")
    where = tuple(np.argwhere(layer.data == 1)[:4].T)
    desk.edit("lesions", where, 0)
    assert planning.outdated
    again = begun(desk)
    assert [notice.code for notice in again.notices] == ["PLANNED_ANEW"]
    assert not again.session.state.fixed.must_not


def test_a_study_without_masks_says_what_is_missing(study: OpenedStudy) -> None:
    desk = put_on_desk(ViewerModel(), replace(study, masks={}, case=None))
    with pytest.raises(InputError) as caught:
        question_of(desk)
    assert caught.value.code == "MASKS_NEEDED"
    assert why_no_report(None)


def test_figures_stand_against_their_limits(planning: Planning) -> None:
    planning.know(Clinical(height_cm=172.0, weight_kg=74.0, liver_quality="cirrhosis"))
    rows = {
        row.name: row
        for row in figure_rows(
            planning.figures, planning.last, type_now=planning.type, threshold_percent=70.0
        )
    }
    assert "40 %" in rows["sFLR"].value
    assert rows["Type"].value == str(planning.type)
    open_ = figure_rows(planning.figures, None, type_now=2, threshold_percent=70.0, provisional=True)
    assert open_[0].value == "2 (provisional)"
    assert f"{planning.figures.flr_ml:.0f} mL" == rows["Remnant (FLR)"].value
    assert rows["Lesions left"].value == (
        listed(planning.figures.residual) if planning.figures.residual else "none"
    )


def test_a_point_of_the_frontier_becomes_the_plan(planning: Planning) -> None:
    outlook = Outlook(planning)
    outlook.find_frontier(seconds=10.0)
    point = outlook.more.frontier[len(outlook.more.frontier) // 2]
    assert point.flr_percent > planning.figures.flr_percent
    assert outlook.next_lesions
    outlook.take(point)
    assert outlook.next_lesions == (), "they were those after another plan"
    assert planning.figures.debulking_percent == pytest.approx(point.debulking_percent)
    assert planning.figures.flr_percent == pytest.approx(point.flr_percent)
    assert "frontier" not in outlook.outdated
    planning.edit(lambda session: session.must_not(session.chosen[0]))
    assert "frontier" in outlook.outdated


def test_a_frontier_ends_at_the_minimum_that_it_was_asked_for(planning: Planning) -> None:
    planning.change(settings_of(planning.settings, flr={"minimum_percent": 99.5}))
    outlook = Outlook(planning)
    outlook.find_frontier(seconds=5.0)
    assert not outlook.outdated
    planning.change(settings_of(planning.settings, flr={"minimum_percent": 20.0}))
    assert outlook.outdated == {"frontier"}, "more could be had now"
    planning.undo()
    assert not outlook.outdated


def test_growth_is_projected_or_said_to_be_of_no_use(planning: Planning) -> None:
    outlook = Outlook(planning)
    outlook.find_growth(seconds=5.0)
    assert outlook.growth is not None
    assert not outlook.searching


def test_two_plans_are_compared_and_the_kept_one_comes_back(planning: Planning) -> None:
    planning.keep()
    kept = planning.figures
    planning.edit(lambda session: session.must_not(session.chosen[0]))
    change = planning.compared()
    assert change.flr_ml == pytest.approx(planning.figures.flr_ml - kept.flr_ml)
    assert change.removed
    planning.go_back()
    assert planning.figures == kept
    planning.undo()
    assert planning.figures != kept
