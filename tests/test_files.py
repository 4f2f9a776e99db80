"""What a file that somebody has open for a moment means on Windows: a little patience, and an error only after it."""

import pytest

from workbench import files
from workbench.training import store


@pytest.fixture
def busy(monkeypatch):
    """Says how often a file is refused before it is given."""
    monkeypatch.setattr(files, "REFUSES", True)
    monkeypatch.setattr(files, "PATIENCE", 0.2)
    real = store.os.replace

    def times(n):
        left = [n]

        def replace(source, target):
            if left[0] > 0:
                left[0] -= 1
                raise PermissionError(
                    13, "The process cannot access the file because it is being used by another process"
                )
            real(source, target)

        monkeypatch.setattr(store.os, "replace", replace)
        return left

    return times


def test_a_file_that_is_open_for_a_moment_is_replaced_after_it(busy, tmp_path):
    left = busy(3)
    store.write_aside(tmp_path / "config.json", b"new")
    assert left == [0] and (tmp_path / "config.json").read_bytes() == b"new"


def test_patience_has_an_end(busy, tmp_path):
    busy(10**9)
    with pytest.raises(PermissionError, match="another process"):
        store.write_aside(tmp_path / "config.json", b"new")


def test_elsewhere_a_file_that_may_not_be_written_is_said_at_once(busy, tmp_path, monkeypatch):
    left = busy(3)
    monkeypatch.setattr(files, "REFUSES", False)
    with pytest.raises(PermissionError):
        store.write_aside(tmp_path / "config.json", b"new")
    assert left == [2]
