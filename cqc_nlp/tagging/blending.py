"""The encoder of the ``accurate`` tagger: a network and a tagger of words and rules, blended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression

from cqc_nlp.models import load_heads, save_heads
from cqc_nlp.schema import POLARITIES, Sentence
from cqc_nlp.tagging.encoding import TfidfEncoder
from cqc_nlp.tagging.tagger import StatementTagger
from cqc_nlp.tagging.transformer import OUTPUTS, ContextEncoder


def temper(head: LogisticRegression, opinions: NDArray[np.float64], polarities: Sequence[str]) -> None:
    """Let a head say what the opinions say, made as sure as they deserve by one number (temperature scaling, Guo and others, 2017).

    A regression with weights of its own for every label fits the validation split better and published reports worse.

    Parameters
    ----------
    head : LogisticRegression
        Fitted to the polarities; its weights are replaced.
    opinions : ndarray of shape (statements, 16)
        Rows of :class:`BlendedEncoder`.
    polarities : sequence of str
        The right polarity of each, by which the number is chosen.
    """
    columns = [OUTPUTS.index(f"polarity {label}") for label in head.classes_]
    right = np.searchsorted(head.classes_, np.asarray(polarities))

    def loss(sharpness: float) -> float:
        return float(-log_softmax(sharpness * opinions[:, columns], axis=1)[np.arange(len(right)), right].mean())

    weights = np.zeros_like(head.coef_)
    weights[np.arange(len(columns)), columns] = minimize_scalar(loss, bounds=(0.1, 10), method="bounded").x
    head.coef_, head.intercept_ = weights, np.zeros_like(head.intercept_)


class BlendedEncoder(BaseEstimator):
    """The weighted mean of two opinions on every label: the logits of a network and of a tagger of words and rules.

    They err in different places. The network counts twice. Weights that are learnt would trust it more, as both parts
    learn from written reports, on which it looks better than it is on published ones.

    Parameters
    ----------
    network : ContextEncoder
        The fine-tuned encoder.
    words : StatementTagger
        A fitted tagger of words and rules.
    """

    def __init__(self, network: ContextEncoder, words: StatementTagger) -> None:
        self.network = network
        self.words = words

    def fit(self, sequences: Sequence[Sequence[Sentence]], y: Any = None) -> BlendedEncoder:
        """Nothing to learn: both parts are fitted."""
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def transform(self, sequences: Sequence[Sequence[Sentence]]) -> NDArray[np.float64]:
        """One row a sentence, in order; shape (sentences, 16), columns as in ``OUTPUTS``."""
        if not any(len(sequence) for sequence in sequences):
            return np.zeros((0, len(OUTPUTS)))
        logits = np.array(self.network.transform(sequences), dtype=np.float64)
        for question in ("polarity", "source"):
            columns = [column for column, name in enumerate(OUTPUTS) if name.startswith(question)]
            logits[:, columns] = log_softmax(logits[:, columns], axis=1)
        return (2 * logits + self.words.logits(sequences)) / 3

    def settings(self) -> dict[str, Any]:
        """What ``model.json`` says of it."""
        return {"type": type(self).__name__, "max_tokens": self.network.max_tokens, "words": self.words.encoder_.settings()}

    def save(self, folder: Path) -> None:
        """Write both parts."""
        self.network.save(folder)
        self.words.encoder_.save(folder)
        save_heads(self.words, folder / "words.skops")

    @classmethod
    def load(cls, folder: Path, settings: Mapping[str, Any]) -> BlendedEncoder:
        """The encoder that :meth:`save` wrote."""
        labels = [str(polarity) for polarity in POLARITIES]
        words = StatementTagger(labels=labels)
        words.encoder_ = TfidfEncoder.load(folder, settings["words"])
        words.classes_ = np.asarray(labels)
        load_heads(words, folder / "words.skops")
        return cls(ContextEncoder(settings["max_tokens"]).load(folder), words)
