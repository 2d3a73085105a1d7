"""Review: judge every lesion, correct the masks, and keep who changed what."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QGridLayout, QInputDialog, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_netlm.desk import Desk, desk_of
from napari_netlm.review_commands import (
    COMMANDS,
    DRAW,
    JUDGE,
    SEGMENTS,
    SHAPE,
    STEPS,
    ReviewCommand,
    bind_review_keys,
    free_review_keys,
)
from napari_netlm.review_list import MEASURING, NOT_MEASURED, summary
from napari_netlm.reviewing import Reviewing
from napari_netlm.tools import Tools
from napari_netlm.widgets.beside import Docked
from napari_netlm.widgets.lesion_list import LesionList
from napari_netlm.widgets.measure_row import MeasureRow
from napari_netlm.widgets.messages import Messages
from napari_netlm.widgets.part_row import PartRow
from napari_netlm.widgets.reach_form import ReachForm
from napari_netlm.widgets.runner import ThreadRunner
from napari_netlm.widgets.saving_row import SavingRow
from netlm_imaging.errors import NetlmError

SETTLE_MS = 400
"""After the liver was drawn on all lesions are measured again, once it rests for so long."""
NOTHING_OPEN = "Open a study with a liver mask: a finished case, or images with masks."


_BY_KEY = {
    c.key.replace("Control", "Ctrl").replace("-", "+").replace("Delete", "Del"): c for c in COMMANDS if c.key
}
"""As Qt writes them."""


class ReviewWidget(Docked):
    """Follows the study that is open on the viewer."""

    def __init__(self, napari_viewer: Any) -> None:  # the name by which napari gives it
        super().__init__()
        self.viewer = getattr(napari_viewer, "__wrapped__", napari_viewer)
        self.tools: Tools | None = None
        self._first: Reviewing | None = None
        """The review that begins once its lesions are measured."""
        self._run = ThreadRunner()
        self.buttons: dict[str, QPushButton] = {}
        self.summary = QLabel(NOTHING_OPEN)
        self.summary.setWordWrap(True)
        self.measure = MeasureRow()
        self.list = LesionList()
        self.hint = QLabel()
        self.hint.setWordWrap(True)
        self.messages = Messages()
        self.reach = ReachForm()
        self.reach.said.connect(self._say)
        landmarks = next(command for command in COMMANDS if command.group == SEGMENTS)
        self.part = PartRow(self._button(landmarks), beside=self.reach.ball)
        self.saving = SavingRow(beside=self.reach.goes_on)
        self.saving.said.connect(self._say)
        self.saving.failed.connect(self._refused)
        self.buttons[self.saving.button.text()] = self.saving.button
        self.work = QWidget()
        self._lay_out()
        self.list.marked.connect(self._mark)
        self.list.sorted_by.connect(self._order)
        self.list.keys = frozenset(_BY_KEY)
        self.list.pressed.connect(lambda key: self.run(_BY_KEY[key]))
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(SETTLE_MS)
        self._settle.timeout.connect(self.refresh)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self.look)
        self.viewer.layers.events.inserted.connect(self._look_soon)
        self.viewer.layers.events.removed.connect(self._look_soon)
        self.look()

    @property
    def parts(self) -> tuple[Any, ...]:
        """What follows the tools of the review that is open."""
        return (self.part, self.reach, self.saving)

    # what is open

    def look(self) -> None:
        """Review the study that is open now."""
        desk = desk_of(self.viewer)
        of = self._first if self.tools is None else self.tools.reviewing
        if of is not None and of.desk is desk:
            return
        self._leave()
        self.refresh()
        if desk is not None:
            self._measure(desk)

    def _measure(self, desk: Desk) -> None:
        """Once all its lesions are measured the review begins."""
        self.messages.show_all((), ())
        try:
            self._first = Reviewing(desk, who=self.saving.name, run=self._run)
        except NetlmError as error:
            self.messages.show_error(error)
            return
        desk.closed.connect(self._leave)
        self._first.changed.connect(self._follow)
        self._first.measuring.failed.connect(self._refused)
        self.summary.setText(MEASURING)
        self.measure.follow(self._first.measuring)
        self._first.measuring.measure()
        self.measure.refresh()

    def _begin(self, reviewing: Reviewing) -> None:
        self._first, self.tools = None, Tools(reviewing)
        self.tools.said.connect(self._say)
        self.tools.failed.connect(self._refused)
        self.tools.done.connect(self._clear)
        self.tools.chosen.connect(self._show_tool)
        bind_review_keys(self.tools, self.run)
        for part in self.parts:
            part.follow(self.tools)
        if reviewing.selected is None:
            reviewing.go_on()
        self._show_tool()
        self.work.setEnabled(True)

    def _leave(self) -> None:
        """The study is closed: listen to it no more."""
        tools, self.tools = self.tools, None
        reviewing, self._first = self._first if tools is None else tools.reviewing, None
        self.measure.follow(None)
        self.work.setEnabled(False)
        if tools is not None:
            self._settle.stop()
            free_review_keys(tools)
            for part in self.parts:
                part.follow(None)
            tools.close()
        if reviewing is not None:
            reviewing.desk.closed.disconnect(self._leave)
            reviewing.changed.disconnect(self._follow)
            reviewing.measuring.failed.disconnect(self._refused)
            reviewing.close()

    def _look_soon(self, _event: Any = None) -> None:
        self._soon.start()  # once all its layers are there

    def closeEvent(self, event: Any) -> None:  # noqa: N802 Qt's name
        """The viewer's keys and mouse are its own again."""
        self.viewer.layers.events.inserted.disconnect(self._look_soon)
        self.viewer.layers.events.removed.disconnect(self._look_soon)
        self._soon.stop()
        self._leave()
        super().closeEvent(event)

    # what is shown

    def _follow(self) -> None:
        """Figures at once; after an edit of the liver, when it rests."""
        first = self._first
        if first is not None and not first.measuring.begun:
            first.measuring.measure()  # masks have changed meanwhile
            self.summary.setText(NOT_MEASURED if first.measuring.cancelled else MEASURING)
            self.measure.refresh()
            return
        if first is not None:
            self._begin(first)
        measuring = None if self.tools is None else self.tools.reviewing.measuring
        if measuring is not None and measuring.stale and not measuring.cancelled:
            self.summary.setText("Measuring again when you pause ...")
            self._settle.start()
        else:
            self.refresh()

    def refresh(self) -> None:
        """Show lesions, figures and judgements as they are."""
        if self.tools is None:
            self.summary.setText(NOTHING_OPEN)
            self.list.show_lesions([], selected=None)
            return
        work = self.tools.reviewing
        items = {item[0]: item for item in work.rows}
        self.list.show_lesions([items[n] for n in work.listed()], selected=work.selected, also=work.also)
        self.summary.setText(summary(work))
        self.measure.refresh()

    def _show_tool(self) -> None:
        """The button of the tool in use is down."""
        if self.tools is None:
            return
        work = self.tools.reviewing
        self.part.refresh()
        mode = str(getattr(work.layer_of(work.part), "mode", ""))
        for title, button in self.buttons.items():
            if button.isCheckable():
                used = self.tools.tool or mode
                button.setChecked(title.lower() == used)
        if self.tools.tool is None and mode == "pan_zoom":
            self.hint.setText("")

    def _say(self, text: str) -> None:
        self.hint.setText(text)

    def _refused(self, error: NetlmError) -> None:
        self.hint.setText("")
        self.messages.show_all(error.faults, ())

    def _clear(self) -> None:
        """A refusal is said until something else is done."""
        self.messages.show_all((), ())

    # what is done

    def run(self, command: ReviewCommand) -> None:
        """As its key does."""
        if self.tools is not None:
            self._clear()
            command.do(self.tools)

    def renumber(self) -> None:
        """Ask for another number of the selected lesion."""
        if self.tools is None or self.tools.reviewing.selected is None:
            return
        lesion = self.tools.reviewing.selected
        number, given = QInputDialog.getInt(
            self, "Renumber", f"New number of lesion {lesion}", lesion, 1, 65535
        )
        if given and number != lesion:
            self.tools.attempt(self.tools.relabel, lesion, number)

    def _mark(self, lesions: list[int]) -> None:
        if self.tools is not None and self.tools.attempt(self.tools.reviewing.select, lesions[0]):
            self.tools.reviewing.also = tuple(lesions[1:])

    def _order(self, lesions: list[int]) -> None:
        if self.tools is not None:
            self.tools.reviewing.order = tuple(lesions)
            self.refresh()

    # how it looks

    def _lay_out(self) -> None:
        rows = QVBoxLayout(self)
        rows.addWidget(self.summary)
        rows.addWidget(self.measure)
        inner = QVBoxLayout(self.work)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.addWidget(self.list, 1)
        inner.addLayout(self._button_rows(JUDGE, 4))
        inner.addWidget(self.part)
        inner.addLayout(self._button_rows(DRAW, 5))
        inner.addLayout(self._button_rows(SHAPE, 4))
        inner.addWidget(self.hint)
        inner.addWidget(self.reach)
        inner.addLayout(self._button_rows(STEPS, 3))
        inner.addWidget(self.saving)
        rows.addWidget(self.work, 1)
        rows.addWidget(self.messages)

    def _button_rows(self, group: str, columns: int) -> QGridLayout:
        grid = QGridLayout()
        made = [self._button(command) for command in COMMANDS if command.group == group]
        if group == SHAPE:
            tip = "Give the selected lesion another number"
            made.append(self._plain_button("Renumber", tip, self.renumber))
        for n, button in enumerate(made):
            grid.addWidget(button, n // columns, n % columns)
        return grid

    def _button(self, command: ReviewCommand) -> QPushButton:
        key = command.key.replace("Control", "Ctrl")
        button = QPushButton(f"{command.title}  {key}" if len(key) == 1 else command.title)
        button.setToolTip(f"{command.do.__doc__}{f' ({key})' if key else ''}")
        button.setCheckable(
            command.title in ("Paint", "Erase", "Grow", "Threshold", "Split", "Cut", "Landmarks")
        )
        button.clicked.connect(lambda _checked=False: self.run(command))
        self.buttons[command.title] = button
        return button

    def _plain_button(self, title: str, tip: str, do: Any) -> QPushButton:
        button = QPushButton(title)
        button.setToolTip(tip)
        button.clicked.connect(lambda _checked=False: do())
        self.buttons[title] = button
        return button
