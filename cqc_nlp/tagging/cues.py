"""The cue rules of ``data/cues.json``: which cues a statement has, in which of its clauses."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_matrix


class _Rules(NamedTuple):
    contrast: re.Pattern[str]
    concession: re.Pattern[str]
    cues: dict[str, re.Pattern[str]]


@cache
def rules() -> _Rules:
    """The rules, compiled."""
    data = json.loads(files("cqc_nlp").joinpath("data/cues.json").read_text(encoding="utf-8"))
    return _Rules(
        re.compile(data["contrast"], re.IGNORECASE),
        re.compile(data["concession"], re.IGNORECASE),
        {name: re.compile(pattern, re.IGNORECASE) for name, pattern in data["cues"].items()},
    )


def clauses(text: str) -> tuple[str, str]:
    """The part of a sentence that it drives home, and the part that it concedes (codebook, rule 4).

    Examples
    --------
    >>> clauses("Carers praised the staff, but breaks were hard to get.")
    ('breaks were hard to get.', 'Carers praised the staff, ')
    >>> clauses("Despite high demand, there were no delays.")
    ('there were no delays.', 'Despite high demand')
    >>> clauses("Visits took place each year.")
    ('Visits took place each year.', '')
    """
    patterns = rules()
    contrasts = [match for match in patterns.contrast.finditer(text) if match.start() > 12]
    if contrasts:
        last = contrasts[-1]
        return text[last.end() :].strip(" ,"), text[: last.start()]
    if match := patterns.concession.search(text):
        comma = text.find(", ", match.end())
        if match.start() <= 12 and comma > 0:
            return text[comma + 2 :], text[:comma]
        if match.start() > 12:
            return text[: match.start()].rstrip(" ,"), text[match.start() :]
    return text, ""


def cue_matrix(texts: Iterable[str]) -> csr_matrix:
    """One row a text: 1 where it has the cue.

    Shape (texts, 2 * cues + 1): the cues in the clause driven home, the cues in the one conceded, and whether there is one.
    """
    patterns = list(rules().cues.values())
    rows = []
    for text in texts:
        lead, conceded = clauses(text)
        row = [bool(pattern.search(lead)) for pattern in patterns]
        row += [bool(pattern.search(conceded)) for pattern in patterns] if conceded else [False] * len(patterns)
        rows.append([*row, bool(conceded)])
    return csr_matrix(np.asarray(rows, dtype=np.float32).reshape(len(rows), 2 * len(patterns) + 1))
