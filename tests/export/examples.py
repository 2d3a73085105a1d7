"""A realistic finished case on asymmetric, oblique masks, for the tests of export."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from strategies import ellipsoid, oblique_grid

from netlm_imaging.anatomy import SEGMENT_NAMES, Anatomy, segment_volumes_ml
from netlm_imaging.case import (
    CaseLesion,
    CaseResult,
    DeviceComparison,
    InputRecord,
    Registration,
    Software,
)
from netlm_imaging.clinical import Clinical
from netlm_imaging.decide.records import (
    Classification,
    Counterfactual,
    Projection,
    Statement,
    Uncertainty,
)
from netlm_imaging.errors import Notice
from netlm_imaging.geometry import Grid
from netlm_imaging.lesions.records import LiverVolumes, Pattern, SegmentShare, SegmentVolume
from netlm_imaging.plan.devices import chosen_devices, comparison_devices
from netlm_imaging.plan.growth_records import Stage
from netlm_imaging.plan.records import (
    Coverage,
    Driver,
    FrontierPoint,
    LimitStep,
    Minimum,
    NextLesion,
    Option,
    PlacedZone,
    Plan,
    ProbePath,
    Treatment,
)
from netlm_imaging.remnant import LiverFunction
from netlm_imaging.settings import Settings
from netlm_imaging.volume import LabelMap, Mask, Volume

LIVER_CENTER = np.array([-55.0, 5.0, 20.0])
LESIONS = {  # id: (offset from the liver's center in LPS mm, semi-axes in mm)
    1: ((-45.0, 10.0, 10.0), (21.0, 17.0, 19.0)),
    2: ((30.0, -35.0, -5.0), (9.0, 11.0, 8.0)),
    3: ((-20.0, 42.0, -25.0), (7.0, 7.0, 9.0)),
    4: ((62.0, -30.0, 14.0), (6.0, 5.0, 6.0)),
    5: ((-5.0, -5.0, 20.0), (14.0, 12.0, 13.0)),
}
CLEARED = (1, 2, 3, 4)


@dataclass(frozen=True)
class Example:
    """All that draw_figures and write_case want."""

    case: CaseResult
    anatomy: Anatomy
    treated: Mask
    hbp: Volume
    suv: Volume


def planning_grid(euler_degrees: tuple[float, float, float] = (6.0, -9.0, 4.0)) -> Grid:
    """Unequal spacing, oblique, centered near the liver of the patient's right side."""
    grid = oblique_grid((52, 84, 100), (2.6, 2.4, 3.7), euler_degrees=euler_degrees)
    middle = grid.to_patient((np.asarray(grid.shape_kji) - 1) / 2)
    origin = np.asarray(grid.origin_mm) + LIVER_CENTER + (15.0, 5.0, 0.0) - middle
    return replace(grid, origin_mm=tuple(origin.tolist()))


def make_example(grid: Grid | None = None) -> Example:
    """The whole example on ``grid``."""
    grid = grid or planning_grid()
    anatomy = make_anatomy(grid)
    treated = make_treated(anatomy)
    return Example(
        case=make_case(anatomy, treated),
        anatomy=anatomy,
        treated=treated,
        hbp=make_hbp(anatomy),
        suv=make_suv(anatomy),
    )


def make_anatomy(grid: Grid) -> Anatomy:
    right = ellipsoid(grid, np.add(LIVER_CENTER, (-20, 5, 0)), (62, 62, 72))
    left = ellipsoid(grid, np.add(LIVER_CENTER, (48, -28, 18)), (58, 34, 34))
    liver = right | left
    labels = np.zeros(grid.shape_kji, np.uint8)
    for label, (offset, axes) in LESIONS.items():
        labels[ellipsoid(grid, LIVER_CENTER + offset, axes) & liver] = label
    return Anatomy(
        liver=Mask(liver, grid),
        lesions=LabelMap(labels, grid),
        segments=LabelMap(_segments(grid, liver), grid),
        vessels=Mask(_vessels(grid) & liver & (labels == 0), grid),
    )


def _points(grid: Grid) -> npt.NDArray[np.float64]:
    return grid.to_patient(np.moveaxis(np.indices(grid.shape_kji), 0, -1)) - LIVER_CENTER


def _segments(grid: Grid, liver: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint8]:
    x, y, z = np.moveaxis(_points(grid), -1, 0)
    upper = z > 8
    segments = np.select(
        [x > 45, x > 12, y > 10],
        [np.where(upper, 2, 3), np.full(x.shape, 4), np.where(upper, 7, 6)],
        np.where(upper, 8, 5),
    )
    return np.where(liver, segments, 0).astype(np.uint8)


def _vessels(grid: Grid) -> npt.NDArray[np.bool_]:
    points = _points(grid)
    hilum = np.array([10.0, 10.0, -15.0])
    found = np.zeros(grid.shape_kji, bool)
    ends = ((-60, 5, 5), (-40, 30, -30), (-50, -25, 25), (70, -30, 15), (40, -35, 35), (-15, 0, 60))
    for end in ends:
        way = np.asarray(end, float) - hilum
        along = np.clip((points - hilum) @ way / (way @ way), 0, 1)
        found |= np.linalg.norm(points - hilum - along[..., None] * way, axis=-1) < 5.5 - 2.2 * along
    return found


def make_treated(anatomy: Anatomy) -> Mask:
    grid = anatomy.grid
    treated = np.zeros(grid.shape_kji, bool)
    for label in CLEARED:
        offset, axes = LESIONS[label]
        treated |= ellipsoid(grid, LIVER_CENTER + offset, np.asarray(axes) + 6.0)
    return Mask(treated & anatomy.liver.array, grid)


def make_hbp(anatomy: Anatomy) -> Volume:
    body = ellipsoid(anatomy.grid, np.add(LIVER_CENTER, (40, 10, 0)), (165, 110, 1000))
    noise = np.random.default_rng(3).normal(0, 14, anatomy.grid.shape_kji)
    image = np.where(body, 230.0, 4.0)
    image[anatomy.liver.array] = 420.0
    assert anatomy.vessels is not None
    image[anatomy.vessels.array] = 245.0
    image[anatomy.lesions.array > 0] = 235.0
    return Volume(np.abs(ndimage.gaussian_filter(image, 0.5) + noise).astype(np.float32), anatomy.grid)


def make_suv(anatomy: Anatomy) -> Volume:
    image = np.where(anatomy.liver.array, 4.8, 0.8)
    image[anatomy.lesions.array > 0] = 19.0
    image = ndimage.gaussian_filter(image, [2.6 / s for s in anatomy.grid.spacing_kji_mm])
    return Volume(image.astype(np.float32), anatomy.grid)


def make_case(anatomy: Anatomy, treated: Mask) -> CaseResult:
    lesions = tuple(_lesion(anatomy, treated, label) for label in LESIONS)
    tumor = sum(lesion.volume_ml for lesion in lesions)
    total = anatomy.liver.volume_ml
    lost = Mask(treated.array & anatomy.functional.array, anatomy.grid).volume_ml
    segments = segment_volumes_ml(anatomy.segments, anatomy.liver) if anatomy.segments else {}
    plan = _plan(lesions, functional_ml=total - tumor, lost_ml=lost)
    return CaseResult(
        software=Software(
            name="netlm-imaging", version="0.1.0", python="3.11.2", packages={"numpy": "2.4.0"}
        ),
        inputs=_inputs(anatomy.grid),
        settings=Settings(),
        clinical=Clinical(
            height_cm=172, weight_kg=74, liver_quality="normal", differentiation="well", grade=2
        ),
        warnings=(
            Notice(
                code="LESION_PARTLY_OUTSIDE",
                message="0.4 mL of lesion 4 lay outside the liver",
                where="lesions",
            ),
        ),
        registrations=(
            Registration(
                moving="CT of the PET/CT",
                fixed="HBP MRI",
                method="rigid, mutual information",
                translation_mm=(3.1, -4.0, 11.7),
                rotation_degrees=2.3,
                quality=0.93,
                quality_measure="overlap of the two livers (Dice)",
                acceptable=True,
            ),
        ),
        grid=anatomy.grid,
        liver=LiverVolumes(
            total_ml=total,
            tumor_ml=tumor,
            functional_ml=total - tumor,
            burden_percent=100 * tumor / total,
            burden_class="<=10",
            segments=tuple(SegmentVolume(segment=n, volume_ml=segments.get(n, 0.0)) for n in SEGMENT_NAMES),
            method="given",
        ),
        lesions=lesions,
        pattern=Pattern(count=5, bilobar=True, segments_involved=("II", "IV", "VI", "VIII"), frilling="II"),
        plan=plan,
        alternatives=_alternatives(plan),
        frontier=tuple(
            FrontierPoint(
                flr_percent=f,
                debulking_percent=d,
                parenchyma_lost_ml=16.0 * (100 - f),
                interventions=n,
                knee=d == 78.0,
                proven=d != 40.0,
            )
            for f, d, n in (
                (99.0, 12.0, 1),
                (97.5, 40.0, 2),
                (95.0, 71.0, 2),
                (93.0, 78.0, 4),
                (62.0, 100.0, 4),
            )
        ),
        next_lesions=(
            NextLesion(
                lesion=3,
                treatment="wedge",
                name="Wedge resection of lesion 3",
                tumor_ml=2.5,
                debulking_percent=81.2,
                parenchyma_ml=31.4,
                exceeds=("interventions", "flr"),
            ),
        ),
        limit_steps=(
            LimitStep(
                limit="segments", value=3, debulking_percent=83.0, parenchyma_lost_ml=210.0, proven=True
            ),
            LimitStep(
                limit="flr", value=24.0, debulking_percent=79.5, parenchyma_lost_ml=260.0, proven=False
            ),
        ),
        projections=(_projection(plan),),
        function=LiverFunction(
            reference="spleen",
            reference_signal=412.0,
            liver_signal=720.0,
            remnant_signal=734.0,
            liver_spleen_ratio=1.7476,
            hui=1.166,
            rhui=1.087,
            remnant_function_share_percent=91.8,
            rle=0.74,
            remnant_rle=0.76,
        ),
        devices=chosen_devices(Settings()),
        device_comparison=_comparison(plan),
        uncertainty=make_uncertainty(plan),
        classification=_classification(plan),
    )


def _lesion(anatomy: Anatomy, treated: Mask, label: int) -> CaseLesion:
    region = anatomy.lesions.mask(label)
    segment = SEGMENT_NAMES[int(np.bincount(anatomy.segments.array[region.array]).argmax()) - 1]  # type: ignore[union-attr]
    center = anatomy.grid.to_patient(ndimage.center_of_mass(region.array))
    longest = 2 * max(LESIONS[label][1])
    covered = 100.0 * np.count_nonzero(region.array & treated.array) / region.voxels
    kind = {1: "anatomical", 2: "wedge", 3: "ablation", 4: "ablation"}.get(label, "none")
    return CaseLesion(
        id=label,
        volume_ml=region.volume_ml,
        longest_diameter_mm=longest,
        equivalent_diameter_mm=float((6000 * region.volume_ml / np.pi) ** (1 / 3)),
        centroid_lps_mm=tuple(center.tolist()),
        side="right" if label in (1, 3, 5) else "left",
        segments=(SegmentShare(segment=segment, percent=100.0),),
        seen_on=("mr",) if label == 4 else ("mr", "pet"),
        suv_max=None if label == 4 else 12.5 + label,
        suv_mean=None if label == 4 else 8.0 + label,
        krenning=None if label == 4 else 3,
        krenning_borderline=None if label == 4 else label == 3,
        capsule_distance_mm=float(4 * label),
        vessel_distance_mm=float(12 - 2 * label),
        treatment=kind,  # type: ignore[arg-type]
        cleared=label in CLEARED,
        coverage_percent=covered,
        options=(
            Option(
                kind="enucleation", feasible=False, why_not="near surface 14 mm below the capsule > 10 mm"
            ),
            Option(
                kind="wedge", feasible=label == 2, why_not=None if label == 2 else "through a vessel of 7 mm"
            ),
            Option(kind="anatomical", feasible=label != 5, why_not=None if label != 5 else "FLR 18 % < 25 %"),
            Option(
                kind="ablation",
                feasible=longest <= 30,
                why_not=None if longest <= 30 else f"longest diameter {longest:.0f} mm > 30 mm",
            ),
        ),
    )


def make_uncertainty(plan: Plan) -> Uncertainty:
    figure = plan.debulking_percent
    return Uncertainty(
        draws=1000,
        debulking_p05=figure - 17.0,
        debulking_p50=figure - 3.0,
        debulking_p95=figure + 2.0,
        debulking_by_volume_p05=figure - 9.0,
        debulking_by_volume_p50=figure - 1.0,
        debulking_by_volume_p95=figure + 2.5,
        probability_threshold_met=0.934,
        flr_percent_p05=plan.flr_percent - 4.0,
        flr_percent_p50=plan.flr_percent,
        flr_percent_p95=plan.flr_percent + 3.0,
        probability_minimums_met=0.997,
        type_probabilities={"1": 0.0, "2": 0.934, "3": 0.066, "4": 0.0},
        drivers=(
            Driver(lesion=3, source="ablation", share_percent=61.0),
            Driver(lesion=None, source="missed", share_percent=22.0),
            Driver(lesion=1, source="contour", share_percent=9.0),
        ),
    )


def _plan(lesions: tuple[CaseLesion, ...], *, functional_ml: float, lost_ml: float) -> Plan:
    tumor = sum(lesion.volume_ml for lesion in lesions)
    gone = sum(lesion.volume_ml for lesion in lesions if lesion.cleared)
    flr = functional_ml - lost_ml
    flr_percent = 100 * flr / functional_ml
    return Plan(
        objective="sparing",
        status="optimal",
        bound_percent=100 * gone / tumor,
        debulking_percent=100 * gone / tumor,
        debulking_percent_by_volume=100 * gone / tumor + 0.8,
        cleared=CLEARED,
        residual=(5,),
        treatments=_treatments(),
        flr_ml=flr,
        flr_percent=flr_percent,
        sflr_percent=flr / 16.0,
        flr_body_weight_percent=flr / 740.0,
        minimums=(
            Minimum(name="flr_percent", minimum=25.0, value=flr_percent, binding=False),
            Minimum(name="sflr_percent", minimum=20.0, value=flr / 16.0, binding=True),
            Minimum(name="flr_body_weight_percent", minimum=0.5, value=flr / 740.0, binding=False),
        ),
        parenchyma_lost_ml=lost_ml,
        coverage=tuple(
            Coverage(
                lesion=x.id, cleared=x.cleared, coverage_percent=x.coverage_percent, treatment=x.treatment
            )
            for x in lesions
        ),
    )


def _treatments() -> tuple[Treatment, ...]:
    return (
        Treatment(
            id="T1",
            kind="anatomical",
            name="Segmentectomy VIII",
            lesions=(1,),
            segments=("VIII",),
            parenchyma_ml=142.0,
            tumor_ml=28.0,
        ),
        Treatment(
            id="T2",
            kind="wedge",
            name="Wedge resection of lesion 2",
            lesions=(2,),
            segments=("IV",),
            margin_mm=5.0,
            achieved_margin_mm=5.2,
            parenchyma_ml=9.5,
            tumor_ml=3.3,
        ),
        Treatment(
            id="T3",
            kind="ablation",
            name="Microwave ablation of lesions 3 and 4",
            lesions=(3, 4),
            segments=("VI",),
            device="Generic MWA, 1 probe",
            modality="mwa",
            probes=1,
            center_lps_mm=(-75.0, 47.0, -5.0),
            axis=(0.0, 0.6, 0.8),
            zone_mm=(40.0, 40.0, 40.0),
            margin_mm=5.0,
            achieved_margin_mm=6.1,
            zones=(
                PlacedZone(center_lps_mm=(-75.0, 47.0, -5.0), axis=(0.0, 0.6, 0.8), across=(1.0, 0.0, 0.0)),
            ),
            paths=(make_path(), make_path(approach="operative", length_mm=41.0)),
            open_only=False,
            parenchyma_ml=22.4,
            tumor_ml=2.6,
        ),
    )


def make_path(**changes: object) -> ProbePath:
    """From the right and a little from the front and below."""
    path = ProbePath(
        zone=1,
        approach="percutaneous",
        entry_lps_mm=(-160.0, 5.0, -25.0),
        tip_lps_mm=(-57.0, 46.0, -1.0),
        length_mm=113.4,
        clearance_mm=7.25,
        nearest_structure="lung or gas",
        angle_axial_deg=12.2,
        capsule_angle_deg=71.0,
        liver_before_lesion_mm=14.0,
        enters_liver_twice=False,
        crosses_lesions=(),
        checked=("major vessels", "lung or gas"),
        unknown=("bowel", "heart"),
    )
    return replace(path, **changes)  # type: ignore[arg-type]


def _alternatives(plan: Plan) -> tuple[Plan, ...]:
    everything = replace(
        plan,
        objective="maximum",
        status="feasible",
        bound_percent=100.0,
        debulking_percent=100.0,
        debulking_percent_by_volume=100.0,
        cleared=tuple(LESIONS),
        residual=(),
        parenchyma_lost_ml=610.0,
        flr_percent=62.0,
    )
    threshold = replace(plan, objective="threshold", treatments=plan.treatments[:2], parenchyma_lost_ml=151.0)
    return (everything, threshold, replace(plan, objective="palliative"))


def _projection(plan: Plan) -> Projection:
    """Two stages: the wedge and the ablation first, then a right hepatectomy."""
    right = replace(
        plan.treatments[0], name="Right hepatectomy", segments=("V", "VI", "VII", "VIII"), lesions=(1, 5)
    )
    treatments = tuple(replace(t, id=f"T{n}") for n, t in enumerate((*plan.treatments[1:], right), start=1))
    return Projection(
        kind="two_stage",
        procedure="Right hepatectomy",
        embolized="right portal branch",
        grows="left",
        plan=replace(
            plan,
            objective="maximum",
            debulking_percent=100.0,
            cleared=tuple(LESIONS),
            residual=(),
            treatments=treatments,
        ),
        needed_points=7.1,
        reference_ml=1600.0,
        standardized=True,
        points_per_week=2.0,
        weeks=4,
        weeks_low=2,
        weeks_high=8,
        flr_percent_now=17.3,
        flr_percent_then=26.1,
        stages=(
            _stage(plan, after_weeks=0, treatments=("T1", "T2"), value=92.0),
            _stage(plan, after_weeks=4, treatments=("T3",), value=26.1),
        ),
        type=1,
        text="Type 1 in two stages, the second in about 4 weeks if the patient's left side grows 2 %/week.",
        assumptions=("No lesion grows, and none appears, while the remnant grows.",),
    )


def _stage(plan: Plan, *, after_weeks: int, treatments: tuple[str, ...], value: float) -> Stage:
    return Stage(
        after_weeks=after_weeks,
        treatments=treatments,
        interventions=len(treatments),
        flr_ml=16.0 * value,
        minimums=tuple(replace(m, value=value if m.minimum > 1 else value / 50) for m in plan.minimums),
    )


def _comparison(plan: Plan) -> DeviceComparison:
    smaller = replace(plan, debulking_percent=61.5, cleared=(1, 2, 4), residual=(3, 5))
    return DeviceComparison(
        devices=comparison_devices(Settings()),
        plan=smaller,
        alternatives=(smaller,),
        debulking_change_percent=smaller.debulking_percent - plan.debulking_percent,
        no_longer_cleared=(3,),
        only_larger_zone=(3, 4),
        type=3,
    )


def _classification(plan: Plan) -> Classification:
    return Classification(
        type=2,
        provisional=True,
        missing=("carcinoid_heart_disease", "extrahepatic", "fit_for_surgery"),
        reasons=(
            Statement(
                text=f"Sparing treatment clears {plan.debulking_percent:.0f} % of the tumor.",
                evidence="type-2",
            ),
            Statement(text="Complete clearance is not reachable: lesion 5 has no possible treatment."),
        ),
        contraindications=(Statement(text="None known; three facts are missing."),),
        management=(
            Statement(text="Debulk; resect the primary in the same operation or staged."),
            Statement(text="Cholecystectomy at debulking (long-term somatostatin analogs)."),
        ),
        counterfactuals=(Counterfactual(change="Lesion 5 treated as well", type=1),),
        gray_band=False,
    )


def _inputs(grid: Grid) -> tuple[InputRecord, ...]:
    return tuple(
        InputRecord(
            role=role,
            modality=modality,
            series_uid=("ab" if role == "hbp" else "cd") * 16,
            instances=52,
            sha256=("12" if role == "hbp" else "34") * 32,
            shape_kji=grid.shape_kji,
            spacing_mm=grid.spacing_mm,
            description=description,
        )
        for role, modality, description in (
            ("hbp", "MR", "T1 gradient echo, 20 min after gadoxetate"),
            ("pet", "PT", "68Ga-DOTATATE PET, SUVbw"),
        )
    )
