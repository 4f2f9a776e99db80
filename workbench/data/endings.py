"""Files whose ending says nothing of their rows: packed ones are unpacked, of others the first lines say what they are."""

from __future__ import annotations

import errno
import gzip
import json
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from workbench.data import bioc, codes, conll, decode, onelines, segments, txt
from workbench.errors import WorkbenchError

PACKED = (".gz", ".zip", ".tgz", ".tar")
SPREADSHEETS = (".xls", ".xlsm", ".xlsb", ".ods", ".numbers")  # which are not read
ADVICE = {  # what to make of files that are not read, so that they are
    ".sgm": "saving the texts between its tags as csv with columns text and label",
    ".sgml": "saving the texts between its tags as csv with columns text and label",
    ".xml": "pd.read_xml(path), or saving the texts between its tags as csv with columns text and label",
    ".ann": "wb.load of its folder, where a .txt of the same name lies beside it",
    ".tokens": "renaming it to end in .txt, if every line is a text",
    ".xlf": "saving it as .tmx, which programs for translators do",
    ".xliff": "saving it as .tmx, which programs for translators do",
    ".po": "saving it as .tmx, as po2tmx does",
    ".srt": "saving what is said in it as .txt, a text in every line",
    ".md": "saving its texts as .txt, a text in every line, or as csv with columns text and label",
    ".html": "saving its texts as .txt, a text in every line, or as csv with columns text and label",
    ".yml": "saving its texts as csv with columns text and label",
    ".yaml": "saving its texts as csv with columns text and label",
    ".pkl": "saving it as csv where it was made: opening a pickle runs what it holds",
    ".pickle": "saving it as csv where it was made: opening a pickle runs what it holds",
    ".feather": "wb.load(pd.read_feather(path))",
    ".spacy": "saving it as json, [[text, {'entities': [[start, end, kind], ...]}], ...], with spaCy's DocBin",
    ".arff": "pd.DataFrame(scipy.io.arff.loadarff(path)[0]), or saving it as csv",
    ".svm": "the texts that its numbers count, as csv with columns text and label: numbers of words are no texts",
    ".libsvm": "the texts that its numbers count, as csv with columns text and label: numbers of words are no texts",
    ".feat": "the texts that its numbers count, as csv with columns text and label: numbers of words are no texts",
    ".docx": "saving its texts as .txt, a text in every line, or as csv with columns text and label",
    ".pdf": "saving its texts as .txt, a text in every line, or as csv with columns text and label",
    ".db": "pd.read_sql('select ...', sqlite3.connect(path)), or saving a table of it as csv",
    ".sqlite": "pd.read_sql('select ...', sqlite3.connect(path)), or saving a table of it as csv",
    ".mbox": "a table with columns text and label, made with Python's mailbox",
    ".eml": "wb.load of a folder with a folder of such mails for each class",
    ".arrow": "wb.load(datasets.Dataset.from_file(path))",
    ".zip": "unpacking it and loading what comes out",
    ".tar": "unpacking it and loading what comes out",
    ".tgz": "unpacking it and loading what comes out",
    ".rar": "unpacking it and loading what comes out",
    ".bz2": "unpacking it and loading what comes out",
    ".xz": "unpacking it and loading what comes out",
    ".7z": "unpacking it and loading what comes out",
}
READMES = ("readme", "license", "makefile", "cmds")
MOST = 512 * 1024 * 1024  # bytes that a packed file may hold
PIECE = 1 << 20
MOST_COLUMNS = 20  # of a word and its tag
BROKEN = (
    OSError,
    EOFError,
    zlib.error,
    zipfile.BadZipFile,
    tarfile.TarError,
    RuntimeError,
    NotImplementedError,
    ValueError,
)


@contextmanager
def unpacked(path: Path, endings: tuple[str, ...]) -> Iterator[Path]:
    """The file of data inside a .gz file, in a folder of its own that goes away again."""
    with tempfile.TemporaryDirectory(prefix="workbench-") as folder:
        try:
            with gzip.open(path) as packed:
                ending = _ending(path.stem, endings)
                inner = copied(packed, path, Path(folder), f"{path.stem.removesuffix(ending)}{ending}")
        except BROKEN as error:
            raise broken(path, error) from error
        yield inner


def broken(path: Path, error: BaseException) -> WorkbenchError:
    """What to say of a packed file that cannot be unpacked; a WorkbenchError stays as it is."""
    if isinstance(error, WorkbenchError):
        return error
    if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return WorkbenchError(f"there is no room to unpack {path.name} in {tempfile.gettempdir()}", "room for what is packed in it",
                              "making room, or TMPDIR=FOLDER in the environment")  # fmt: skip
    return WorkbenchError(f"{path.name} cannot be unpacked: {str(error)[:200] or type(error).__name__}",
                          f"a whole {path.suffix} file without a password", "unpacking it with the program that made it")  # fmt: skip


def bare(path: Path) -> Path:
    """The path without the ending that says it is packed.

    >>> [bare(Path(n)).name for n in ("train.csv.gz", "train.csv.zip", "train.zip")]
    ['train.csv', 'train.csv', 'train.zip']
    """
    packed = path.suffix.lower() == ".gz" or (path.suffix.lower() == ".zip" and path.with_suffix("").suffix)
    return path.with_suffix("") if packed else path


def _ending(inside: str, endings: tuple[str, ...]) -> str:
    """The ending of the packed file where it is known, else nothing: then its lines say what it is."""
    ending = Path(inside).suffix
    return ending if ending.lower() in endings else ""


def unsaid(path: Path) -> WorkbenchError:
    """What to say of a .gz file whose name does not say what is packed in it, nor do its lines."""
    return WorkbenchError(f"{path.name} does not say what is packed in it", f"a name such as {path.stem}.csv.gz",
                          "unpacking it and loading what comes out")  # fmt: skip


def copied(packed: IO[bytes] | gzip.GzipFile, path: Path, folder: Path, name: str, most: int | None = None) -> Path:
    """What is packed as a file of this name in a folder, as far as it is not too large."""
    target, left = folder / name, MOST if most is None else most
    with target.open("wb") as out:
        while piece := packed.read(PIECE):
            left -= len(piece)
            if left < 0:
                raise too_large(path)
            out.write(piece)
    return target


def too_large(path: Path) -> WorkbenchError:
    """What to say of a packed file that holds more than is unpacked."""
    return WorkbenchError(f"{path.name} holds more than {MOST >> 20} MB", "a smaller packed file",
                          "unpacking it and loading what comes out")  # fmt: skip


def unknown(path: Path, endings: tuple[str, ...]) -> WorkbenchError:
    """What to say of a file with an ending that is not known and lines that do not tell."""
    found = f"a file ending in {path.suffix!r}" if path.suffix else f"a file without an ending ({path.name})"
    if codes.of_file(codes.turned(path)):
        return WorkbenchError(
            found,
            "the text in two languages, line by line, as train.en and train.fr",
            "both at once in the panel, or wb.load of the folder with both",
        )
    kind = "xlsx or csv" if path.suffix.lower() in SPREADSHEETS else "csv"
    return WorkbenchError(
        found, f"one of {', '.join(endings)}", ADVICE.get(path.suffix.lower(), f"saving it as {kind}")
    )


def looks_like(path: Path) -> str:
    """The known ending that the first lines of a file call for; empty where they do not say."""
    try:
        lines = decode.beginning(path, decode.encoding(path)).splitlines()[:500]
    except (ValueError, OSError):
        return ""
    lines = lines[:-1] if len(lines) > 3 else lines  # the last may be cut
    full = [line for line in lines if line.strip()]
    if not full:
        return ""
    if segments.has_some(full) or bioc.is_xml("\n".join(full[:20])):
        return ".sgm"
    if all(_is_object(line) for line in full):
        return ".jsonl"
    if full[0].startswith("#begin document"):
        return ".conll"
    if conll.in_lines([line.strip() for line in lines], most=MOST_COLUMNS) or onelines.is_built(full):
        return ".conll"
    if txt.built([line.strip() for line in lines]) in ("labelled", "documents", "standoff"):
        return ".txt"
    pairs = [line.split("\t") for line in full if line.count("\t") == 1]
    if len(pairs) < 0.9 * len(full) or len(pairs) < 3:
        return ""
    few, many = ({pair[i].strip() for pair in pairs} for i in (0, 1))
    return ".tsv" if 2 <= len(few) <= len(pairs) / 3 < len(many) else ""


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False
