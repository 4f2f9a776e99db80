"""docs/techniques.md in part, measured again: what helps there with 64 headlines helps here, by about as much."""

import re
from pathlib import Path

import pytest

from workbench.models import journal
from workbench.training import effects

PAGE = Path(__file__).resolve().parents[2] / "docs" / "techniques.md"
pytestmark = [pytest.mark.outcomes, pytest.mark.notebooks, pytest.mark.slow, pytest.mark.xdist_group("effects")]


def quoted(name, labels=64):
    """(difference in points, its deviation over seeds, verdict) of a technique on headlines with so many labels."""
    line = next(
        line
        for line in PAGE.read_text("utf-8").splitlines()
        if line.startswith(f"| {name} | headlines (accuracy) | {labels} |")
    )
    found = re.search(r"\| ([+-][\d.]+) ± ([\d.]+) \|.*\| ([a-z ]+) \|$", line)
    return float(found[1]), float(found[2]), found[3]


@pytest.mark.parametrize("name", ["unfreezing", "ia3"])
def test_what_the_page_says_of_64_headlines_holds_on_three_seeds(name, tmp_path, home):
    mean, deviation, verdict = quoted(name)
    assert verdict == "helps"
    results = tmp_path / "e.jsonl"
    effects.main([name, "--data", "headlines", "--seeds", "3", "--results", str(results)])
    ways = {w: [r["score"] for r in journal.read(results) if r["way"] == w] for w in ("control", "technique")}
    again, *_ = effects.effect([100 * (b - a) for a, b in zip(ways["control"], ways["technique"], strict=True)])
    assert again > 0 and again == pytest.approx(mean, abs=2 * deviation)


def test_copies_of_32_headlines_change_as_little_again(tmp_path, home, monkeypatch):
    few = [s for s in effects.SETTINGS if s.name == "augmentation" and s.labels == 32]
    monkeypatch.setattr(effects, "SETTINGS", tuple(few))
    mean, deviation, verdict = quoted("augmentation", 32)
    assert verdict == "no detectable difference"
    results = tmp_path / "e.jsonl"
    effects.main(["augmentation", "--seeds", "3", "--results", str(results)])
    ways = {w: [r["score"] for r in journal.read(results) if r["way"] == w] for w in ("control", "technique")}
    again, *_ = effects.effect([100 * (b - a) for a, b in zip(ways["control"], ways["technique"], strict=True)])
    assert again == pytest.approx(mean, abs=2 * deviation)
