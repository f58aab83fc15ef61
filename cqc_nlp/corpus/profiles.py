"""Evidence profiles of published inspection reports: figures and grades, no sentences.

``corpus/profiles/ilacs-MODEL.csv`` holds one row for each graded report of an inspection of a local authority's
children's services (Ofsted, Open Government Licence v3.0) and for each graded part of it: what the tagger of that
model found in it, in sums of probabilities. ``benchmarks/ilacs.py`` makes it.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cqc_nlp import resources
from cqc_nlp.errors import CorpusError
from cqc_nlp.schema import Statement
from cqc_nlp.scoring.features import Weights, evidence_of_counts

WHOLE = "whole"
COLUMNS = ("urn", "authority", "published", "part", "grade", "count", "strength", "shortfall", "plan")


@dataclass(frozen=True)
class Profiles:
    """Evidence of reports with grades.

    Attributes
    ----------
    authorities : ndarray of str, shape (reports,)
        To split by.
    grades : ndarray of int, shape (reports,)
        1 inadequate, 2 requires improvement, 3 good, 4 outstanding.
    features : ndarray of shape (reports, features)
        As :func:`cqc_nlp.scoring.features.evidence_of_counts` gives them: nothing is known of themes and sections.
    """

    authorities: NDArray[np.str_]
    grades: NDArray[np.int_]
    features: NDArray[np.float64]


def profile_row(statements: list[Statement]) -> list[float]:
    """The columns ``count`` to ``plan`` for the tagged statements of a report."""
    sums = Weights.of(statements).sums()
    return [round(float(value), 2) for value in (sums.count, sums.strength, sums.shortfall, sums.plan)]


def profiles(model: str, part: str = WHOLE, corpus: str | PathLike[str] | None = None) -> Profiles:
    """The profiles that the tagger of a model made.

    Parameters
    ----------
    model : {"accurate", "fast"}
        Which tagger.
    part : str
        ``"whole"``, ``"impact_of_leaders"``, ``"help_and_protection"``, ``"in_care"`` or ``"care_leavers"``.
    corpus : path, optional
        Another corpus folder.

    Raises
    ------
    CorpusError
        If there is no such table, or it is not of this form.

    Examples
    --------
    >>> sorted(set(profiles("fast").grades.tolist()))
    [1, 2, 3, 4]
    """
    path = (Path(corpus) if corpus is not None else resources.folder("corpus")) / "profiles" / f"ilacs-{model}.csv"
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["part"] == part]
        sums = np.array([[float(row[name]) for name in COLUMNS[5:]] for row in rows]).reshape(len(rows), len(COLUMNS) - 5)
        grades = np.array([int(row["grade"]) for row in rows])
        return Profiles(np.array([row["urn"] for row in rows]), grades, evidence_of_counts(*sums.T))
    except OSError as error:
        raise CorpusError(f"{path}: there is no such table of evidence profiles; make it with benchmarks/ilacs.py.") from error
    except (KeyError, ValueError, TypeError) as error:
        raise CorpusError(f"{path}: it is no table of evidence profiles ({error}); make it again with benchmarks/ilacs.py.") from error
