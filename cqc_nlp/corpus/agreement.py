"""Agreement of two readings of the same statements."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cqc_nlp.corpus import exchange, records
from cqc_nlp.errors import CorpusError
from cqc_nlp.schema import ASSERTIONS, POLARITIES, SOURCES, THEMES, Tag

if TYPE_CHECKING:
    import pandas as pd


def read_labels(path: Path) -> dict[str, Tag]:
    """The labels of a file, by statement.

    Parameters
    ----------
    path : path
        JSON Lines of the corpus (the statement is ``report:position``), lines of ``ID|polarity|also|themes|source`` with
        ``-`` for none and commas between several, or a file of an annotation tool (:mod:`cqc_nlp.corpus.exchange`).

    Raises
    ------
    CorpusError
        With the line that does not follow the format.
    """
    if exchange.format_of(path):
        return {f"{part.about['report']}:{mark.start}-{mark.end}": mark.tag for part in exchange.read(path) for mark in part.marks}
    if path.suffix == ".jsonl":
        return {f"{row['report']}:{row['position']}": records.tag(row) for row in records.lines(path)}
    labels: dict[str, Tag] = {}
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise CorpusError(f"{path}: the file is missing or cannot be opened.") from error
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        fields = line.strip().split("|", 5)
        try:
            name, polarity, also, themes, source = fields[:5]
            row = {"polarity": polarity, "also": records.values(also), "themes": records.values(themes), "source": source}
            labels[name] = records.tag(row)
        except ValueError as error:
            raise CorpusError(f"{path}, line {number}: {error}; a line is ID|polarity|also|themes|source.") from error
    return labels


def confusion(first: Mapping[str, Tag], second: Mapping[str, Tag], question: str = "polarity") -> pd.DataFrame:
    """Which answer of one reading meets which of the other, over the statements that both have.

    Parameters
    ----------
    first, second : mapping of str to Tag
        The two readings.
    question : {"polarity", "source"}
        Of which question.

    Returns
    -------
    pandas.DataFrame
        Counts; rows are answers of the first reading, columns of the second.

    Examples
    --------
    >>> from cqc_nlp.schema import Polarity
    >>> int(confusion({"A": Tag(Polarity.PLAN)}, {"A": Tag(Polarity.CONTEXT)}).loc["plan", "context"])
    1
    """
    import pandas as pd

    answers = [str(label) for label in {"polarity": POLARITIES, "source": SOURCES}[question]]
    pairs = [(str(getattr(one, question)), str(getattr(other, question))) for one, other in _pairs(first, second)]
    one, other = (pd.Series(values, name=name) for name, values in zip(("first", "second"), zip(*pairs, strict=True), strict=True))
    return pd.crosstab(one, other).reindex(index=answers, columns=answers, fill_value=0)


def agreement(first: Mapping[str, Tag], second: Mapping[str, Tag]) -> pd.DataFrame:
    """Agreement of two readings over the statements that both have.

    Returns
    -------
    pandas.DataFrame
        One row a question (polarity, source) or label; columns ``statements``, ``same`` (share of equal
        answers), ``kappa`` (Cohen) and ``alpha`` (Krippendorff, nominal). A label that neither reading gives
        has no kappa.

    Raises
    ------
    CorpusError
        If they have no statement in common.
    """
    import pandas as pd

    pairs = _pairs(first, second)
    questions: dict[str, tuple[list[Any], list[Any]]] = {
        "polarity": ([str(a.polarity) for a, _ in pairs], [str(b.polarity) for _, b in pairs]),
        "source": ([str(a.source) for a, _ in pairs], [str(b.source) for _, b in pairs]),
    }
    questions |= {f"polarity {p}": ([a.polarity == p for a, _ in pairs], [b.polarity == p for _, b in pairs]) for p in POLARITIES}
    questions |= {f"also {p}": ([p in a.also for a, _ in pairs], [p in b.also for _, b in pairs]) for p in ASSERTIONS}
    questions |= {f"theme {t}": ([t in a.themes for a, _ in pairs], [t in b.themes for _, b in pairs]) for t in THEMES}
    questions |= {f"source {s}": ([a.source == s for a, _ in pairs], [b.source == s for _, b in pairs]) for s in SOURCES}
    return pd.DataFrame({name: _measures(*answers) for name, answers in questions.items()}).T.astype({"statements": int})


def _pairs(first: Mapping[str, Tag], second: Mapping[str, Tag]) -> list[tuple[Tag, Tag]]:
    pairs = [(tag, second[name]) for name, tag in first.items() if name in second]
    if not pairs:
        raise CorpusError("The two readings have no statement in common; compare files with the same identifiers.")
    return pairs


def _measures(first: list[Any], second: list[Any]) -> dict[str, float]:
    import krippendorff
    from sklearn.metrics import cohen_kappa_score

    same = sum(a == b for a, b in zip(first, second, strict=True)) / len(first)
    values = sorted(set(first) | set(second))
    measures = {"statements": float(len(first)), "same": round(same, 3), "kappa": float("nan"), "alpha": float("nan")}
    if len(values) > 1:
        codes = [[values.index(value) for value in answers] for answers in (first, second)]
        measures["kappa"] = round(float(cohen_kappa_score(first, second)), 3)
        measures["alpha"] = round(float(krippendorff.alpha(reliability_data=codes, level_of_measurement="nominal")), 3)
    return measures
