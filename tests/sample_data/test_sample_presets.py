"""The rules of clinical-rules 3 and 4 by which each preset's Type follows, checked on the placed lesions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage
from scipy.spatial import cKDTree

from netlm_imaging.clinical import Clinical, load_clinical
from netlm_imaging.errors import UsageError
from netlm_imaging.settings import Settings
from netlm_sample_data.presets import PRESETS, clinical_toml, preset
from netlm_sample_data.sample import Sample, draw_sample
from netlm_sample_data.shapes import inside
from netlm_sample_data.survey import survey
from netlm_sample_data.tissues import Tissue

SETTINGS = Settings()
SEEDS = (0, 11)


@pytest.fixture(scope="module")
def samples() -> dict[tuple[str, int], Sample]:
    return {(name, seed): draw_sample(name, seed=seed) for name in PRESETS for seed in SEEDS}


def near_surface_depth(sample: Sample, lesion: int) -> float:
    """Distance (mm) of the lesion's surface from the capsule, on a 2 mm lattice."""
    liver = sample.patient.organs.liver
    low, high = liver.bounds
    ticks = [np.arange(a - 2, b + 4, 2.0) for a, b in zip(low, high, strict=True)]
    mesh = np.meshgrid(*ticks, indexing="ij")
    points = np.stack([axis.ravel() for axis in mesh]).astype(np.float32)
    mask = np.zeros(points.shape[1], bool)
    mask[inside(liver, points)] = True
    depth = ndimage.distance_transform_edt(mask.reshape(mesh[0].shape), sampling=2.0).ravel()
    return float(depth[inside(sample.patient.tumors[lesion].shape, points)].min()) - 1.0


def shares_of_bulk(sample: Sample) -> np.ndarray:
    """Shares of the largest lesion by segment, largest first."""
    shape = sample.patient.tumors[0].shape
    rng = np.random.default_rng(1)
    points = rng.uniform(*(corner[:, None] for corner in shape.bounds), (3, 60_000)).astype(np.float32)
    labels = sample.patient.couinaud.label(points[:, inside(shape, points)])
    return np.sort(np.bincount(labels, minlength=9) / labels.size)[::-1]


def test_lesions_and_cysts_lie_inside_the_liver_and_apart(samples: dict[tuple[str, int], Sample]) -> None:
    directions = np.random.default_rng(0).normal(size=(3, 400))
    directions /= np.linalg.norm(directions, axis=0)
    for sample in samples.values():
        balls = [tumor.shape for tumor in sample.patient.tumors] + list(sample.patient.cysts)
        assert len(sample.patient.cysts) == 1
        surfaces = [(np.reshape(b.center, (3, 1)) + directions * b.radius_towards(directions)) for b in balls]
        for n, surface in enumerate(surfaces):
            assert (sample.patient.organs.liver.distance(surface.astype(np.float32)) < 0).all()
            others = np.concatenate([s for m, s in enumerate(surfaces) if m != n], axis=1)
            gaps, _ = cKDTree(others.T).query(surface.T)
            assert gaps.min() > 4


def test_a_cyst_is_painted_as_a_cyst(samples: dict[tuple[str, int], Sample]) -> None:
    for sample in samples.values():
        center = np.asarray(sample.patient.cysts[0].center, np.float32)[:, None]
        painted = sample.patient.paint(center)
        assert painted.tissue[0] == Tissue.CYST
        assert painted.in_liver[0]


@pytest.mark.parametrize("name", PRESETS)
def test_each_preset_has_a_subcapsular_and_a_perivascular_lesion(
    name: str, samples: dict[tuple[str, int], Sample]
) -> None:
    for seed in SEEDS:
        sample = samples[name, seed]
        kinds = {tumor.kind: n for n, tumor in enumerate(sample.patient.tumors)}
        assert near_surface_depth(sample, kinds["subcapsular"]) < 7
        shape = sample.patient.tumors[kinds["perivascular"]].shape
        center = np.asarray(shape.center, np.float32)[:, None]
        gaps = [
            float(t.distance(center)[0]) - shape.radius
            for t in (*sample.patient.portal, *sample.patient.hepatic)
            if max(t.start_radius, t.end_radius) > 1.35
        ]
        assert min(gaps) < 4


def test_type_1_is_limited_and_all_small(samples: dict[tuple[str, int], Sample]) -> None:
    for seed in SEEDS:
        tumors = samples["type1", seed].patient.tumors
        assert len(tumors) == 3 <= SETTINGS.type.limited_max_lesions
        assert max(t.shape.longest_diameter_mm for t in tumors) < 25


def test_type_2_reaches_the_threshold_without_its_bulk(samples: dict[tuple[str, int], Sample]) -> None:
    for seed in SEEDS:
        tumors = samples["type2", seed].patient.tumors
        volumes = np.array([t.shape.volume_ml for t in tumors])
        assert tumors[0].kind == "bulk"
        assert 100 * volumes[1:].sum() / volumes.sum() > 79
        assert max(t.shape.longest_diameter_mm for t in tumors[1:]) < 28
        assert SETTINGS.type.limited_max_lesions < len(tumors) <= SETTINGS.plan.max_interventions


def test_treatable_lesions_are_clear_of_what_forbids_their_treatment(
    samples: dict[tuple[str, int], Sample],
) -> None:
    for sample in samples.values():
        found = survey(sample.patient)
        for tumor in sample.patient.tumors:
            if tumor.kind == "bulk":
                continue
            _, nearest = found.tree.query(tumor.shape.center)
            ablatable = (
                found.to_sink[nearest] > tumor.shape.reach + SETTINGS.ablation.margin_mm
                and tumor.shape.longest_diameter_mm < SETTINGS.ablation.max_lesion_mm
            )
            wedgeable = (
                found.depth[nearest] - tumor.shape.reach < SETTINGS.resection.wedge_max_depth_mm - 3
                and found.to_major[nearest] > tumor.shape.reach + SETTINGS.resection.wedge_margin_mm
            )
            assert ablatable or wedgeable


@pytest.mark.parametrize("name", ["type3", "type4"])
def test_the_bulk_of_types_3_and_4_is_out_of_reach(name: str, samples: dict[tuple[str, int], Sample]) -> None:
    for seed in SEEDS:
        sample = samples[name, seed]
        bulk = sample.patient.tumors[0]
        volumes = np.array([t.shape.volume_ml for t in sample.patient.tumors])
        assert len(volumes) >= 14
        assert 100 * volumes[1:].sum() / volumes.sum() < 50
        assert bulk.shape.longest_diameter_mm > SETTINGS.ablation.max_lesion_mm + 5
        assert near_surface_depth(sample, 0) > SETTINGS.resection.wedge_max_depth_mm + 3
        shares = shares_of_bulk(sample)
        assert shares[: SETTINGS.plan.max_segments_sparing].sum() < 0.85
        assert shares[3] > 0.05
        assert {t.segment in (2, 3, 4) for t in sample.patient.tumors} == {True, False}


@pytest.mark.parametrize("name", PRESETS)
def test_every_fact_that_the_type_needs_is_known(name: str, tmp_path, samples) -> None:
    sample = samples[name, 0]
    path = tmp_path / "clinical.toml"
    path.write_text(clinical_toml(sample.build, preset(name).clinical))
    facts = load_clinical(path)
    optional = {"symptomatic_lesions"}
    assert all(getattr(facts, key) is not None for key in set(Clinical.model_fields) - optional)
    profound = facts.hormonal_symptoms == "uncontrolled" or facts.mass_effect == "profound"
    assert profound == (name == "type4")
    assert max(facts.symptomatic_lesions, default=1) <= len(sample.patient.tumors)


def test_seeds_make_different_patients(samples: dict[tuple[str, int], Sample]) -> None:
    weights = {sample.build.weight_kg for sample in samples.values()}
    assert len(weights) > len(samples) // 2
    for sample in samples.values():
        assert 150 <= sample.build.height_cm <= 198


@pytest.mark.parametrize(("name", "seed", "code"), [("type5", 0, "BAD_PRESET"), ("type1", -1, "BAD_SEED")])
def test_an_unknown_preset_or_seed_is_refused(name: str, seed: int, code: str) -> None:
    with pytest.raises(UsageError) as caught:
        draw_sample(name, seed=seed)
    assert caught.value.code == code
