"""Functional groups of enhanced objects: where each classic attribute comes from."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from ingest import builder, enhanced
from pydicom.dataset import Dataset

from netlm_imaging.ingest import read_image, scan
from netlm_imaging.ingest.header import Header, read_headers

FRAME = 3


def headers(whole: Dataset, folder: Path) -> tuple[Header, ...]:
    enhanced.save([whole], folder)
    return read_headers(folder / "e0", where="e0")


def frame(whole: Dataset, number: int = FRAME) -> Dataset:
    found = whole.PerFrameFunctionalGroupsSequence[number]
    assert isinstance(found, Dataset)
    return found


@pytest.mark.parametrize(
    ("sequence", "values", "read", "expected"),
    [
        ("FrameContentSequence", {"FrameAcquisitionNumber": 5}, lambda h: h.acquisition_number, 5),
        ("CardiacSynchronizationSequence", {"NominalCardiacTriggerDelayTime": 41.5},
         lambda h: h.trigger_ms, 41.5),
        ("MRModifierSequence", {"InversionTimes": [180.0]}, lambda h: h.protocol.inversion_ms, 180.0),
        ("CTReconstructionSequence", {"ConvolutionKernel": "B70f"}, lambda h: h.protocol.kernel, "B70F"),
        ("MREchoSequence", {"EffectiveEchoTime": 80.0}, lambda h: h.echo_ms, 80.0),
        ("MRTimingAndRelatedParametersSequence", {"RepetitionTime": 900.0, "FlipAngle": 70.0},
         lambda h: (h.protocol.repetition_ms, h.protocol.flip_degrees), (900.0, 70.0)),
    ],
    ids=lambda value: value if isinstance(value, str) and value.endswith("Sequence") else "",
)  # fmt: skip
def test_an_attribute_of_one_frame(
    sequence: str,
    values: dict[str, object],
    read: Callable[[Header], object],
    expected: object,
    tmp_path: Path,
) -> None:
    whole = enhanced.enhanced(builder.mr())
    setattr(frame(whole), sequence, enhanced.one(**values))
    found = [read(h) for h in headers(whole, tmp_path)]
    assert found[FRAME] == expected
    assert expected not in found[:FRAME] + found[FRAME + 1 :]


def test_the_frames_own_group_counts_before_the_shared_one(tmp_path: Path) -> None:
    whole = enhanced.enhanced(builder.mr(), shared=["MREchoSequence"])
    frame(whole).MREchoSequence = enhanced.one(EffectiveEchoTime=80.0)
    assert [h.echo_ms for h in headers(whole, tmp_path)] == [1.5] * 3 + [80.0] + [1.5] * 3


def test_the_frames_own_time_counts_before_that_of_the_object(tmp_path: Path) -> None:
    whole = enhanced.enhanced(builder.mr())
    whole.AcquisitionDate, whole.AcquisitionTime = "20240304", "080000"
    frame(whole).FrameContentSequence[0].FrameAcquisitionDateTime = "20240305101500"
    found = headers(whole, tmp_path)
    assert found[FRAME].acquired == datetime(2024, 3, 5, 10, 15)
    assert found[0].acquired == datetime(2024, 3, 5, 10)


@pytest.mark.parametrize(("component", "words"), [("PHASE", ("PHASE",)), ("MAGNITUDE", ()), ("", ())])
def test_complex_components_are_image_types(component: str, words: tuple[str, ...], tmp_path: Path) -> None:
    whole = enhanced.enhanced(builder.mr())
    frame(whole).MRImageFrameTypeSequence[0].ComplexImageComponent = component
    found = headers(whole, tmp_path)
    assert found[FRAME].image_type == ("ORIGINAL", "PRIMARY", *words)
    assert found[0].image_type == ("ORIGINAL", "PRIMARY")


def test_frames_of_a_later_part_are_numbered_on(tmp_path: Path) -> None:
    second = enhanced.concatenation(enhanced.enhanced(builder.mr()), [3, 4])[1]
    assert [h.instance_number for h in headers(second, tmp_path)] == [4, 5, 6, 7]


def test_activity_without_decay_correction(tmp_path: Path) -> None:
    """DecayCorrected NO is DecayCorrection NONE: from each frame's start, and for the decay during it."""
    whole = enhanced.enhanced(builder.pet())
    whole.DecayCorrected = "NO"
    for n in range(7):
        frame(whole, n).FrameContentSequence[0].FrameAcquisitionDuration = 240_000.0
    enhanced.save([whole], tmp_path)
    image = read_image(scan(tmp_path).series[0])
    during = np.log(2) * 240 / 4062.6
    factor = 72_000 / 150e6 * during / (1 - np.exp(-during)) * 2 ** (3600 / 4062.6)
    slopes = 1.5 + 0.25 * np.arange(7)[:, None, None]
    np.testing.assert_allclose(image.volume.array, builder.pattern(seed=3) * slopes * factor, rtol=1e-6)
