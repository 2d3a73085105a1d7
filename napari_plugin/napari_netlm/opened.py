"""What an opened study is: images, masks and results on one planning grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from netlm_imaging.anatomy import Anatomy
from netlm_imaging.case import CaseResult
from netlm_imaging.clinical import Clinical
from netlm_imaging.errors import Fault, Notice
from netlm_imaging.geometry import Grid
from netlm_imaging.ingest import Series
from netlm_imaging.plan.plan_file import PlanFile
from netlm_imaging.settings import Settings
from netlm_imaging.study import StudyImages
from netlm_imaging.volume import LabelMap, Mask, Volume


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ShownImage:
    """One image on the planning grid."""

    role: str
    """``hbp``, ``precontrast``, ``pet``, ``ct``, ..."""
    modality: str
    """``MR``, ``CT``, ``PT``; ``NIfTI`` or ``NRRD`` where the file does not say."""
    volume: Volume
    number: int | None = None
    """Of its series in the study."""


@dataclass(frozen=True, slots=True, weakref_slot=True, kw_only=True, eq=False, repr=False)
class OpenedStudy:
    """What was opened; never changes. What people do to it is on the ``Desk``."""

    path: Path
    images_path: Path | None = None
    """The folder or zip of images; None for a case without them."""
    grid: Grid
    """The planning grid: the case's, else the reference image's."""
    images: tuple[ShownImage, ...] = ()
    """The reference image first."""
    masks: Mapping[str, Mask | LabelMap] = field(default_factory=dict)
    """By the names of a case folder: ``liver``, ``lesions``, ``segments``, ``vessels``, ``treated``, ..."""
    measures: Mapping[str, Volume] = field(default_factory=dict)
    """Maps of a measure, named by their unit: ``ablation_margin_mm``."""
    case: CaseResult | None = None
    """None while the study is not finished."""
    plan: PlanFile | None = None
    settings: Settings = field(default_factory=Settings)
    clinical: Clinical = field(default_factory=Clinical)
    series: tuple[Series, ...] = ()
    """All that the folder of images holds, with roles and faults."""
    read: StudyImages | None = None
    """The images as they were read, for PET that has yet to be registered."""
    notices: tuple[Notice, ...] = ()
    faults: tuple[Fault, ...] = ()
    """Why something is not shown: the words and codes of the command line."""

    def __deepcopy__(self, memo: object) -> OpenedStudy:
        """Itself: napari copies the metadata of a layer with it."""
        return self

    @property
    def finished(self) -> bool:
        """A case with plan and Type."""
        return self.case is not None

    @property
    def anatomy(self) -> Anatomy | None:
        """The masks to plan on, as opened; None without liver or lesions."""
        return anatomy_of(self.masks)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Addition:
    """What joins an opened study later, on its grid."""

    image: ShownImage | None = None
    masks: Mapping[str, LabelMap] = field(default_factory=dict)
    notices: tuple[Notice, ...] = ()


def anatomy_of(masks: Mapping[str, Mask | LabelMap]) -> Anatomy | None:
    """Masks of a case, on one grid, as an Anatomy; None without liver or lesions."""
    if not {"liver", "lesions"} <= set(masks):
        return None
    labels = ("lesions", "segments")
    known = {f.name: masks[f.name] for f in fields(Anatomy) if f.name in masks}
    return Anatomy(**{n: m if n in labels or isinstance(m, Mask) else m.any for n, m in known.items()})  # type: ignore[arg-type]
