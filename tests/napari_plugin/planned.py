"""Plans edited on a desk without a window: what their tests share."""

from __future__ import annotations

from typing import Any

from napari_netlm.desk import Desk
from napari_netlm.jobs import Reporter
from napari_netlm.plan_start import Started, question_of, start
from napari_netlm.planning import Planning
from napari_netlm.runner import attempted
from netlm_imaging.settings import Settings


class Later:
    """A runner that does nothing until it is told to."""

    def __init__(self) -> None:
        self.jobs: list[tuple[Any, Any]] = []

    def __call__(self, job: Any, done: Any) -> None:
        self.jobs.append((job, done))

    def one(self) -> None:
        job, done = self.jobs.pop(0)
        done(attempted(job))

    def all(self) -> None:
        while self.jobs:
            self.one()


def begun(desk: Desk) -> Started:
    return start(question_of(desk), Reporter(lambda text: None))


def refused(planning: Planning) -> list[Any]:
    errors: list[Any] = []
    planning.failed.connect(errors.append)
    planning._errors = errors  # type: ignore[attr-defined]  # kept alive: signals hold their listeners weakly
    return errors


def settings_of(settings: Settings, **tables: dict[str, Any]) -> Settings:
    data = settings.model_dump(mode="json")
    for name, values in tables.items():
        data[name].update(values)
    return Settings.model_validate(data)
