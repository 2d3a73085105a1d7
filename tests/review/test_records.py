"""Who changed what and when: nothing is lost, nothing is counted that was rejected."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest
from strategies import oblique_grid

from netlm_imaging.errors import InputError, UsageError
from netlm_imaging.export import append_event, write_review
from netlm_imaging.ingest import read_mask, read_review, read_reviewed_lesions
from netlm_imaging.plan.plan_file import mask_sha256
from netlm_imaging.review import Event, Review, counted, next_unreviewed
from netlm_imaging.volume import LabelMap, Mask

NOW = datetime(2026, 3, 4, 15, 16, 17, 180000, tzinfo=timezone(timedelta(hours=2)))


def status(lesion: int, to: str, **more: object) -> Event:
    return Event(when=NOW, who="Reader 1", action="status", lesions=(lesion,), status=to, **more)


def test_the_last_word_counts() -> None:
    review = Review.of([status(3, "rejected"), status(5, "accepted"), status(3, "unsure")])
    assert [review.status(n) for n in (3, 4, 5)] == ["unsure", "unreviewed", "accepted"]
    assert review.rejected == frozenset()
    assert review.with_event(status(5, "rejected")).rejected == {5}
    assert review.used == (3, 5)


def test_numbers_of_segments_are_not_those_of_lesions() -> None:
    event = Event(when=NOW, who="Reader 1", action="paint", part="segments", lesions=(8,))
    assert Review.of([event]).used == ()


def test_next_goes_round_the_list_as_it_is_shown() -> None:
    review = Review.of([status(7, "accepted"), status(2, "unsure")])
    shown = [9, 7, 2, 4]
    assert next_unreviewed(review, shown) == 9
    assert next_unreviewed(review, shown, after=9) == 4
    assert next_unreviewed(review, shown, after=4) == 9
    assert next_unreviewed(review, shown, after=99) == 9
    assert next_unreviewed(review, [7, 2], after=7) is None
    assert next_unreviewed(review, []) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"when": datetime(2026, 3, 4, 15, 16)},
        {"who": "   "},
        {"who": "x" * 65},
        {"status": None},
        {"action": "paint"},
    ],
)
def test_an_event_without_time_or_name_is_refused(wrong: dict[str, object]) -> None:
    good = {"when": NOW, "who": "Reader 1", "action": "status", "lesions": (1,), "status": "accepted"}
    with pytest.raises(UsageError) as error:
        Event(**(good | wrong))
    assert error.value.code == "BAD_REVIEW"


def lesions() -> LabelMap:
    grid = oblique_grid()
    array = np.zeros(grid.shape_kji, np.int32)
    array[2:5, 3:9, 4:6], array[7, 8, 9], array[9, 1:4, 20] = 3, 7, 300
    return LabelMap(array, grid)


def test_rejected_lesions_are_not_counted_and_all_others_are() -> None:
    review = Review.of([status(3, "accepted"), status(7, "rejected")])
    assert counted(lesions(), review).labels == (3, 300)
    assert (counted(lesions(), review).array == np.where(lesions().array == 7, 0, lesions().array)).all()
    assert counted(lesions(), Review.of()).labels == (3, 7, 300)


def test_a_review_is_written_and_read(tmp_path: Path) -> None:
    folder = tmp_path / "case" / "review"
    review = Review.of()
    for event in (
        status(7, "rejected"),
        Event(when=NOW, who=" Zoë\n", action="paint", lesions=(3,), voxels=12),
    ):
        append_event(folder, event)
        review = review.with_event(event)
    liver = Mask(np.ones(lesions().grid.shape_kji, bool), lesions().grid)
    saved = Event(when=NOW, who="Reader 1", action="saved")
    event = write_review(folder, {"lesions": lesions(), "liver": liver}, review, saved)
    review = review.with_event(event)
    assert read_review(folder) == (review, ())
    assert review.events[1].who == "Zoë"
    files = {name: read_mask(str(folder / name)).labels for name in ("lesions.nii.gz", "rejected.nii.gz")}
    assert [part.labels for part in files.values()] == [(3, 300), (7,)]
    assert all(part.grid.same_as(lesions().grid) for part in files.values())
    assert {part.file: part.sha256 for part in event.masks} == {
        **{name: mask_sha256(part) for name, part in files.items()},
        "liver.nii.gz": mask_sha256(liver),
    }
    assert (read_reviewed_lesions(folder).array == lesions().array).all()
    first, second, *_ = (folder / "review.jsonl").read_text().splitlines()
    assert first == '{"schema": "netlm-review/1"}'
    assert '"when": "2026-03-04T13:16:17.180+00:00"' in second
    assert read_review(tmp_path) == (Review.of(), ())


def test_a_line_that_was_cut_short_makes_way(tmp_path: Path) -> None:
    append_event(tmp_path, status(1, "accepted"))
    append_event(tmp_path, status(2, "accepted"))
    trail = tmp_path / "review.jsonl"
    trail.write_bytes(trail.read_bytes()[:-9])
    review, notices = read_review(tmp_path)
    assert [event.lesions for event in review.events] == [(1,)]
    assert [notice.code for notice in notices] == ["REVIEW_CUT_SHORT"]
    append_event(tmp_path, status(4, "unsure"))
    review, notices = read_review(tmp_path)
    assert [event.lesions for event in review.events] == [(1,), (4,)]
    assert not notices


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "{}\n",
        '{"schema": "netlm-review/2"}\n',
        '{"schema": "netlm-review/1"}\n{}\nnothing\n',
        "\xff\n",
    ],
)
def test_what_is_no_trail_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "review.jsonl").write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError) as error:
        read_review(tmp_path)
    assert set(error.value.codes) <= {"BAD_REVIEW", "UNREADABLE"}
    assert len(error.value.faults) == (2 if "nothing" in text else 1)


def test_times_are_those_of_the_event_in_utc(tmp_path: Path) -> None:
    append_event(tmp_path, status(1, "accepted"))
    (event,) = read_review(tmp_path)[0].events
    assert event.when == NOW
    assert event.when.utcoffset() == UTC.utcoffset(None)
