"""What the installed Python packages say about themselves: prose of their documentation strings, with the area of a package as its label.

Source files are parsed, never imported or run. The names that would give the answer away (of packages, classes, functions, parameters)
are replaced by X; what is left is prose. Modules are dealt out to the splits whole, and a text that stands in several modules is kept
once, so nothing of validation or test has been read in training. The same versions give the same data, in the same order.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.util
import inspect
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from workbench.errors import WorkbenchError

AREAS: dict[str, tuple[str, ...]] = {
    "algebra": ("sympy",),
    "arrays": ("numpy", "scipy"),
    "databases": ("sqlalchemy",),
    "deep learning": ("torch", "transformers", "peft", "accelerate"),
    "graphs": ("networkx",),
    "machine learning": ("sklearn",),
    "plotting": ("matplotlib", "mpl_toolkits"),
    "tables": ("pandas", "pyarrow"),
}  # every one of them is installed with the workbench, or with what it needs
PASSED_OVER = re.compile(r"(^|/)(tests?|testing|_?vendor(ed)?|externals?|conftest\.py|test_[^/]*|__init__\.py)(/|$)")
READ = 2_500_000  # bytes of source that are read per area: modules are taken in an order that the digests of their names give
TEXTS = {"train": 200, "validation": 60, "test": 60}  # labelled texts per area, at most
SENTENCES = {"train": 4_000, "validation": 400}  # of all areas together, at most
SHORT, LONG = 8, 45  # words of a sentence
JOINED = 3  # sentences of a labelled text, at most: those with which a documentation string begins
SHARES = {"train": 0.6, "validation": 0.25, "test": 0.15}  # of an area's sentences, as nearly as whole modules allow
NAMES = (
    "docstrings",
    "docstrings-sentences",
)  # labelled texts, and sentences to read, of the same split of the same modules


def tables(name: str) -> dict[str, pd.DataFrame]:
    """One table per split. `docstrings`: text, label, package, module; `docstrings-sentences`: text alone."""
    found = gathered()
    parts = {split: found[found["split"] == split] for split in SHARES}
    if name == "docstrings-sentences":
        return {split: _sentences(parts[split], n) for split, n in SENTENCES.items()}
    return {split: _balanced(_begun(parts[split]), n) for split, n in TEXTS.items()}


def _begun(rows: pd.DataFrame) -> pd.DataFrame:
    """One row per documentation string of two sentences or more: its first ones as one text, with the digest of the first."""
    some = rows[rows["place"] < JOINED].groupby("doc", sort=False)
    begun = some.agg({"text": " ".join, "label": "first", "package": "first", "module": "first", "digest": "first"})
    return begun[some.size() > 1]


def _sentences(rows: pd.DataFrame, most: int) -> pd.DataFrame:
    """Sentences of all areas: those with the smallest digests, which is as good as drawn by lot."""
    return rows.sort_values("digest").head(most)[["text"]].reset_index(drop=True)


def _balanced(rows: pd.DataFrame, most: int) -> pd.DataFrame:
    """The same number of texts from every area: as many as the smallest has, `most` at most."""
    each = min(most, int(rows["label"].value_counts().min()))
    some = rows.sort_values("digest").groupby("label").head(each)
    return some[["text", "label", "package", "module"]].reset_index(drop=True)


@functools.lru_cache(maxsize=1)
def gathered() -> pd.DataFrame:
    """Every sentence: text, label, package, module, split, doc and place (of which documentation string, the how many-th), digest. Each
    sentence once; one that stands in several areas is left out."""
    rows: list[tuple[str, str, str, str, str, int, str]] = []
    names = {package for packages in AREAS.values() for package in packages}
    for area, packages in AREAS.items():
        left = READ
        for package, module, path in _modules(packages):
            if left <= 0:
                break
            left -= path.stat().st_size
            for doc, some in enumerate(_prose(path, names)):
                rows += [(t, area, package, module, f"{module}:{doc}", i, _digest(t)) for i, t in enumerate(some)]
    frame = pd.DataFrame(rows, columns=["text", "label", "package", "module", "doc", "place", "digest"])
    frame = frame[frame.groupby("digest")["label"].transform("nunique") == 1].drop_duplicates("digest")
    if frame["label"].nunique() < 2:
        raise WorkbenchError(f"documentation of {frame['label'].nunique()} areas in the installed packages",
                             f"packages of at least two areas ({', '.join(AREAS)})", "wb.load('clinic')")  # fmt: skip
    splits = {m: split for _, some in frame.groupby("label") for m, split in _dealt(some["module"]).items()}
    return frame.assign(split=frame["module"].map(splits)).reset_index(drop=True)


def _dealt(modules: pd.Series) -> dict[str, str]:
    """Module -> split. Each goes, in the order of the digests, to the split that is furthest below its share of the sentences."""
    have, dealt = dict.fromkeys(SHARES, 0), dict[str, str]()
    sizes = modules.value_counts()
    for module in sorted(sizes.index, key=_digest):
        total = sum(have.values()) + sizes[module]
        dealt[module] = max(SHARES, key=lambda split: SHARES[split] * total - have[split])
        have[dealt[module]] += int(sizes[module])
    return dealt


def _modules(packages: tuple[str, ...]) -> Iterator[tuple[str, str, Path]]:
    """(package, module, file) of those that are installed, in an order that depends on the modules' names alone."""
    found = []
    for package in packages:
        spec = importlib.util.find_spec(package)  # of a top-level name: looks for it, imports nothing
        for home in spec.submodule_search_locations or [] if spec else []:
            for folder, inner, files in os.walk(home):
                inner[:] = sorted(d for d in inner if not PASSED_OVER.search(d))
                for name in files:
                    path = Path(folder, name)
                    module = f"{package}.{path.relative_to(home).with_suffix('').as_posix().replace('/', '.')}"
                    if name.endswith(".py") and not PASSED_OVER.search(name):
                        found.append((_digest(module), package, module, path))
    yield from ((package, module, path) for _, package, module, path in sorted(found))


def _digest(text: str) -> str:
    return hashlib.sha256(re.sub(r"\W+", " ", text.lower()).encode("utf-8", "replace")).hexdigest()[:16]


def _prose(path: Path, names: set[str]) -> Iterator[list[str]]:
    """The sentences of every documentation string of one file; a file that is no Python of this version has none."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, OSError, RecursionError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            doc = ast.get_docstring(node, clean=False)
            if doc:
                yield sentences(doc, names | {getattr(node, "name", "").lower()})


def sentences(doc: str, names: set[str] | frozenset[str] = frozenset()) -> list[str]:
    """The sentences of a documentation string that are prose of 8 to 45 words, with every code-like name, and those of `names` (small letters), as X.

    >>> sentences("Return a new figure, see `plt.figure`, with the axes that were given to it.\\n\\n>>> figure(3)")
    ['Return a new figure, see X, with the axes that were given to it.']
    """
    found = []
    for paragraph in re.split(r"\n\s*\n", inspect.cleandoc(doc)):
        if _is_code(paragraph):
            continue
        plain = hidden(" ".join(paragraph.split()), names)
        for sentence in re.split(r"(?<=[a-zX)][.!?]) (?=[A-Z])", plain):
            words = sentence.split()
            if SHORT <= len(words) <= LONG and sentence[-1] in ".!?" and _is_prose(words):
                found.append(sentence)
    return found


def _is_code(paragraph: str) -> bool:
    """Examples, tables, directives, lists of parameters' names."""
    return any(
        sign in paragraph for sign in (">>>", "::", "\n---", "\n===", "|", "...\n", "{", "\\")
    ) or paragraph.startswith((".. ", "    ", "$"))


def _is_prose(words: list[str]) -> bool:
    plain = [w for w in words if re.fullmatch(r"[a-zA-Z][a-z'-]*[,.;:!?)]*", w) and w.strip(",.;:!?)") != "X"]
    return len(plain) >= 0.8 * len(words) and words[0][0].isupper()


_ROLE = re.compile(r":[a-z:]+:`[^`]*`|``[^`]*``|`[^`]*`_?_?|\[\w{1,12}\]_")
_WORD = re.compile(r"[A-Za-z]+")
_NAME = re.compile(r"\b\w*(?:_\w|[a-z][A-Z]|[A-Z]{2,}[a-z]|\w\.[a-zA-Z]|\d)\w*(?:\.\w+)*(?:\(\))?|\b\w+\(\)")


def hidden(text: str, names: set[str] | frozenset[str] = frozenset()) -> str:
    """The text with marked-up, dotted, under_scored, camelCase names and those of `names` replaced by X, emphasis taken off."""
    text = _NAME.sub("X", _ROLE.sub("X", text)).replace("**", "").replace("*", "")
    text = _WORD.sub(lambda word: "X" if word[0].lower() in names else word[0], text)
    return re.sub(r"\bX(?:[-/]X|\s+X)+\b", "X", text)
