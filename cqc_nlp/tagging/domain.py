"""Whether a document reads as an assessment of adult social care at all.

Every text gets tags and a score, a recipe too. The signal is the mean of two shares:

- of its pairs of neighbouring words, how many the vocabulary of the model holds: single words do not tell, for
  the vocabulary holds most of everyday English;
- of its sentences, how many name something of adult social care by the terms of ``data/domain.json``, with half
  a sentence added to those that do and to those that do not, so that one sentence cannot decide.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

from cqc_nlp.schema import Sentence
from cqc_nlp.tagging.encoding import TfidfEncoder, model_text, normalise

if TYPE_CHECKING:
    from cqc_nlp.tagging.tagger import StatementTagger

CAUTION = "This does not read as an assessment of adult social care: the score should not be used."


class _Domain(NamedTuple):
    terms: re.Pattern[str]
    threshold: float
    least_words: int


@cache
def rules() -> _Domain:
    """The terms of the sector, the familiarity below which a document is no assessment, and the words needed to tell."""
    data = json.loads(files("cqc_nlp").joinpath("data/domain.json").read_text(encoding="utf-8"))
    terms = "|".join(term for group in data["terms"].values() for term in group)
    return _Domain(re.compile(rf"(?<!\w)(?:{terms})(?!\w)", re.IGNORECASE), data["threshold"], data["least_words"])


def familiarity(sentences: Sequence[Sentence], tagger: StatementTagger) -> float:
    """How far a document reads like what the tagger was trained on, 0 to 1.

    Parameters
    ----------
    sentences : sequence of Sentence
        Of one document; repeated ones are left out.
    tagger : StatementTagger
        A fitted tagger with a vocabulary of words.

    Examples
    --------
    >>> from cqc_nlp import load_tagger, read_text
    >>> from cqc_nlp.language import sentences
    >>> recipe = read_text("Fry the onions until they are golden. Whisk the eggs and fold them into the flour.")
    >>> draft = read_text("Unpaid carers told us that they waited for an assessment. There was a lack of homecare.")
    >>> [round(familiarity(sentences(text), load_tagger("fast")), 1) for text in (recipe, draft)]
    [0.2, 0.9]
    """
    counted = [sentence for sentence in sentences if not sentence.repeated]
    vectorizer = _encoder(tagger).word_
    vocabulary = vectorizer.vocabulary  # of a model that was loaded; a fitted one has vocabulary_
    if vocabulary is None:
        vocabulary = vectorizer.vocabulary_
    analyse = vectorizer.build_analyzer()
    pairs = [term for sentence in counted for term in analyse(normalise(model_text(sentence))) if " " in term]
    known = sum(pair in vocabulary for pair in pairs) / max(len(pairs), 1)
    named = sum(bool(rules().terms.search(sentence.text)) for sentence in counted)
    return (known + (named + 0.5) / (len(counted) + 1)) / 2


def unfamiliar(sentences: Sequence[Sentence], value: float) -> bool:
    """Whether a document of this familiarity is no assessment; never where it is too short to tell."""
    words = sum(len(sentence.text.split()) for sentence in sentences if not sentence.repeated)
    return words >= rules().least_words and value < rules().threshold


def _encoder(tagger: StatementTagger) -> TfidfEncoder:
    """The encoder of words: the tagger's own, or that of its half of words and rules."""
    encoder = tagger.encoder_
    return encoder if isinstance(encoder, TfidfEncoder) else encoder.words.encoder_  # type: ignore[no-any-return]
