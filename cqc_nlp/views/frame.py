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

    columns = ["section", "text", "polarity", "also", "themes", "source", "confidence", "repeated", "start", "end", "figures", "speakers"]
    labels = [*map(str, POLARITIES), *map(str, THEMES)]
    rows = [
        [
            str(s.section.kind), s.text, str(s.polarity), ", ".join(s.also), ", ".join(s.themes), str(s.source or ""),
            round(s.confidence, 3), s.repeated, s.start, s.end, "; ".join(map(str, s.figures)), "; ".join(map(str, s.speakers)),
            *(round(s.probabilities.get(label, float("nan")), 3) for label in labels),
        ]
        for s in assessment.statements
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=[*columns, *(f"p({label})" for label in labels)])


def entities_frame(assessment: Assessment) -> pd.DataFrame:
    """One row a mention of an entity: what it is, its name, and where it is named."""
    import pandas as pd

    columns = ["kind", "name", "text", "section", "statement", "start", "end"]
    rows = [
        [str(e.kind), e.name, m.text, str(assessment.statements[m.statement].section.kind), m.statement, m.start, m.end]
        for e in assessment.entities
        for m in e.mentions
    ]
    return pd.DataFrame(rows, columns=columns)
