"""train.py as text: one template, of which a run takes the lines that it needs. What the run was is not asked here.

In the template a line `#? a b` opens a part that is kept where all these words hold, and a line `#?` closes it (parts nest);
`{{word}}` is replaced. Everything else is the script as it will stand there, so the template reads like the script.
"""

from __future__ import annotations

import re
from pathlib import Path

TEMPLATE = Path(__file__).with_name("train.py.template")


def script(holds: set[str], words: dict[str, str]) -> str:
    """The script for a run of which the words in `holds` are true; `words` fill the braces."""
    return fill(TEMPLATE.read_text("utf-8"), holds, words)


def fill(template: str, holds: set[str], words: dict[str, str]) -> str:
    """The template's lines for `holds`, with `words` in their places.

    >>> fill("a\\n#? x\\nb {{w}}\\n#?\\n#? x y\\nc\\n#?\\n", {"x"}, {"w": "2"})
    'a\\nb 2\\n'
    """
    kept: list[str] = []
    opened: list[bool] = []
    for line in template.splitlines():
        if line.startswith("#? "):
            opened.append(set(line[2:].split()) <= holds)
        elif line.startswith("#?"):
            opened.pop()
        elif all(opened):
            kept.append(re.sub(r"\{\{(\w+)\}\}", lambda found: words[found[1]], line))
    return re.sub(r"\n{4,}", "\n\n\n", "\n".join(kept)) + "\n"
