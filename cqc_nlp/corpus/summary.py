"""The corpus at a glance, as text and for a notebook."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cqc_nlp.schema import POLARITIES

if TYPE_CHECKING:
    from datasets import DatasetDict


@dataclass(frozen=True, slots=True)
class Split:
    """One split of the corpus.

    Attributes
    ----------
    name : str
    rows : int
    authorities : int or None
        How many authorities it is about; None where the rows do not say.
    polarities : dict of str to int
        How many statements of each polarity; empty where the rows are no statements.
    """

    name: str
    rows: int
    authorities: int | None
    polarities: dict[str, int]


@dataclass(frozen=True, repr=False)
class CorpusSummary:
    """What a corpus holds, split by split.

    Attributes
    ----------
    splits : tuple of Split
    columns : tuple of str
        Of the rows.
    """

    splits: tuple[Split, ...]
    columns: tuple[str, ...]

    def __repr__(self) -> str:
        lines = []
        for split in self.splits:
            about = f", {split.authorities} authorities" if split.authorities is not None else ""
            counts = "; ".join(f"{count:,} {polarity}" for polarity, count in split.polarities.items())
            lines.append(f"{split.name}: {split.rows:,} rows{about}" + f" ({counts})" * bool(counts))
        return "\n".join([*lines, f"columns: {', '.join(self.columns)}"])

    def _repr_html_(self) -> str:
        from cqc_nlp.views.notebook import corpus_html

        return corpus_html(self)


def summarise(corpus: DatasetDict) -> CorpusSummary:
    """The corpus of :func:`cqc_nlp.load_corpus` at a glance; a notebook shows it as a table.

    Examples
    --------
    >>> from cqc_nlp import load_corpus
    >>> summary = summarise(load_corpus("reports"))
    >>> [split.name for split in summary.splits], summary.splits[0].authorities > 100
    (['train', 'validation', 'test'], True)
    """
    splits, columns = [], ()
    for name, rows in corpus.items():
        columns = tuple(rows.column_names)
        authorities = len(set(rows["authority"])) if "authority" in columns else None
        polarities: dict[str, int] = {}
        if "polarity" in columns:
            counts = Counter(rows.features["polarity"].int2str(rows["polarity"][:]))
            polarities = {str(polarity): counts[str(polarity)] for polarity in POLARITIES}
        splits.append(Split(str(name), len(rows), authorities, polarities))
    return CorpusSummary(tuple(splits), columns)
