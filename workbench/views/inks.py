"""Colours for words, their grounds and cells, to be read on a light page and on a dark one. Strings of CSS only.

No single colour stands out at 4.5 to 1 from white and from black: a mark is mixed with the colour of the text around it. Where a
viewer does not know `color-mix`, it has that colour alone, and its sign says the same.
"""

from __future__ import annotations

# a cell of a table of texts
ROOMY = "padding:4px 10px;text-align:left;vertical-align:top;border-bottom:1px solid #E3E6EA"
PANE = "background:rgba(127,140,155,.13)"  # a ground a little off the page's own, whichever that is


def ink(colour: str) -> str:
    """The style of words that shall be of a colour.

    >>> ink("#009E73")
    'color:color-mix(in srgb, #009E73 45%, currentColor)'
    """
    return f"color:color-mix(in srgb, {colour} 45%, currentColor)"
