"""A running text as the words and signs that a tagger judges. What tags they get is not known here."""

from __future__ import annotations

import re
import unicodedata

_MARK = "\u0300"
_WORDS = re.compile(
    r"(?:Mr|Mrs|Ms|Dr|St|Prof|No|vs)\.|(?:[A-Za-z]\.){2,}|['’][sS]\b|\d+(?:[.,:]\d+)+"
    rf"|\w[\w{_MARK}\u200c\u200d]*(?:[-'’](?![sS]\b)\w[\w{_MARK}\u200c\u200d]*)*|[^\w\s]{_MARK}*(?:\u200d[^\w\s]{_MARK}*)*"
)


def split_words(text: str) -> list[str]:
    """Words and signs of a plain text, as CoNLL files have them: a possessive 's is a word of its own.

    >>> split_words("Lucy's train (late) left St. Ives.")
    ['Lucy', "'s", 'train', '(', 'late', ')', 'left', 'St.', 'Ives', '.']
    """
    seen = "".join(
        _MARK if _marks(letter) else letter for letter in text
    )  # `re` takes accents and vowel signs for signs
    return [text[m.start() : m.end()] for m in _WORDS.finditer(seen)]


def _marks(letter: str) -> bool:
    """Whether a character only changes the one before it: an accent, a vowel sign, the skin tone of an emoji."""
    return letter > "\x7f" and (unicodedata.category(letter)[0] == "M" or "🏻" <= letter <= "🏿")
