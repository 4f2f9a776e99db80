"""What to say of a file whose reader gave up: what is wrong in one line, and what such a file looks like inside. Nothing is read here."""

from __future__ import annotations

from pathlib import Path

from workbench.errors import WorkbenchError

CONLL = (".conll", ".conllu", ".bio", ".iob", ".iob2", ".annotated")
READ_ERRORS = (ValueError, OSError, TypeError, KeyError, OverflowError, RecursionError, NotImplementedError)


def unreadable(path: Path, error: BaseException) -> WorkbenchError:
    """What to say of a file whose reader gave up; a WorkbenchError stays as it is."""
    if isinstance(error, WorkbenchError):
        return error
    if isinstance(error, UnicodeError):
        shape, try_ = " in UTF-8", "saving it again as UTF-8"
    else:
        shape, try_ = _shape(path.suffix.lower())
    return WorkbenchError(
        f"{path.name} cannot be read: {first_line(error)}", f"a {path.suffix[1:] or 'text'} file{shape}", try_
    )


def _shape(suffix: str) -> tuple[str, str]:
    """What a file of this kind looks like inside, and what to try when one does not."""
    if suffix in CONLL:
        return " with a word and its tag in every line and a blank line between sentences", "a tab between word and tag"
    if suffix == ".json":
        return " as SQuAD has it, or a list of objects with the same fields", "one object per line, in a jsonl file"
    if suffix in (".csv", ".tsv"):
        return (
            " with names in its first line and as many fields in every row",
            "texts that hold the separator in double quotes",
        )
    if suffix == ".sgm":
        return " of WMT, with segments", "saving the texts between its tags as csv with columns text and label"
    return (" with one object per line" if suffix == ".jsonl" else ""), "saving it again"


def first_line(error: BaseException) -> str:
    """The first line of what an error says, else its kind."""
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__
