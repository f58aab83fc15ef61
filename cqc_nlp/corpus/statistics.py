"""Figures of a corpus, beside those of other labelled reports."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cqc_nlp.corpus.records import LabelledReport, labelled_reports, tag, values
from cqc_nlp.errors import CorpusError
from cqc_nlp.schema import ASSERTIONS, POLARITIES, SOURCES, THEMES, SectionKind, Statement

if TYPE_CHECKING:
    import pandas as pd


def read_labelled_texts(folder: Path) -> list[list[Statement]]:
    """Labelled reports given as ``NAME.txt`` with ``NAME.tsv``: character offsets, polarity, also, themes, source.

    Returns
    -------
    list of lists of Statement
        One list a report, with gold tags, in the sections that reading finds.
    """
    from cqc_nlp.boundaries import sentences
    from cqc_nlp.reading import read

    found = []
    for path in sorted(folder.glob("*.tsv")):
        report = read(path.with_suffix(".txt"))
        by_start = {sentence.start: sentence for sentence in sentences(report)}
        statements = []
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                start, end = int(row["start"]), int(row["end"])
                near = by_start[min(by_start, key=partial(_distance, start))]
                sentence = replace(near, text=report.text[start:end], start=start, end=end)
                labels = {**row, "also": values(row["also"]), "themes": values(row["themes"])}
                statements.append(Statement.of(sentence, tag(labels)))
        found.append(statements)
    if not found:
        raise CorpusError(f"{folder}: there are no pairs of NAME.txt and NAME.tsv in it.")
    return found


def _distance(one: int, other: int) -> int:
    return abs(one - other)


def describe(groups: dict[str, Sequence[Sequence[Statement]]]) -> pd.DataFrame:
    """Figures of several sets of labelled reports side by side.

    Parameters
    ----------
    groups : dict of str to sequences of reports
        Each report is a sequence of statements.

    Returns
    -------
    pandas.DataFrame
        One column a set; rows are counts, words a sentence, shares in percent.
    """
    import pandas as pd

    return pd.DataFrame({name: _figures(reports) for name, reports in groups.items()})


def _figures(reports: Sequence[Sequence[Statement]]) -> dict[str, Any]:
    statements = [statement for report in reports for statement in report]
    lengths = np.array([len(s.text.split()) for s in statements])
    figures: dict[str, Any] = {
        "reports": len(reports),
        "statements": len(statements),
        "statements a report (mean)": round(len(statements) / len(reports), 1),
        "words a sentence (mean)": round(float(lengths.mean()), 1),
        "words a sentence (standard deviation)": round(float(lengths.std()), 1),
        "words a sentence (5th percentile)": round(float(np.quantile(lengths, 0.05)), 1),
        "words a sentence (95th percentile)": round(float(np.quantile(lengths, 0.95)), 1),
    }

    def share(count: int) -> float:
        return round(100 * count / len(statements), 1)

    figures |= {f"% {label}": share(sum(s.polarity == label for s in statements)) for label in POLARITIES}
    figures |= {f"% also {label}": share(sum(label in s.also for s in statements)) for label in ASSERTIONS}
    figures |= {f"% theme {label}": share(sum(label in s.themes for s in statements)) for label in THEMES}
    figures["% no theme"] = share(sum(not s.themes for s in statements))
    figures |= {f"% source {label}": share(sum(s.source == label for s in statements)) for label in SOURCES}
    figures |= {f"% section {kind}": share(sum(s.section.kind is kind for s in statements)) for kind in SectionKind}
    first = Counter(" ".join(s.text.split()[:2]).strip(",.") for s in statements)
    for words in ("The local", "Staff told", "Local authority", "This had", "There were", "Providers told", "However some", "We have"):
        figures[f"% first words “{words}”"] = share(first[words])
    return figures


def corpus_statistics(corpus: Path | None = None, beside: Path | None = None) -> pd.DataFrame:
    """Figures of a corpus by score and in all, beside a folder of labelled texts if one is given."""
    reports = [r for r in labelled_reports(corpus) if r.report.quality_statement.startswith("Care provision")]  # type: ignore[union-attr]
    groups: dict[str, Sequence[Sequence[Statement]]] = {
        f"score {score}": _statements([r for r in reports if r.score == score]) for score in sorted({r.score for r in reports})
    }
    groups["published"] = _statements([r for r in reports if r.kind == "published"])
    groups["drafts"] = _statements([r for r in reports if r.kind == "draft"])
    groups["all"] = _statements(reports)
    if beside is not None:
        groups[beside.name] = read_labelled_texts(beside)
    return describe({name: chosen for name, chosen in groups.items() if chosen})


def _statements(reports: Sequence[LabelledReport]) -> list[Sequence[Statement]]:
    return [report.statements for report in reports]
