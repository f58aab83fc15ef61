"""The labelled corpus: invented reports with a label on every statement.

``corpus/README.md`` is its data card, ``docs/codebook.md`` says what the labels mean.
"""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cqc_nlp import framework, resources
from cqc_nlp.corpus.lines import EDITS
from cqc_nlp.corpus.records import (
    KINDS,
    SPLITS,
    ContrastGroup,
    LabelledReport,
    contrast_groups,
    digest,
    labelled_reports,
    row,
)
from cqc_nlp.corpus.summary import summarise
from cqc_nlp.schema import ASSERTIONS, POLARITIES, SOURCES, THEMES, SectionKind

if TYPE_CHECKING:
    from datasets import DatasetDict

__all__ = [
    "EDITS",
    "SPLITS",
    "ContrastGroup",
    "LabelledReport",
    "contrast_groups",
    "digest",
    "labelled_reports",
    "load_corpus",
    "summarise",
]


def load_corpus(configuration: str = "statements", corpus: str | PathLike[str] | None = None) -> DatasetDict:
    """The corpus as a Hugging Face ``DatasetDict``, split by authority.

    Parameters
    ----------
    configuration : {"statements", "reports", "contrasts"}
        One row a statement, a report, or a statement of a contrast group.
    corpus : path, optional
        Another folder of the same format.

    Returns
    -------
    datasets.DatasetDict
        ``train``, ``validation`` and ``test`` (contrasts: ``train`` and ``test``). Labels are typed:
        ``ClassLabel`` for one of several, a list of it for none, one or several.

    Raises
    ------
    ValueError
        For another configuration.
    CorpusError
        If a file is missing or broken.

    Examples
    --------
    >>> statements = load_corpus("statements")
    >>> statements["train"].features["polarity"].names
    ['strength', 'shortfall', 'plan', 'context']
    """
    from datasets import ClassLabel, Dataset, DatasetDict, Features, List, Value

    folder = Path(corpus) if corpus is not None else resources.folder("corpus")

    def labels(values: Any) -> ClassLabel:
        return ClassLabel(names=[str(value) for value in values])

    text, number = Value("string"), Value("int32")
    tags = {
        "text": text,
        "polarity": labels(POLARITIES),
        "also": List(labels(ASSERTIONS)),
        "themes": List(labels(THEMES)),
        "source": labels(SOURCES),
    }
    about = {
        "report": text,
        "authority": text,
        "kind": labels(KINDS),
        "score": number,
        "quality_statement": labels(statement.name for statement in framework.QUALITY_STATEMENTS),
    }
    if configuration == "statements":
        place = {"heading": text, "section": labels(SectionKind), "paragraph": number, "position": number}
        features = Features({**about, **place, **tags})
        rows = {split: [r for report in labelled_reports(folder, [split]) for r in _statement_rows(report)] for split in SPLITS}
    elif configuration == "reports":
        features = Features({**about, "statements": number, "text": text})
        rows = {
            split: [
                {**_about(report), "statements": len(report.statements), "text": report.report.text}
                for report in labelled_reports(folder, [split])
            ]
            for split in SPLITS
        }
    elif configuration == "contrasts":
        features = Features({"group": text, "edit": labels(EDITS.values()), "position": number, **tags})
        rows = {
            split: [
                {"group": group.id, "edit": group.edit, "position": position, **row(statement)}
                for group in contrast_groups(folder, [split])
                for position, statement in enumerate(group.statements)
            ]
            for split in ("train", "test")
        }
    else:
        raise ValueError(f"There is no configuration {configuration!r}; choose statements, reports or contrasts.")
    return DatasetDict({split: Dataset.from_list(_encoded(values, features), features=features) for split, values in rows.items()})


def _about(report: LabelledReport) -> dict[str, Any]:
    return {
        "report": report.id,
        "authority": report.authority,
        "kind": report.kind,
        "score": report.score,
        "quality_statement": report.report.quality_statement,
    }


def _statement_rows(report: LabelledReport) -> list[dict[str, Any]]:
    return [
        {
            **_about(report),
            "heading": statement.section.heading,
            "section": str(statement.section.kind),
            "paragraph": statement.paragraph,
            "position": position,
            **row(statement),
        }
        for position, statement in enumerate(report.statements)
    ]


def _encoded(rows: list[dict[str, Any]], features: Any) -> list[dict[str, Any]]:
    return [features.encode_example(values) for values in rows]
