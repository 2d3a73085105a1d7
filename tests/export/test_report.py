from __future__ import annotations

import base64
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from export.examples import Example, make_path

from netlm_imaging.case import CaseResult
from netlm_imaging.decide.evidence import evidence
from netlm_imaging.decide.records import Statement
from netlm_imaging.errors import Notice
from netlm_imaging.export import render_report
from netlm_imaging.export.charts import Axis, frontier_chart
from netlm_imaging.export.wording import percentage, probability, shares
from netlm_imaging.lesions.records import SegmentShare
from netlm_imaging.plan.records import PlacedZone, StructureDistance

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"


class Text(HTMLParser):
    """The words that a reader sees, and every tag with its attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words = ""
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(html)
        self.words = re.sub(r"\s+", " ", self.words)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "img", "br", "rect", "line", "path", "circle"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in {"rect", "line", "path", "circle"}:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words += data + " "


def read(case: CaseResult, figures: dict[str, bytes] | None = None) -> Text:
    text = Text(render_report(case, figures or {}))
    assert text.open == []
    return text


def test_the_figures_of_the_case_are_in_it(example: Example) -> None:
    words = read(example.case).words
    plan, liver = example.case.plan, example.case.liver
    for expected in (
        "Type 2",
        "Provisional",
        f"{plan.debulking_percent:.1f} %",
        f"{plan.debulking_percent_by_volume:.1f} %",
        f"{plan.flr_percent:.1f} %",
        f"{liver.total_ml:.0f} mL",
        f"{liver.tumor_ml:.1f} mL",
        "4 of 5 lesions cleared by 3 treatments",
        "carcinoid heart disease",
        "Segmentectomy VIII",
        "40 \N{MULTIPLICATION SIGN} 40",
        "longest diameter 42 mm > 30 mm",
        "0.4 mL of lesion 4 lay outside the liver",
        "Lesion 5 treated as well: Type 1",
        "patient's right",
        "Maximum clearance",
    ):
        assert expected in words
    for lesion in example.case.lesions:
        assert f"{lesion.volume_ml:.2f}" in words


def test_what_other_devices_would_change_is_said_and_marked(example: Example) -> None:
    case = example.case
    words = read(case).words
    for expected in (
        f"debulking by lesion is 61.5 % instead of {case.plan.debulking_percent:.1f} %",
        "With zones as measured in patients (MWA, 1 probe, 5 min (patient series); ",
        "No longer cleared: lesion 3.",
        "Only the larger zone covers lesions 3, 4 with its margin.",
        "The Type would be 3 instead of 2.",
        "Suwa 2020",
    ):
        assert expected in words
    assert words.count("Ablation \N{DOUBLE DAGGER}") == 2
    assert case.device_comparison is not None
    same = replace(
        case.device_comparison,
        plan=case.plan,
        debulking_change_percent=0.0,
        no_longer_cleared=(),
        only_larger_zone=(),
        type=2,
    )
    words = read(replace(case, device_comparison=same)).words
    assert f"debulking by lesion stays {case.plan.debulking_percent:.1f} %. The Type stays 2." in words
    assert "\N{DOUBLE DAGGER}" not in words
    assert "Other devices:" not in read(replace(case, device_comparison=None)).words


def test_zones_margins_and_near_structures_of_an_ablation_are_shown(example: Example) -> None:
    case = example.case
    *others, ablation = case.plan.treatments
    placed = PlacedZone(center_lps_mm=(0.0, 0.0, 0.0), axis=(0.0, 0.0, 1.0), across=(1.0, 0.0, 0.0))
    ablation = replace(
        ablation,
        zones=(placed,) * 3,
        margin_below_5_mm_percent=12.0,
        margin_below_10_mm_percent=71.6,
        structures=(StructureDistance(structure="gallbladder", distance_mm=7.25),),
    )
    words = read(replace(case, plan=replace(case.plan, treatments=(*others, ablation)))).words
    for expected in ("1 probe, 3 overlapping zones", "7.2 mm from the gallbladder", "12 / 72"):
        assert expected in words


def test_the_best_path_of_each_ablation_is_shown_with_what_is_not_known(example: Example) -> None:
    words = read(example.case).words
    for expected in (
        "Probe paths",
        "from the skin from the patient's right, front 113 7.2 lung or gas 12 71 14",
        "from the skin: held against major vessels, lung or gas, not known: bowel, heart",
    ):
        assert expected in words
    assert "open surgery" not in words


def test_no_safe_path_is_marked_as_open_surgery(example: Example) -> None:
    case = example.case
    *others, ablation = case.plan.treatments
    unsafe = make_path(crosses_lesions=(5,), enters_liver_twice=True, liver_before_lesion_mm=2.0)
    grazing = make_path(
        approach="operative", capsule_angle_deg=12.0, clearance_mm=None, nearest_structure=None
    )
    shown = []
    for paths in ((unsafe, grazing), (unsafe,), ()):
        marked = replace(
            ablation, paths=paths, open_only=True, approach_note="Each crosses <another> lesion."
        )
        shown.append(read(replace(case, plan=replace(case.plan, treatments=(*others, marked)))).words)
        assert "✕ no safe straight path found: open surgery Each crosses <another> lesion." in shown[-1]
    assert "from the capsule" in shown[0]
    assert "grazes the capsule" in shown[0]
    for expected in ("crosses lesion 5 (seeding)", "enters the liver twice", "(bleeding)"):
        assert expected in shown[1]
        assert expected not in shown[0]
    assert "no straight path found" in shown[2]


def test_every_evidence_entry_used_is_cited_once_and_linked(example: Example) -> None:
    text = read(example.case)
    entry = evidence()["type-2"]
    assert text.words.count(entry.statement) == 1
    assert entry.citation in text.words
    ids = {attributes.get("id") for _, attributes in text.tags}
    links = [a["href"] or "" for tag, a in text.tags if tag == "a"]
    assert links
    assert all(link.startswith("#") and link[1:] in ids for link in links)


def test_a_type_that_is_not_operated_says_so_beside_the_treatments(example: Example) -> None:
    warning = "Not an advice to operate"
    assert warning not in read(example.case).words
    for number in (3, 4):
        verdict = replace(example.case.classification, type=number)
        assert f"{warning}: Type {number}" in read(replace(example.case, classification=verdict)).words


def test_an_infeasible_alternative_shows_no_figures(example: Example) -> None:
    threshold = replace(
        example.case.alternatives[0], objective="threshold", status="infeasible", debulking_percent=12.345
    )
    words = read(replace(example.case, alternatives=(threshold,))).words
    assert "12.3" not in words
    assert "no plan possible" in words


def test_an_unknown_evidence_id_is_shown_as_it_is(example: Example) -> None:
    verdict = replace(
        example.case.classification, reasons=(Statement(text="Because.", evidence="not-there"),)
    )
    assert "not-there" in read(replace(example.case, classification=verdict)).words


def test_pictures_are_inside_and_described(example: Example, figures: dict[str, bytes]) -> None:
    text = read(example.case, figures)
    images = [attributes for tag, attributes in text.tags if tag == "img"]
    inside = [
        base64.b64decode((image["src"] or "").removeprefix("data:image/png;base64,")) for image in images
    ]
    assert inside == [figures["plan_3d.png"], figures["lesions_hbp.png"], figures["lesions_pet.png"]]
    assert all("patient's right" in (image["alt"] or "") for image in images)


def test_nothing_is_fetched(example: Example, figures: dict[str, bytes]) -> None:
    html = render_report(example.case, figures)
    outside = re.sub(r"data:image/png;base64,[\w+/=]+", "", html)
    assert not re.search(r"https?:|//|@import|url\(|<script|<link|<iframe|srcset", outside)


def test_the_same_case_gives_the_same_text(example: Example, figures: dict[str, bytes]) -> None:
    backwards = dict(reversed(figures.items()))
    assert render_report(example.case, figures) == render_report(example.case, backwards)


def test_hostile_text_is_shown_and_never_run(example: Example) -> None:
    case = example.case
    lesion = replace(
        case.lesions[0],
        options=tuple(replace(o, feasible=False, why_not=HOSTILE) for o in case.lesions[0].options),
    )
    case = replace(
        case,
        inputs=(replace(case.inputs[0], description=HOSTILE, role=HOSTILE),),
        warnings=(Notice(code=HOSTILE, message=HOSTILE, where=HOSTILE),),
        clinical=case.clinical.model_copy(update={"primary_site": HOSTILE}),
        lesions=(lesion, *case.lesions[1:]),
        plan=replace(case.plan, treatments=(replace(case.plan.treatments[0], name=HOSTILE, device=HOSTILE),)),
        classification=replace(
            case.classification, missing=(HOSTILE,), reasons=(Statement(text=HOSTILE, evidence=HOSTILE),)
        ),
    )
    text = read(case, {f"{HOSTILE}.png": b"x"})
    assert not [tag for tag, _ in text.tags if tag == "script"]
    assert not [a for _, a in text.tags if any(name.startswith("on") for name in a)]
    assert text.words.count("<script>alert(1)</script>") >= 12


def test_left_and_right_are_always_the_patients(example: Example) -> None:
    words = read(example.case).words
    assert not re.search(
        r"(?<!patient's )\b(right|left)\b(?! (hepatectomy|of the|are))", words.replace("right and left", "")
    )


def test_a_figure_just_below_the_threshold_does_not_read_as_met(example: Example) -> None:
    plan = replace(example.case.plan, debulking_percent=69.96)
    words = read(replace(example.case, plan=plan, alternatives=())).words
    assert "69.96 %" in words
    assert "70.0 %" not in words
    assert "✕ not met threshold 70 %" in words


def test_no_disease_no_plan_and_no_body_size_can_be_told(example: Example) -> None:
    case = example.case
    plan = replace(
        case.plan,
        treatments=(),
        cleared=(),
        residual=(),
        status="infeasible",
        bound_percent=None,
        sflr_percent=None,
        flr_body_weight_percent=None,
        minimums=case.plan.minimums[:1],
    )
    verdict = replace(
        case.classification, type=None, missing=(), contraindications=(), management=(), counterfactuals=()
    )
    empty = replace(case, lesions=(), plan=plan, classification=verdict, frontier=(), inputs=(), warnings=())
    words = read(empty).words
    assert "No Type" in words
    assert words.count("No measurable disease in the liver") == 2
    assert words.count("height and weight needed") == 2
    assert "no plan possible" in words
    assert "warning" not in words


@pytest.mark.parametrize(
    ("value", "limits", "shown"),
    [
        (69.96, (70,), "69.96 %"),
        (69.96, (), "70.0 %"),
        (70.0, (70,), "70.0 %"),
        (0.4996, (0.5,), "0.4996 %"),
        (99.98, (70,), "99.98 %"),
        (100.0, (70,), "100.0 %"),
        (78.82, (70,), "78.8 %"),
    ],
)
def test_no_percentage_is_rounded_onto_a_limit_that_it_misses(
    value: float, limits: tuple[float, ...], shown: str
) -> None:
    assert percentage(value, *limits) == shown


def test_segment_shares_read_shortly() -> None:
    def share(segment: str, percent: float) -> SegmentShare:
        return SegmentShare(segment=segment, percent=percent)

    assert shares((share("II", 99.9), share("III", 0.1))) == "II"
    assert (
        shares((share("V", 60.4), share("VI", 39.6))).replace("\N{NO-BREAK SPACE}", " ") == "V 60 %, VI 40 %"
    )
    assert shares(()) == "\N{EN DASH}"


def test_the_frontier_is_a_staircase_below_the_points(example: Example) -> None:
    chart = frontier_chart(example.case.frontier, example.case.plan)
    assert chart is not None
    assert [p.flr_percent for p in chart.points] == [62.0, 93.0, 95.0, 97.5, 99.0]
    assert (chart.x.low, chart.x.high) == (60.0, 100.0)
    assert chart.path.startswith(f"M{chart.x.at(62)} {chart.y.at(100)}H{chart.x.at(93)}V{chart.y.at(78)}")
    assert chart.y.at(100) < chart.y.at(0)
    assert frontier_chart(example.case.frontier[:1], example.case.plan) is None


def test_what_more_could_be_had_is_said(example: Example) -> None:
    words = read(example.case).words
    for expected in (
        "83.0 % with up to 3 whole segments",
        "79.5 % with a remnant down to 24.0 % of the functional liver (best found)",
        "Wedge resection of lesion 3 2.5 31.4 81.2 % the number of interventions, the future liver remnant",
        "78.0 % for 7.0 % of the liver",
        "Between the points lie more such plans.",
        "Diamond: beyond it the next tumor costs at least twice as much liver.",
        "Hollow: the best found, not proven.",
    ):
        assert expected in words
    whole = replace(
        example.case,
        frontier_complete=True,
        next_lesions=(),
        limit_steps=(),
        frontier=example.case.frontier[:1],
    )
    assert "One step more" not in read(whole).words


def test_an_axis_holds_its_values_and_has_round_ticks() -> None:
    axis = Axis(low=60, high=100, start=50, end=450)
    assert [axis.at(v) for v in (0, 60, 80, 100, 120)] == [50, 50, 250, 450, 450]
    assert axis.ticks == [60, 70, 80, 90, 100]
    assert Axis(low=0, high=1, start=0, end=1).ticks == [0, 0.2, 0.4, 0.6, 0.8, 1.0]


def test_how_certain_the_figures_are_stands_beside_them(example: Example) -> None:
    certain = read(example.case)
    words = certain.words
    spread = example.case.uncertainty
    assert spread is not None
    for expected in (
        f"debulking {spread.debulking_p05:.1f} % to {spread.debulking_p95:.1f} % by lesion",
        "70 % in 93 %; Type 2 in 93 %, Type 3 in 7 %",
        "lesion 3: whether its ablation covers it (61 % of the variance)",
        "lesions that the images do not show (22 % of the variance)",
        "> 99 % (every minimum)",
        "Type 2: 93 %",
    ):
        assert expected in words
    labels = [tag.get("aria-label") for name, tag in certain.tags if name == "svg"]
    assert "Type 2 in 93 %, Type 3 in 7 %" in labels
    without = read(replace(example.case, uncertainty=None)).words
    assert "How certain" not in without
    assert "draws" not in without.split("Assumptions and settings")[0]


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0, "0 %"), (0.001, "< 1 %"), (0.04, "4 %"), (0.9949, "99 %"), (0.999, "> 99 %"), (1.0, "100 %")],
)
def test_a_probability_is_never_rounded_to_never_or_always(share: float, text: str) -> None:
    assert probability(share) == text


def test_what_a_larger_remnant_would_allow_stands_beside_the_plan(example: Example) -> None:
    words = read(example.case).words
    for expected in (
        "If the remnant grows",
        "A projection, not a plan to operate on today.",
        "4 (2\N{EN DASH}8)",
        "5 of 5",
        "4 weeks after PVE",
        "Type 1 in two stages, the second in about 4 weeks if the patient's left side grows 2 %/week.",
        "Assumed: No lesion grows",
    ):
        assert expected in words, expected
    first, second = (
        words.index("today Wedge resection, Ablation (2 interventions)"),
        words.index("4 weeks after PVE"),
    )
    assert first < second < words.index("Right hepatectomy (1 intervention)")
    assert "If the remnant grows" not in read(replace(example.case, projections=())).words
    never = replace(example.case.projections[0], weeks_high=None)
    assert "4 (2\N{EN DASH}never)" in read(replace(example.case, projections=(never,))).words
    split = replace(
        never, weeks=0, weeks_low=0, stages=tuple(replace(s, after_weeks=0) for s in never.stages)
    )
    words = read(replace(example.case, projections=(split,))).words
    assert "no growth needed" in words
    assert "a second operation Right hepatectomy" in words


def test_function_stands_beside_volume(example: Example) -> None:
    words = read(example.case).words
    for expected in (
        "Functional FLR of the MR signal above that of the spleen 91.8 %",
        "of the remnant 1.09 L",
    ):
        assert expected in words, expected
    assert "Enhancement RLE of the liver 74 %, of the remnant 76 %" in words
    assert "MR units are arbitrary" in words
    assert example.case.function is not None
    nothing = dict.fromkeys(("reference", "remnant_function_share_percent", "hui", "rhui", "rle"))
    unknown = replace(example.case.function, **nothing)
    words = read(replace(example.case, function=unknown)).words
    assert "it takes a mask of the spleen or of vessels" in words
    assert "HUI" not in words
    assert "RLE of the liver" not in words
    assert "MR units" not in read(replace(example.case, function=None)).words


def test_the_lesions_seen_on_mri_are_counted_beside_all(example: Example) -> None:
    case = example.case
    assert "Lesions seen on MRI only" not in read(case).words
    lesions = (*case.lesions[:-1], replace(case.lesions[-1], seen_on=("pet",)))
    plan = replace(case.plan, debulking_percent_mr_only=69.96, debulking_percent_by_volume_mr_only=81.2)
    words = read(replace(case, lesions=lesions, plan=plan)).words
    assert "debulking 69.96 % by lesion, 81.2 % by volume, without the 1 lesion seen on PET alone" in words
    assert "MRI only 69.96 %" in words


def test_what_binds_and_what_was_not_found_to_bind(example: Example) -> None:
    case = example.case
    assert "binds : a plan that clears more would break it" in read(case).words
    free = replace(case.plan, minimums=tuple(replace(m, binding=False) for m in case.plan.minimums))
    assert "No minimum limits this plan." in read(replace(case, plan=free)).words
    unproven = read(replace(case, plan=replace(free, status="feasible"))).words
    assert "No minimum was found to limit this plan; it is not proven to be the best." in unproven
    assert "The plan that clears most (maximum clearance) is limited by sFLR 20.0 %." in read(case).words
