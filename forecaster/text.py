"""What a series is called, as numbers: hashed words and letters.

A description is cut into pieces: its words, and all runs of three letters in them, so that a word
never seen shares pieces with those that were. A piece is known by a hash of it, so there is no
vocabulary to keep. After Bojanowski et al., "Enriching Word Vectors with Subword Information"
(arXiv 1607.04606, section 3.2).
"""

from __future__ import annotations

import re
import zlib
from functools import lru_cache

import numpy as np

from forecaster.panel import Panel

BUCKETS = 4096
PIECES = 64  # of a description at most; those after them are not read
LETTERS = 3


def has_text(panel: Panel) -> bool:
    """Whether any series of the panel has a description."""
    return any(value is not None for values in panel.texts.values() for value in values)


def text_codes(panel: Panel) -> np.ndarray:
    """(series, PIECES) int32: the numbers 1 to BUCKETS of the pieces of a series' descriptions, in
    order, each once; 0 where there are no more.
    """
    codes = np.zeros((panel.n_series, PIECES), np.int32)
    for i, texts in enumerate(zip(*panel.texts.values(), strict=True)):
        found = _pieces(" ".join(str(text) for text in texts if text is not None))
        codes[i, : len(found)] = found
    return codes


@lru_cache(maxsize=65536)
def _pieces(text: str) -> tuple[int, ...]:
    found = (code for word in re.findall(r"\w+", text.casefold()) for code in _of_word(word))
    return tuple(dict.fromkeys(found))[:PIECES]


@lru_cache(maxsize=65536)
def _of_word(word: str) -> tuple[int, ...]:
    """Python's own hash differs from run to run."""
    marked = f"<{word}>"
    runs = [marked[i : i + LETTERS] for i in range(len(marked) - LETTERS + 1)]
    return tuple(zlib.crc32(piece.encode()) % BUCKETS + 1 for piece in [marked, *runs])
