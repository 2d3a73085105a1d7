from __future__ import annotations

import pytest
from export.examples import Example, make_example

from netlm_imaging.export import draw_figures


@pytest.fixture(scope="session")
def example() -> Example:
    return make_example()


@pytest.fixture(scope="session")
def figures(example: Example) -> dict[str, bytes]:
    return draw_figures(
        image=example.hbp,
        image_kind="hbp",
        suv=example.suv,
        anatomy=example.anatomy,
        case=example.case,
        treated=example.treated,
    )
