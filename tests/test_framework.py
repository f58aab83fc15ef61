from __future__ import annotations

import pytest

from cqc_nlp import framework


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([3, 3, 4, 3, 4, 4, 3, 4, 4], (89, "Outstanding")),
        ([1] * 9, (25, "Inadequate")),
        ([4] * 9, (100, "Outstanding")),
        ([2, 2, 2, 2, 2, 3, 3, 3, 3], (62, "Requires improvement")),
        ([2, 2, 2, 2, 3, 3, 3, 3, 3], (64, "Good")),
    ],
)
def test_overall_rating(scores, expected):
    assert framework.overall_rating(scores) == expected


@pytest.mark.parametrize("scores", [[3] * 8, [0] + [3] * 8, [3.5] * 9])
def test_impossible_scores_are_answered(scores):
    with pytest.raises(ValueError, match="score"):
        framework.overall_rating(scores)


def test_the_framework_is_complete():
    assert [s.number for s in framework.QUALITY_STATEMENTS] == list(range(1, 10))
    assert [s.kind for s in framework.SECTIONS] == ["needs", "market", "capacity", "quality", "sustainability"]
    assert sorted(framework.SCORE_LABELS) == [1, 2, 3, 4]
