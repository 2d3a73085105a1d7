"""The command line: arguments in, one call into the flows, words out. No logic here.

Exit codes: 0 done; 1 a batch with failed studies; 2 bad usage, settings or clinical facts; 3 input
unusable; 4 no plan possible (the case and its report are written all the same, they say why); 70 a bug.
"""

from __future__ import annotations

import signal
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from netlm_imaging.case import CaseResult
from netlm_imaging.clinical import load_clinical
from netlm_imaging.errors import Fault, InputError, NetlmError
from netlm_imaging.settings import load_settings
from netlm_pipelines import show, show_plans
from netlm_pipelines.cli_batch import batch
from netlm_pipelines.progress import Stages
from netlm_pipelines.request import GivenMasks, Request, series_choice


class _Commands(TyperGroup):
    """Every command takes --debug, which ``main`` has taken off the line before one sees it."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """With --debug at the end of its help."""
        command = super().get_command(ctx, cmd_name)
        if command is not None:
            command.epilog = "--debug shows the traceback of an error."
        return command


app = typer.Typer(
    name="netlm",
    cls=_Commands,
    help="Neuroendocrine tumor liver metastases: from DICOM to a plan and a Type. Research software, "
    "not a medical device. Every command takes --debug, which shows the traceback of an error.",
    no_args_is_help=True,
    add_completion=False,
    context_settings={"max_content_width": 100},
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

STAGES_FROM_IMAGES, STAGES_FROM_MASKS = 13, 7
"""Stages of one run at most, for the progress bar."""
EXIT_BUG = 70

Out = Annotated[Path, typer.Option("--out", help="Folder to write; it must not exist or be empty.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace a finished case in --out.")]
MaskOption = typer.Option(
    metavar="F", help="NIfTI, NRRD, DICOM SEG or RTSTRUCT (file.dcm#name) or a DICOM folder."
)
Liver = Annotated[str | None, MaskOption]
Lesions = Annotated[list[str] | None, typer.Option(metavar="F", help="As --liver; may be repeated.")]
Vessels = Annotated[
    list[str] | None, typer.Option(metavar="F", help="Portal and hepatic veins; may be repeated.")
]
PortalVein = Annotated[
    str | None,
    typer.Option(metavar="F", help="The portal vein and its branches alone: the liver's inflow."),
]
BileDucts = Annotated[
    str | None,
    typer.Option(metavar="F", help="Main, right and left ducts; heat stays away."),
]
Body = Annotated[
    str | None,
    typer.Option(metavar="F", help="All under the skin, for probe paths; else the image shows it."),
]
Segments = Annotated[str | None, typer.Option(metavar="F", help="Couinaud labels 1-8.")]
SettingsFile = Annotated[Path | None, typer.Option("--settings", help="TOML: thresholds, margins, limits.")]
ClinicalFile = Annotated[Path | None, typer.Option("--clinical", help="TOML: what is known of the patient.")]
SeriesChoice = Annotated[
    list[str] | None,
    typer.Option("--series", metavar="ROLE=N", help="Use series N (or its UID) for a role; may be repeated."),
]
ResampleUneven = Annotated[
    bool, typer.Option("--resample-uneven", help="Resample uneven or tilted stacks by their true positions.")
]
Force = Annotated[bool, typer.Option("--force", help="Read DICOM files without the 128-byte preamble.")]
AssumeAffine = Annotated[
    bool,
    typer.Option(
        "--assume-affine", help="Take the axes of NIfTI files that declare none as they are stored."
    ),
]
KeepIdentifiers = Annotated[
    bool, typer.Option("--keep-identifiers", help="Keep series UIDs as they are instead of hashes of them.")
]
app.command()(batch)
AsJson = Annotated[bool, typer.Option("--json", help="Machine-readable.")]


@app.command()
def inspect(
    path: Path,
    as_json: AsJson = False,
    series: SeriesChoice = None,
    force: Force = False,
    assume_affine: AssumeAffine = False,
    keep_identifiers: Annotated[
        bool, typer.Option("--keep-identifiers", help="Show the names of files, which may name the patient.")
    ] = False,
) -> None:
    """Show what is in a folder: each series, its role and why, its geometry, its faults."""
    from netlm_imaging.ingest import scan, with_named_roles
    from netlm_pipelines import show_study
    from netlm_pipelines.outlook import outlook

    named = series_choice(series)
    study = with_named_roles(scan(path, force=force, assume_affine=assume_affine), named)
    shown = show_study.as_json if as_json else show_study.as_text
    shown(study, outlook(study), names=keep_identifiers)


@app.command()
def convert(
    path: Path,
    out: Annotated[Path, typer.Option("--out", help="The .nii.gz to write.")],
    series: Annotated[
        str | None, typer.Option(help="Role, number or ROLE=N, when there are several.")
    ] = None,
    raw: Annotated[bool, typer.Option(help="PET in Bq/mL or stored units instead of SUVbw.")] = False,
    resample_uneven: ResampleUneven = False,
    assume_affine: AssumeAffine = False,
    force: Force = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file in --out.")] = False,
) -> None:
    """Write one series as NIfTI, its geometry exact; PET as SUVbw."""
    from netlm_imaging.ingest import scan
    from netlm_pipelines.convert import check_file_target
    from netlm_pipelines.convert import convert as run

    check_file_target(out, overwrite=overwrite)
    study = scan(path, force=force, assume_affine=assume_affine)
    show.converted(run(study, out, series=series, raw=raw, resample_uneven=resample_uneven))


@app.command()
def run(
    path: Path,
    out: Out,
    liver: Liver = None,
    lesions: Lesions = None,
    segments: Segments = None,
    vessels: Vessels = None,
    portal_vein: PortalVein = None,
    cysts: Liver = None,
    spleen: Liver = None,
    bile_ducts: BileDucts = None,
    gallbladder: Liver = None,
    bowel: Liver = None,
    body: Body = None,
    settings: SettingsFile = None,
    clinical: ClinicalFile = None,
    segmenter: Annotated[str, typer.Option(help="For the masks that are not given.")] = "classical",
    series: SeriesChoice = None,
    overwrite: Overwrite = False,
    resample_uneven: ResampleUneven = False,
    assume_affine: AssumeAffine = False,
    keep_identifiers: KeepIdentifiers = False,
    force: Force = False,
) -> None:
    """The main job: a folder or zip of DICOM, NIfTI, NRRD in, plan, Type and report out."""
    masks = GivenMasks(
        liver=liver,
        lesions=tuple(lesions or ()),
        segments=segments,
        vessels=tuple(vessels or ()),
        portal_vein=portal_vein,
        cysts=cysts,
        spleen=spleen,
        bile_ducts=bile_ducts,
        gallbladder=gallbladder,
        bowel=bowel,
        body=body,
    )
    request = Request(
        out=out,
        images=path,
        masks=masks,
        settings=load_settings(settings),
        clinical=load_clinical(clinical),
        segmenter=segmenter,
        series=series_choice(series),
        overwrite=overwrite,
        keep_identifiers=keep_identifiers,
        resample_uneven=resample_uneven,
        assume_affine=assume_affine,
        force=force,
    )
    _run(request)


@app.command()
def plan(
    liver: Annotated[str, MaskOption],
    lesions: Annotated[list[str], typer.Option(metavar="F", help="As --liver; may be repeated.")],
    out: Out,
    segments: Segments = None,
    vessels: Vessels = None,
    portal_vein: PortalVein = None,
    cysts: Liver = None,
    spleen: Liver = None,
    bile_ducts: BileDucts = None,
    gallbladder: Liver = None,
    bowel: Liver = None,
    body: Body = None,
    settings: SettingsFile = None,
    clinical: ClinicalFile = None,
    overwrite: Overwrite = False,
    assume_affine: AssumeAffine = False,
    keep_identifiers: KeepIdentifiers = False,
) -> None:
    """Plan and Type from masks alone, without images."""
    masks = GivenMasks(
        liver=liver,
        lesions=tuple(lesions),
        segments=segments,
        vessels=tuple(vessels or ()),
        portal_vein=portal_vein,
        cysts=cysts,
        spleen=spleen,
        bile_ducts=bile_ducts,
        gallbladder=gallbladder,
        bowel=bowel,
        body=body,
    )
    request = Request(
        out=out,
        masks=masks,
        settings=load_settings(settings),
        clinical=load_clinical(clinical),
        overwrite=overwrite,
        keep_identifiers=keep_identifiers,
        assume_affine=assume_affine,
    )
    _run(request)


@app.command()
def classify(
    case: Annotated[Path, typer.Option("--case", help="case.json of a finished case.")],
    clinical: ClinicalFile = None,
    settings: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """The Type again from a finished case, with new clinical facts or thresholds."""
    from netlm_pipelines.reclassify import reclassify

    finished = CaseResult.from_json(_read_bytes(case), where=case.name)
    again, probabilities, notices = reclassify(
        finished,
        clinical=None if clinical is None else load_clinical(clinical),
        settings=None if settings is None else load_settings(settings),
    )
    show.classification(again, probabilities, notices, as_json=as_json)


@app.command()
def report(folder: Path) -> None:
    """Render the report of a finished case again."""
    from netlm_imaging.export import report_again

    show.report_at(report_again(folder))


@app.command()
def view(
    path: Annotated[
        Path | None,
        typer.Argument(help="Folder or zip of a study, or a finished case; none: an empty window."),
    ] = None,
    images: Annotated[
        Path | None, typer.Option("--images", help="The study of a finished case, to see it over its images.")
    ] = None,
) -> None:
    """Open a study or a finished case in napari."""
    from netlm_pipelines.view import view as open_window

    open_window(path, images=images)


@app.command()
def compare(
    before: Annotated[Path, typer.Argument(help="Folder of a finished case, or a plan.json.")],
    after: Annotated[Path, typer.Argument(help="The same, to be held against it.")],
    as_json: AsJson = False,
) -> None:
    """Two plans side by side: figures, treatments and lesions that only one of them has."""
    from netlm_pipelines.compare import compared, read_compared

    sides = (read_compared(before), read_compared(after))
    show_plans.differences(sides, *compared(*sides), as_json=as_json)


@app.command()
def sample(
    out: Out,
    preset: Annotated[str, typer.Option(help="type1, type2, type3 or type4.")] = "type2",
    seed: Annotated[int, typer.Option(min=0, help="Another number, another patient.")] = 0,
) -> None:
    """Write a sample patient: real DICOM files, clinical facts and the exact truth."""
    from netlm_pipelines.sample import write_sample_study

    stages = Stages(total=1)
    with stages.shown():
        paths = write_sample_study(preset, out, seed=seed, stages=stages)
    show.sample(paths)


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", help="Folder to write.")] = Path("netlm-demo"),
    preset: Annotated[str, typer.Option(help="type1, type2, type3 or type4.")] = "type2",
    seed: Annotated[int, typer.Option(min=0)] = 0,
    overwrite: Overwrite = False,
) -> None:
    """A sample patient through the main job: DICOM in, report out."""
    from netlm_imaging.export import check_target
    from netlm_pipelines.sample import write_sample_study

    check_target(out, overwrite=overwrite)
    with tempfile.TemporaryDirectory(prefix="netlm-demo-") as work:
        stages = Stages(total=1)
        with stages.shown():
            paths = write_sample_study(preset, Path(work) / "patient", seed=seed, stages=stages)
        _run(
            Request(out=out, images=paths.dicom, clinical=load_clinical(paths.clinical), overwrite=overwrite)
        )


def main() -> None:
    """Entry point: every expected failure is one message and an exit code of the contract."""
    debug = "--debug" in sys.argv
    for number in (signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):
        signal.signal(number, _stop)
    try:
        app(args=[a for a in sys.argv[1:] if a != "--debug"], prog_name="netlm")
    except (SystemExit, KeyboardInterrupt):
        raise
    # pylibjpeg's codecs raise a BaseException of their own (PanicException) on damaged streams.
    except BaseException as error:
        if debug:
            traceback.print_exc()
        if isinstance(error, NetlmError):
            show.faults(error.faults)
            sys.exit(error.exit_code)
        show.bug(error)
        sys.exit(EXIT_BUG)


def _stop(number: int, _frame: object) -> NoReturn:
    """End as after an error, so that unpacked and half-written files are removed."""
    signal.signal(number, signal.SIG_IGN)
    sys.exit(128 + number)


def _run(request: Request) -> None:
    from netlm_pipelines.study import require_plan, run_study

    stages = Stages(total=STAGES_FROM_MASKS if request.images is None else STAGES_FROM_IMAGES)
    with stages.shown():
        folder = run_study(request, stages)
    case = CaseResult.from_json(_read_bytes(folder / "case.json"))
    show.finished(case, folder)
    require_plan(case)


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        fault = Fault(
            code="UNREADABLE", expected="a readable file", found=str(error.strerror), where=path.name
        )
    raise InputError(fault)
