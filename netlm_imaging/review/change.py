"""What an edit of a label array changes: these voxels, from these values to those."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from netlm_imaging.errors import Fault, UsageError
from netlm_imaging.geometry import Box
from netlm_imaging.volume import BoolArray

Labels = npt.NDArray[Any]
"""An integer array [k, j, i] that is being edited: 0 is background."""
Voxels = npt.NDArray[np.int64]
BACKGROUND = (0,)
"""The values that an edit overwrites unless it is told otherwise: other regions stay as they are."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Change:
    """Each changed voxel once; nothing of the rest of the array."""

    shape_kji: tuple[int, ...]
    voxels: Voxels
    """Flat indices in C order, ascending."""
    old: Labels
    new: Labels

    @classmethod
    def joined(cls, parts: Sequence[Change]) -> Change:
        """Several changes of one array, one after the other, as one."""
        voxels = np.concatenate([part.voxels for part in parts])
        once, first = np.unique(voxels, return_index=True)
        _, from_behind = np.unique(voxels[::-1], return_index=True)
        return cls(
            shape_kji=parts[0].shape_kji,
            voxels=once,
            old=np.concatenate([part.old for part in parts])[first],
            new=np.concatenate([part.new for part in parts])[::-1][from_behind],
        )._without_idle()

    @classmethod
    def between(cls, before: Labels, after: Labels) -> Change:
        """How ``after`` differs from ``before``, both in C order and of one shape."""
        voxels = np.flatnonzero(before != after)
        return cls(
            shape_kji=after.shape, voxels=voxels, old=before.ravel()[voxels], new=after.ravel()[voxels]
        )

    @property
    def labels(self) -> tuple[int, ...]:
        """The regions that gain or lose voxels, ascending."""
        return tuple(int(v) for v in np.union1d(self.old, self.new) if v > 0)

    @property
    def indices_kji(self) -> tuple[Voxels, Voxels, Voxels]:
        """An index array for each axis, as numpy and napari take them."""
        k, j, i = np.unravel_index(self.voxels, self.shape_kji)
        return k, j, i

    def undone(self) -> Change:
        """The change back."""
        return Change(shape_kji=self.shape_kji, voxels=self.voxels, old=self.new, new=self.old)

    def apply(self, labels: Labels) -> None:
        """Make the change in ``labels``, in place."""
        np.put(labels, self.voxels, self.new)

    def box_of(self, label: int) -> Box | None:
        """The smallest box around the voxels that ``label`` gains; None where it gains none."""
        gained = self.voxels[self.new == label]
        if not gained.size:
            return None
        k, j, i = (
            slice(int(axis.min()), int(axis.max()) + 1) for axis in np.unravel_index(gained, self.shape_kji)
        )
        return (k, j, i)

    def _without_idle(self) -> Change:
        real = self.old != self.new
        return Change(
            shape_kji=self.shape_kji, voxels=self.voxels[real], old=self.old[real], new=self.new[real]
        )


def filled(
    labels: Labels,
    box: Box,
    inside: BoolArray,
    label: int,
    *,
    replacing: Sequence[int] | None = BACKGROUND,
) -> Change:
    """``label`` where ``inside``, shape of ``box``, is True.

    ``replacing``: the values that may be overwritten; None: all. Raises UsageError (BAD_EDIT) for a label
    that the array cannot hold.
    """
    require_label(labels, label)
    before = labels[box]
    changed = inside & (before != label)
    if replacing is not None:
        changed &= np.isin(before, list(replacing))
    at = np.argwhere(changed) + [s.start for s in box]
    return Change(
        shape_kji=labels.shape,
        voxels=np.asarray(np.ravel_multi_index(tuple(at.T), labels.shape), dtype=np.int64),
        old=before[changed],
        new=np.full(len(at), label, dtype=labels.dtype),
    )


def require_label(labels: Labels, label: int) -> None:
    """Raise UsageError (BAD_EDIT) for a label that is none, or larger than the array's type can hold."""
    largest = int(np.iinfo(labels.dtype).max)
    if not 0 <= label <= largest:
        raise bad_edit(f"a label from 0 to {largest}", f"{label}")


def bad_edit(expected: str, found: str, *, remedy: str = "") -> UsageError:
    """The error of an edit that cannot be done; the array stays as it was."""
    return UsageError(
        Fault(code="BAD_EDIT", expected=expected, found=found, where="editing a mask", remedy=remedy)
    )
