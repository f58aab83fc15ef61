"""Results kept in a folder, so that a run that was interrupted goes on where it stopped.

One JSON file a report, of its labels and figures: not a word of the report is in it. Its name is the SHA-256 of all
that the result rests on, which are the sentences as read, the model and the version of the library. A report, model or
version that changed has another name, and is computed again; so is a file that is broken.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, NamedTuple

from cqc_nlp import __version__
from cqc_nlp.errors import CannotWrite
from cqc_nlp.schema import Polarity, Sentence, Source, Tag, Theme


class Kept(NamedTuple):
    """What the model said of a report: the rest of an assessment follows from it by rule."""

    tags: tuple[Tag, ...]
    familiarity: float


class Results:
    """A folder of results.

    Parameters
    ----------
    folder : path
        Made if missing.
    digest : str
        Of the model (:func:`cqc_nlp.models.identify`).

    Raises
    ------
    CannotWrite
        If the folder cannot be made.
    """

    def __init__(self, folder: Path, digest: str) -> None:
        self._folder, self._digest = folder, digest
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CannotWrite(f"{folder}: the folder for results cannot be made ({error.strerror}); name another one.") from error

    def _path(self, sentences: Sequence[Sentence]) -> Path:
        basis = repr((__version__, self._digest, tuple(sentences)))
        return self._folder / f"{hashlib.sha256(basis.encode()).hexdigest()}.json"

    def get(self, sentences: Sequence[Sentence]) -> Kept | None:
        """What was kept of a report with these sentences; None if nothing was, or it is broken."""
        try:
            kept = json.loads(self._path(sentences).read_text(encoding="utf-8"))
            tags, familiarity = tuple(_tag(**tag) for tag in kept["tags"]), float(kept["familiarity"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return Kept(tags, familiarity) if len(tags) == len(sentences) else None

    def put(self, sentences: Sequence[Sentence], kept: Kept) -> None:
        """Keep what was computed, whole or not at all.

        Raises
        ------
        CannotWrite
            If the folder takes no file.
        """
        path = self._path(sentences)
        content = json.dumps({"tags": [asdict(tag) for tag in kept.tags], "familiarity": kept.familiarity})
        try:
            with NamedTemporaryFile("w", dir=self._folder, prefix=path.stem, suffix=".part", delete=False, encoding="utf-8") as file:
                file.write(content)
            Path(file.name).replace(path)
        except OSError as error:
            message = f"{self._folder}: no result can be kept there ({error.strerror}); make room or name another folder."
            raise CannotWrite(message) from error


def _tag(polarity: str, also: list[str], themes: list[str], source: str, **rest: Any) -> Tag:
    return Tag(Polarity(polarity), tuple(map(Polarity, also)), tuple(map(Theme, themes)), Source(source), **rest)
