"""Where a search keeps its trials: a file of JSON lines by default, or a database. optuna's storages; no pickle is read.

`redis://` is refused: optuna keeps pickled snapshots there, and whoever can write them could run code here.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from workbench.errors import WorkbenchError
from workbench.files import to_be_made
from workbench.training.store import runs_home

FIRST = b'{"op_code":'  # how the file of a search begins
# Packages that are not called as the module in them; all others are.
DRIVERS = {"psycopg2": "psycopg2-binary", "psycopg": "psycopg[binary]", "MySQLdb": "mysqlclient"}
LOCK_SECONDS = 10  # after which the lock of a process that was killed while writing is broken


def searches_home() -> Path:
    """Where searches are kept that name no storage: `searches` beside the runs."""
    return runs_home() / "searches"


def place(storage: str | os.PathLike[str] | None, name: str) -> str:
    """What `storage=` stands for: a database URL as it is, a path of a file, or by default the search's own file."""
    if storage is None:
        return str((searches_home() / f"{name}.jsonl").resolve())
    if not isinstance(storage, str | os.PathLike):
        raise WorkbenchError(f"storage={storage!r:.60}", "a file or a database URL", 'storage="search.jsonl"')
    text = os.fspath(storage)
    if not text.strip() or Path(text).is_dir():
        raise WorkbenchError(f"the storage {text!r} is no file", "a file or a database URL", 'storage="search.jsonl"')
    if "://" not in text:
        return str(to_be_made(text).resolve())
    if text.startswith("redis"):
        raise WorkbenchError(f"the storage {masked(text)} would be read as pickles, which can run code",
                             "a file, or a URL of SQLite, PostgreSQL or MySQL", "storage='sqlite:///search.db'")  # fmt: skip
    return text


def masked(where: str) -> str:
    """A storage as it may be shown: without the password of its URL.

    >>> masked("postgresql://ann:secret@host/db")
    'postgresql://ann:***@host/db'
    """
    head, mark, rest = where.partition("://")
    user, at, host = rest.rpartition("@")
    return f"{head}{mark}{user.partition(':')[0]}:***@{host}" if mark and at and ":" in user else where


def connect(where: str) -> Any:
    """optuna's storage for a place. Raises WorkbenchError when it cannot be opened."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with trouble(where):
        if "://" in where:
            return optuna.storages.RDBStorage(where)
        Path(where).parent.mkdir(parents=True, exist_ok=True)
        if Path(where).exists() and Path(where).stat().st_size:
            with open(where, "rb") as file:  # somebody's notes would lose a last line without a line break
                if file.read(len(FIRST)) != FIRST:
                    raise ValueError("its first line is another")
        return optuna.storages.JournalStorage(journal(where))


def journal(where: str) -> Any:
    """optuna's file of JSON lines, with two things more: half a line is cut off again, and a file that is gone stays gone."""
    from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

    class Journal(JournalFileBackend):
        def append_logs(self, logs: list[dict[str, Any]]) -> None:
            lines = b"".join(json.dumps(log, separators=(",", ":")).encode() + b"\n" for log in logs)
            if not os.path.exists(where):
                raise FileNotFoundError(2, "it is gone")
            lock.acquire()
            try:
                _append_whole(where, lines)
            finally:
                lock.release()

    lock = JournalFileOpenLock(where, LOCK_SECONDS)
    return Journal(where, lock)


def _append_whole(path: str, lines: bytes) -> None:
    """All of `lines` or nothing: a full disk writes half a line, and the next one would be glued to it."""
    with open(path, "r+b", buffering=0) as file:  # not "a", which would make a new file where the old one has gone
        end = _end_of_last_line(file)
        try:
            if file.write(lines) != len(lines):
                raise OSError(28, "No space left on device")
            os.fsync(file.fileno())
        except OSError:
            file.truncate(end)
            raise


def _end_of_last_line(file: Any) -> int:
    """Where to write; what a killed process has left after the last line break is cut off."""
    end = file.seek(0, os.SEEK_END)
    tail = min(end, 1 << 16)
    file.seek(end - tail)
    whole = file.read(tail).rfind(b"\n") + 1
    if tail and whole < tail:
        end = file.truncate(end - tail + whole)
    return int(file.seek(end))


@contextlib.contextmanager
def trouble(where: str) -> Iterator[None]:
    """Whatever goes wrong with the storage in here becomes one sentence."""
    from optuna.exceptions import DuplicatedStudyError, StorageInternalError
    from sqlalchemy.exc import NoSuchModuleError, SQLAlchemyError

    try:
        yield
    except (WorkbenchError, DuplicatedStudyError):
        raise
    except NoSuchModuleError as error:
        raise WorkbenchError(f"{where.partition('://')[0]}:// stands for no database that optuna takes",
                             "postgresql://, mysql:// or sqlite:///", "storage='sqlite:///search.db', or a file") from error  # fmt: skip
    except (OSError, StorageInternalError, SQLAlchemyError, RuntimeError) as error:
        cause = error.__cause__ if isinstance(error, StorageInternalError) and error.__cause__ else error
        reason = getattr(cause, "strerror", None) or str(getattr(cause, "orig", None) or cause).strip().split("\n")[0]
        raise WorkbenchError(f"the storage of the search, {masked(where)}, cannot be used ({reason})",
                             "a place that can be read and written", "the same call when it is there: it goes on") from error  # fmt: skip
    except ImportError as error:
        database, _, driver = where.partition(":")[0].partition("+")
        module = getattr(error.__cause__, "name", None) or driver or database
        raise WorkbenchError(f"the driver of {masked(where)} is not installed (no module {module})", "a driver for this database",
                             f'pip install "{DRIVERS.get(module, module)}", or a file as storage') from error  # fmt: skip
    except (ValueError, KeyError, TypeError) as error:
        raise WorkbenchError(
            f"{masked(where)} is not the storage of a search ({type(error).__name__})",
            "a file or database that wb.search has made",
            "another storage=",
        ) from error
