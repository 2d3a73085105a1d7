from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from export.examples import Example, make_case, planning_grid
from hypothesis import given
from matplotlib.image import imread
from strategies import ellipsoid, oblique_grid
from strategies import grids as any_grids

from netlm_imaging.anatomy import Anatomy
from netlm_imaging.errors import GridMismatch
from netlm_imaging.export import draw_figures, palette
from netlm_imaging.export.figure_plan3d import draw_plan
from netlm_imaging.export.figure_slices import draw_slices, slice_scene
from netlm_imaging.export.planes import PLANES, cut, edges, fullest_slice, size_mm
from netlm_imaging.geometry import Grid
from netlm_imaging.volume import LabelMap, Mask, Volume

CENTER = np.array([-50.0, 20.0, 100.0])
ACQUISITIONS = {
    # columns: patient directions of i, j, k
    "axial": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "axial, feet first": ((-1, 0, 0), (0, 1, 0), (0, 0, -1)),
    "coronal": ((1, 0, 0), (0, 0, -1), (0, 1, 0)),
    "sagittal": ((0, 1, 0), (0, 0, -1), (-1, 0, 0)),
}


def grids() -> Iterator[Grid]:
    for name, columns in ACQUISITIONS.items():
        axes = np.array(columns, float).T
        yield _centered(Grid(**_size(), direction=tuple(axes.ravel())), name)  # type: ignore[arg-type]
    yield _centered(oblique_grid((50, 60, 70), (2.0, 2.4, 3.0), euler_degrees=(11.0, -14.0, 9.0)), "oblique")


def _size() -> dict[str, object]:
    return {"shape_kji": (66, 70, 74), "spacing_mm": (2.1, 2.3, 2.6), "origin_mm": (0.0, 0.0, 0.0)}


def _centered(grid: Grid, _: str) -> Grid:
    middle = grid.to_patient((np.asarray(grid.shape_kji) - 1) / 2)
    origin = np.asarray(grid.origin_mm) + CENTER - middle
    return replace(grid, origin_mm=tuple(origin.tolist()))


GRIDS = dict(zip([*ACQUISITIONS, "oblique"], grids(), strict=True))
CORNERS = {"right, anterior, superior": (-1, -1, 1), "left, posterior, inferior": (1, 1, -1)}


def marked(grid: Grid, corner: tuple[int, int, int]) -> tuple[Volume, Anatomy]:
    """A liver with one bright lesion in one of its corners."""
    liver = ellipsoid(grid, CENTER, (55, 50, 52))
    lesion = ellipsoid(grid, CENTER + 24.0 * np.array(corner), (9, 9, 9))
    image = Volume(np.where(lesion, 900.0, np.where(liver, 200.0, 0.0)), grid)
    return image, Anatomy(liver=Mask(liver, grid), lesions=LabelMap(lesion.astype(np.uint8), grid))


def pixels(png: bytes) -> npt.NDArray[np.float64]:
    return np.asarray(imread(io.BytesIO(png)))[..., :3].astype(float)


def close_to(picture: npt.NDArray[np.float64], color: str) -> npt.NDArray[np.bool_]:
    return np.abs(picture - palette.rgb(color)).max(axis=-1) < 0.12


@pytest.mark.parametrize("acquisition", GRIDS)
@pytest.mark.parametrize("corner", CORNERS)
def test_a_marker_lies_on_the_right_side_of_every_plane(acquisition: str, corner: str) -> None:
    image, anatomy = marked(GRIDS[acquisition], CORNERS[corner])
    scene = slice_scene(
        image, kind="hbp", anatomy=anatomy, treated=_nothing(image.grid), cleared=[1], margin_mm=5.0
    )
    picture = pixels(draw_slices(scene, [1]))
    widths = np.array([size_mm(scene.image.grid, plane)[0] for plane in PLANES])
    edges = np.rint(np.concatenate([[0], np.cumsum(widths) / widths.sum()]) * picture.shape[1]).astype(int)
    first = corner.startswith("right")
    for left, right in pairwise(edges):
        panel = picture[:, left:right]
        rows, columns = np.nonzero(close_to(panel, palette.CLEARED))
        assert (
            (np.median(columns) < 0.45 * panel.shape[1])
            if first
            else (np.median(columns) > 0.55 * panel.shape[1])
        )
        assert (np.median(rows) < 0.45 * len(panel)) if first else (np.median(rows) > 0.55 * len(panel))
        # The outline lies around the bright lesion: what it encloses is the brightest of the panel.
        middle = panel[int(np.median(rows)) - 3 : int(np.median(rows)) + 4, int(np.median(columns)) - 3 :][
            :, :7
        ]
        assert middle.mean() > 0.8


def _nothing(grid: Grid) -> Mask:
    return Mask(np.zeros(grid.shape_kji, bool), grid)


def test_letters_and_cut_agree_with_the_patient() -> None:
    grid = Grid(shape_kji=(3, 4, 5), spacing_mm=(1.0, 1.0, 1.0), origin_mm=(0, 0, 0))
    x, y, z = np.moveaxis(grid.to_patient(np.moveaxis(np.indices(grid.shape_kji), 0, -1)), -1, 0)
    towards = {"R": -x, "L": x, "A": -y, "P": y, "I": -z, "S": z}
    for plane in PLANES:
        at = edges(grid, plane)
        assert np.all(np.diff(cut(Volume(towards[at.right], grid), plane, 1), axis=1) > 0)
        assert np.all(np.diff(cut(Volume(towards[at.bottom], grid), plane, 1), axis=0) > 0)
        assert {at.left, at.right} in ({"R", "L"}, {"A", "P"})
        assert {at.top, at.bottom} in ({"S", "I"}, {"A", "P"})


@given(any_grids())
def test_letters_of_any_acquisition_name_where_its_pictures_go(grid: Grid) -> None:
    """Leading letter first; opposite edges have opposite letters; none of less than a quarter."""
    turned = Volume(np.zeros(grid.shape_kji, np.uint8), grid).canonical()
    towards = {"R": (0, -1), "L": (0, 1), "A": (1, -1), "P": (1, 1), "I": (2, -1), "S": (2, 1)}
    opposite = str.maketrans("RLAPIS", "LRPASI")
    for plane in PLANES:
        at = edges(turned.grid, plane)
        assert (at.left, at.top) == (at.right.translate(opposite), at.bottom.translate(opposite))
        column = max(axis for axis in range(3) if axis != plane.axis)
        step = np.subtract(turned.grid.to_patient(np.eye(3)[column]), turned.grid.to_patient(np.zeros(3)))
        step /= np.linalg.norm(step)
        shares = [step[axis] * sign for axis, sign in (towards[letter] for letter in at.right)]
        assert shares == sorted(shares, reverse=True)
        assert min(shares) >= 0.25
        assert len(shares) == np.count_nonzero(np.abs(step) >= 0.25)


def test_the_fullest_slice_and_the_size_of_a_plane() -> None:
    region = np.zeros((5, 6, 7), bool)
    region[1, 2:5, 3] = True
    region[1:3, 4, 3] = True
    assert [fullest_slice(region, plane) for plane in PLANES] == [1, 4, 3]
    assert [fullest_slice(np.zeros((5, 6, 7), bool), plane) for plane in PLANES] == [2, 3, 3]
    grid = Grid(shape_kji=(5, 6, 7), spacing_mm=(1.0, 2.0, 3.0), origin_mm=(0, 0, 0))
    assert [size_mm(grid, plane) for plane in PLANES] == [(7, 12), (7, 15), (12, 15)]


def test_a_sphere_is_round_on_every_plane_of_an_anisotropic_grid() -> None:
    grid = _centered(Grid(shape_kji=(40, 90, 60), spacing_mm=(2.0, 1.5, 4.0), origin_mm=(0, 0, 0)), "")
    sphere = ellipsoid(grid, CENTER, (40, 40, 40))
    anatomy = Anatomy(
        liver=Mask(ellipsoid(grid, CENTER, (50, 50, 50)), grid), lesions=LabelMap(sphere.astype("u1"), grid)
    )
    image = Volume(np.zeros(grid.shape_kji), grid)
    scene = slice_scene(image, kind="ct", anatomy=anatomy, treated=_nothing(grid), cleared=[1], margin_mm=0.0)
    picture = pixels(draw_slices(scene, [1]))
    third = picture.shape[1] // 3
    for panel in (picture[:, :third], picture[:, third : 2 * third], picture[:, 2 * third :]):
        outline = close_to(panel, palette.CLEARED)
        outline[: len(panel) // 8] = False  # the number beside the outline
        rows, columns = np.nonzero(outline)
        assert np.ptp(columns) == pytest.approx(np.ptp(rows), rel=0.12)


def test_residual_lesions_and_treated_zones_have_their_own_colors(figures: dict[str, bytes]) -> None:
    for name in ("lesions_hbp.png", "lesions_pet.png"):
        picture = pixels(figures[name])
        for color in (palette.CLEARED, palette.RESIDUAL, palette.TREATED):
            assert np.count_nonzero(close_to(picture, color)) > 100


def test_names_of_the_figures_with_and_without_an_image(example: Example, figures: dict[str, bytes]) -> None:
    assert list(figures) == ["lesions_hbp.png", "lesions_pet.png", "plan_3d.png"]
    masks_only = draw_figures(
        image=None,
        image_kind="",
        suv=None,
        anatomy=example.anatomy,
        case=example.case,
        treated=example.treated,
    )
    assert list(masks_only) == ["lesions_masks.png", "plan_3d.png"]
    assert masks_only["plan_3d.png"] == figures["plan_3d.png"], "equal input, equal bytes"


def test_bytes_carry_no_time_and_no_version(example: Example, figures: dict[str, bytes]) -> None:
    for content in figures.values():
        assert content.startswith(b"\x89PNG")
        assert b"tIME" not in content
        assert b"Software" not in content
    scene = slice_scene(
        example.suv,
        kind="pet",
        anatomy=example.anatomy,
        treated=example.treated,
        cleared=[],
        margin_mm=5.0,
    )
    assert draw_slices(scene, [2]) == draw_slices(scene, [2])


def test_a_case_without_lesions_is_drawn(example: Example) -> None:
    image, anatomy = marked(GRIDS["axial"], (1, 1, 1))
    grid = image.grid
    shown = draw_figures(
        image=image,
        image_kind="hbp",
        suv=None,
        anatomy=replace(anatomy, lesions=LabelMap(np.zeros(grid.shape_kji, np.uint8), grid)),
        case=replace(example.case, lesions=()),
        treated=_nothing(grid),
    )
    assert list(shown) == ["lesions_hbp.png", "plan_3d.png"]
    assert not close_to(pixels(shown["plan_3d.png"]), palette.RESIDUAL).any()


def test_images_on_another_grid_are_refused(example: Example) -> None:
    other = planning_grid((0.0, 0.0, 0.0))
    with pytest.raises(GridMismatch):
        draw_figures(
            image=Volume(np.zeros(other.shape_kji), other),
            image_kind="hbp",
            suv=None,
            anatomy=example.anatomy,
            case=example.case,
            treated=example.treated,
        )


@pytest.mark.parametrize("acquisition", ["oblique", "sagittal"])
def test_the_plan_in_3d_shows_the_patients_right_on_the_left(acquisition: str) -> None:
    _, anatomy = marked(GRIDS[acquisition], (-1, -1, 1))
    picture = pixels(draw_plan(anatomy, treated=_nothing(anatomy.grid), cleared=[]))
    front, feet = np.array_split(picture, 2, axis=1)
    # From the front: superior is up. From the feet: anterior is up.
    for view in (front, feet):
        red, _, blue = np.moveaxis(view, -1, 0)
        rows, columns = np.nonzero(red - blue > 0.45)
        assert rows.size > 500
        assert columns.mean() < 0.45 * view.shape[1]
        assert rows.mean() < 0.45 * len(view)


def test_the_example_is_consistent(example: Example) -> None:
    assert make_case(example.anatomy, example.treated) == example.case
