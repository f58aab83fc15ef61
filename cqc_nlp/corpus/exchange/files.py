"""Files of JSON and JSON Lines from elsewhere, with errors that name file and line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cqc_nlp.corpus.records import text_of
from cqc_nlp.errors import CorpusError


def decoded(path: Path) -> Any:
    """What a file of JSON holds."""
    try:
        return json.loads(text_of(path))
    except ValueError as error:
        raise CorpusError(f"{path}: this is no JSON ({error}); export it again.") from error


def objects(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects of a file of JSON Lines, each after its place: file and line."""
    for number, line in enumerate(text_of(path).split("\n"), 1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        try:
            found = json.loads(line)
        except ValueError as error:
            raise CorpusError(f"{where}: this is no JSON object ({error}); mend the line.") from error
        if not isinstance(found, dict):
            raise CorpusError(f"{where}: this is no JSON object; mend the line.")
        yield where, found
