"""One CT series of 300 x 512 x 512 read by us and by peers: seconds of the call alone, peak memory."""

from __future__ import annotations

import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import imagecodecs
import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRLittleEndian, JPEG2000Lossless, generate_uid

SHAPE_KJI = (300, 512, 512)
FLOAT32_MB = int(np.prod(SHAPE_KJI)) * 4 / 1e6
RUNS = 7
PEERS = ("netlm", "pydicom", "SimpleITK", "dcm2niix")
HEADER = ("series", "reader", "s min", "s median", "s max", "of SimpleITK", "peak MB", "of float32")

_CODE = {
    "netlm": """
from netlm_imaging.ingest import read_image, scan
def read(folder):
    (series,) = scan(folder).series
    return read_image(series).volume.array
def end():
    from netlm_imaging.ingest.decoding import CHILDREN, close_idle
    close_idle()
    return CHILDREN
""",
    "pydicom": """
import numpy, pydicom, pathlib
def read(folder):
    files = [pydicom.dcmread(p) for p in pathlib.Path(folder).iterdir()]
    files.sort(key=lambda f: f.ImagePositionPatient[2])
    return numpy.stack([f.pixel_array * float(f.RescaleSlope) + float(f.RescaleIntercept) for f in files])
""",
    "SimpleITK": """
import SimpleITK
def read(folder):
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(folder))
    global image  # the view does not keep it
    image = reader.Execute()
    return SimpleITK.GetArrayViewFromImage(image)
""",
}
_TIMED = """
import json, resource, sys, time
{code}
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start = time.perf_counter()
array = read(sys.argv[1])
seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
if "end" in globals():
    peak += end() * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(json.dumps({{"seconds": seconds, "peak_mb": peak * 1024 / 1e6, "sum": int(array.sum(dtype="f8"))}}))
"""


def series_table() -> Iterator[str]:
    """Markdown lines; the readers take turns, so that a busy machine slows all of them."""
    yield f"| {' | '.join(HEADER)} |"
    yield f"|{'-|' * len(HEADER)}"
    with tempfile.TemporaryDirectory() as work:
        for kind in ("uncompressed", "JPEG 2000"):
            folder = Path(work) / kind.replace(" ", "")
            write_series(folder, compressed=kind != "uncompressed")
            runs = [{peer: _measure(peer, folder) for peer in PEERS} for _ in range(RUNS)]
            if len({run[peer]["sum"] for run in runs for peer in _CODE}) > 1:
                raise AssertionError("the readers do not agree on the voxels")
            usual = statistics.median(run["SimpleITK"]["seconds"] for run in runs)
            for peer in PEERS:
                seconds = sorted(run[peer]["seconds"] for run in runs)
                peak_mb = max(run[peer]["peak_mb"] for run in runs)
                median = statistics.median(seconds)
                yield (
                    f"| {kind} | {peer} | {seconds[0]:.2f} | {median:.2f} | {seconds[-1]:.2f} "
                    f"| {median / usual:.2f} | {peak_mb:.0f} | {peak_mb / FLOAT32_MB:.2f} |"
                )


def _measure(peer: str, folder: Path) -> dict[str, float]:
    if peer == "dcm2niix":
        return _dcm2niix(folder)
    program = _TIMED.format(code=_CODE[peer])
    found = subprocess.run(
        [sys.executable, "-c", program, str(folder)], check=True, capture_output=True, text=True
    )
    return dict(json.loads(found.stdout))


def _dcm2niix(folder: Path) -> dict[str, float]:
    """What it says its conversion took (it writes the volume, uncompressed); memory is not measured."""
    program = shutil.which("dcm2niix", path=str(Path(sys.executable).parent)) or "dcm2niix"
    with tempfile.TemporaryDirectory() as out:
        found = subprocess.run(
            [program, "-z", "n", "-b", "n", "-f", "x", "-o", out, str(folder)],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
    said = re.search(r"required ([\d.]+) seconds", found.stdout)
    assert said is not None
    return {"seconds": float(said[1]), "peak_mb": float("nan"), "sum": 0}


def write_series(folder: Path, *, compressed: bool) -> None:
    """A body of soft tissue with noise of 12 HU, 12 bits in 16, as a CT stores it."""
    folder.mkdir()
    noise = np.random.default_rng(0)
    y, x = np.mgrid[0 : SHAPE_KJI[1], 0 : SHAPE_KJI[2]]
    body = ((x - 256) / 200) ** 2 + ((y - 256) / 150) ** 2 < 1
    for k in range(SHAPE_KJI[0]):
        tissue = np.where(body, 50 + 60 * np.sin(x / 40 + k / 20) * np.cos(y / 30), -1000)
        plane = np.clip(tissue + noise.normal(0, 12, x.shape) + 1024, 0, 4095).astype(np.uint16)
        _image(plane, k, compressed=compressed).save_as(folder / f"IM{k:04d}", enforce_file_format=True)


def _image(plane: np.ndarray, k: int, *, compressed: bool) -> Dataset:
    item = Dataset()
    item.file_meta = FileMetaDataset()
    item.file_meta.TransferSyntaxUID = JPEG2000Lossless if compressed else ExplicitVRLittleEndian
    item.SOPClassUID = item.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    item.SOPInstanceUID = generate_uid(entropy_srcs=["image", str(k)])
    item.file_meta.MediaStorageSOPInstanceUID = item.SOPInstanceUID
    item.StudyInstanceUID = generate_uid(entropy_srcs=["study"])
    item.SeriesInstanceUID = generate_uid(entropy_srcs=["series"])
    item.FrameOfReferenceUID = generate_uid(entropy_srcs=["frame"])
    item.Modality, item.ImageType = "CT", ["ORIGINAL", "PRIMARY", "AXIAL"]
    item.SeriesNumber, item.InstanceNumber, item.PatientID = 3, k + 1, "benchmark"
    item.ImagePositionPatient = [-200.0, -210.0, 1.25 * k]
    item.ImageOrientationPatient, item.PixelSpacing = [1, 0, 0, 0, 1, 0], [0.8, 0.8]
    item.SamplesPerPixel, item.PhotometricInterpretation = 1, "MONOCHROME2"
    item.Rows, item.Columns = plane.shape
    item.BitsAllocated, item.BitsStored, item.HighBit, item.PixelRepresentation = 16, 12, 11, 0
    item.RescaleSlope, item.RescaleIntercept, item.SliceThickness = "1", "-1024", "1.25"
    item.PixelData = plane.tobytes()
    if compressed:
        stream = imagecodecs.jpeg2k_encode(
            plane, codecformat="j2k", reversible=True, level=0, bitspersample=12
        )
        item.PixelData = encapsulate([stream])
        item["PixelData"].VR, item["PixelData"].is_undefined_length = "OB", True
    return item
