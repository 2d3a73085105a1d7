"""Write one sample patient: the DICOM study, the clinical facts, the truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from scipy.spatial.transform import Rotation

from netlm_imaging.errors import Fault, UsageError
from netlm_imaging.geometry import Grid
from netlm_sample_data.dicom import Visit, ct_series, mr_series, pet_series, write_shuffled
from netlm_sample_data.disease import PlacementError, add_disease
from netlm_sample_data.patient import Patient, healthy_patient
from netlm_sample_data.presets import PRESETS, Build, clinical_toml, draw_build, preset
from netlm_sample_data.render import Pose, Scene, render
from netlm_sample_data.scanners import ct_image, mr_image, pet_image
from netlm_sample_data.tracer import Injection
from netlm_sample_data.truth import truth_json, truth_maps, write_map

HBP_SIGNAL = 900.0
PRECONTRAST_SIGNAL = 500.0
"""Stored values of the liver; the ratio is an enhancement of 80 %."""
FIELD_MARGIN_MM = 18.0
"""Room above and below the liver in every scan."""
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Resolution:
    """Voxel sizes along i, j, k (mm)."""

    mr_mm: tuple[float, float, float] = (1.4, 1.4, 2.6)
    ct_mm: tuple[float, float, float] = (2.0, 2.0, 4.0)
    """The PET's voxels are twice as wide in plane."""


FULL = Resolution()


@dataclass(frozen=True, slots=True)
class SamplePaths:
    """Where the parts of a sample lie."""

    dicom: Path
    clinical: Path
    truth: Path
    truth_json: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A sample patient before any scan."""

    preset: str
    seed: int
    patient: Patient
    build: Build
    mr: Pose
    pet: Pose


def draw_sample(preset_name: str, *, seed: int = 0) -> Sample:
    """The patient of a preset and seed. Raises UsageError (BAD_PRESET, BAD_SEED)."""
    if preset_name not in PRESETS:
        raise UsageError(Fault(code="BAD_PRESET", expected=f"one of {', '.join(PRESETS)}", found=preset_name))
    if not 0 <= seed < 2**31:
        raise UsageError(Fault(code="BAD_SEED", expected="a seed from 0 to 2147483647", found=str(seed)))
    case = preset(preset_name)
    for attempt in range(20):
        root = [seed, case.type, attempt]
        rng = np.random.default_rng(root)
        liver_ml = float(rng.uniform(*case.liver_ml))
        healthy = healthy_patient(liver_ml=liver_ml, seed=int(rng.integers(2**31)))
        try:
            patient = add_disease(healthy, preset=preset_name, seed=int(rng.integers(2**31)))
        except PlacementError:
            continue
        build = draw_build(rng, liver_ml=liver_ml, etlv_over_liver=case.etlv_over_liver)
        return Sample(
            preset=preset_name, seed=seed, patient=patient, build=build, mr=_mr_pose(rng), pet=_pet_pose(rng)
        )
    raise AssertionError(f"{preset_name} with seed {seed} cannot be placed")


def write_sample(
    preset: str, out: Path, *, seed: int = 0, progress: Progress | None = None, resolution: Resolution = FULL
) -> SamplePaths:
    """Write ``out/dicom``, ``out/clinical.toml``, ``out/truth/*.nii.gz`` and ``out/truth.json``.

    The same preset and seed give the same bytes. Raises UsageError (BAD_PRESET, BAD_SEED, OUT_NOT_EMPTY).
    """
    tell = progress or (lambda _: None)
    tell("drawing the patient")
    sample = draw_sample(preset, seed=seed)
    paths = SamplePaths(out / "dicom", out / "clinical.toml", out / "truth", out / "truth.json")
    # Files of an older sample would mix with the new ones: both number theirs from 1.
    if paths.dicom.exists():
        raise UsageError(
            Fault(code="OUT_NOT_EMPTY", expected="a folder without a sample", found="an older one")
        )
    paths.truth.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng([seed, PRESETS.index(preset), 77])
    tell("scanning: MRI")
    scene = render(
        sample.patient,
        hbp_grid(sample, spacing_mm=resolution.mr_mm),
        sample.mr,
        channels=("hbp", "precontrast"),
        finer=(3, 2, 2),
    )
    items = [*_mr_files(sample, scene, rng)]
    tell("scanning: PET/CT")
    items += _pet_ct_files(sample, resolution, rng)
    tell("writing DICOM")
    write_shuffled(items, paths.dicom, rng)
    tell("writing the truth")
    _write_truth(sample, scene, paths)
    return paths


def hbp_grid(sample: Sample, *, spacing_mm: tuple[float, float, float] = FULL.mr_mm) -> Grid:
    """The oblique grid of both MR series."""
    tilt = Rotation.from_euler("xyz", np.random.default_rng([sample.seed, 5]).uniform(-6, 6, 3), degrees=True)
    return _grid_around(sample, sample.mr, tilt.as_matrix(), spacing_mm, field_mm=(364.0, 300.0), multiple=2)


def ct_grid(sample: Sample, *, spacing_mm: tuple[float, float, float] = FULL.ct_mm) -> Grid:
    """The axial grid of the CT; the PET's voxels are two by two of its."""
    return _grid_around(sample, sample.pet, np.eye(3), spacing_mm, field_mm=(448.0, 352.0), multiple=4)


def _grid_around(
    sample: Sample,
    pose: Pose,
    axes: np.ndarray,
    spacing_mm: tuple[float, float, float],
    *,
    field_mm: tuple[float, float],
    multiple: int,
) -> Grid:
    """A grid centered on the trunk that holds the whole liver in its slices."""
    low, high = sample.patient.organs.liver.bounds
    corners = np.array(
        [[x, y, z] for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])]
    )
    heights = np.array([pose.to_scanner(c) for c in corners]) @ axes[:, 2]
    slices = int(np.ceil((np.ptp(heights) + 2 * FIELD_MARGIN_MM) / spacing_mm[2]))
    middle = pose.to_scanner([0.0, 0.0, float(low[2] + high[2]) / 2])
    columns, rows = (
        multiple * round(size / step / multiple) for size, step in zip(field_mm, spacing_mm, strict=False)
    )
    half = np.array([columns - 1, rows - 1, slices - 1]) / 2 * np.asarray(spacing_mm)
    x, y, z = (float(v) for v in middle - axes @ half)
    return Grid(
        shape_kji=(slices, rows, columns),
        spacing_mm=spacing_mm,
        origin_mm=(x, y, z),
        direction=tuple(float(v) for v in axes.ravel()),
    )


def _mr_files(sample: Sample, scene: Scene, rng: np.random.Generator) -> list[Dataset]:
    visit = _visit(sample, "mr", date="20240318", time="101500.000000", description="MRI liver")
    late = mr_image(scene.channels["hbp"], liver=HBP_SIGNAL, rng=rng)
    early = mr_image(scene.channels["precontrast"], liver=PRECONTRAST_SIGNAL, rng=rng)
    return [
        *mr_series(early, scene.grid, visit, number=3, time="101020.000000", late=False),
        *mr_series(late, scene.grid, visit, number=11, time="103510.000000", late=True),
    ]


def _pet_ct_files(sample: Sample, resolution: Resolution, rng: np.random.Generator) -> list[Dataset]:
    grid = ct_grid(sample, spacing_mm=resolution.ct_mm)
    scene = render(sample.patient, grid, sample.pet, channels=("suv", "hu"), finer=(2, 2, 2))
    visit = _visit(sample, "pet", date="20240312", time="095000.000000", description="PET/CT DOTATATE")
    injection = draw_injection(sample)
    suv, pet_grid = pet_image(scene.channels["suv"], grid, bin_ji=2, rng=rng)
    activity = suv * np.float32(injection.bqml_per_suv)
    return [
        *ct_series(ct_image(scene.channels["hu"], rng=rng), grid, visit, number=2, time="100500.000000"),
        *pet_series(activity, pet_grid, visit, injection, number=4),
    ]


def draw_injection(sample: Sample) -> Injection:
    """About 2 MBq/kg up to 200 MBq, imaged after an hour (NMTCB 2024)."""
    rng = np.random.default_rng([sample.seed, 6])
    dose = min(2.0e6 * sample.build.weight_kg, 200e6) * rng.uniform(0.92, 1.0)
    return Injection(
        dose_bq=float(round(dose, -4)),
        weight_kg=sample.build.weight_kg,
        scan_start_s=float(round(rng.uniform(52, 68) * 60)),
    )


def _visit(sample: Sample, kind: str, *, date: str, time: str, description: str) -> Visit:
    return Visit(
        key=f"netlm-sample/{sample.preset}/{sample.seed}/{kind}",
        date=date,
        time=time,
        description=description,
        weight_kg=sample.build.weight_kg,
        height_cm=sample.build.height_cm,
        sex=sample.build.sex,
    )


def _write_truth(sample: Sample, scene: Scene, paths: SamplePaths) -> None:
    case = preset(sample.preset)
    for name, labels in truth_maps(scene).items():
        write_map(labels, scene.grid, paths.truth / f"{name}.nii.gz")
    paths.clinical.write_text(clinical_toml(sample.build, case.clinical), encoding="utf-8")
    facts = {"preset": sample.preset, "seed": sample.seed, "type": case.type, "why": case.why}
    text = truth_json(sample.patient, mr=sample.mr, pet=sample.pet, facts=facts)
    paths.truth_json.write_text(text, encoding="utf-8")


def _mr_pose(rng: np.random.Generator) -> Pose:
    """Straight in the scanner, anywhere."""
    return Pose(np.eye(3), rng.uniform((-12, -20, -60), (12, 20, 60)))


def _pet_pose(rng: np.random.Generator) -> Pose:
    """On another table: turned by up to 3 degrees an axis."""
    turn = Rotation.from_euler("xyz", rng.uniform(-3, 3, 3), degrees=True)
    return Pose(turn.as_matrix(), rng.uniform((-12, -120, -900), (12, -80, -850)))
