"""TF-IDF of single statements, fast: scikit-learn's vectorizers with the counting of texts one by one made short.

What they give is what :class:`~sklearn.feature_extraction.text.TfidfVectorizer` gives. Words come again and again, so
that the character n-grams of each are looked up once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize
from sklearn.utils.validation import check_is_fitted

_KNOWN_WORDS = 20_000


class _Vectorizer(TfidfVectorizer):
    """A vectorizer with a shorter way from texts to counts."""

    def transform(self, raw_documents: Iterable[str]) -> csr_matrix:
        """One row a text."""
        check_is_fitted(self, "vocabulary_")
        rows = list(self._columns(raw_documents))
        ends = np.cumsum([0, *map(len, rows)])
        columns = np.concatenate([np.zeros(0, dtype=np.int32), *rows]).astype(np.int32, copy=False)
        shape = (len(rows), len(self.vocabulary_))
        weights = csr_matrix((np.ones(len(columns), dtype=self.dtype), columns, ends.astype(np.int32)), shape=shape)
        weights.sum_duplicates()
        weights.data = (np.log(weights.data) + 1) * self.idf_[weights.indices]  # sublinear
        return normalize(weights, copy=False)

    def _columns(self, texts: Iterable[str]) -> Iterator[NDArray[np.int32]]:
        raise NotImplementedError

    def __getstate__(self) -> dict[str, Any]:
        """Without what was looked up."""
        return {name: value for name, value in super().__getstate__().items() if name != "_known"}


class WordVectorizer(_Vectorizer):
    """Of words and pairs of words."""

    def _columns(self, texts: Iterable[str]) -> Iterator[NDArray[np.int32]]:
        tokenise, get = self.build_tokenizer(), self.vocabulary_.get
        for text in texts:
            words = tokenise(text.lower())
            pairs = map("%s %s".__mod__, pairwise(words))
            yield np.array([column for term in (*words, *pairs) if (column := get(term)) is not None], dtype=np.int32)


class CharacterVectorizer(_Vectorizer):
    """Of character n-grams inside words."""

    _known: tuple[dict[str, int], Callable[[str], NDArray[np.int32]]]

    def _columns(self, texts: Iterable[str]) -> Iterator[NDArray[np.int32]]:
        if not hasattr(self, "_known") or self._known[0] is not self.vocabulary_:
            self._known = self.vocabulary_, self._columns_of_word()
        look_up = self._known[1]
        for text in texts:
            yield np.concatenate([np.zeros(0, dtype=np.int32), *map(look_up, text.lower().split())])

    def _columns_of_word(self) -> Callable[[str], NDArray[np.int32]]:
        analyse, get = self.build_analyzer(), self.vocabulary_.get

        @lru_cache(maxsize=_KNOWN_WORDS)
        def columns(word: str) -> NDArray[np.int32]:
            return np.array([column for term in analyse(word) if (column := get(term)) is not None], dtype=np.int32)

        return columns
