from __future__ import annotations

import numpy as np
import pytest

from netlm_sample_data.patient import Patient, healthy_patient
from netlm_sample_data.shapes import Points
from netlm_sample_data.tissues import Tissue
from netlm_sample_data.vessels import TWIG_RADIUS_MM

LIVERS_ML = {0: 1320.0, 7: 1600.0, 23: 1880.0}


@pytest.fixture(scope="module", params=sorted(LIVERS_ML))
def patient(request: pytest.FixtureRequest) -> Patient:
    return healthy_patient(liver_ml=LIVERS_ML[request.param], seed=request.param)


@pytest.fixture(scope="module")
def trunk() -> Points:
    ticks = [np.arange(-180, 181, 7.0), np.arange(-120, 121, 7.0), np.arange(-130, 131, 7.0)]
    return np.stack([a.ravel() for a in np.meshgrid(*ticks, indexing="ij")]).astype(np.float32)


def center(patient: Patient, points: Points, tissue: Tissue) -> np.ndarray:
    return points[:, patient.paint(points).tissue == tissue].mean(axis=1)


def test_the_liver_has_the_volume_asked_for() -> None:
    assert healthy_patient(liver_ml=1450, seed=3).liver_ml(2.0) == pytest.approx(1450, rel=0.01)


def test_organs_lie_where_they_belong(patient: Patient, trunk: Points) -> None:
    liver, spleen = center(patient, trunk, Tissue.LIVER), center(patient, trunk, Tissue.SPLEEN)
    spine, bladder = center(patient, trunk, Tissue.MARROW), center(patient, trunk, Tissue.GALLBLADDER)
    assert liver[0] < -30 < 30 < spleen[0]
    assert abs(spine[0]) < 5
    assert spine[1] > max(liver[1], bladder[1]) + 30
    assert bladder[2] < liver[2]
    assert bladder[1] < liver[1]


def test_the_cava_runs_behind_the_liver_on_the_right_of_the_spine(patient: Patient) -> None:
    for z in (-20.0, 0.0, 20.0):
        points = np.array([[-22.0, 24.0, z]], np.float32).T * np.float32(patient.organs.scale)
        painted = patient.paint(points)
        assert painted.tissue[0] == Tissue.VEIN
        assert not painted.in_liver[0]


def test_segments_partition_the_liver_in_plausible_shares(patient: Patient) -> None:
    labels = patient.couinaud.label(patient.liver_lattice(3.0))
    share = np.bincount(labels, minlength=9) / labels.size
    assert share[0] == 0
    assert share[1:].sum() == pytest.approx(1)
    assert 0.01 < share[1] < 0.06
    assert (share[2:] > 0.04).all()
    assert 0.2 < share[1:5].sum() < 0.4


def test_segments_lie_on_their_side(patient: Patient) -> None:
    lattice = patient.liver_lattice(4.0)
    labels = patient.couinaud.label(lattice)
    mean = {n: lattice[:, labels == n].mean(axis=1) for n in range(1, 9)}
    assert max(mean[n][0] for n in (5, 6, 7, 8)) < min(mean[n][0] for n in (2, 3, 4))
    assert mean[8][2] > mean[5][2]
    assert mean[7][2] > mean[6][2]
    assert mean[6][1] > mean[5][1]
    assert mean[2][1] > mean[3][1]


def test_vessels_taper_from_a_wide_trunk_to_thin_twigs(patient: Patient) -> None:
    widths = [2 * max(t.start_radius, t.end_radius) for t in patient.portal]
    assert max(widths) > 6
    assert min(widths) == pytest.approx(2 * TWIG_RADIUS_MM, rel=0.2)
    assert all(t.end_radius <= t.start_radius * 1.001 for t in patient.portal)


def test_both_trees_reach_every_segment(patient: Patient) -> None:
    for tubes in (patient.portal, patient.hepatic):
        ends = np.array([tube.end for tube in tubes], np.float32).T
        within = patient.paint(ends).in_liver
        assert set(patient.couinaud.label(ends[:, within])) == set(range(1, 9))
        assert within.mean() > 0.9
