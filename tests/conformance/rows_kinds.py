"""Row 11: slices of several kinds under one SeriesInstanceUID, at positions of their own or not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from conformance.breaks import Break, Items, assign, copy_of, on_each, on_slice, rename, several
from conformance.case import Case, Truth, numbered
from conformance.series import series_cases
from ingest import builder
from pydicom.dataset import Dataset

MIP = assign(ImageType=["DERIVED", "SECONDARY", "MIP"])


def in_turn(**values: tuple[object, object]) -> Break:
    """The first value in slices 0, 2, 4, 6, the second in 1, 3, 5."""
    return on_each(lambda k, item: assign(**{name: pair[k % 2] for name, pair in values.items()})(item))


def from_slice(k: int, **values: tuple[object, object]) -> Break:
    """The second value from slice ``k`` on."""
    return on_each(lambda n, item: assign(**{name: pair[n >= k] for name, pair in values.items()})(item))


def every_other(first: int) -> Callable[[Truth], Truth]:
    def truth(found: Truth) -> Truth:
        x, y, z = found.grid.spacing_mm
        array = found.array[first::2]
        origin = tuple(float(c) for c in found.grid.to_patient([first, 0, 0]))
        grid = replace(found.grid, shape_kji=array.shape, spacing_mm=(x, y, 2 * z), origin_mm=origin)
        return replace(found, array=array, grid=grid)

    return truth


def alternating(what: str, over: str, **values: tuple[object, object]) -> list[Case]:
    """Two volumes, slice by slice in turn; the second value sorts after the first."""
    broken = in_turn(**values)
    return [
        case
        for n in (1, 2)
        for case in series_cases(
            11, f"{what} in turn from slice to slice: volume {n}", broken, over=[over],
            notices=["SERIES_SPLIT"], choose=numbered(n, of=2), truth=every_other(n - 1))
    ]  # fmt: skip


def continued(change: Callable[[Dataset], object]) -> Break:
    """As many slices of another kind again, above the others."""

    def apply(items: Items) -> Items:
        above = [copy_of(item) for item in items]
        for k, item in enumerate(above):
            rename(item, "above", k)
            builder.moved(item, builder.normal() * builder.GRID.spacing_mm[2] * len(items))
            change(item)
        return [*items, *above]

    return apply


def two_phases(**values: Callable[[int, int], object]) -> Break:
    """Every position twice, with other pixels; a value from phase and slice for each attribute."""

    def apply(items: Items) -> Items:
        pairs = [(0, items), (1, [copy_of(item) for item in items])]
        for phase, found in pairs:
            for k, item in enumerate(found):
                if phase:
                    rename(item, "phase", k)
                    item.PixelData = item.PixelData[2:] + item.PixelData[:2]
                assign(**{name: value(phase, k) for name, value in values.items()})(item)
        return [item for _, found in pairs for item in found]

    return apply


def time(phase: int, k: int) -> str:
    return f"10{phase:02d}00"


CASES: list[Case] = [
    *alternating("echoes of 1.5 and 80 ms", "MR", EchoTime=("1.5", "80")),
    *alternating("b-values of 0 and 800", "MR", DiffusionBValue=(0.0, 800.0)),
    *alternating("magnitude and phase", "MR", ImageType=(["ORIGINAL", "PRIMARY", "M"],
                 ["ORIGINAL", "PRIMARY", "P"])),
    *alternating("two kernels", "CT", ConvolutionKernel=("B30f", "B70f")),
    *alternating("slices without and with contrast agent", "CT", ContrastBolusAgent=("", "Iomeron")),
    *(case for n in (1, 2) for case in series_cases(
        11, f"projections that continue a stack: volume {n}", continued(MIP),
        notices=["SERIES_SPLIT"], choose=numbered(n, of=2), truth=(
            lambda found: found) if n == 1 else (lambda found: replace(found, grid=replace(
                found.grid, origin_mm=tuple(found.grid.to_patient([7, 0, 0])))))) ),
    *series_cases(11, "one slice of another echo time", on_slice(3, assign(EchoTime="80")), over=["MR"],
                  refused=["ECHO_MIXED"]),
    *series_cases(11, "one slice without an echo time", on_slice(3, assign(EchoTime="")), over=["MR"],
                  refused=["ECHO_MIXED"]),
    *series_cases(11, "one slice of another b-value", on_slice(3, assign(DiffusionBValue=800.0)),
                  over=["MR"], refused=["B_VALUE_MIXED"]),
    *series_cases(11, "one slice of another image type", on_slice(3, MIP), refused=["IMAGE_TYPE_MIXED"]),
    *series_cases(11, "one slice of another kernel", on_slice(3, assign(ConvolutionKernel="B70f")),
                  over=["CT"], refused=["KERNEL_MIXED"]),
    *series_cases(11, "one slice with contrast agent", on_slice(3, assign(ContrastBolusAgent="Iomeron")),
                  over=["CT"], refused=["CONTRAST_MIXED"]),
    *series_cases(11, "two kernels in turn, image types that change halfway", several(
                  in_turn(ConvolutionKernel=("B30f", "B70f")), from_slice(4, ImageType=(
                      ["ORIGINAL", "PRIMARY", "AXIAL"], ["DERIVED", "SECONDARY", "MIP"]))),
                  over=["CT"], refused=["KERNEL_MIXED", "IMAGE_TYPE_MIXED"]),
    *series_cases(11, "echo times that the scanner rounds differently", in_turn(EchoTime=("1.23", "1.24")),
                  over=["MR"]),
    *series_cases(11, "b-values that the scanner rounds differently", in_turn(DiffusionBValue=(796.0, 800.0)),
                  over=["MR"]),
    *series_cases(11, "one slice marked as derived, of the same type", on_slice(
                  3, assign(ImageType=["DERIVED", "PRIMARY"]))),
    *series_cases(11, "two phases, echo times rounded differently across them: by their times", two_phases(
                  AcquisitionTime=time, EchoTime=lambda phase, k: ("1.50", "1.51")[(phase + k) % 2]),
                  over=["MR"], notices=["SERIES_SPLIT"], choose=numbered(1, of=2)),
    *series_cases(11, "two phases by their times, two others by their echoes", two_phases(
                  AcquisitionTime=time, EchoTime=lambda phase, k: ("1.5", "80")[(phase + k) % 2]),
                  over=["MR"], refused=["SPLIT_AMBIGUOUS", "DUPLICATE_POSITION", "ECHO_MIXED"]),
    *series_cases(11, "two phases, acquisition numbers of three runs across them: by their times", two_phases(
                  AcquisitionTime=time, AcquisitionNumber=lambda phase, k: 1 + (7 * phase + k) // 5),
                  notices=["SERIES_SPLIT"], choose=numbered(1, of=2)),
    *series_cases(11, "two phases, one image of another acquisition number: by their times", two_phases(
                  AcquisitionTime=time, AcquisitionNumber=lambda phase, k: 1 + (phase == 1 and k == 6)),
                  notices=["SERIES_SPLIT"], choose=numbered(1, of=2)),
]  # fmt: skip
