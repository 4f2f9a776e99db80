"""Words can be read on a light page and on a dark one: no fixed colour without its ground, no fixed ground without its colour."""

import re
from pathlib import Path

import pytest

import workbench
from workbench.views import blueprint, inks
from workbench.views import figures as fig

PAGES = {
    "light": ((255, 255, 255), (33, 33, 33)),
    "dark": ((17, 17, 17), (255, 255, 255)),
}  # JupyterLab's page and words
SOURCE = {
    f"{path.name}:{number}": line
    for path in Path(workbench.__file__).parent.rglob("*.py")
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
}


def rgb(colour):
    return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))


def mixed(share, colour, other):
    return tuple(share * a + (1 - share) * b for a, b in zip(colour, other, strict=True))


def contrast(a, b):
    """As WCAG counts it: 1 to 21.

    >>> round(contrast((0, 0, 0), (255, 255, 255)))
    21
    """

    def light(colour):
        parts = [v / 255 / 12.92 if v <= 10 else ((v / 255 + 0.055) / 1.055) ** 2.4 for v in colour]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2] + 0.05

    return max(light(a), light(b)) / min(light(a), light(b))


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("colour", [fig.BEST, fig.VALID])
def test_marks_and_words_stand_out_from_both_pages_and_from_a_pane(page, colour):
    ground, words = PAGES[page]
    share = int(re.search(r" (\d+)%", inks.ink(colour))[1]) / 100
    *pane, alpha = map(float, re.search(r"rgba\((.*)\)", inks.PANE)[1].split(","))
    behind = mixed(alpha, pane, ground)
    mark = mixed(share, rgb(colour), words)
    assert min(contrast(mark, ground), contrast(mark, behind), contrast(words, behind)) >= 4.5


def test_no_words_have_a_fixed_colour_but_black_on_a_ground_of_their_own():
    fixed = {place: line for place, line in SOURCE.items() if re.search(r"(?<![\w-])color:#(?!000\b)", line)}
    assert fixed == {}


def test_a_fixed_ground_says_which_colour_its_words_have():
    grounds = {place: line for place, line in SOURCE.items() if re.search(r"background:(#|repeating)", line)}
    bars = {place for place, line in grounds.items() if "height:" in line}  # without words
    assert grounds
    assert [p for p, line in grounds.items() if p not in bars and not re.search(r"color:#000|BLACK", line)] == []


@pytest.mark.parametrize("look", [look for look in blueprint.LOOKS if look != "missing"])
def test_every_block_of_a_blueprint_is_dark_on_light(look):
    style = blueprint.LOOKS[look][1]
    ground = style.partition("background:")[2]
    tints = [c if len(c) == 7 else "#" + "".join(2 * x for x in c[1:]) for c in re.findall(r"#\w+", ground)]
    assert tints.pop() == "#000000" and all(contrast((0, 0, 0), rgb(tint)) > 7 for tint in tints) and tints
