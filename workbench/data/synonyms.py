"""Words that can stand for each other, and words that must stay: what `augment` knows of English. Written for this project.

A line of `synonyms.txt` is a group: every word of it may be replaced by every other one, in the same form (number, tense), so that the grammar
holds. `+` and `-` begin a group of praise or blame: praise is replaced by praise only. No word is in two groups. Not a dictionary: words
with several everyday senses (run, right, well) are left out on purpose.
"""

from __future__ import annotations

from pathlib import Path

GROUPS = Path(__file__).with_name("synonyms.txt").read_text("utf-8")

_FLIPS = "no not never none nobody nothing nowhere neither nor cannot without hardly barely scarcely rarely seldom"
_TURNS = "few little less least lack lacks lacked lacking too unless except instead despite but although though however yet only"
FLIPS = frozenset(_FLIPS.split())  # with words in ...n't: what comes behind them means its opposite
NEGATIONS = FLIPS | frozenset(_TURNS.split())

_SENTIMENT = {
    "+": "like liked likes nice warm warmly bargain beat beats celebrate celebrates champion clean cured easy elegant excited "
    "favourite flourish free fun generous gift healthy honest hope impressed improve improved improves lucky pleasant pleasure "
    "polished pretty prize proud quick record rescue rescued safe saved smile smooth spacious special sturdy sweet thanks thank "
    "thrive tireless treat value welcome win winner winning wins won worth worthy yes enough",
    "-": "abandoned afraid against appalling avoid ban blame blamed bug collapse collapsed complaint complaints crash crashed "
    "crawled cried crime cruel crying cancelled cold dead death delay delayed delays died dirt disaster disgrace dismal "
    "expensive failed fails fear fears flimsy gone grim hurt ignored ill jammed late leak leaked leaks lied lose loses loss losses lost "
    "lukewarm missed missing mistake mould nasty never-ending overcooked pain pity polluted pricey refuse refused regret rotten rubbish "
    "scratched shame shoddy shortage sick slow smelly smells soggy sorry stolen stuck tired tiresome unfair wait war warn "
    "warned weak worn wrong",
}  # praise and blame that stay as they are: words that flip or carry an opinion without a safe substitute


def _read(groups: str) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
    """(word -> the others of its group, word -> "+" or "-")."""
    others: dict[str, tuple[str, ...]] = {}
    polarity = {word: sign for sign, words in _SENTIMENT.items() for word in words.split()}
    for line in groups.strip().splitlines():
        sign, words = ("", line.split()) if line[0] not in "+-" else (line[0], line[1:].split())
        for word in words:
            others[word] = tuple(w for w in words if w != word)
            if sign:
                polarity[word] = sign
    return others, polarity


SYNONYMS, POLARITY = _read(GROUPS)


def flips(word: str) -> bool:
    """Whether a word in small letters turns what stands behind it into its opposite: `not`, `never`, `don't`."""
    return word in FLIPS or word.endswith("n't")


def protected(word: str) -> bool:
    """Whether a word carries an opinion or turns one round: `good`, `broken`, `not`, `don't`, `but`.

    >>> protected("Don't"), protected("superb"), protected("kettle")
    (True, True, False)
    """
    plain = word.lower().replace("’", "'")
    return flips(plain) or plain in NEGATIONS or plain in POLARITY
