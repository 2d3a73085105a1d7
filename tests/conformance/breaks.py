"""Ways to break a good series of single-frame images."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy

import numpy as np
from ingest import builder
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from scipy.spatial.transform import Rotation

Items = list[Dataset]
Break = Callable[[Items], Items]
STEP = builder.GRID.spacing_mm[2]


def untouched(items: Items) -> Items:
    return items


def drop(*slices: int) -> Break:
    return lambda items: [item for k, item in enumerate(items) if k not in slices]


def on_slice(k: int, change: Callable[[Dataset], object]) -> Break:
    def apply(items: Items) -> Items:
        change(items[k])
        return items

    return apply


def on_all(change: Callable[[Dataset], object]) -> Break:
    return on_each(lambda k, item: change(item))


def on_each(change: Callable[[int, Dataset], object]) -> Break:
    def apply(items: Items) -> Items:
        for k, item in enumerate(items):
            change(k, item)
        return items

    return apply


def several(*steps: Break) -> Break:
    """Broken in several ways, one after the other."""

    def apply(items: Items) -> Items:
        for step in steps:
            items = step(items)
        return items

    return apply


def assign(**values: object) -> Callable[[Dataset], None]:
    def apply(item: Dataset) -> None:
        for name, value in values.items():
            setattr(item, name, value)

    return apply


def as_bytes(name: str, content: bytes) -> Callable[[Dataset], None]:
    """An attribute whose bytes are no value of its kind."""

    def apply(item: Dataset) -> None:
        tag = Tag(name)
        item[tag] = RawDataElement(tag, dictionary_VR(tag), len(content), content, 0, False, True)

    return apply


def remove(*names: str) -> Callable[[Dataset], None]:
    def apply(item: Dataset) -> None:
        for name in names:
            if name in item:
                delattr(item, name)

    return apply


def turn(degrees: float) -> Callable[[Dataset], None]:
    def apply(item: Dataset) -> None:
        axes = np.reshape(np.array(item.ImageOrientationPatient, dtype=float), (2, 3))
        turned = Rotation.from_rotvec([0, 0, degrees], degrees=True).apply(axes)
        item.ImageOrientationPatient = [round(float(x), 9) for x in turned.ravel()]

    return apply


def shift(offset_steps: Callable[[int], float], *, axis: int = 2) -> Break:
    """Move slice k along an axis of the grid by so many slice steps."""
    return on_each(lambda k, item: builder.moved(item, builder.GRID.axes[:, axis] * STEP * offset_steps(k)))


def rename(item: Dataset, *parts: object) -> None:
    """Give an image another SOPInstanceUID."""
    item.SOPInstanceUID = item.file_meta.MediaStorageSOPInstanceUID = builder.uid("renamed", *parts)


def copy_of(item: Dataset) -> Dataset:
    """A deep copy with its file meta information."""
    other = deepcopy(item)
    other.file_meta = deepcopy(item.file_meta)
    return other


def repeat(k: int, *, same_uid: bool, change: Callable[[Dataset], object] = lambda item: None) -> Break:
    """Slice k a second time, changed or not."""

    def apply(items: Items) -> Items:
        extra = copy_of(items[k])
        if not same_uid:
            rename(extra, "extra", k)
        change(extra)
        return [*items, extra]

    return apply


def other_pixels(item: Dataset) -> None:
    item.PixelData = item.PixelData[2:] + item.PixelData[:2]


def cut_pixels(item: Dataset) -> None:
    item.PixelData = item.PixelData[: len(item.PixelData) // 2]
