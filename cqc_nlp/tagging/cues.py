"""The cue rules of ``data/cues.json``: which cues a statement has, in which of its clauses."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cqc_nlp.patterns import Rule, prepare, which


class _Rules(NamedTuple):
    contrast: Rule
    concession: Rule
    cues: dict[str, Rule]


@cache
def rules() -> _Rules:
    """The rules, compiled."""
    data = json.loads(files("cqc_nlp").joinpath("data/cues.json").read_text(encoding="utf-8"))
    patterns = [data["contrast"], data["concession"], *data["cues"].values()]
    contrast, concession, *cues = prepare(re.compile(pattern, re.IGNORECASE) for pattern in patterns)
    return _Rules(contrast, concession, dict(zip(data["cues"], cues, strict=True)))


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


def cue_matrix(texts: Iterable[str]) -> NDArray[np.float32]:
    """One row a text: 1 where it has the cue.

    Shape (texts, 2 * cues + 1): the cues in the clause driven home, the cues in the one conceded, and whether there is one.
    """
    patterns = list(rules().cues.values())
    rows = []
    for text in texts:
        lead, conceded = clauses(text)
        rows.append([*which(patterns, lead), *(which(patterns, conceded) if conceded else [False] * len(patterns)), bool(conceded)])
    return np.asarray(rows, dtype=np.float32).reshape(len(rows), 2 * len(patterns) + 1)
