"""A flow of one's own: how much tumor there is, and no plan. netlm batch ... --flow burden_flow:burden"""

from __future__ import annotations

import json
from pathlib import Path

from netlm_imaging.export.files import writing
from netlm_imaging.lesions import liver_volumes, measure, prepare
from netlm_pipelines.masks import read_given
from netlm_pipelines.progress import Stages
from netlm_pipelines.request import Request


def burden(request: Request, stages: Stages) -> Path:
    """Volumes and diameters from given masks, as burden.json in the folder that is asked for."""
    with stages.stage("Reading the masks"):
        given = read_given(request, None)
    assert given.liver is not None
    assert given.lesions is not None
    with stages.stage("Measuring"):
        anatomy, _ = prepare(liver=given.liver, lesions=given.lesions)
        lesions, liver = measure(anatomy), liver_volumes(anatomy, method="given")
    figures = {
        "liver_ml": liver.total_ml,
        "burden_percent": liver.burden_percent,
        "diameters_mm": [lesion.longest_diameter_mm for lesion in lesions],
    }
    with writing("the result"):
        request.out.mkdir(parents=True)
        (request.out / "burden.json").write_text(json.dumps(figures, indent=1) + "\n")
    return request.out
