"""Tabs beyond the plan that stands: the frontier, a larger remnant, two plans side by side."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from napari_netlm.decision import projections_html
from napari_netlm.outlook import Outlook
from napari_netlm.plan_details import type_of_plan
from napari_netlm.plan_figures import change_words, figure_rows
from napari_netlm.planning import Planning
from napari_netlm.widgets.figures import Figures
from napari_netlm.widgets.frontier import FrontierPlot, words_of

SEARCHING, OUTDATED = (
    "Searching ...",
    "Found for other limits or fixed choices than those of now: search again.",
)


GROWTH = (
    "What would clear more if the remnant grew first: after portal vein embolization, and in two stages. "
    "A projection, never the plan."
)


class FrontierTab(QWidget):  # type: ignore[misc]
    """What less liver lost would clear; a click takes it."""

    def __init__(self) -> None:
        super().__init__()
        self.planning: Planning | None = None
        self.outlook: Outlook | None = None
        self.plot = FrontierPlot()
        self.plot.chosen.connect(self._take)
        self.search = QPushButton("Find the frontier")
        self.search.setToolTip("The plans that nothing beats: more tumor cleared only for more liver lost")
        self.search.clicked.connect(self._find)
        self.text = QLabel()
        self.text.setWordWrap(True)
        rows = QVBoxLayout(self)
        rows.addWidget(self.search)
        rows.addWidget(self.plot)
        rows.addWidget(self.text)
        rows.addStretch(1)

    def show_plan(self, planning: Planning | None, outlook: Outlook | None) -> None:
        """Of this plan, or of none."""
        self.planning, self.outlook = planning, outlook
        if outlook is not None:
            outlook.changed.connect(self.refresh)

    def refresh(self) -> None:
        """What was found, and where the plan stands on it."""
        planning, outlook = self.planning, self.outlook
        if planning is None or outlook is None:
            return
        more, figures = outlook.more, planning.figures
        self.plot.show_points(
            () if more is None else more.frontier,
            now=(figures.flr_percent, figures.debulking_percent),
            threshold_percent=planning.settings.type.debulking_threshold_percent,
        )
        self.search.setEnabled("frontier" not in outlook.searching)
        self.text.setText("\n".join(self._words()))

    def _words(self) -> list[str]:
        outlook = self.outlook
        if outlook is None or "frontier" in outlook.searching:
            return [SEARCHING]
        if outlook.more is None:
            return ["Green ring: the plan that stands. Dashed: the debulking threshold."]
        said = [OUTDATED] if "frontier" in outlook.outdated else []
        said.append(
            "Click a point: at least so much liver stays ('Least FLR' in Limits). Undo takes it back."
        )
        said += [f"\N{BULLET} {words_of(point)}" for point in outlook.more.frontier]
        for n in outlook.next_lesions:
            said.append(
                f"Next: {n.name}, {n.parenchyma_ml:.0f} mL more lost, debulking {n.debulking_percent:.1f} %"
                + (f"; exceeds {', '.join(n.exceeds)}" if n.exceeds else "")
            )
        return said

    def _find(self, _checked: bool = False) -> None:
        if self.outlook is not None:
            self.outlook.find_frontier()

    def _take(self, point: Any) -> None:
        if self.outlook is not None:
            self.outlook.take(point)


class GrowthTab(QWidget):  # type: ignore[misc]
    """Portal vein embolization and two stages, projected."""

    def __init__(self) -> None:
        super().__init__()
        self.outlook: Outlook | None = None
        self.search = QPushButton("Project the growth of the remnant")
        self.search.setToolTip(
            "What would clear more after portal vein embolization (PVE), and in two stages"
        )
        self.search.clicked.connect(self._find)
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.text.setAlignment(Qt.AlignmentFlag.AlignTop)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setWidget(self.text)
        rows = QVBoxLayout(self)
        rows.addWidget(self.search)
        rows.addWidget(area)

    def show_plan(self, planning: Planning | None, outlook: Outlook | None) -> None:
        """Of this plan, or of none."""
        self.outlook = outlook
        if outlook is not None:
            outlook.changed.connect(self.refresh)

    def refresh(self) -> None:
        """What was found."""
        outlook = self.outlook
        if outlook is None:
            return
        searching = "growth" in outlook.searching
        self.search.setEnabled(not searching)
        if searching:
            self.text.setText(SEARCHING)
        elif outlook.growth is not None:
            old = f"<p>{OUTDATED}</p>" if "growth" in outlook.outdated else ""
            self.text.setText(old + projections_html(outlook.growth))
        else:
            self.text.setText(GROWTH)

    def _find(self, _checked: bool = False) -> None:
        if self.outlook is not None:
            self.outlook.find_growth()


class CompareTab(QWidget):  # type: ignore[misc]
    """The plan that was kept, and what the one that stands has more."""

    def __init__(self) -> None:
        super().__init__()
        self.planning: Planning | None = None
        self.keep = QPushButton("Keep this plan")
        self.keep.setToolTip("Compare later plans with the one that stands now")
        self.keep.clicked.connect(lambda _checked=False: self.planning and self.planning.keep())
        self.back = QPushButton("Go back to it")
        self.back.setToolTip("The plan that was kept stands again; Undo takes that back")
        self.back.clicked.connect(lambda _checked=False: self.planning and self.planning.go_back())
        self.kept, self.now = Figures(), Figures()
        self.words = QLabel()
        self.words.setWordWrap(True)
        buttons = QHBoxLayout()
        buttons.addWidget(self.keep)
        buttons.addWidget(self.back)
        rows = QVBoxLayout(self)
        rows.addLayout(buttons)
        for title, widget in (("Kept", self.kept), ("Now, and the change from it", self.now)):
            label = QLabel(f"<b>{title}</b>")
            rows.addWidget(label)
            rows.addWidget(widget)
        rows.addWidget(self.words)
        rows.addStretch(1)

    def show_plan(self, planning: Planning | None, _outlook: Outlook | None) -> None:
        """Of this plan, or of none."""
        self.planning = planning

    def refresh(self) -> None:
        """Both plans."""
        planning = self.planning
        kept = None if planning is None else planning.kept
        self.back.setEnabled(kept is not None)
        if planning is None or kept is None:
            for figures in (self.kept, self.now):
                figures.show_rows(())
            self.words.setText("Keep a plan, then go on: the two are shown side by side.")
            return
        settings = kept.state.basis.settings
        self.kept.show_rows(
            figure_rows(
                kept.figures,
                None,
                type_now=type_of_plan(planning.started, kept.state),
                threshold_percent=settings.type.debulking_threshold_percent,
            )
        )
        change = planning.compared()
        self.now.show_rows(
            figure_rows(
                planning.figures,
                change,
                type_now=planning.type,
                threshold_percent=planning.settings.type.debulking_threshold_percent,
            )
        )
        self.words.setText("\n".join(change_words(change)))
