"""Which language a text is in, by its commonest little words. Good for "some of these rows are French", not for telling Danish from
Norwegian; a text with fewer than two such words is left unnamed."""

from __future__ import annotations

import re
from collections import Counter

_WORDS = {
    "English": "the and of to in is that it was for with as on are this be at have from you not they but by he she we my your a no do so me an all had been one",
    "French": "le la les de des du et en un une est que qui dans pour pas sur au avec ce il elle nous vous je ne sont plus mais",
    "Spanish": "el la los las de del y en un una es que por para con no se lo su al como más pero le muy este está fue son",
    "German": "der die das und in den von zu mit ist nicht ein eine auf für dem des im auch sich es ich sie wir aber wie war noch",
    "Italian": "il lo la gli le di del e in un una è che per con non si da al della sono come più ma ho mi questo anche nel",
    "Portuguese": "o os de da em um uma é que por para com não se na dos mas mais muito como foi ao este está eu",
    "Dutch": "de het een en van in is dat op te voor met niet zijn aan er maar om ook als dan ze wij bij naar heb was door nog",
}
STOP = {name: frozenset(words.split()) for name, words in _WORDS.items()}
_WORD = re.compile(r"[^\W\d_]+")


def language(text: str) -> str:
    """The language with the most of its little words in a text; "" where there are fewer than two or two languages are even.

    >>> language("The room was cold and the tea was not."), language("La chambre est froide et le thé aussi."), language("ok")
    ('English', 'French', '')
    """
    words = _WORD.findall(text.lower())
    hits = Counter({name: sum(w in stop for w in words) for name, stop in STOP.items()}).most_common(2)
    return hits[0][0] if hits[0][1] >= 2 and hits[0][1] > hits[1][1] else ""


def languages(texts: list[str], most: int = 5_000) -> dict[str, int]:
    """How many of (at most `most`) texts are in each language, commonest first; those without a name are left out."""
    some = texts[:: max(1, len(texts) // most)][:most]
    return dict(Counter(name for t in some if (name := language(t))).most_common())


def strangers(texts: list[str]) -> list[int]:
    """Positions of the texts that are in another language than most."""
    named = [language(t) for t in texts]
    main = Counter(n for n in named if n).most_common(1)
    return [i for i, n in enumerate(named) if n and n != main[0][0]] if main else []
