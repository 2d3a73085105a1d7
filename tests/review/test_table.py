"""The table while lesions are edited is that of a whole new measurement, to the last bit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from review.review_examples import GRID, anatomy_of, ball, index_of, label_arrays

from netlm_imaging.anatomy import Anatomy
from netlm_imaging.errors import UsageError
from netlm_imaging.geometry import Grid
from netlm_imaging.lesions import liver_volumes, measure, uptake
from netlm_imaging.lesions.outlines import Outlines
from netlm_imaging.lesions.pet_uptake import PetReference
from netlm_imaging.lesions.regions import regions
from netlm_imaging.review import LesionTable, brushed, deleted, merged, split_pieces
from netlm_imaging.volume import LabelMap, Mask, Volume


def edited(labels: np.ndarray, grid: Grid, rng: np.random.Generator):
    """Random edits, one after the other, each already made in ``labels``."""
    for _ in range(6):
        there = [int(v) for v in np.unique(labels) if v > 0] or [1]
        center = rng.integers(0, grid.shape_kji)
        edits = [
            lambda c=center: brushed(
                labels, grid, [c], radius_mm=5.0, label=int(rng.integers(0, 7)), replacing=None
            ),
            lambda t=there: deleted(labels, int(rng.choice(t))),
            lambda t=there: merged(labels, t[:2], into=t[0]),
            lambda t=there: split_pieces(labels, int(rng.choice(t))),
        ]
        try:
            change = edits[int(rng.choice(4, p=[0.7, 0.1, 0.1, 0.1]))]()
        except UsageError:  # nothing to edit that way
            continue
        change.apply(labels)
        yield change


def whole(anatomy: Anatomy, labels: np.ndarray) -> Anatomy:
    """The anatomy with ``labels`` as its lesions, cut to the liver as all masks are."""
    inside = np.where(anatomy.liver.array, labels, 0)
    return replace(anatomy, lesions=LabelMap(inside, anatomy.grid))


def test_the_contrast_of_an_edited_lesion_is_that_of_a_new_table() -> None:
    labels = np.where(ball((0.0, 0.0, 0.0), 6.0), 1, 0).astype(np.uint8)
    liver = Mask(ball((0.0, 0.0, 0.0), 22.0), GRID)
    anatomy = Anatomy(liver=liver, lesions=LabelMap(labels.copy(), GRID))
    image = Volume(np.random.default_rng(1).normal(100.0, 4.0, GRID.shape_kji) - 30.0 * labels, GRID)
    table = LesionTable.of(anatomy, labels, image=image)
    assert table.rows[1].cnr == pytest.approx(7.5, abs=0.5)
    change = brushed(labels, GRID, [index_of((6.0, 2.0, 0.0))], radius_mm=4.0, label=1)
    change.apply(labels)
    after = table.after(labels, change).rows[1].cnr
    assert after != table.rows[1].cnr
    assert after == LesionTable.of(anatomy, labels, image=image).rows[1].cnr


def test_each_lesion_is_told_before_it_is_measured_and_work_ends_where_that_raises() -> None:
    labels = np.where(ball((0.0, 0.0, 0.0), 6.0), 1, 0).astype(np.uint8)
    labels[ball((14.0, 0.0, 0.0), 3.0)] = 5
    anatomy = Anatomy(liver=Mask(ball((0.0, 0.0, 0.0), 22.0), GRID), lesions=LabelMap(labels, GRID))
    told: list[tuple[int, int]] = []
    LesionTable.of(anatomy, labels, step=lambda *at: told.append(at))
    assert told == [(0, 2), (1, 2)]

    def stop(done: int, _of: int) -> None:
        if done:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        LesionTable.of(anatomy, labels, step=stop)


@settings(max_examples=40)
@given(label_arrays(), st.integers(0, 2**32))
def test_after_any_edits_the_table_is_a_whole_new_one(case: tuple[Grid, np.ndarray], seed: int) -> None:
    grid, labels = case
    rng = np.random.default_rng(seed)
    anatomy = anatomy_of(grid, labels, rng)
    seen, came = {1: ("mr",), 2: ("mr", "pet")}, Outlines.of(anatomy.lesions)
    table = LesionTable.of(anatomy, labels, seen_on=seen)
    for change in edited(labels, grid, rng):
        table = table.after(labels, change)
        now = whole(anatomy, labels)
        places = {r.label: came.seen_on(r, seen) for r in regions(now.lesions)}
        assert table.lesions == measure(now, seen_on=places)
        assert table.volumes() == liver_volumes(now, method="reviewed")
        outside = {n: int(((labels == n) & ~anatomy.liver.array).sum()) for n in table.rows}
        assert {n: row.outside_ml for n, row in table.rows.items()} == pytest.approx(
            {n: voxels * grid.voxel_ml for n, voxels in outside.items()}
        )
        assert set(table.rows) == set(np.unique(labels).tolist()) - {0}


@given(label_arrays(), st.integers(0, 2**32))
def test_in_other_segments_the_table_is_a_whole_new_one(case: tuple[Grid, np.ndarray], seed: int) -> None:
    grid, labels = case
    rng = np.random.default_rng(seed)
    anatomy = anatomy_of(grid, labels, rng)
    segments = LabelMap(rng.integers(0, 9, grid.shape_kji).astype(np.uint8), grid)
    moved = LesionTable.of(anatomy, labels).in_segments(labels, segments)
    anew = LesionTable.of(replace(anatomy, segments=segments), labels)
    assert moved.lesions == anew.lesions
    assert moved.volumes() == anew.volumes()


@given(label_arrays(), st.integers(0, 2**32))
def test_rejected_lesions_are_no_tumor(case: tuple[Grid, np.ndarray], seed: int) -> None:
    grid, labels = case
    anatomy = anatomy_of(grid, labels, np.random.default_rng(seed))
    table = LesionTable.of(anatomy, labels)
    without = whole(anatomy, np.where(np.isin(labels, (1, 3)), 0, labels))
    assert table.volumes(without={1, 3}) == liver_volumes(without, method="reviewed")


@given(label_arrays(), st.integers(0, 2**32))
def test_uptake_is_read_in_the_new_outline_of_what_was_edited(
    case: tuple[Grid, np.ndarray], seed: int
) -> None:
    grid, labels = case
    rng = np.random.default_rng(seed)
    anatomy, suv = anatomy_of(grid, labels, rng), Volume(rng.uniform(0.5, 30.0, grid.shape_kji), grid)
    means = {"liver_mean": 5.0, "liver_sd": 1.0, "spleen_mean": 20.0}
    at_first = uptake(suv, anatomy.lesions, **means)
    table = LesionTable.of(anatomy, labels, uptake=at_first, suv=suv, reference=PetReference(**means))
    assert table.lesions == measure(anatomy, uptake=at_first)
    change = brushed(labels, grid, [rng.integers(0, grid.shape_kji)], radius_mm=6.0, label=2, replacing=None)
    change.apply(labels)
    now = whole(anatomy, labels)
    assert table.after(labels, change).lesions == measure(now, uptake=uptake(suv, now.lesions, **means))


def test_undoing_gives_back_the_uptake_that_the_study_found() -> None:
    """It may have been read in more than the outline, in a matching one of PET."""
    grid = Grid(shape_kji=(4, 5, 6), spacing_mm=(1.0, 1.5, 2.0), origin_mm=(0.0, 0.0, 0.0))
    labels = np.zeros(grid.shape_kji, np.int32)
    labels[1, 1, 1:3] = 1
    anatomy = Anatomy(liver=Mask(np.ones(grid.shape_kji, bool), grid), lesions=LabelMap(labels.copy(), grid))
    means = {"liver_mean": 5.0, "liver_sd": 1.0}
    found = {
        1: PetReference(**means, spleen_mean=None).uptake(
            Volume(np.full(grid.shape_kji, 30.0), grid), next(iter(regions(anatomy.lesions)))
        )
    }
    suv = Volume(np.full(grid.shape_kji, 9.0), grid)
    first = LesionTable.of(
        anatomy, labels, uptake=found, suv=suv, reference=PetReference(**means, spleen_mean=None)
    )
    change = brushed(labels, grid, [(1, 1, 4)], radius_mm=0.5, label=1)
    change.apply(labels)
    edited = first.after(labels, change)
    assert edited.lesions[0].suv_max == 9.0
    change.undone().apply(labels)
    assert edited.after(labels, change.undone()).lesions == first.lesions
    assert first.lesions[0].suv_max == 30.0


def test_uptake_of_an_edited_lesion_is_unknown_without_the_image() -> None:
    grid = Grid(shape_kji=(4, 5, 6), spacing_mm=(1.0, 1.5, 2.0), origin_mm=(0.0, 0.0, 0.0))
    labels = np.zeros(grid.shape_kji, np.int32)
    labels[1, 1, 1], labels[3, 3, 3] = 1, 2
    anatomy = Anatomy(liver=Mask(np.ones(grid.shape_kji, bool), grid), lesions=LabelMap(labels, grid))
    suv = Volume(np.full(grid.shape_kji, 9.0), grid)
    known = uptake(suv, LabelMap(labels, grid), liver_mean=5.0, liver_sd=1.0)
    table = LesionTable.of(anatomy, labels, uptake=known)
    change = brushed(labels, grid, [(1, 1, 2)], radius_mm=0.5, label=1)
    change.apply(labels)
    after = {lesion.id: lesion.suv_max for lesion in table.after(labels, change).lesions}
    assert after == {1: None, 2: 9.0}
