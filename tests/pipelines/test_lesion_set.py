"""``plan.lesion_set``: lesions seen on PET alone are planned for, or they are not."""

from __future__ import annotations

import numpy as np

from netlm_imaging.anatomy import Anatomy
from netlm_imaging.lesions.records import SeenOn
from netlm_imaging.volume import Mask
from netlm_pipelines.lesion_set import chosen_lesions
from netlm_pipelines.masks import StudyMasks
from pipelines import small_study


def masks(**seen_on: tuple[SeenOn, ...]) -> StudyMasks:
    """Lesions 4 and 9."""
    anatomy = Anatomy(liver=Mask(small_study.liver(), small_study.GRID), lesions=small_study.lesions())
    return StudyMasks(
        anatomy=anatomy,
        method="given",
        seen_on={int(name[1:]): on for name, on in seen_on.items()},
        uptake={},
        notices=(),
    )


def test_all_lesions_by_default() -> None:
    given = masks(n4=("mr",), n9=("pet",))
    assert chosen_lesions(given, "union") is given


def test_without_those_seen_on_pet_alone() -> None:
    given = masks(n4=("mr", "pet"), n9=("pet",))
    found = chosen_lesions(given, "mr")
    assert found.anatomy.lesions.labels == (4,)
    assert found.seen_on == {4: ("mr", "pet")}
    gone = given.anatomy.lesions.array == 9
    assert found.anatomy.functional.array[gone & given.anatomy.liver.array].all()
    assert np.array_equal(found.anatomy.lesions.array == 4, given.anatomy.lesions.array == 4)
    (notice,) = found.notices
    assert notice.code == "PET_ONLY_LEFT_OUT"
    assert (
        f"1 lesion seen on PET alone ({given.anatomy.lesions.mask(9).volume_ml:.1f} mL) is" in notice.message
    )


def test_what_no_image_or_a_ct_shows_stays() -> None:
    given = masks(n4=(), n9=("ct",))
    assert chosen_lesions(given, "mr") is given
