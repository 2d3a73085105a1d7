"""The reasons of the Type of an edited plan are those of a run: other plans and larger remnants, too."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from napari.components import ViewerModel
from napari_plugin.planned import Later, begun, refused
from napari_plugin.test_plan_report import of_these_masks

from napari_netlm import plan_details
from napari_netlm.decision import NOT_WEIGHED, decision_html
from napari_netlm.desk import Desk
from napari_netlm.hang import put_on_desk
from napari_netlm.jobs import Cancelled
from napari_netlm.opened import OpenedStudy
from napari_netlm.plan_files import write_decision
from napari_netlm.plan_start import Started
from napari_netlm.planning import Planning
from napari_netlm.runner import attempted
from netlm_imaging.errors import Fault, PlanError
from netlm_imaging.export import read_case
from netlm_imaging.plan.session_state import State


def test_the_window_says_what_the_report_says(planning: Planning, tmp_path: Path) -> None:
    planning.edit(lambda session: session.must_not(session.chosen[0]))
    planning.desk.study = replace(planning.desk.study, case=of_these_masks(planning))
    quick = planning.classification
    assert not planning.known.weighed
    planning.known.weigh()
    assert planning.known.weighed
    assert planning.classification != quick
    assert planning.classification == read_case(write_decision(planning, tmp_path / "case")).classification


def test_what_is_still_worked_out_is_said(planning: Planning) -> None:
    found = planning.classification
    assert NOT_WEIGHED in decision_html(found, weighed=False)
    assert NOT_WEIGHED not in decision_html(found, weighed=True)


def test_facts_that_change_no_plan_are_weighed_at_once(planning: Planning) -> None:
    planning.known.weigh()
    told = planning.clinical.model_copy(update={"extrahepatic": "peritoneal"})
    planning.know(told)
    assert planning.known.weighed
    assert planning.classification.contraindications
    planning.know(told.model_copy(update={"symptomatic_lesions": (2,)}))
    assert not planning.known.weighed


def test_an_answer_for_the_plan_of_before_is_none_for_this_one(desk: Desk, started: Started) -> None:
    later = Later()
    planning = Planning(desk, started, run=later)
    planning.known.weigh()
    assert len(later.jobs) == 1, "not before the plan is worked out"
    later.all()
    planning.known.weigh()
    planning.known.weigh()
    assert len(later.jobs) == 1, "one at a time"
    planning.edit(lambda session: session.leave_alone(1))
    later.all()
    assert planning.session.state.fixed.leave == {1}
    assert not planning.known.weighed
    planning.undo()
    later.all()
    assert planning.known.weighed, "what was found holds again"
    planning.close()


def test_what_is_worked_out_for_a_plan_of_before_ends_at_its_next_step(desk: Desk, started: Started) -> None:
    """Edits would wait for it."""
    later = Later()
    planning = Planning(desk, started, run=later)
    later.all()
    planning.known.weigh()
    planning.edit(lambda session: session.leave_alone(1))
    weighing, edit = later.jobs
    later.jobs[:] = [edit]
    later.all()
    job, done = weighing
    done(attempted(job))
    assert isinstance(attempted(job), Cancelled)
    assert len(later.jobs) == 1, "it begins again, for the plan that stands"
    later.all()
    assert planning.known.weighed
    planning.close()


def test_what_cannot_be_weighed_is_told_once(planning: Planning, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(state: State, progress: Any) -> None:
        raise PlanError(Fault(code="PLAN_CONFLICT", expected="a plan", found="none"))

    errors = refused(planning)
    monkeypatch.setattr(plan_details, "deciding_of", never)
    planning.known.weigh()
    planning.known.weigh()
    assert [error.code for error in errors] == ["PLAN_CONFLICT"]
    assert planning.classification is not None
    assert not planning.known.weighed
    assert not planning.known.to_be_weighed, "Decide does not say that it is being worked out"


def test_what_the_study_found_counts_for_lesions_that_are_as_they_were(
    study: OpenedStudy, tmp_path: Path
) -> None:
    """It decides about PRRT."""
    scored = tuple(replace(one, krenning=2, suv_max=7.0) for one in study.case.lesions)
    desk = put_on_desk(ViewerModel(), replace(study, path=tmp_path, case=replace(study.case, lesions=scored)))
    lesions = desk.layer("lesions").data
    desk.edit("lesions", tuple(np.argwhere(lesions == 2)[:1].T), 0)
    desk.edit("lesions", np.nonzero(lesions == 3), 40)
    found = {one.id: one for one in begun(desk).lesions}
    assert (found[1].krenning, found[1].suv_max) == (2, 7.0)
    assert (found[2].krenning, found[2].suv_max) == (None, None), "PET was read on another outline"
    assert (found[40].krenning, found[40].suv_max) == (2, 7.0), "whatever its number"
    before = {one.id: one.seen_on for one in scored}
    assert [found[n].seen_on for n in (1, 2, 40)] == [before[n] for n in (1, 2, 3)]
