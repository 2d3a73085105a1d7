"""Nothing of a patient leaks: canaries in all that a batch reads, looked for in all that it writes."""

from __future__ import annotations

import gzip
import io
import logging
import threading
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from batch.conftest import tree
from ingest import builder
from pyarrow import parquet
from pydicom.dataset import Dataset
from rich.console import Console

from netlm_pipelines.batch.flow import run_batch
from netlm_pipelines.batch.manifest import read_studies
from netlm_pipelines.batch.order import STANDARD_FLOW, Limits, Order, Study
from netlm_pipelines.batch.outcome import Outcome
from netlm_pipelines.batch.progress import Progress
from netlm_pipelines.batch.schedulers import local_dask
from pipelines import small_study

TEXTS = (
    *("PatientID", "AccessionNumber", "StudyID", "InstitutionName", "InstitutionAddress", "StationName"),
    *(
        "InstitutionalDepartmentName",
        "StudyDescription",
        "SeriesDescription",
        "ProtocolName",
        "PatientComments",
    ),
    *(
        "ImageComments",
        "AdditionalPatientHistory",
        "AdmittingDiagnosesDescription",
        "Occupation",
        "OtherPatientIDs",
    ),
    *("PatientAddress", "PatientTelephoneNumbers", "CountryOfResidence", "EthnicGroup", "MilitaryRank"),
    *("BranchOfService", "MedicalAlerts", "Allergies", "RequestedProcedureDescription", "DeviceSerialNumber"),
    *("RequestedProcedureID", "PerformedProcedureStepID", "PerformedProcedureStepDescription", "AdmissionID"),
    *("CurrentPatientLocation", "PatientInsurancePlanCodeSequence", "ServiceEpisodeID", "DeviceUID"),
)
NAMES = (
    *(
        "PatientName",
        "ReferringPhysicianName",
        "PerformingPhysicianName",
        "OperatorsName",
        "OtherPatientNames",
    ),
    *("PatientBirthName", "PatientMotherBirthName", "NameOfPhysiciansReadingStudy", "RequestingPhysician"),
    *("PhysiciansOfRecord", "ResponsiblePerson", "ScheduledPerformingPhysicianName"),
)
PAGES = ("/status", "/tasks", "/workers", "/info/main/workers.html", "/metrics", "/json/counts.json")
PAUSE_S = 0.5
"""Between two looks at the study at work; all pages, which cost seconds, are seen first and last."""
DATES = ("PatientBirthDate", "LastMenstrualDate", "AdmittingDate")


class Canaries:
    """Words that occur nowhere else, as many as were asked for."""

    def __init__(self) -> None:
        self.words: list[str] = []

    def word(self) -> str:
        self.words.append(f"KANAR{len(self.words):03d}VOGEL")
        return self.words[-1]

    def date(self) -> str:
        self.words.append(f"{1931 + len(self.words) % 40}0{1 + len(self.words) % 9}17")
        return self.words[-1]

    def uid(self) -> str:
        self.words.append(f"2.25.98989898{len(self.words)}")
        return self.words[-1]

    def found_in(self, content: bytes) -> list[str]:
        """Also in capitals or not, with the bytes of two-byte characters, and in base64's plain neighbors."""
        low = content.lower()
        return [w for w in self.words if w.lower().encode() in low or w.encode("utf-16-le") in content]


def _planted(items: list[Dataset], canaries: Canaries) -> list[Dataset]:
    values: dict[str, str] = {}
    for keyword in TEXTS:
        if not keyword.endswith(("Sequence", "UID")):
            values[keyword] = canaries.word()
    values |= {keyword: f"{canaries.word()}^{canaries.word()}" for keyword in NAMES}
    values |= {keyword: canaries.date() for keyword in DATES}
    values |= {"StudyInstanceUID": canaries.uid(), "DeviceUID": canaries.uid()}
    private = canaries.word()
    for item in items:
        for keyword, value in values.items():
            setattr(item, keyword, value)
        item.add_new(0x00091001, "LO", private)
    return items


def _manifest(at: Path, canaries: Canaries) -> Path:
    """A good study, and some that fail in all the ways that say something."""
    word = canaries.word
    good = builder.write(_planted(small_study.hbp(), canaries), at / word(), prefix=word())
    liver, lesions = small_study.write_masks(at / word(), prefix=f"{word()} ")
    gap = _planted(small_study.hbp(), canaries)
    del gap[9]
    builder.write(gap, at / word(), prefix=word())
    facts, settings = at / f"{word()}.toml", at / f"{word()}.toml"
    facts.write_text(f'height_cm = 172\n# {word()}\nprimary_site = "pancreas"\n')
    settings.write_text(f'{word().lower()} = "broken')
    gone = at / word() / word()
    masks = f"{Path(liver).relative_to(at)},{Path(lesions).relative_to(at)}"
    broken = at / f"{word()}.nii.gz"
    broken.write_bytes(word().encode())
    trap = at / word()
    trap.mkdir()
    (trap / word()).write_text(f"talk {word()}")
    manifest = at / f"{word()}.csv"
    manifest.write_text(
        "study,path,liver,lesions,clinical,settings\n"
        f"good,{good.relative_to(at)},{masks},{facts.name},\n"
        f"gap,{Path(gap_folder(at, canaries)).name},{masks},,\n"
        f"gone,{gone.relative_to(at)},{masks},,\n"
        f"settings,{good.relative_to(at)},{masks},,{settings.name}\n"
        f"mask,{good.relative_to(at)},{broken.name},{masks.partition(',')[2]},,\n"
        f"nothing,{trap.name},{masks},,\n"
    )
    return manifest


def gap_folder(at: Path, canaries: Canaries) -> Path:
    """The study without one slice is the last of the folders that hold no masks."""
    folders = [path for path in at.iterdir() if path.is_dir() and (path / "d0").is_dir()]
    return max(folders, key=lambda path: canaries.words.index(path.name))


def test_no_canary_leaves(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    canaries = Canaries()
    manifest = _manifest(tmp_path / "in", canaries)
    assert len(canaries.words) >= 60
    order = Order(
        out=tmp_path / "out",
        flow=STANDARD_FLOW,
        limits=Limits(free_bytes=0, disk_pauses_s=(), memory_bytes=2**31),
    )
    said = Console(file=io.StringIO())
    with caplog.at_level(logging.DEBUG), local_dask(workers=1) as cluster:
        pages = _Pages(cluster, read_studies(manifest))
        summary = run_batch(read_studies(manifest), order, pages, progress=Progress(console=said))
    assert summary.done == 1
    assert set(summary.failed) == {"gap", "gone", "mask", "nothing", "settings"}
    for name, content in _readable(tmp_path / "out").items():
        assert not canaries.found_in(name.encode()), name
        # DICOM objects carry the patient of their source.
        assert name.startswith("cases/good/dicom/") or not canaries.found_in(content), name
    out, err = capfd.readouterr()
    for text in (out, err, caplog.text, said.file.getvalue(), *pages.seen):  # type: ignore[attr-defined]
        assert not canaries.found_in(text.encode())
    assert any("good" in page for page in pages.seen)


class _Pages:
    """A scheduler that looks at the dashboard and the logs of its cluster while studies are at work."""

    def __init__(self, cluster: Any, studies: list[Study]) -> None:
        self._cluster, self._studies, self.seen = cluster, studies, []  # type: ignore[var-annotated]

    @property
    def running(self) -> int:
        return int(self._cluster.running)

    def run(self, work: Any, studies: Any) -> Any:
        with ThreadPoolExecutor(1) as pool:
            over = threading.Event()
            looking = pool.submit(self._look_until, over)
            try:
                yield from self._cluster.run(work, studies)
            finally:
                over.set()
            looking.result()
        list(self._cluster.run(_raise, self._studies[:1]))  # what Dask says of work that fails
        self._look()

    def _look_until(self, over: threading.Event) -> None:
        self._look()
        while not over.wait(PAUSE_S):
            self._look(pages=())

    def _look(self, pages: tuple[str, ...] = PAGES) -> None:
        client = self._cluster._client
        home = self._cluster.dashboard.removesuffix("/status")
        self.seen += [str(client.get_worker_logs()), str(client.get_scheduler_logs())]
        tasks = client.run_on_scheduler(lambda dask_scheduler: [str(key) for key in dask_scheduler.tasks])
        self.seen += tasks
        for path in (*pages, *(f"/info/task/{key}.html" for key in tasks)):
            try:
                with urllib.request.urlopen(home + path, timeout=20) as page:
                    self.seen.append(page.read().decode())
            except urllib.error.HTTPError as error:
                if path in PAGES or error.code != 404:  # a task may be over by now
                    raise


def _raise(study: Study) -> Outcome:
    raise ValueError("on purpose")


def _readable(out: Path) -> dict[str, bytes]:
    """All files, the journal and the logs too, with compressed ones laid open."""
    files = {p.relative_to(out).as_posix(): p.read_bytes() for p in out.rglob("*") if p.is_file()}
    assert set(tree(out)) < set(files)
    for name, content in list(files.items()):
        if name.endswith(".gz"):
            files[name + " (open)"] = gzip.decompress(content)
        if name.endswith(".parquet"):
            files[name + " (open)"] = str(parquet.read_table(out / name).to_pylist()).encode()
    return files
