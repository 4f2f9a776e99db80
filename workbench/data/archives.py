"""Archives, .zip and .tar with or without .gz: one file of data beside readmes, or the files of one dataset, which may be packed once
more, as Kaggle has them. Which file is what is not asked here.

Nothing is written but plain files, below a folder of ours that goes away again, and no more than `MOST` bytes of them.
"""

from __future__ import annotations

import re
import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, Any

from workbench.data import codes, endings
from workbench.data.text import some_of
from workbench.errors import WorkbenchError

TARS = (".tar", ".tgz", ".tar.gz")
MOST_FILES = 200_000  # class folders with a file per text have as many
LONG = (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE)
PATH_BYTES = 1 << 20  # of the names in such headers
WEAK = (".txt", ".xml", "")  # beside others these are readmes
_ABOUT = re.compile(
    r"(^|[^a-z])(readme|licen[cs]e|about|copying|citation|changelog|makefile)([^a-z]|$)"
)  # in a name, of what is no data
_BAD = re.compile(r'[\x00-\x1f<>:"|?*]')  # what some system does not allow in a name


@dataclass(frozen=True)
class Member:
    """A file in an archive: its name there, its bytes unpacked, as the archive says, and how to open it."""

    name: str
    size: int
    open: Callable[[], IO[bytes] | None]

    @property
    def path(self) -> PurePosixPath:
        return PurePosixPath(self.name.replace("\\", "/"))


@dataclass
class Room:
    """How many files and bytes may still be unpacked, of archives in an archive all together."""

    files: int
    bytes: int

    def take(self, size: int) -> None:
        """One more file of so many bytes."""
        self.files, self.bytes = self.files - 1, self.bytes - size


def is_one(path: Path | PurePosixPath) -> bool:
    """Whether a file is an archive, by its ending.

    >>> [is_one(Path(n)) for n in ("a.zip", "a.tar.gz", "a.TGZ", "a.csv.gz")]
    [True, True, True, False]
    """
    return path.name.lower().endswith((".zip", *TARS))


def stem(path: Path) -> str:
    """The name without the endings that say it is an archive."""
    return re.sub(r"\.(zip|tgz|tar|tar\.gz)$", "", path.name, flags=re.IGNORECASE)


@contextmanager
def unpacked(path: Path, known: tuple[str, ...], notes: list[str]) -> Iterator[Path]:
    """The only file of data of an archive, else a folder with all its files; `known` are the endings of files that can be read."""
    with tempfile.TemporaryDirectory(prefix="workbench-") as folder:
        try:
            with _members(path) as members:
                inner = _only(members, known)
                if inner is not None:
                    notes.append(f"of {path.name} its file {inner.name} was read")
                    notes += _left_packed(path, [m.path.name for m in members if is_one(m.path)])
                    found = endings.copied(_opened(inner), path, Path(folder), _named(path, inner))
                else:
                    found = _all(members, path, Path(folder) / stem(path))
                    found = _opened_too(found, path, known, notes)
        except endings.BROKEN as error:
            raise endings.broken(path, error) from error
        yield found


@contextmanager
def beside(path: Path, names: tuple[str, ...], most: int) -> Iterator[Path]:
    """The folder in which a file lies; of an archive a folder with those of its files that have one of these names and at most so
    many bytes, of two the one that lies less deep."""
    if not (path.is_file() and is_one(path)):
        yield path if path.is_dir() else path.parent
        return
    with tempfile.TemporaryDirectory(prefix="workbench-") as folder:
        try:
            with _members(path) as members:
                for member in sorted(members, key=lambda m: -len(m.path.parts)):
                    if member.path.name in names and member.size <= most:
                        endings.copied(_opened(member), path, Path(folder), member.path.name, most)
        except endings.BROKEN:
            pass  # then there are no names
        yield Path(folder)


def _opened_too(folder: Path, path: Path, known: tuple[str, ...], notes: list[str]) -> Path:
    """The folder of an archive that holds nothing but archives with what is in those, or its only file of data; others as they are.
    What is packed in them a second time stays so."""
    inner = [p for p in sorted(folder.rglob("*")) if p.is_file() and is_one(p)]
    data = [p for p in folder.rglob("*") if p not in inner and _is_data(p, known)]
    if data or not inner:
        notes += _left_packed(path, [p.name for p in inner])
        return folder
    room = Room(MOST_FILES, endings.MOST)
    for packed in inner:
        _open_one(packed, path, known, room)
    notes.append(f"of {path.name} what is packed in it was unpacked too: {some_of(p.name for p in inner)}")
    left = sorted(p for p in folder.rglob("*") if p.is_file())
    only = _only([Member(p.relative_to(folder).as_posix(), 0, partial(_raw, p)) for p in left], known)
    return folder / only.name if only is not None else _inside(folder)


def _left_packed(path: Path, names: list[str]) -> list[str]:
    """A sentence on archives in an archive that are not opened, as other files of data lie beside them."""
    return [f"what is packed in {path.name} once more was not read: {some_of(names)}"] if names else []


def _open_one(packed: Path, path: Path, known: tuple[str, ...], room: Room) -> None:
    """What is in an archive in its place: its only file of data, named after it, or a folder with all its files."""
    try:
        with _members(packed) as members:
            inner = _only(members, known)
            if inner is not None:
                name, files = _named(packed, inner), [inner]
            else:
                name, files = stem(packed), members
            if (target := packed.with_name(name)).exists():
                raise WorkbenchError(f"{path.name} holds {packed.name} and {name}", "one of them",
                                     "unpacking it and loading one of these")  # fmt: skip
            if inner is not None:
                room.take(endings.copied(_opened(inner), path, packed.parent, name, room.bytes).stat().st_size)
            else:
                aside = packed.with_name(f"{packed.name} unpacked")
                _all(files, path, aside, room).rename(target)
                shutil.rmtree(aside, ignore_errors=True)
    except endings.BROKEN as error:
        raise endings.broken(packed, error) from error
    packed.unlink()


def _named(path: Path, inner: Member) -> str:
    """The name of the only file of an archive: the archive's, with the file's ending."""
    suffixes = inner.path.suffixes
    ending = "".join(suffixes[-2:] if inner.path.suffix.lower() == ".gz" else suffixes[-1:])
    return f"{stem(path).removesuffix(ending)}{ending}"


def _is_data(path: Path, known: tuple[str, ...]) -> bool:
    """Whether a file is one of data by its ending, and no readme."""
    suffix = endings.bare(path).suffix.lower()
    return path.is_file() and suffix in known and suffix not in WEAK and not _is_about(path.name)


def several(path: Path, folder: Path, known: tuple[str, ...]) -> WorkbenchError:
    """What to say of an archive whose files are not those of one dataset."""
    inside = [
        p.relative_to(folder).as_posix() for p in sorted(folder.rglob("*")) if p.is_file() and not _is_about(p.name)
    ]
    data = [n for n in inside if endings.bare(Path(n)).suffix.lower() in known]
    found = [n for n in data if Path(n).suffix.lower() not in WEAK] or data
    some = f" ({some_of(found, 3)})" if found else ""
    packed = [n for n in inside if is_one(Path(n))]
    if packed and not found:
        return WorkbenchError(f"{path.name} holds archives within archives ({some_of(packed, 3)})",
                              "files of data, or archives of such files", f"unpacking it and loading {packed[0]}")  # fmt: skip
    return WorkbenchError(f"{path.name} holds {len(found)} files of data{some}", "exactly one, or the files of one dataset, such as "
                          "train.csv and test.csv or train.en and train.fr", "unpacking it and loading one of its files, or its folder")  # fmt: skip


class _Header(tarfile.TarInfo):
    """A member's header. Of a long name tarfile reads as many bytes as it claims to have, in one piece."""

    def _proc_member(self, tar: tarfile.TarFile) -> Any:
        if self.type in LONG and self.size > PATH_BYTES:
            raise tarfile.ReadError(f"a name of {self.size:,} bytes")
        return super()._proc_member(tar)  # type: ignore[misc]


@contextmanager
def _members(path: Path) -> Iterator[list[Member]]:
    """The plain files of an archive; links, devices and what macOS puts in are none."""
    with ExitStack() as stack:
        if path.name.lower().endswith(".zip"):
            packed = stack.enter_context(zipfile.ZipFile(path))
            found = [
                Member(i.filename, i.file_size, partial(packed.open, i)) for i in packed.infolist() if not i.is_dir()
            ]
        else:
            how: Any = "r:" if path.suffix.lower() == ".tar" else "r:gz"
            tar = stack.enter_context(tarfile.open(path, how, tarinfo=_Header))
            found = [Member(i.name, i.size, partial(tar.extractfile, i)) for i in tar if i.isfile()]
        yield [m for m in found if "__MACOSX" not in m.path.parts and not m.path.name.startswith(".")]


def _only(members: list[Member], known: tuple[str, ...]) -> Member | None:
    """The only file of data; beside others a text file is a readme, and texts in two languages, and BRAT's with their names, belong together."""
    spoken = {code for m in members if (code := codes.of_file(Path(m.path.name)))}
    if len(spoken) > 1 or any(m.path.suffix.lower() == ".ann" for m in members):
        return None
    plain = [m for m in members if not speaks_of_others(m.path.name)]
    found = [m for m in plain if endings.bare(Path(m.path.name)).suffix.lower() in known]
    for some in (
        [m for m in found if m.path.suffix.lower() not in WEAK],
        found,
        [m for m in plain if not m.path.suffix],
    ):
        if some:
            return some[0] if len(some) == 1 else None
    return None


def _all(members: list[Member], path: Path, folder: Path, room: Room | None = None) -> Path:
    """A folder with all files; where all lie in one folder of the archive, that one."""
    room = room or Room(MOST_FILES, endings.MOST)
    if len(members) > room.files or sum(m.size for m in members) > room.bytes:
        raise endings.too_large(path)
    folder.mkdir()
    for member in members:
        parts = [_BAD.sub("_", part) for part in member.path.parts]
        if ".." in parts or member.path.is_absolute():
            raise WorkbenchError(f"{path.name} holds a file called {member.name[:80]!r}", "names inside the archive's own folder",
                                 "unpacking it with the program that made it")  # fmt: skip
        target = folder.joinpath(*parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        room.take(endings.copied(_opened(member), path, target.parent, target.name, room.bytes).stat().st_size)
    return _inside(folder)


def _is_about(name: str) -> bool:
    """Whether a file says something of the others: a readme, a licence.

    >>> [_is_about(n) for n in ("README", "_about.txt", "License.md", "about.csv", "reviews.txt")]
    [True, True, True, False, False]
    """
    return Path(name).suffix.lower() in (*WEAK, ".md") and speaks_of_others(name)


def speaks_of_others(name: str) -> bool:
    """Whether a file's name says that it is about the others, and no data.

    >>> [speaks_of_others(n) for n in ("README.md", "subjdata.README.1.0", "cmds", "roundabout.txt")]
    [True, True, True, False]
    """
    return name.lower() in endings.READMES or bool(_ABOUT.search(name.lower()))


def _inside(folder: Path) -> Path:
    """The folder, or the only one in it where nothing else lies there but what says what it is."""
    inner = [p for p in folder.iterdir() if p.is_dir()]
    files = [p for p in folder.iterdir() if p.is_file() and not _is_about(p.name)]
    return _inside(inner[0]) if len(inner) == 1 and not files else folder


def _raw(path: Path) -> IO[bytes]:
    return path.open("rb")


def _opened(member: Member) -> IO[bytes]:
    found = member.open()
    if found is None:
        raise ValueError(f"{member.name[:80]} cannot be opened")
    return found
