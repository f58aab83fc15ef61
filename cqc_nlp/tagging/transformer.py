"""Statements → numbers: a fine-tuned sentence encoder that reads each statement in its paragraph.

Two networks in ONNX, run by onnxruntime without torch: one turns a sentence into a vector, one reads the
vectors of the statements of a paragraph, with their section, and gives the logits of every label.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from cqc_nlp.schema import ASSERTIONS, POLARITIES, SOURCES, THEMES, SectionKind, Sentence
from cqc_nlp.tagging.encoding import model_text

if TYPE_CHECKING:
    from tokenizers import Encoding


class Question(NamedTuple):
    """A question that is asked of every statement: one column of the logits a label.

    Attributes
    ----------
    name : str
        What is asked.
    labels : tuple of str
        The answers.
    exclusive : bool
        Whether just one of them is right.
    weight : float
        Of its loss in the fine-tuning.
    carried : bool
        Whether neighbours tell the answer of a sentence that does not hold it in its own words.
    """

    name: str
    labels: tuple[str, ...]
    exclusive: bool
    weight: float = 1.0
    carried: bool = False


QUESTIONS = (
    Question("polarity", tuple(map(str, POLARITIES)), exclusive=True),
    Question("asserts", tuple(map(str, ASSERTIONS)), exclusive=False, weight=0.5),
    Question("theme", tuple(map(str, THEMES)), exclusive=False, carried=True),
    Question("source", tuple(map(str, SOURCES)), exclusive=True, weight=0.3, carried=True),
)
"""The questions of the codebook."""

OUTPUTS: tuple[str, ...] = tuple(f"{question.name} {label}" for question in QUESTIONS for label in question.labels)
"""What the columns of the logits stand for."""

_SECTION_KINDS = tuple(SectionKind)
# A long paragraph is read in windows, so that cost grows with its length and not with its square.
_WINDOW = 96
_OVERLAP = 16


class ContextEncoder(BaseEstimator):
    """Logits of every label from a fine-tuned encoder, each statement read in its paragraph.

    Parameters
    ----------
    max_tokens : int
        Longer sentences are cut off.
    """

    def __init__(self, max_tokens: int = 128) -> None:
        self.max_tokens = max_tokens

    def transform(self, sequences: Sequence[Sequence[Sentence]]) -> NDArray[np.float32]:
        """One row a sentence, in order; shape (sentences, outputs), for the questions of the codebook ``OUTPUTS``."""
        if self.process_ != os.getpid():  # the threads of a session do not survive a fork, and a call would wait for ever
            os.environ["TOKENIZERS_PARALLELISM"] = "false"
            self.load(self.folder_)
        flat = [sentence for sequence in sequences for sentence in sequence]
        vectors = self.vectors([model_text(sentence) for sentence in flat])
        rows, start = [], 0
        for sequence in sequences:
            if sequence:
                rows.append(self._logits(sequence, vectors[start : start + len(sequence)]))
            start += len(sequence)
        return np.concatenate(rows) if rows else np.zeros((0, self.outputs_), dtype=np.float32)

    def vectors(self, texts: list[str]) -> NDArray[np.float32]:
        """The vector of each text on its own, shape (texts, size)."""

        def vector(encoding: Encoding) -> NDArray[np.float32]:
            ids = np.array([encoding.ids], dtype=np.int64)
            found: NDArray[np.float32] = self.sentence_session_.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids)})[0][0]
            return found

        # One text a call: in int8 a text would otherwise depend on those beside it, and padding costs more than calls do.
        with ThreadPoolExecutor(self.threads_) as pool:
            vectors = list(pool.map(vector, self.tokenizer_.encode_batch(texts)))
        return np.stack(vectors) if vectors else np.zeros((0, 1), dtype=np.float32)

    def _logits(self, sequence: Sequence[Sentence], vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        paragraphs, sections = places(sequence)
        logits = np.zeros((len(sequence), self.outputs_), dtype=np.float32)
        edges = [0, *(np.flatnonzero(np.diff(paragraphs)) + 1).tolist(), len(sequence)]
        for start, end in pairwise(edges):
            for first in range(start, max(end - 2 * _OVERLAP, start + 1), _WINDOW - 2 * _OVERLAP):
                last = min(first + _WINDOW, end)
                feed = {
                    "vectors": vectors[None, first:last],
                    "paragraphs": paragraphs[None, first:last],
                    "sections": sections[None, first:last],
                }
                keep = first if first == start else first + _OVERLAP
                logits[keep:last] = self.context_session_.run(None, feed)[0][0][keep - first :]
        return logits

    def save(self, folder: Path) -> None:
        """Copy the networks and the tokenizer."""
        for name in ("sentence.onnx", "context.onnx", "tokenizer.json"):
            (folder / name).write_bytes((self.folder_ / name).read_bytes())

    def load(self, folder: Path) -> ContextEncoder:
        """Open the networks of a folder."""
        import onnxruntime
        from tokenizers import Tokenizer

        self.folder_, self.process_ = folder, os.getpid()
        self.tokenizer_ = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer_.no_padding()
        self.tokenizer_.enable_truncation(self.max_tokens)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.intra_op_num_threads = 1  # texts are shared out among threads, not the work on one
        # As the libraries around it do: joblib sets it in its processes, which share the cores.
        threads = os.environ.get("OMP_NUM_THREADS", "")
        self.threads_ = int(threads) if threads.isdecimal() and int(threads) else os.cpu_count() or 1
        self.sentence_session_, self.context_session_ = (
            onnxruntime.InferenceSession(str(folder / name), options, providers=["CPUExecutionProvider"])
            for name in ("sentence.onnx", "context.onnx")
        )
        self.outputs_: int = self.context_session_.get_outputs()[0].shape[-1]
        return self

    def __getstate__(self) -> dict[str, Any]:
        """Sessions do not travel between processes: the folder does."""
        return {"max_tokens": self.max_tokens, "folder_": getattr(self, "folder_", None)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Open the networks again."""
        self.max_tokens = state["max_tokens"]
        if state["folder_"] is not None:
            self.load(state["folder_"])


def places(sequence: Sequence[Sentence]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Paragraph and section number of each sentence."""
    paragraphs = np.array([sentence.paragraph for sentence in sequence], dtype=np.int64)
    sections = np.array([_SECTION_KINDS.index(sentence.section.kind) for sentence in sequence], dtype=np.int64)
    return paragraphs, sections
