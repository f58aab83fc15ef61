"""Statements → numbers: a fine-tuned sentence encoder that reads each statement among its neighbours.

Two networks in ONNX, run by onnxruntime without torch: one turns a sentence into a vector, one reads the
vectors of neighbouring statements, with their paragraphs and sections, and gives the logits of every label.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from cqc_nlp.schema import ASSERTIONS, POLARITIES, SOURCES, THEMES, SectionKind, Sentence
from cqc_nlp.tagging.encoding import model_text


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
    """

    name: str
    labels: tuple[str, ...]
    exclusive: bool
    weight: float = 1.0


QUESTIONS = (
    Question("polarity", tuple(map(str, POLARITIES)), exclusive=True),
    Question("asserts", tuple(map(str, ASSERTIONS)), exclusive=False, weight=0.5),
    Question("theme", tuple(map(str, THEMES)), exclusive=False),
    Question("source", tuple(map(str, SOURCES)), exclusive=True, weight=0.3),
)
"""The questions of the codebook."""

OUTPUTS: tuple[str, ...] = tuple(f"{question.name} {label}" for question in QUESTIONS for label in question.labels)
"""What the columns of the logits stand for."""

_SECTION_KINDS = tuple(SectionKind)
_BATCH = 32
# A report is read in windows, so that cost grows with its length and not with its square.
_WINDOW = 96
_OVERLAP = 16


class ContextEncoder(BaseEstimator):
    """Logits of every label from a fine-tuned encoder, each statement read among its neighbours.

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
        encodings = self.tokenizer_.encode_batch(texts)
        order = sorted(range(len(texts)), key=lambda i: len(encodings[i].ids))  # those of like length are run together
        vectors: NDArray[np.float32] | None = None
        for first in range(0, len(order), _BATCH):
            chosen = order[first : first + _BATCH]
            width = max(len(encodings[i].ids) for i in chosen)
            ids = np.zeros((len(chosen), width), dtype=np.int64)
            mask = np.zeros((len(chosen), width), dtype=np.int64)
            for row, i in enumerate(chosen):
                length = len(encodings[i].ids)
                ids[row, :length], mask[row, :length] = encodings[i].ids, 1
            found = self.sentence_session_.run(None, {"input_ids": ids, "attention_mask": mask})[0]
            vectors = np.zeros((len(texts), found.shape[1]), dtype=np.float32) if vectors is None else vectors
            vectors[chosen] = found
        return vectors if vectors is not None else np.zeros((0, 1), dtype=np.float32)

    def _logits(self, sequence: Sequence[Sentence], vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        paragraphs, sections = places(sequence)
        logits = np.zeros((len(sequence), self.outputs_), dtype=np.float32)
        step = _WINDOW - 2 * _OVERLAP
        for first in range(0, max(len(sequence) - 2 * _OVERLAP, 1), step):
            last = min(first + _WINDOW, len(sequence))
            feed = {
                "vectors": vectors[None, first:last],
                "paragraphs": paragraphs[None, first:last],
                "sections": sections[None, first:last],
            }
            found = self.context_session_.run(None, feed)[0][0]
            keep = 0 if first == 0 else _OVERLAP
            logits[first + keep : last] = found[keep:]
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
        # Threads that wait for work by spinning take a core from whatever else runs; the results are the same.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # As the libraries around it do: joblib sets it in its processes, which share the cores. 0 is one thread a core.
        threads = os.environ.get("OMP_NUM_THREADS", "")
        options.intra_op_num_threads = int(threads) if threads.isdecimal() else 0
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
