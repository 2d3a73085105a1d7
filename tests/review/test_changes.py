"""Edits change what they say, and their undoing gives back the very array."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from review.review_examples import label_arrays

from netlm_imaging.errors import UsageError
from netlm_imaging.geometry import Grid
from netlm_imaging.review import (
    Change,
    brushed,
    deleted,
    filled_between,
    grown,
    merged,
    next_label,
    relabeled,
    split_at,
    split_by_plane,
    split_pieces,
)

Edit = Callable[[np.ndarray, Grid, np.random.Generator], Change]


def _point(grid: Grid, rng: np.random.Generator) -> np.ndarray:
    return rng.integers(0, grid.shape_kji)


EDITS: dict[str, Edit] = {
    "merge": lambda a, g, r: merged(a, [1, 2], into=2),
    "delete": lambda a, g, r: deleted(a, 1),
    "relabel": lambda a, g, r: relabeled(a, 1, to=9),
    "brush": lambda a, g, r: brushed(a, g, [_point(g, r)], radius_mm=5.0, label=3, replacing=None),
    "erase": lambda a, g, r: brushed(a, g, [_point(g, r)], radius_mm=4.0, label=0, replacing=(1,)),
    "pieces": lambda a, g, r: split_pieces(a, 1),
    "clicks": lambda a, g, r: split_at(a, g, 1, [_point(g, r), _point(g, r), _point(g, r)]),
    "plane": lambda a, g, r: split_by_plane(a, g, 1, point_kji=_point(g, r), normal_kji_mm=r.normal(size=3)),
    "fill": lambda a, g, r: filled_between(a, g, 1, axis=int(r.integers(3))),
    "grow": lambda a, g, r: (
        grown(a, 1.0 * (r.random(a.shape) > 0.7), g, _point(g, r), label=1, radius_mm=6.0).change
    ),
}


@pytest.mark.parametrize("name", EDITS)
def test_undoing_gives_back_the_very_array(name: str) -> None:
    done = 0

    @given(label_arrays(), st.integers(0, 2**32))
    def check(case: tuple[Grid, np.ndarray], seed: int) -> None:
        nonlocal done
        grid, labels = case
        before = labels.copy()
        try:
            change = EDITS[name](labels, grid, np.random.default_rng(seed))
        except UsageError:
            return
        assert (labels == before).all(), "an edit gives a change and changes nothing itself"
        assert (np.diff(change.voxels) > 0).all()
        assert (change.old == before.ravel()[change.voxels]).all()
        assert (change.old != change.new).all()
        change.apply(labels)
        done += change.voxels.size > 0
        assert (np.flatnonzero(labels != before) == change.voxels).all()
        assert set(change.labels) == (set(change.old.tolist()) | set(change.new.tolist())) - {0}
        change.undone().apply(labels)
        assert (labels == before).all()

    check()
    assert done > 5


@given(label_arrays(), st.integers(0, 2**32))
def test_a_stroke_is_one_change(case: tuple[Grid, np.ndarray], seed: int) -> None:
    grid, labels = case
    rng = np.random.default_rng(seed)
    stroke, step = labels.copy(), []
    for value in (2, 0, 3, 3, 1):
        step.append(brushed(stroke, grid, [_point(grid, rng)], radius_mm=6.0, label=value, replacing=None))
        step[-1].apply(stroke)
    joined = Change.joined(step)
    whole = labels.copy()
    joined.apply(whole)
    assert (whole == stroke).all()
    assert (joined.old == labels.ravel()[joined.voxels]).all()
    joined.undone().apply(whole)
    assert (whole == labels).all()


@given(label_arrays(), st.integers(0, 2**32))
def test_the_difference_of_two_arrays_leads_from_one_to_the_other(
    case: tuple[Grid, np.ndarray], seed: int
) -> None:
    _, before = case
    after = np.where(np.random.default_rng(seed).random(before.shape) < 0.3, 2, before).astype(before.dtype)
    change = Change.between(before, after)
    assert change.voxels.size == (before != after).sum()
    change.apply(before)
    assert (before == after).all()


@given(label_arrays(), st.integers(0, 2**32), st.sampled_from([None, 0, 1, 2]))
def test_a_brush_is_round_in_mm(case: tuple[Grid, np.ndarray], seed: int, axis: int | None) -> None:
    grid, labels = case
    rng = np.random.default_rng(seed)
    center, radius = _point(grid, rng), rng.uniform(0.2, 8.0)
    change = brushed(labels, grid, [center], radius_mm=radius, label=2, replacing=(0, 3), plane_axis=axis)
    apart = np.moveaxis(np.indices(labels.shape), 0, -1) - center
    inside = np.linalg.norm(apart * grid.spacing_kji_mm, axis=-1) <= radius
    if axis is not None:
        inside &= apart[..., axis] == 0
    assert (change.voxels == np.flatnonzero(inside & np.isin(labels, (0, 3)))).all()


def test_a_number_never_comes_back() -> None:
    labels = np.array([[[0, 3, 7]]], dtype=np.int32)
    assert next_label(labels) == 8
    assert next_label(labels, used=(2, 11)) == 12
    assert next_label(np.zeros((1, 1, 2), np.uint8)) == 1


@pytest.mark.parametrize(
    "edit",
    [
        lambda a, g: deleted(a, 5),
        lambda a, g: deleted(a, 0),
        lambda a, g: merged(a, [1], into=1),
        lambda a, g: merged(a, [1, 2], into=3),
        lambda a, g: merged(a, [1, 9], into=1),
        lambda a, g: relabeled(a, 1, to=2),
        lambda a, g: relabeled(a, 1, to=0),
        lambda a, g: relabeled(a, 1, to=300),
        lambda a, g: brushed(a, g, [(0, 0, 99)], radius_mm=3.0, label=1),
        lambda a, g: brushed(a, g, [(0, 0, np.nan)], radius_mm=3.0, label=1),
        lambda a, g: brushed(a, g, [(0, 0, 0)], radius_mm=0.0, label=1),
        lambda a, g: brushed(a, g, [(0, 0, 0)], radius_mm=3.0, label=-1),
        lambda a, g: filled_between(a, g, 1, axis=3),
        lambda a, g: filled_between(a, g, 1, axis=0),
        lambda a, g: split_pieces(a, 1),
        lambda a, g: split_at(a, g, 1, [(0, 0, 0)]),
        lambda a, g: split_at(a, g, 1, [(0, 0, 0), (0, 0, 0)]),
        lambda a, g: split_by_plane(a, g, 1, point_kji=(0, 0, 0), normal_kji_mm=(0, 0, 0)),
        lambda a, g: split_by_plane(a, g, 1, point_kji=(-5, 0, 0), normal_kji_mm=(1, 0, 0)),
    ],
)
def test_what_cannot_be_done_is_said(edit: Callable[[np.ndarray, Grid], Change]) -> None:
    grid = Grid(shape_kji=(2, 3, 4), spacing_mm=(1.0, 1.5, 2.0), origin_mm=(0.0, 0.0, 0.0))
    labels = np.zeros(grid.shape_kji, np.uint8)
    labels[0, 0, :2], labels[1, 2, 3] = 1, 2
    with pytest.raises(UsageError) as error:
        edit(labels, grid)
    assert error.value.code == "BAD_EDIT"
