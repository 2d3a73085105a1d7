"""Limits of what is one even stack."""

from __future__ import annotations

import numpy as np

from netlm_imaging.ingest.stack import check_steps, usual_step


def test_steps_that_drift_are_refused() -> None:
    """No step is 5 % off, but in the middle a slice lies 0.6 steps beside its place on an even grid."""
    steps = [1.0] * 30 + [1.04] * 30
    faults, _ = check_steps(np.cumsum([0.0, *steps]))
    assert [fault.code for fault in faults] == ["UNEVEN_SPACING"]


def test_steps_that_drift_a_little_are_told() -> None:
    faults, notices = check_steps(np.cumsum([0.0, *[1.0] * 20, *[1.04] * 20]))
    assert faults == []
    assert [notice.code for notice in notices] == ["POSITION_JITTER"]


def test_one_missing_slice_of_four_does_not_move_the_usual_step() -> None:
    positions = np.array([0.0, 2.0, 6.0])
    assert usual_step(positions) == 2.0
    faults, _ = check_steps(positions)
    assert [fault.code for fault in faults] == ["MISSING_SLICE"]
    assert "between 2.00 and 6.00" in faults[0].found
