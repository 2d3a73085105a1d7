"""When the plan must say that it does not know which lesions cause the symptoms."""

from __future__ import annotations

import numpy as np
import pytest
from plan.plan_examples import anatomy_of, planned
from strategies import ellipsoid, oblique_grid

from netlm_imaging.clinical import Clinical


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({}, False),
        ({"mass_effect": "none", "hormonal_symptoms": "controlled"}, False),
        ({"mass_effect": "profound"}, True),
        ({"hormonal_symptoms": "uncontrolled"}, True),
        ({"mass_effect": "profound", "symptomatic_lesions": (1,)}, False),
        ({"mass_effect": "profound", "symptomatic_lesions": (99,)}, True),
    ],
)
def test_unknown_symptomatic_lesions_matter_only_where_there_are_symptoms(
    facts: dict[str, object], said: bool
) -> None:
    grid = oblique_grid((14, 18, 22), (2.0, 2.2, 2.4))
    middle = grid.to_patient((np.array(grid.shape_kji) - 1) / 2.0)
    anatomy = anatomy_of(grid, ellipsoid(grid, middle, (18.0, 15.0, 13.0)), [(tuple(middle), 5.0)])
    notices = planned(anatomy, clinical=Clinical.model_validate(facts)).notices
    assert ("SYMPTOMATIC_LESIONS_UNKNOWN" in {n.code for n in notices}) is said
