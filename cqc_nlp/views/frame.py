"""An assessment as a pandas data frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cqc_nlp.schema import POLARITIES, THEMES

if TYPE_CHECKING:
    import pandas as pd

    from cqc_nlp.assessment import Assessment


def to_frame(assessment: Assessment) -> pd.DataFrame:
    """One row a statement: place, text, labels, confidence and the probability of each label."""
    import pandas as pd

    columns = ["section", "text", "polarity", "also", "themes", "source", "confidence", "repeated", "start", "end", "figures"]
    labels = [*map(str, POLARITIES), *map(str, THEMES)]
    rows = [
        [
            str(s.section.kind), s.text, str(s.polarity), ", ".join(s.also), ", ".join(s.themes), str(s.source or ""),
            round(s.confidence, 3), s.repeated, s.start, s.end, "; ".join(map(str, s.figures)),
            *(round(s.probabilities.get(label, float("nan")), 3) for label in labels),
        ]
        for s in assessment.statements
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=[*columns, *(f"p({label})" for label in labels)])
