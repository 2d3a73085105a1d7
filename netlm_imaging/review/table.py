"""The lesion table while lesions are edited: after a change only the changed ones are measured again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from netlm_imaging.anatomy import Anatomy
from netlm_imaging.geometry import Box
from netlm_imaging.lesions.burden import burden_class, liver_volumes, segments_of
from netlm_imaging.lesions.contrast import contrast_to_noise
from netlm_imaging.lesions.measures import Ruler
from netlm_imaging.lesions.outlines import Outlines
from netlm_imaging.lesions.pet_uptake import PetReference
from netlm_imaging.lesions.records import Lesion, LiverVolumes, SeenOn, Uptake
from netlm_imaging.lesions.regions import Region, regions_of
from netlm_imaging.review.change import Change, Labels
from netlm_imaging.volume import BoolArray, LabelMap, Mask, Volume


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Row:
    """One region of the edited array."""

    box: Box
    """Holds all its voxels."""
    lesion: Lesion | None
    """The figures of its part inside the liver, which is what counts; None where it is wholly outside."""
    outside_ml: float
    """Of it outside the liver: not counted."""
    tumor_voxels: int
    cyst_voxels: int
    """Of the tumor voxels, those that a cyst mask claims too."""
    cnr: float | None = None
    """How clearly the image shows it (``contrast_to_noise``); None without an image."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """What stays while lesions are edited: liver, segments, vessels, cysts, images."""

    ruler: Ruler
    liver: BoolArray
    cysts: BoolArray | None
    volumes: LiverVolumes
    """Without any tumor."""
    came: Outlines
    """Lesions as the study found them: edits renumber, merge and split them."""
    seen_on: Mapping[int, tuple[SeenOn, ...]]
    """By the numbers of ``came``."""
    uptake: Mapping[int, Uptake]
    """By the same; it holds while a lesion has that outline."""
    suv: Volume | None
    reference: PetReference | None
    image: Volume | None

    def row(self, found: Region) -> Row:
        """All figures of a region inside its box."""
        inside = found.mask & self.liver[found.box]
        voxels = int(np.count_nonzero(inside))
        cysts = 0 if self.cysts is None else int(np.count_nonzero(inside & self.cysts[found.box]))
        return Row(
            box=found.box,
            lesion=self._lesion(_tight(Region(found.label, found.box, inside))) if voxels else None,
            outside_ml=(found.voxels - voxels) * self.ruler.grid.voxel_ml,
            tumor_voxels=voxels,
            cyst_voxels=cysts,
            cnr=None if self.image is None else contrast_to_noise(self.image, found, self.liver),
        )

    def located(self, label: int, row: Row, labels: Labels) -> Row:
        """``row`` of a region of ``labels``, in the segments of now."""
        if row.lesion is None:
            return row
        inside = _tight(Region(label, row.box, (labels[row.box] == label) & self.liver[row.box]))
        return replace(row, lesion=self.ruler.located(row.lesion, inside))

    def _lesion(self, region: Region) -> Lesion:
        seen_on = self.came.seen_on(region, self.seen_on)
        return self.ruler.lesion(region, seen_on=seen_on, pet=self._uptake(region))

    def _uptake(self, region: Region) -> Uptake | None:
        same = self.came.same(region)
        if same in self.uptake:
            return self.uptake[same]
        if self.suv is None or self.reference is None:
            return None
        return self.reference.uptake(self.suv, region)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LesionTable:
    """Every region of an array of lesions with its figures, equal to those of ``measure``.

    Lesions count inside the liver alone, as ``prepare`` cuts them.
    """

    frame: Frame
    rows: Mapping[int, Row]
    """By id, ascending."""

    @classmethod
    def of(
        cls,
        anatomy: Anatomy,
        labels: Labels,
        *,
        seen_on: Mapping[int, tuple[SeenOn, ...]] | None = None,
        uptake: Mapping[int, Uptake] | None = None,
        suv: Volume | None = None,
        reference: PetReference | None = None,
        image: Volume | None = None,
        step: Callable[[int, int], object] = lambda _done, _of: None,
    ) -> LesionTable:
        """The table of ``labels``, edited from the lesions of ``anatomy``, on its grid.

        ``seen_on`` and ``uptake`` as in ``measure``, of the lesions of ``anatomy``. With ``suv`` (g/mL, same
        grid) and ``reference`` the uptake of any other outline is read anew; else it is unknown. ``image``
        shows the lesions, same grid. ``step`` is told before each lesion how many are done and how many
        there are; what it raises ends the work. Raises InputError (EMPTY_MASK) for an empty liver.
        """
        bare = replace(anatomy, lesions=LabelMap(np.zeros(anatomy.grid.shape_kji, np.uint8), anatomy.grid))
        frame = Frame(
            ruler=Ruler.of(anatomy),
            liver=anatomy.liver.array,
            cysts=None if anatomy.cysts is None else anatomy.cysts.array,
            volumes=liver_volumes(bare, method="reviewed"),
            came=Outlines.of(anatomy.lesions),
            seen_on=seen_on or {},
            uptake=uptake or {},
            suv=suv,
            reference=reference,
            image=image,
        )
        rows, found = {}, list(regions_of(labels))
        for done, region in enumerate(found):
            step(done, len(found))
            rows[region.label] = frame.row(region)
        return cls(frame=frame, rows=MappingProxyType(rows))

    @property
    def lesions(self) -> tuple[Lesion, ...]:
        """The figures, by ascending id, as ``measure`` gives them."""
        return tuple(row.lesion for row in self.rows.values() if row.lesion is not None)

    def after(self, labels: Labels, change: Change) -> LesionTable:
        """The table once ``change`` was made in ``labels``; only the regions that it touches are measured."""
        rows = dict(self.rows)
        for label in change.labels:
            old = rows.pop(label, None)
            box = _around(None if old is None else old.box, change.box_of(label))
            found = None if box is None else _found(labels, box, label)
            if found is not None:
                rows[label] = self.frame.row(found)
        return replace(self, rows=MappingProxyType(dict(sorted(rows.items()))))

    def in_segments(self, labels: Labels, segments: LabelMap) -> LesionTable:
        """The table of the same ``labels`` in other segments, on the same grid: no distance is measured."""
        liver = Mask(self.frame.liver, segments.grid)
        frame = replace(
            self.frame,
            ruler=replace(self.frame.ruler, segments=segments),
            volumes=replace(self.frame.volumes, segments=segments_of(segments, liver)),
        )
        rows = {label: frame.located(label, row, labels) for label, row in self.rows.items()}
        return replace(self, frame=frame, rows=MappingProxyType(rows))

    def volumes(self, *, without: Collection[int] = ()) -> LiverVolumes:
        """As ``liver_volumes``, when the lesions ``without`` (rejected ones) are no tumor."""
        counted = [row for label, row in self.rows.items() if label not in without]
        tumor = sum(row.tumor_voxels for row in counted)
        functional = round(self.frame.volumes.functional_ml / self.frame.ruler.grid.voxel_ml) - sum(
            row.tumor_voxels - row.cyst_voxels for row in counted
        )
        voxel_ml, total_ml = self.frame.ruler.grid.voxel_ml, self.frame.volumes.total_ml
        burden = 100.0 * (tumor * voxel_ml) / total_ml
        return replace(
            self.frame.volumes,
            tumor_ml=tumor * voxel_ml,
            functional_ml=functional * voxel_ml,
            burden_percent=burden,
            burden_class=burden_class(burden),
        )


def _tight(region: Region) -> Region:
    """The same region in the smallest box."""
    box, mask = region.box, region.mask
    hit = [np.flatnonzero(mask.any(axis=others)) for others in ((1, 2), (0, 2), (0, 1))]
    k, j, i = (slice(int(axis[0]), int(axis[-1]) + 1) for axis in hit)
    whole = tuple(slice(b.start + s.start, b.start + s.stop) for b, s in zip(box, (k, j, i), strict=True))
    return Region(region.label, (whole[0], whole[1], whole[2]), mask[k, j, i])


def _found(labels: Labels, box: Box, label: int) -> Region | None:
    mask = labels[box] == label
    return _tight(Region(label, box, mask)) if mask.any() else None


def _around(first: Box | None, second: Box | None) -> Box | None:
    """The box that holds both."""
    if first is None or second is None:
        return second if first is None else first
    k, j, i = (slice(min(a.start, b.start), max(a.stop, b.stop)) for a, b in zip(first, second, strict=True))
    return (k, j, i)
