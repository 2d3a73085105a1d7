"""A guided tour on a sample patient: what to press next, one step after the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from qtpy.QtCore import QPoint, QRect, QSize, Qt, QTimer
from qtpy.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_netlm.desk import Desk, desk_of
from napari_netlm.widgets.beside import Docked, open_beside

LOOK_MS = 200
HEIGHT = 150
FRAME = "border: 3px solid #FFD33D; border-radius: 4px; background: transparent"
Opener = Callable[[str], Any]
"""The widget of a name, opened where it is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TourStep:
    """One thing to do."""

    widget: str
    """In which widget; it is opened."""
    title: str
    text: str
    target: Callable[[Any], QWidget]
    """What of the widget is framed."""
    done: Callable[[Any, Desk | None], bool] | None = None
    """Whether it was done, by the widget and what is open; None: there is nothing to wait for."""


def _judged(widget: Any) -> int:
    return 0 if widget.tools is None else len(widget.tools.reviewing.review.statuses)


def _edits(widget: Any) -> int:
    return 0 if widget.planning is None else len(widget.planning.session.past)


STEPS = (
    TourStep(
        widget="Study",
        title="Open a patient who never was",
        text="Press <b>Sample</b> and choose <b>type2</b>. The first time the patient is made, which takes "
        "some seconds. Your own studies come in by Folder, or are dropped here.",
        target=lambda study: study.samples,
        done=lambda _study, desk: desk is not None,
    ),
    TourStep(
        widget="Study",
        title="Find the plan",
        text="Press <b>Find plan and save case</b> and name a folder. Liver and lesions are segmented, "
        "treatments planned, the Type decided: a minute or two. The tour goes on by itself.",
        target=lambda study: study.run.start,
        done=lambda _study, desk: desk is not None and desk.study.finished,
    ),
    TourStep(
        widget="Study",
        title="Look around",
        text="The patient's right is on the left. <b>Wheel</b>: slices. <b>Right button, drag</b>: window. "
        "<b>Coronal</b>, <b>3D</b> and <b>PET fusion</b> are here. Green is what the plan treats.",
        target=lambda study: study.display,
    ),
    TourStep(
        widget="Review",
        title="See the first lesion",
        text="The picture shows the lesion that is selected in the list; arrow keys go up and down. The list "
        "has volume, size, uptake and how clearly the image shows it; rest the mouse on a title.",
        target=lambda review: review.list,
    ),
    TourStep(
        widget="Review",
        title="Judge it",
        text="Press <b>Accept</b> (A), or <b>Reject</b> (R) if it is none. The next lesion comes by itself. "
        "Mistakes are undone; each change is saved at once.",
        target=lambda review: review.buttons["Accept"],
        done=lambda review, _desk: _judged(review) > 0,
    ),
    TourStep(
        widget="Review",
        title="Correct an outline",
        text="<b>Paint</b> (P), <b>Erase</b> (E) and the others draw on the selected lesion; figures follow. "
        "Edit <b>Couinaud segments</b> to set landmarks, so that whole segments can be resected.",
        target=lambda review: review.part.names,
    ),
    TourStep(
        widget="Plan",
        title="See what is done for each lesion",
        text="The best plan stands on top: debulking, the liver that is left, the Type. Click a lesion of "
        "the list, and the arrow before it: all that could be done, what it costs, why the rest cannot be.",
        target=lambda plan: plan.treat.list,
        done=lambda plan, _desk: plan.treat.list.selected[0] is not None,
    ),
    TourStep(
        widget="Plan",
        title="Decide otherwise",
        text="Press <b>Leave lesion</b> (L): the plan is made anew around your choice, and says what that "
        "changed. Then try <b>Undo</b>.",
        target=lambda plan: plan.treat.buttons["Leave lesion"],
        done=lambda plan, _desk: _edits(plan) > 0,
    ),
    TourStep(
        widget="Plan",
        title="Place a probe yourself",
        text="In <b>By hand</b> press <b>New probe</b> and drag its center and tip in the picture, in 2D or "
        "3D: zone, margin and figures follow while you drag.",
        target=lambda plan: plan.tabs.tabBar(),
    ),
    TourStep(
        widget="Decide",
        title="The Type and why",
        text="Reasons with their sources, what to do, what would make it another Type. What is not known is "
        "yellow in the form. <b>Write report</b> makes the case folder for the tumor board.",
        target=lambda decide: decide.write,
    ),
)


class TourWidget(Docked):
    """Says one step at a time, frames what it is about, and goes on once it is done. Keeps nothing."""

    def __init__(self, napari_viewer: Any, opener: Opener | None = None) -> None:
        super().__init__()
        self.viewer = getattr(napari_viewer, "__wrapped__", napari_viewer)
        self.at = 0
        self._open = opener or (lambda name: open_beside(self.viewer, name))
        self._waits = False
        """The step was not done when it was shown: it goes on once it is."""
        self._widget: Any = None
        self._opened = ""
        self._frame: QFrame | None = None
        self.title, self.text = QLabel(), QLabel()
        self.text.setWordWrap(True)
        self.text.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.back, self.next, self.end = QPushButton("Back"), QPushButton("Next"), QPushButton("End the tour")
        self.setMaximumHeight(HEIGHT)
        self._lay_out()
        self._look = QTimer(self)
        self._look.setInterval(LOOK_MS)
        self._look.timeout.connect(self.look)
        self._look.start()
        QTimer.singleShot(0, self.begin)  # once it has its place in the window

    def sizeHint(self) -> QSize:  # noqa: N802 Qt's name
        """Low: it lies below the others."""
        return QSize(420, HEIGHT)

    @property
    def step(self) -> TourStep:
        """The one that is shown."""
        return STEPS[self.at]

    def begin(self) -> None:
        """The first step that is not done yet."""
        self.at = -1
        self.go_on()

    def go_on(self) -> None:
        """The next step; what has to be open and is, is left out."""
        if self.at == len(STEPS) - 1:
            self.stop()
            return
        self.at += 1
        while self.step.widget == "Study" and self._done():
            self.at += 1
        self._show()

    def go_back(self) -> None:
        """The step before, also if it is done."""
        self.at = max(self.at - 1, 0)
        self._show()

    def stop(self) -> None:
        """No more of it; it begins again from the menu."""
        self._look.stop()
        self._unframe()
        dock = self.parentWidget()
        (dock if dock is not None else self).close()

    def look(self) -> None:
        """Whether the step is done now, and where its frame belongs."""
        if self._waits and self._done():
            self.go_on()
        else:
            self._move_frame()

    def closeEvent(self, event: Any) -> None:  # noqa: N802 Qt's name
        """Its frame goes with it."""
        self._look.stop()
        self._unframe()
        super().closeEvent(event)

    # inner things

    def _done(self) -> bool:
        if self.step.done is None:
            return False
        if self._opened != self.step.widget:
            self._widget, self._opened = self._open(self.step.widget), self.step.widget
        return self.step.done(self._widget, desk_of(self.viewer))

    def _show(self) -> None:
        self._widget, self._opened = self._open(self.step.widget), self.step.widget
        self._waits = self.step.done is not None and not self._done()
        last = self.at == len(STEPS) - 1
        self.title.setText(f"<b>{self.at + 1} of {len(STEPS)}: {self.step.title}</b>")
        self.text.setText(self.step.text)
        self.back.setEnabled(self.at > 0)
        self.next.setText("Done" if last else "Skip" if self._waits else "Next")
        self._unframe()
        self._move_frame()

    def _move_frame(self) -> None:
        target = None if self._widget is None else self.step.target(self._widget)
        if target is None or not target.isVisible():
            self._unframe()
            return
        window = target.window()
        if self._frame is None or self._frame.parentWidget() is not window:
            self._unframe()
            self._frame = QFrame(window)
            self._frame.setStyleSheet(FRAME)
            self._frame.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        place = QRect(target.mapTo(window, QPoint(0, 0)), target.size()).adjusted(-4, -4, 4, 4)
        if self._frame.geometry() != place:
            self._frame.setGeometry(place)
        self._frame.show()
        self._frame.raise_()

    def _unframe(self) -> None:
        if self._frame is not None:
            self._frame.hide()
            self._frame.deleteLater()
            self._frame = None

    def _lay_out(self) -> None:
        rows, buttons = QVBoxLayout(self), QHBoxLayout()
        for button, tip, do in (
            (self.back, "The step before", self.go_back),
            (self.next, "Go on without doing this", self.go_on),
            (self.end, "Close the tour; it begins again from Study: Sample, Guided tour", self.stop),
        ):
            button.setToolTip(tip)
            button.clicked.connect(lambda _checked=False, do=do: do())
            buttons.addWidget(button)
        rows.addWidget(self.title)
        rows.addWidget(self.text, 1)
        rows.addLayout(buttons)
