"""Row 50: settings and clinical facts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from conformance.case import Answer, Case, Command

from netlm_imaging.clinical import load_clinical
from netlm_imaging.errors import NetlmError
from netlm_imaging.settings import load_settings

Load = Callable[[Path], object]


def _case(
    what: str, text: str | bytes, load: Load, code: str, place: str, over: str, says: Sequence[str]
) -> Case:
    def ask(folder: Path, command: Command) -> Answer:
        file = folder / "file.toml"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        try:
            load(file)
        except NetlmError as error:
            return Answer(faults=error.faults, printed=f"{error} {error!r}")
        return Answer()

    refused = (code,) if code else ()
    return Case(
        row=50, what=what, ask=ask, refused=refused, place=place if code else "", over=over, says=tuple(says)
    )


def settings(
    what: str, text: str | bytes, *says: str, code: str = "BAD_SETTINGS", place: str = "settings"
) -> Case:
    return _case(what, text, load_settings, code, place, "settings", says)


def facts(what: str, text: str, *says: str, code: str = "BAD_CLINICAL") -> Case:
    return _case(what, text, load_clinical, code, "clinical facts", "clinical facts", says)


CASES: list[Case] = [
    settings("an empty file: the defaults", "", code=""),
    settings("an unknown key", "[resection]\nwegde = true\n", "wegde", "wedge_margin_mm"),
    settings("an unknown table", "[resektion]\n", "resektion", "resection"),
    settings("text for a number", '[type]\ndebulking_threshold_percent = "70"\n',
             "debulking_threshold_percent"),
    settings("a number for a switch", "[resection]\nwedge = 1\n", "resection.wedge"),
    settings("a threshold of 700 %", "[type]\ndebulking_threshold_percent = 700\n", "700", "100"),
    settings("a negative margin", "[ablation]\nmargin_mm = -5\n", "margin_mm", "-5", "0"),
    settings("a threshold that is no number", "[type]\ndebulking_threshold_percent = nan\n", "finite"),
    settings("an infinite margin", "[ablation]\nmargin_mm = inf\n", "finite"),
    settings("a band whose lower end is the higher", "[type]\ngray_band_percent = [75, 65]\n",
             "lower, upper"),
    settings("an unknown objective", '[plan]\nobjective = "best"\n', "best", "sparing"),
    settings("an unknown modality", '[ablation]\nmodalities = ["mwa", "xyz"]\n', "xyz", "mwa"),
    settings("a fraction of more than 1", "[lesion]\ncleared_fraction = 99.5\n", "99.5", "1"),
    settings("an FLR minimum above 100 %", "[flr]\nminimum_percent = 120\n", "minimum_percent", "120", "100"),
    settings("a standardized FLR minimum below 0 %", "[flr]\nminimum_standardized_percent = -1\n",
             "minimum_standardized_percent", "-1", "0"),
    settings("a negative number of resections", "[resection]\nmax_resections = -2\n", "max_resections", "-2"),
    settings("a negative number of interventions", "[plan]\nmax_interventions = -1\n", "max_interventions",
             "-1"),
    settings("nine segments for a sparing plan", "[plan]\nmax_segments_sparing = 9\n",
             "max_segments_sparing", "9", "8"),
    settings("a device with a typo in a key",
             '[[device]]\nid = "own"\nmodality = "mwa"\nzone_m = [40, 30, 30]\nevidence = "patient series"\n'
             'provenance = "our own series"\n', "device[1].zone_m", "zone_mm"),
    settings("a device with a typo in its modality",
             '[[device]]\nid = "own"\nmodality = "mva"\nzone_mm = [40, 30, 30]\nevidence = "patient series"\n'
             'provenance = "our own series"\n', "device[1].modality", "mva", "mwa"),
    settings("a fixed choice without yes or no", "[[plan.fix]]\nlesion = 3\n", "plan.fix[1].do"),
    settings("a fixed wedge without its lesion", '[[plan.fix]]\nkind = "wedge"\ndo = true\n', "plan.fix[1]",
             "lesion"),
    settings("a fixed anatomical resection without its name",
             '[[plan.fix]]\nkind = "anatomical"\nlesion = 3\ndo = true\n', "plan.fix[1]", "name"),
    settings("a fixed wedge with a device",
             '[[plan.fix]]\nlesion = 3\nkind = "wedge"\ndevice = "mwa-1-probe"\ndo = true\n', "plan.fix[1]",
             "device"),
    settings("a list for a table", "plan = [1]\n", "plan"),
    settings("five faults at once",
             '[type]\ndebulking_threshold_percent = 700\nfoo = 1\n[plan]\nobjective = "best"\n'
             "grid_mm = 0\n[ablation]\nmargin_mm = -5\n", "700", "foo", "best", "grid_mm", "margin_mm"),
    settings("a table that is not closed", "[type\n", code="BAD_TOML", place="file.toml"),
    settings("one key twice", "[plan]\ngrid_mm = 1\ngrid_mm = 2\n", code="BAD_TOML", place="file.toml"),
    settings("bytes that are no text", b"\xff\xfe\x00[type]", code="BAD_TOML", place="file.toml"),
    facts("an unknown key", "weigth_kg = 70\n", "weigth_kg", "weight_kg"),
    facts("an unknown word", 'liver_quality = "bad"\n', "liver_quality", "cirrhosis"),
    facts("a weight of 1 kg", "weight_kg = 1\n", "weight_kg", "2"),
    facts("a weight of 7,000 kg", "weight_kg = 7000\n", "7000", "700"),
    facts("a height in meters", "height_cm = 1.75\n", "height_cm", "30"),
    facts("a Ki-67 of 120 %", "ki67_percent = 120\n", "ki67_percent", "100"),
    facts("a fraction for a grade", "grade = 2.5\n", "grade"),
    facts("text for yes or no", 'fit_for_surgery = "yes"\n', "fit_for_surgery"),
    facts("three faults at once", 'liver_quality = "bad"\nweigth_kg = 7\ngrade = 9\n', "bad", "weigth_kg",
          "grade"),
]  # fmt: skip
