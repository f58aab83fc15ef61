"""Printing for a terminal or a pipe: what a document says can neither command the terminal nor break its alphabet."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from typing import IO

from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderableType, RenderHook, RenderResult
from rich.segment import Segment

# Characters that a terminal obeys: controls of one and of eight bits, and the direction of writing.
_OBEYED = "\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_CONTROLS = re.compile(f"[\x00-\x08\x0b-\x1f{_OBEYED}]")
_IN_JSON = re.compile(f"[{_OBEYED}]")
_NOT_ASCII = re.compile(r"[^\x00-\x7e]")
_PIPE = 80
_BREAK = re.compile(r"\r\n?")
# The signs that the views draw with, for a terminal that knows only ASCII; each as wide as the sign that it stands for.
_PLAIN = {"█": "#", "•": "*", "·": "-", "−": "-", "–": "-", "→": ">", "…": ".", "“": '"', "”": '"', "’": "'", "‘": "'"}


def for_eyes(text: str) -> str:
    """The text without characters that a terminal would obey.

    Examples
    --------
    >>> for_eyes("Carers\\x1b[31m wait\\u202eed")
    'Carers[31m waited'
    """
    return _CONTROLS.sub("", _BREAK.sub("\n", text))


def for_json(document: str, encoding: str | None) -> str:
    """The JSON document with escapes for what the encoding lacks or a terminal would obey; it says the same.

    Examples
    --------
    >>> for_json('"caf\\xe9\\x9b"', "utf-8"), for_json('"caf\\xe9"', "ascii")
    ('"café\\\\u009b"', '"caf\\\\u00e9"')
    """
    pattern = _IN_JSON if _is_unicode(encoding) else _NOT_ASCII
    return pattern.sub(lambda match: json.dumps(match.group())[1:-1], document)


def terminal(file: IO[str] | None = None) -> Console:
    """The console that every view prints to.

    It is as wide as the terminal, 80 columns in a pipe, without colour in a pipe or where ``NO_COLOR`` is set.
    """
    console = Console(file=file, highlight=False)
    if not console.is_terminal and not os.environ.get("COLUMNS"):
        console.width = _PIPE  # else it would be that of the terminal in which the pipe was made
    console.push_render_hook(_Clean(console))
    return console


class _Clean(RenderHook):
    """Cleans the text of everything that is printed, after the look has been worked out and before codes are added."""

    def __init__(self, console: Console) -> None:
        self._encoding = console.encoding
        plain = _c_locale()
        self._signs = str.maketrans({sign: simple for sign, simple in _PLAIN.items() if plain or self._lacks(sign)})

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        return [_Cleaned(renderable, self) for renderable in renderables]

    def segments(self, segments: Iterable[Segment]) -> Iterable[Segment]:
        for text, style, control in segments:
            yield Segment(text if control else self._text(text), style, control)

    def _text(self, text: str) -> str:
        text = for_eyes(text).translate(self._signs)
        return text.encode(self._encoding, errors="replace").decode(self._encoding) if self._lacks(text) else text

    def _lacks(self, text: str) -> bool:
        try:
            text.encode(self._encoding)
        except UnicodeEncodeError:
            return True
        return False


class _Cleaned:
    def __init__(self, renderable: RenderableType, cleaner: _Clean) -> None:
        self._renderable, self._cleaner = renderable, cleaner

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from self._cleaner.segments(console.render(self._renderable, options))


def _is_unicode(encoding: str | None) -> bool:
    return (encoding or "utf-8").lower().replace("_", "-").startswith("utf")


def _c_locale() -> bool:
    """Whether the user asks for the plainest of locales; Python itself prints Unicode there."""
    asked = next((os.environ[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if os.environ.get(name)), "")
    return asked in ("C", "POSIX")
