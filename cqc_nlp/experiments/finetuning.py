"""Fine-tuning a sentence encoder on tagged statements and exporting it to ONNX (extra ``train``).

All layers but the word embeddings learn, with the learning rate falling from the top layer down. Each step
reads runs of neighbouring statements and a few statements that stand alone: the encoder makes a vector of
each statement, a small transformer with relative positions reads the vectors of the run, and one linear layer
answers every question. Some statements of a run lose most of their words, so that what their neighbours tell of
them (themes, source) has to be read there. After a common start the network goes on several times over, with the
runs in other orders; what is kept is the mean of these members, each a moving average of its weights.
"""

from __future__ import annotations

import hashlib
import itertools
import random
import re
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from torch import Tensor, nn
from torch.nn import functional

from cqc_nlp.errors import ModelError
from cqc_nlp.experiments.training import DEFAULT_ENCODER
from cqc_nlp.schema import ASSERTIONS, POLARITIES, SOURCES, THEMES, SectionKind, Sentence, Statement
from cqc_nlp.tagging.encoding import model_text
from cqc_nlp.tagging.transformer import ContextEncoder, Question, places

# all-MiniLM-L6-v2, revision 1110a243: the weights that the shipped model starts from.
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

_HEADS, _RANGE, _POSITIONS = 6, 8, 8


@dataclass(frozen=True, slots=True)
class Recipe:
    """Settings of a fine-tuning.

    Attributes
    ----------
    epochs : float
        How often every run of statements is read.
    learning_rate, layer_decay : float
        Of the top layer of the encoder, and its share from each layer to the one below.
    head_learning_rate : float
        Of the network that reads the neighbours.
    run, runs : int
        About how many statements a run has, and runs of a step.
    max_tokens : int
        Longer statements are cut off.
    warm_up : float
        Share of the steps in which the learning rate rises.
    members : int
        How many networks the mean is taken of.
    shared : float
        Share of the steps that the members have in common; without it they could not be averaged (Frankle and
        others, 2020, *Linear Mode Connectivity and the Lottery Ticket Hypothesis*).
    average : float
        How far the moving average of a member's weights looks back, as a share of all steps.
    wordless : float
        Share of the statements of a run that lose words.
    seed : int
        Of the first weights, the order of the runs and the dropout.
    """

    epochs: float = 2.5
    learning_rate: float = 1.4e-4
    layer_decay: float = 0.9
    head_learning_rate: float = 6e-4
    run: int = 16
    runs: int = 2
    max_tokens: int = 128
    warm_up: float = 0.06
    members: int = 2
    shared: float = 0.3
    average: float = 0.16
    wordless: float = 0.3
    seed: int = 0


class Example(NamedTuple):
    """Sentences that follow each other, and what should be answered of each.

    Attributes
    ----------
    sentences : sequence of Sentence
        In order.
    targets : ndarray of shape (sentences, outputs)
        1 for the right labels, 0 for others, or probabilities; columns in the order of the questions' labels.
    """

    sentences: Sequence[Sentence]
    targets: NDArray[np.float32]


def example(statements: Sequence[Statement]) -> Example:
    """Tagged statements with the answers to the questions of the codebook."""
    answers = [
        [
            *(label == statement.polarity for label in POLARITIES),
            *(label in (statement.polarity, *statement.also) for label in ASSERTIONS),
            *(label in statement.themes for label in THEMES),
            *(label == statement.source for label in SOURCES),
        ]
        for statement in statements
    ]
    return Example(statements, np.asarray(answers, dtype=np.float32))


class SentenceNetwork(nn.Module):
    """Token ids → one vector a sentence (mean over its tokens)."""

    def __init__(self, encoder: Any) -> None:
        super().__init__()
        self.encoder: Any = encoder

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        hidden = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        weights = attention_mask[..., None].to(hidden.dtype)
        mean: Tensor = (hidden * weights).sum(1) / weights.sum(1)
        return mean


class ContextNetwork(nn.Module):
    """Vectors of neighbouring statements → logits of every label for each.

    A statement hears its own paragraph alone: left free to listen to all, it learns to listen to none.
    """

    def __init__(self, size: int, outputs: int) -> None:
        super().__init__()
        self.position = nn.Embedding(_POSITIONS, size)
        self.section = nn.Embedding(len(SectionKind), size)
        for embedding in (self.position, self.section):
            nn.init.normal_(embedding.weight, std=0.02)
        self.enter = nn.Linear(size, size)
        self.norms = nn.ModuleList([nn.LayerNorm(size) for _ in range(3)])
        self.query_key_value = nn.Linear(size, 3 * size)
        self.leave = nn.Linear(size, size)
        self.feed = nn.Sequential(nn.Linear(size, 2 * size), nn.GELU(), nn.Linear(2 * size, size))
        self.distance_bias = nn.Parameter(torch.zeros(_HEADS, 2 * _RANGE + 1))
        self.dropout = nn.Dropout(0.1)
        self.out = nn.Linear(size, outputs)

    def forward(self, vectors: Tensor, paragraphs: Tensor, sections: Tensor) -> Tensor:
        batch, length, size = vectors.shape
        same = paragraphs[:, :, None] == paragraphs[:, None, :]
        order = torch.arange(length, device=vectors.device)
        before = (same & (order[None, None, :] < order[None, :, None])).sum(-1).clamp(max=_POSITIONS - 1)
        x = self.norms[0](self.enter(vectors) + self.position(before) + self.section(sections))
        bias = self.distance_bias[:, (order[None, :] - order[:, None]).clamp(-_RANGE, _RANGE) + _RANGE][None]
        bias = bias.masked_fill(~same[:, None], -1e4)
        q, k, v = self.query_key_value(self.norms[1](x)).reshape(batch, length, 3, _HEADS, size // _HEADS).permute(2, 0, 3, 1, 4)
        weights = self.dropout((q @ k.transpose(-1, -2) / (size // _HEADS) ** 0.5 + bias).softmax(-1))
        x = x + self.dropout(self.leave((weights @ v).transpose(1, 2).reshape(batch, length, size)))
        x = x + self.dropout(self.feed(self.norms[2](x)))
        logits: Tensor = self.out(self.dropout(vectors + x))
        return logits


class FineTunedEncoder(BaseEstimator):
    """Logits of your own labels from a sentence encoder that is fine-tuned on them, as the encoder of a tagger.

    Parameters
    ----------
    base : str
        Folder or hub name of the sentence encoder to start from.
    recipe : Recipe
        Settings of the fine-tuning.

    Examples
    --------
    ``StatementTagger(labels=["fine", "late"], encoder=FineTunedEncoder("folder")).fit(texts, labels)``
    """

    def __init__(self, base: str = DEFAULT_ENCODER, recipe: Recipe = Recipe()) -> None:
        self.base = base
        self.recipe = recipe

    def fit(self, sequences: Sequence[Sequence[Sentence]], y: Sequence[str]) -> FineTunedEncoder:
        """Learn from sentences in their order, one sequence a document, and one label a sentence."""
        labels = sorted(set(y))
        every = np.eye(len(labels), dtype=np.float32)[[labels.index(label) for label in y]]
        ends = np.cumsum([len(sequence) for sequence in sequences])[:-1]
        examples = [Example(sequence, rows) for sequence, rows in zip(sequences, np.split(every, ends), strict=True)]
        base, _ = find_encoder(self.base)
        self.place_ = TemporaryDirectory(prefix="cqc-nlp-")
        folder = Path(self.place_.name)
        fine_tune(examples, [], [Question("label", tuple(labels), exclusive=True)], base, folder, self.recipe, say=lambda line: None)
        self.network_ = ContextEncoder(self.recipe.max_tokens).load(folder)
        return self

    def transform(self, sequences: Sequence[Sequence[Sentence]]) -> NDArray[np.float32]:
        """One row a sentence, in order; shape (sentences, labels)."""
        return self.network_.transform(sequences)


def fine_tune(
    examples: Sequence[Example],
    groups: Sequence[Example],
    questions: Sequence[Question],
    encoder: Path,
    out: Path,
    recipe: Recipe = Recipe(),
    say: Callable[[str], None] = print,
) -> None:
    """Fine-tune an encoder and write ``sentence.onnx`` (int8), ``context.onnx`` and ``tokenizer.json``.

    Beside them, and in no model folder, are left ``sentence-float32.onnx``, to compare with, and the folder ``encoder``,
    to start another fine-tuning from.

    Parameters
    ----------
    examples : sequence of Example
        One a report.
    groups : sequence of Example
        Contrast groups, kept together in a step; each of their sentences is read alone.
    questions : sequence of Question
        What the columns of the targets stand for.
    encoder : path
        Folder of a sentence encoder.
    out : path
        Folder to write to.
    recipe : Recipe
        Settings.
    say : callable
        Called with a line of progress.
    """
    sentence_network, context_network, tokenizer = trained(examples, groups, questions, encoder, recipe, say)
    export(sentence_network, context_network, out)
    tokenizer.backend_tokenizer.save(str(out / "tokenizer.json"))
    for part in (sentence_network.encoder, tokenizer):
        part.save_pretrained(out / "encoder")


def trained(
    examples: Sequence[Example],
    groups: Sequence[Example],
    questions: Sequence[Question],
    encoder: Path,
    recipe: Recipe,
    say: Callable[[str], None],
) -> tuple[SentenceNetwork, ContextNetwork, Any]:
    """Both networks in evaluation mode, and the tokenizer; parameters as for :func:`fine_tune`."""
    from transformers import AutoModel, AutoTokenizer

    random.seed(recipe.seed)
    np.random.seed(recipe.seed)  # noqa: NPY002 - the seed of libraries that draw from the global generator
    torch.manual_seed(recipe.seed)
    tokenizer = AutoTokenizer.from_pretrained(str(encoder))
    sentence_network = SentenceNetwork(AutoModel.from_pretrained(str(encoder), attn_implementation="eager"))
    outputs = sum(len(question.labels) for question in questions)
    context_network = ContextNetwork(sentence_network.encoder.config.hidden_size, outputs)
    sentence_network.encoder.embeddings.word_embeddings.weight.requires_grad_(False)
    parameters = [p for p in (*sentence_network.parameters(), *context_network.parameters()) if p.requires_grad]
    optimizer = torch.optim.AdamW(_parameter_groups(sentence_network, context_network, recipe), betas=(0.9, 0.98))
    runs = sum(-(-len(example.sentences) // recipe.run) + 1 for example in examples)
    steps = max(1, int(runs / recipe.runs * recipe.epochs))
    warm = max(1, int(recipe.warm_up * steps))
    newest = 1 / max(1.0, recipe.average * steps)  # the weight of a step in the moving average
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda t: min((t + 1) / warm, max(0.0, (steps - t) / max(1, steps - warm))))
    chance = random.Random(recipe.seed)
    wordless = recipe.wordless if any(question.carried for question in questions) else 0.0

    def learn(order: int, first: int, last: int) -> list[Tensor]:
        """Take some of the steps; the moving average of the weights."""
        batches = _batches(examples, groups, recipe, order)
        average = [parameter.detach().clone() for parameter in parameters]
        losses: list[float] = []
        for step in range(first + 1, last + 1):
            batch = next(batches)
            texts, whole = _thinned(batch, wordless, chance)
            # Half the time where the processor multiplies bfloat16; sums, norms and the network of neighbours stay float32.
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=_multiplies_bfloat16()):
                vectors = _vectors(sentence_network, tokenizer, texts, recipe).float()
            targets = torch.from_numpy(np.concatenate([example.targets for example in batch]))
            loss = _loss(_in_place(context_network, vectors, batch), targets, questions, torch.tensor(whole))
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
            schedule.step()
            torch._foreach_lerp_(average, [parameter.detach() for parameter in parameters], newest)
            losses.append(float(loss.detach()))
            if step % 100 == 0:
                say(f"step {step} of {steps}, loss {np.mean(losses[-100:]):.3f}")
        return average

    parting = min(steps, max(1, round(recipe.shared * steps)))
    learn(0, 0, parting)
    start = deepcopy((parameters, optimizer.state_dict(), schedule.state_dict()))
    members: list[list[Tensor]] = []
    for member in range(recipe.members):
        say(f"member {member + 1} of {recipe.members}")
        weights, moments, place = deepcopy(start)
        for parameter, weight in zip(parameters, weights, strict=True):
            parameter.data.copy_(weight)
        optimizer.load_state_dict(moments)
        schedule.load_state_dict(place)
        members.append(learn(member + 1, parting, steps))
    for parameter, *versions in zip(parameters, *members, strict=True):
        parameter.data.copy_(torch.stack(versions).mean(0))
    return sentence_network.eval(), context_network.eval(), tokenizer


def _thinned(batch: Sequence[Example], share: float, chance: random.Random) -> tuple[list[str], list[bool]]:
    """The texts of a batch, of which some lost words at random, and which of them are whole."""
    texts: list[str] = []
    whole: list[bool] = []
    for example in batch:
        for sentence in example.sentences:
            words = model_text(sentence).split(" ")
            whole.append(len(example.sentences) == 1 or chance.random() >= share)
            if not whole[-1]:
                lost = chance.uniform(0.3, 0.85)
                words = [word for word in words if chance.random() >= lost] or words[:1]
            texts.append(" ".join(words))
    return texts, whole


def _vectors(network: SentenceNetwork, tokenizer: Any, texts: list[str], recipe: Recipe) -> Tensor:
    """Sentence vectors; sentences of like length are run together, so that less is spent on padding."""
    tokens = tokenizer(texts, truncation=True, max_length=recipe.max_tokens)
    order = sorted(range(len(texts)), key=lambda i: len(tokens["input_ids"][i]))
    found: list[Tensor] = []
    for chosen in np.array_split(order, 3 if len(order) > 24 else 2):
        if len(chosen):
            padded = tokenizer.pad({key: [tokens[key][i] for i in chosen] for key in ("input_ids", "attention_mask")}, return_tensors="pt")
            found.append(network(padded["input_ids"], padded["attention_mask"]))
    return torch.cat(found)[torch.tensor(order).argsort()]


def _in_place(network: nn.Module, vectors: Tensor, batch: Sequence[Example]) -> Tensor:
    """The logits of a batch; sequences of the same length that follow each other are run together."""
    logits, start = [], 0
    for length, same in itertools.groupby(batch, key=lambda example: len(example.sentences)):
        place = [places(example.sentences) for example in same]
        size = len(place) * length
        logits.append(
            network(
                vectors[start : start + size].reshape(len(place), length, -1),
                torch.from_numpy(np.stack([paragraphs for paragraphs, _ in place])),
                torch.from_numpy(np.stack([sections for _, sections in place])),
            ).reshape(size, -1)
        )
        start += size
    return torch.cat(logits)


def find_encoder(encoder: str) -> tuple[Path, str]:
    """The folder of an encoder and the SHA-256 of its weights.

    Parameters
    ----------
    encoder : str
        A local folder, or the name of a model on the Hugging Face hub, which is then downloaded.

    Raises
    ------
    ModelError
        If it has no ``model.safetensors``, or is not the pinned ``all-MiniLM-L6-v2`` where that is asked for.
    """
    folder = Path(encoder)
    if not folder.is_dir():
        from huggingface_hub import snapshot_download

        folder = Path(snapshot_download(encoder))
    weights = folder / "model.safetensors"
    if not weights.is_file():
        raise ModelError(f"{encoder}: it has no model.safetensors; give the folder or hub name of a sentence encoder.")
    found = hashlib.sha256(weights.read_bytes()).hexdigest()
    if encoder == DEFAULT_ENCODER and found != MINILM_SHA256:
        raise ModelError(f"{encoder}: its weights are not the pinned ones (SHA-256 {found}); fetch them again.")
    return folder, found


def export(sentence_network: SentenceNetwork, context_network: nn.Module, out: Path) -> None:
    """Write both networks as ONNX, the sentence encoder with int8 weights."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    out.mkdir(parents=True, exist_ok=True)
    full = out / "sentence-float32.onnx"
    export_sentence_network(sentence_network, full)
    size = sentence_network.encoder.config.hidden_size
    example = (torch.zeros(1, 5, size), torch.zeros(1, 5, dtype=torch.long), torch.zeros(1, 5, dtype=torch.long))
    names = ("vectors", "paragraphs", "sections")
    torch.onnx.export(
        context_network, example, str(out / "context.onnx"), input_names=list(names), output_names=["logits"],
        dynamic_axes={name: {0: "batch", 1: "statements"} for name in (*names, "logits")}, opset_version=17, dynamo=False,
    )  # fmt: skip
    quantize_dynamic(str(full), str(out / "sentence.onnx"), weight_type=QuantType.QInt8, per_channel=True)


def export_sentence_network(network: SentenceNetwork, path: Path) -> None:
    """Write the sentence encoder as ONNX in float32."""
    ids = torch.ones(2, 5, dtype=torch.long)
    torch.onnx.export(
        network, (ids, ids), str(path), input_names=["input_ids", "attention_mask"], output_names=["vectors"],
        dynamic_axes={name: {0: "batch", 1: "tokens"} for name in ("input_ids", "attention_mask")} | {"vectors": {0: "batch"}},
        opset_version=17, dynamo=False,
    )  # fmt: skip


def _multiplies_bfloat16() -> bool:
    """Whether the processor has instructions for bfloat16; without them it would be slower, not faster."""
    capabilities: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def _parameter_groups(sentence_network: SentenceNetwork, context_network: nn.Module, recipe: Recipe) -> list[dict[str, Any]]:
    layers = sentence_network.encoder.config.num_hidden_layers
    groups: list[dict[str, Any]] = []
    for name, parameter in sentence_network.named_parameters():
        if parameter.requires_grad:
            match = re.search(r"layer\.(\d+)\.", name)
            depth = layers - 1 - int(match.group(1)) if match else layers if "embeddings" in name else 0
            groups.append(
                {"params": [parameter], "lr": recipe.learning_rate * recipe.layer_decay**depth, "weight_decay": _decay(parameter)}
            )
    for parameter in context_network.parameters():
        groups.append({"params": [parameter], "lr": recipe.head_learning_rate, "weight_decay": _decay(parameter)})
    return groups


def _decay(parameter: Tensor) -> float:
    return 0.01 if parameter.ndim > 1 else 0.0


def _batches(examples: Sequence[Example], groups: Sequence[Example], recipe: Recipe, order: int) -> Iterator[list[Example]]:
    """For ever: runs of whole paragraphs of reports, cut at random places, and their share of the contrast groups as single sentences."""
    generator = random.Random(f"{recipe.seed} {order}")
    while True:
        runs: list[Example] = []
        for example in examples:
            first = generator.randint(1, recipe.run)
            cuts = {_paragraph_start(example.sentences, cut) for cut in range(first, len(example.sentences), recipe.run)}
            runs += [_part(example, start, end) for start, end in itertools.pairwise(sorted({0, *cuts, len(example.sentences)}))]
        generator.shuffle(runs)
        waiting = list(groups)
        generator.shuffle(waiting)
        owed = 0.0
        for first in range(0, len(runs), recipe.runs):
            batch = sorted(runs[first : first + recipe.runs], key=lambda run: len(run.sentences), reverse=True)
            owed += len(groups) / len(runs) * recipe.runs
            while owed >= 1 and waiting:
                group = waiting.pop()
                batch += [_part(group, position, position + 1) for position in range(len(group.sentences))]
                owed -= 1
            yield batch


def _paragraph_start(sentences: Sequence[Sentence], position: int) -> int:
    """Where the paragraph of a sentence begins."""
    while position and sentences[position - 1].paragraph == sentences[position].paragraph:
        position -= 1
    return position


def _part(example: Example, start: int, end: int) -> Example:
    return Example(example.sentences[start:end], example.targets[start:end])


def _loss(logits: Tensor, targets: Tensor, questions: Sequence[Question], whole: Tensor) -> Tensor:
    """Cross-entropy of every question, weighted; binary for each label where several may be right.

    Sentences that are not whole count only for questions whose answers neighbours carry.
    """
    total = torch.zeros(())
    sizes = [len(question.labels) for question in questions]
    for question, rows, right in zip(questions, logits.split(sizes, dim=1), targets.split(sizes, dim=1), strict=True):
        if question.exclusive:
            loss = functional.cross_entropy(rows, right, reduction="none")
        else:
            loss = functional.binary_cross_entropy_with_logits(rows, right, reduction="none").sum(1)
        counts = torch.ones_like(loss) if question.carried else whole.to(loss.dtype)
        total = total + question.weight * (loss * counts).sum() / counts.sum().clamp(min=1)
    return total
