"""Decide: what is known of the patient, the Type with its reasons, and what is written of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qtpy.QtCore import QSize, Qt
from qtpy.QtWidgets import (
    QFileDialog,
    QLabel,
    QMessageBox,
    QPushButton,
    QScrollArea,
    QSplitter,
    QTextBrowser,
    QVBoxLayout,
)

from napari_netlm.decision import decision_html, missing_words, waiting_html
from napari_netlm.fields import Field, clinical_fields, with_text
from napari_netlm.plan_files import why_no_dicom, why_no_report, write_decision
from napari_netlm.planning import Planning
from napari_netlm.study import CASE_FILE
from napari_netlm.widgets.begin_row import BeginRow
from napari_netlm.widgets.beside import Docked
from napari_netlm.widgets.form import Form
from napari_netlm.widgets.job_row import JobRow
from napari_netlm.widgets.messages import Messages
from netlm_imaging.errors import Fault, NetlmError
from netlm_imaging.plan.notices import symptomatic_notices


class DecideWidget(Docked):
    """Follows the plan that is edited; begins one on a finished case."""

    def __init__(self, napari_viewer: Any) -> None:  # the name by which napari gives it
        super().__init__()
        self.viewer = getattr(napari_viewer, "__wrapped__", napari_viewer)
        self.planning: Planning | None = None
        self.begin = BeginRow(self.viewer)
        self.form = Form(clinical_fields())
        self.form.edited.connect(self._set)
        self.type = QTextBrowser()
        self.type.setToolTip("The Type of the plan that stands, with its reasons and their sources")
        self.missing = QLabel()
        self.missing.setWordWrap(True)
        self.write = QPushButton()
        self.write.setToolTip(
            "A case folder with this plan: report (HTML and PDF), case.json, tables, masks, pictures;\n"
            "of DICOM images also masks as SEG, measurements as SR and the report as DICOM, for the archive"
        )
        self.write.clicked.connect(self._ask)
        self.why_not = QLabel()
        self.why_not.setWordWrap(True)
        self.job = JobRow()
        self.job.failed.connect(self._refused)
        self.messages = Messages()
        self._lay_out()
        self.begin.planned.connect(self._take)
        self.begin.failed.connect(self._refused)
        self.refresh()
        self.begin.look()

    def sizeHint(self) -> QSize:  # noqa: N802 Qt's name
        """Room for form and reasons."""
        return QSize(480, 860)

    def refresh(self) -> None:
        """Facts, Type and what can be written, as they stand."""
        planning = self.planning
        found = None if planning is None else planning.classification
        self.form.setEnabled(planning is not None)
        if planning is not None:
            self.form.show_values(planning.clinical, wanted=() if found is None else found.missing)
        if planning is not None and found is not None:
            words = decision_html(
                found, edited=planning.edited_words(), weighed=not planning.known.to_be_weighed
            )
            self.type.setHtml(words)
            self.missing.setText(missing_words(found))
        else:
            self.type.setHtml("" if planning is None else waiting_html(planning))
            self.missing.setText("")
        why = why_no_report(planning)
        self.write.setEnabled(not why)
        without = why_no_dicom(planning)
        self.write.setText("Write report..." if without else "Write report, SEG and SR...")
        self.why_not.setText(why or without)
        self.why_not.setVisible(bool(why or without))
        if planning is not None and self.isVisible():
            planning.known.weigh()

    def showEvent(self, event: Any) -> None:  # noqa: N802 Qt's name
        """What takes long is worked out while somebody looks."""
        super().showEvent(event)
        self.refresh()

    def write_to(self, out: Path) -> None:
        """The case with this plan into a folder; an older case there is replaced."""
        planning, replaces = self.planning, (out / CASE_FILE).is_file()
        if planning is not None:
            self.job.start(
                lambda report: write_decision(planning, out, overwrite=replaces, progress=report),
                self._written,
            )

    def _written(self, folder: Path) -> None:
        self.why_not.setText(f"Written: {folder.name}")
        self.why_not.show()

    def closeEvent(self, event: Any) -> None:  # noqa: N802 Qt's name
        """The plan stays on the desk for the other widgets."""
        self.begin.planned.disconnect(self._take)
        self._take(None)
        self.begin.close_all()
        super().closeEvent(event)

    def _take(self, planning: Planning | None) -> None:
        if self.planning is not None:
            self.planning.changed.disconnect(self.refresh)
            self.planning.failed.disconnect(self._refused)
            self.planning.stood.disconnect(self._show_facts)
        self.planning = planning
        if planning is not None:
            planning.changed.connect(self.refresh)
            planning.failed.connect(self._refused)
            planning.stood.connect(self._show_facts)
        self._show_facts()
        self.refresh()

    def _set(self, field: Field, text: str) -> None:
        if self.planning is None:
            return
        self._show_facts()
        try:
            self.planning.know(with_text(self.planning.clinical, field, text))
        except NetlmError as error:
            self._refused(error)
            self.refresh()

    def _refused(self, error: NetlmError) -> None:
        self._show_facts(error.faults)

    def _show_facts(self, faults: tuple[Fault, ...] = ()) -> None:
        """What does not fit this patient among the facts, and of what was refused only the last."""
        planning = self.planning
        known = () if planning is None else [lesion.id for lesion in planning.started.lesions]
        notices = () if planning is None else symptomatic_notices(known, planning.clinical)
        self.messages.show_all(faults, notices)

    def _ask(self, _checked: bool = False) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Folder for the case with this plan", "case")
        if not path:
            return
        if (Path(path) / CASE_FILE).is_file():
            yes = QMessageBox.StandardButton.Yes
            question = "This folder holds a finished case. Replace it?"
            if QMessageBox.question(self, "Replace the case", question) != yes:
                return
        self.write_to(Path(path))

    def _lay_out(self) -> None:
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(self.form)
        parts = QSplitter(Qt.Orientation.Vertical)
        parts.addWidget(self.type)
        parts.addWidget(area)
        parts.setSizes([420, 300])
        rows = QVBoxLayout(self)
        rows.addWidget(self.begin)
        rows.addWidget(parts, 1)
        for widget in (self.missing, self.write, self.why_not, self.job, self.messages):
            rows.addWidget(widget)
