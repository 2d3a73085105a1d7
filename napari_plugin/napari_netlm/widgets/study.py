"""Open a study or a case, see its series and how it is shown: the first widget that one needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Thread
from typing import Any

from qtpy.QtCore import Qt, QTimer, Signal
from qtpy.QtGui import QDragEnterEvent, QDropEvent
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QMenu, QPushButton, QVBoxLayout

from napari_netlm.additions import (
    NOT_REGISTERED,
    needs_registration,
    read_labels,
    read_series,
    registered_pet,
)
from napari_netlm.desk import Desk, clear_desk, desk_of
from napari_netlm.dropped import is_study, to_open
from napari_netlm.hang import adopt, load_layers, load_units, put_on_desk
from napari_netlm.jobs import Reporter
from napari_netlm.judged import review_in
from napari_netlm.opened import Addition, OpenedStudy
from napari_netlm.run import facts_of, given_masks, run_case
from napari_netlm.samples import open_sample
from napari_netlm.study import CASE_FILE, open_study
from napari_netlm.views import write_unseen
from napari_netlm.widgets.beside import BesideRow, Docked, open_beside
from napari_netlm.widgets.display import Display
from napari_netlm.widgets.job_row import JobRow
from napari_netlm.widgets.messages import Messages
from napari_netlm.widgets.run_row import RunRow
from napari_netlm.widgets.series_list import SeriesList
from napari_netlm.widgets.unseen_layers import UnseenLayers
from napari_netlm.widgets.work_row import WorkRow
from napari_netlm.work import name_of
from netlm_imaging.errors import NetlmError
from netlm_imaging.review import segments_method
from netlm_sample_data import PRESETS

NOTHING_OPEN = "Drop a study, a case or a mask here, or open one. New here? Sample, Guided tour."


class StudyWidget(Docked):
    """Opens what is dropped on it or chosen; other widgets listen to ``opened``."""

    opened = Signal(object)
    """With the Desk, once the study is on the viewer."""

    def __init__(self, napari_viewer: Any) -> None:  # the name by which napari gives it
        super().__init__()
        self.viewer = getattr(napari_viewer, "__wrapped__", napari_viewer)
        self.title = QLabel(NOTHING_OPEN)
        self.title.setWordWrap(True)
        self.job, self.registering = JobRow(), JobRow()
        self.messages = Messages()
        self.series = SeriesList()
        self.display = Display(self.viewer)
        self.run = RunRow()
        self.run.wanted.connect(self.run_case)
        self.run.told.connect(lambda notice: self.messages.add_notices((notice,)))
        self.work = WorkRow()
        self.work.discarded.connect(self._put)
        self.unseen = UnseenLayers(self.viewer)
        rows = QVBoxLayout(self)
        rows.addLayout(self._open_buttons())
        self.beside = BesideRow(self.viewer)
        parts = (self.title, self.job, self.registering, self.series, self.display, self.run, self.beside)
        for widget in (*parts, self.messages, self.work):
            rows.addWidget(widget)
        rows.addStretch(1)
        self.setAcceptDrops(True)
        self.series.wanted.connect(self.show_series)
        self.registering.stopped.connect(lambda: self.messages.add_notices((NOT_REGISTERED,)))
        for job in (self.job, self.registering):
            job.failed.connect(self._refused)
        self.viewer.layers.events.inserted.connect(self._adopt_dropped)
        self._show(desk_of(self.viewer))
        Thread(target=load_layers, name="netlm-load").start()
        QTimer.singleShot(0, load_units)
        QTimer.singleShot(0, self._write_unseen)

    # what one can do

    def open_path(self, path: Path | str, images: Path | str | None = None) -> None:
        """Open a folder, a zip or a finished case (``images``: over its study); the window stays usable."""
        at, beside = Path(path), None if images is None else Path(images)
        self.title.setText(f"Opening {at.name} ...")
        self._begin(lambda report: open_study(at, images=beside, progress=report))

    def open_sample(self, preset: str) -> None:
        """A sample patient; made on the first time."""
        self._begin(lambda report: open_sample(preset, progress=report))

    def tour(self) -> None:
        """What to press next, on a sample patient."""
        open_beside(self.viewer, "Guided tour")

    def show_series(self, number: int) -> None:
        """Show one more series of the study; PET of another frame of reference once it is registered."""
        desk = desk_of(self.viewer)
        if desk is None:
            return
        if desk.layer("pet") is None and needs_registration(desk.study, number):
            if not self.registering.busy:
                self.messages.show_all(desk.study.faults, desk.notices)
                self._register_pet(desk)
        else:
            self.job.then(lambda: self._add(desk, lambda _report: read_series(desk.study, number)))

    def add_mask(self, path: Path | str) -> None:
        """A SEG, RTSTRUCT, NIfTI or NRRD mask, brought onto the study's grid."""
        self.job.then(lambda: self._add_mask(path))  # of a study that is being opened too

    def _add_mask(self, path: Path | str) -> None:
        desk = desk_of(self.viewer)
        if desk is None:
            self.open_path(path)
            return
        key = f"mask_{sum(key.startswith('mask_') for key in desk.keys) + 1}"
        self._add(desk, lambda _report: read_labels(desk.study, str(path), key=key))

    def run_case(self, out: Path | str) -> None:
        """Find the best plan with what is drawn and decided; the finished case takes the study's place."""
        desk = desk_of(self.viewer)
        if desk is None:
            return
        masks, facts, images, at = given_masks(desk), facts_of(desk), desk.study.images_path, Path(out)
        method = segments_method(review_in(desk.records))
        over = (at / CASE_FILE).is_file()  # the dialog has asked
        self._begin(
            lambda report: run_case(
                masks, facts, images=images, out=at, reporter=report, overwrite=over, segments_method=method
            )
        )

    # how it goes on

    def _begin(self, opened: Callable[[Reporter], OpenedStudy]) -> None:
        """What was refused before is no longer said."""
        there = desk_of(self.viewer)
        self.messages.show_all(*((), ()) if there is None else (there.study.faults, there.notices))
        self.job.start(lambda report: _named(opened(report)), self._put)

    def _write_unseen(self) -> None:
        if desk_of(self.viewer) is None:
            write_unseen(self.viewer)

    def _put(self, study: OpenedStudy) -> None:
        window = self.window()
        window.setUpdatesEnabled(False)  # napari draws while it adds layers: nothing is seen yet
        try:
            self._taken(lambda: put_on_desk(self.viewer, study, unseen_later=True))
        finally:
            window.setUpdatesEnabled(True)

    def _taken(self, hang: Callable[[], Desk]) -> None:
        try:
            desk = hang()
        except NetlmError as error:
            self._refused(error)
            return
        self._show(desk)
        self._register_pet(desk)

    def _refused(self, error: NetlmError) -> None:
        """What was open stays open."""
        there = desk_of(self.viewer)
        self.title.setText(NOTHING_OPEN if there is None else _title(there.study))
        self.messages.show_error(error)

    def _register_pet(self, desk: Desk) -> None:
        read = desk.study.read
        if read is not None and read.pet is not None and desk.layer("pet") is None:
            liver = desk.mask("liver") if desk.layer("liver") is not None else None
            self._add(
                desk,
                lambda report: registered_pet(desk.study, liver=liver, progress=report),
                row=self.registering,
            )

    def _add(self, desk: Desk, job: Callable[[Reporter], Addition], *, row: JobRow | None = None) -> None:
        def read(report: Reporter) -> tuple[Addition, Callable[[], None]]:
            found = job(report)
            return found, desk.joining(found)

        def show(read: tuple[Addition, Callable[[], None]]) -> None:
            found, join = read
            if desk_of(self.viewer) is not desk:
                return
            join()
            self.messages.add_notices(found.notices)
            self._show_series(desk)
            self.display.refresh()

        (row or self.job).start(read, show)

    def _adopt_dropped(self, event: Any) -> None:
        """Layers that napari's own reader added, from a drop on the canvas."""
        if event.value.metadata.get("netlm", {}).get("study") is not None:
            QTimer.singleShot(0, self._adopt_last)  # when all of its layers are there

    def _adopt_last(self) -> None:
        studies = [layer.metadata.get("netlm", {}).get("study") for layer in self.viewer.layers]
        study = next((s for s in reversed(studies) if s is not None), None)
        desk = desk_of(self.viewer)
        if study is None or (desk is not None and desk.study is study):
            return
        self._taken(lambda: adopt(self.viewer, study))

    def _show(self, desk: Desk | None) -> None:
        self.display.show_desk(desk)
        self.run.show_desk(desk)
        self.beside.setEnabled(desk is not None)
        self.work.show_desk(desk)
        self.unseen.show_desk(desk)
        if desk is None:
            self.series.hide()
            return
        desk.closed.connect(self._show_nothing)
        study = desk.study
        self.title.setText(_title(study))
        self.messages.show_all(study.faults, desk.notices)
        self._show_series(desk)
        self.opened.emit(desk)

    def _show_series(self, desk: Desk) -> None:
        self.series.show_series(desk.study.series, shown=desk.series_shown)
        self.series.setVisible(bool(desk.study.series))

    # dialogs and drops

    def _open_buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        for text, tip, do in (
            ("Folder...", "A study (DICOM, NIfTI) or a finished case", self._ask_folder),
            (
                "File...",
                "A zip or one DICOM image of a study, or a mask: SEG, RTSTRUCT, NIfTI, NRRD",
                self._ask_file,
            ),
            ("Close", "Take the study off the viewer; your work is kept", self._close_study),
        ):
            button = QPushButton(text)
            button.setToolTip(tip)
            button.clicked.connect(do)
            row.addWidget(button)
        self.samples = samples = QPushButton("Sample")
        samples.setToolTip("A patient who never was, to try everything on")
        menu = QMenu(samples)
        menu.addAction("Guided tour", self.tour)
        menu.addSeparator()
        for preset in PRESETS:
            menu.addAction(preset, lambda preset=preset: self.open_sample(preset))
        samples.setMenu(menu)
        row.insertWidget(2, samples)
        return row

    def _ask_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(self, "Open a study or a finished case")
        if path:
            self.open_path(path)

    def _ask_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Open a zip or a mask")
        if path:
            self._open_all([Path(path)])

    def _open_all(self, paths: Sequence[Path]) -> None:
        """A study, then masks, which wait for it."""
        try:
            for path in to_open(paths):
                (self.open_path if is_study(path) else self.add_mask)(path)
        except NetlmError as error:
            self._refused(error)

    def _close_study(self) -> None:
        self.job.cancel()
        clear_desk(self.viewer)

    def _show_nothing(self) -> None:
        """The study was closed, here or with the last of its layers."""
        self.registering.cancel()
        self.title.setText(NOTHING_OPEN)
        self.messages.show_all((), ())
        self._show(None)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        """Take files and folders."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        """Open what was dropped."""
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls()]
        self._open_all(paths)
        if paths:
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()


def _named(study: OpenedStudy) -> OpenedStudy:
    """Its own name is found beside the window, which needs it to find the work on it."""
    name_of(study)
    return study


def _title(study: OpenedStudy) -> str:
    kind = "Finished case" if study.finished else "Study"
    voxels = " x ".join(str(n) for n in reversed(study.grid.shape_kji))
    spacing = " x ".join(f"{step:.2g}" for step in study.grid.spacing_mm)
    return f"<b>{kind}</b>: {voxels} voxels of {spacing} mm"
