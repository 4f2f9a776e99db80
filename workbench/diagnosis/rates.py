"""How often the diagnosis errs: on simulated curves whose truth is known, beside the plain rules that others use. Trains nothing.

`python -m workbench diagnose-rates [CURVES] [SEED]` prints the tables. Every rule reads a curve live, evaluation by evaluation.
An alarm is the word "overfitting". It is false when it comes at any evaluation of a curve that never overfits; its delay is
counted in evaluations from the true onset (see `simulate`), 0 where it stands by then, endless where it never comes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from workbench.diagnosis import advice as a
from workbench.diagnosis.advice import Context, Thresholds
from workbench.diagnosis.reading import Reading
from workbench.diagnosis.rules import fired, overfitting
from workbench.diagnosis.simulate import Simulated, curves
from workbench.errors import WorkbenchError

CURVES, SEED = 2002, 2  # whole rounds of all kinds; the thresholds were set on seeds 1, 3 and 11
OURS = "workbench"
Alarm = Callable[[Reading], np.ndarray]  # at which evaluations a rule says "overfitting"


def _gl(r: Reading) -> np.ndarray:
    return 100 * (r.valid / np.fmin.accumulate(r.valid) - 1)


def _waited(k: int) -> Alarm:
    def alarm(r: Reading) -> np.ndarray:
        new = r.valid <= np.fmin.accumulate(r.valid)
        at = np.arange(len(r))
        return at - np.maximum.accumulate(np.where(new, at, 0)) >= k

    return alarm


PLAIN: dict[str, Alarm] = {
    "gap > 10%": lambda r: r.valid > 1.1 * r.train,
    "last GL > 5": lambda r: _gl(r) > 5,
    "1.2 × minimum": lambda r: _gl(r) > 20,
    "patience 1": _waited(1),
    "patience 3": _waited(3),
    "patience 5": _waited(5),
}


@dataclass(frozen=True)
class Rates:
    """`verdicts`: one row per kind of curve; `alarms`: one row per rule; `summary`: the figures that the project promises."""

    verdicts: pd.DataFrame
    alarms: pd.DataFrame
    summary: dict[str, float]

    def __str__(self) -> str:
        words = "\n".join(f"{name}: {value:.4g}" for name, value in self.summary.items())
        return f"{self.verdicts.to_string()}\n\n{self.alarms.to_string()}\n\n{words}"


def measure(n: int = CURVES, seed: int = SEED, thresholds: Thresholds | None = None) -> Rates:
    """Draw `n` curves, diagnose each, and count."""
    t = thresholds or Thresholds()
    drawn = list(curves(n, seed))
    read = [Reading.of(s.frame) for s in drawn]
    said = [next(fired(r, s.context, t)).verdict for r, s in zip(read, drawn, strict=True)]
    rows = pd.DataFrame({
        "kind": [s.kind for s in drawn], "curves": 1, "right (%)": [100.0 * (v in s.right) for s, v in zip(drawn, said, strict=True)],
        "the mean's own verdict (%)": [100.0 * (v == s.truth) for s, v in zip(drawn, said, strict=True)],
        "two answers right (%)": [100.0 * (len(s.right) > 1) for s in drawn],
    })  # fmt: skip
    how = {"curves": "sum", **dict.fromkeys(rows.columns[2:], "mean")}
    verdicts = rows.groupby("kind", sort=False).agg(how)
    alarms = alarm_table(drawn, read, t)
    ours = alarms.loc[OURS]
    misplaced = [
        abs(r.best - s.lowest) for r, s, v in zip(read, drawn, said, strict=True) if v == a.OVERFITTING == s.truth
    ]
    summary = {
        "verdict accuracy": float(rows["right (%)"].mean() / 100), "verdict accuracy, strict": float(rows.iloc[:, 3].mean() / 100),
        "false alarms": float(ours["false alarms (%)"] / 100), "median delay": float(ours["median delay"]),
        "median error of the step since when": float(np.median(misplaced)) if misplaced else float("nan"),
    }  # fmt: skip
    return Rates(verdicts.round(1), alarms.round(1), summary)


def alarm_table(drawn: Sequence[Simulated], read: Sequence[Reading], t: Thresholds) -> pd.DataFrame:
    """Every rule's false alarms (ever, and at the last evaluation), onsets found, and delay."""
    rules: dict[str, Callable[[Reading, Context], np.ndarray]] = {OURS: lambda r, c: live(r, c, t)}
    rules |= {name: _curve_alone(alarm) for name, alarm in PLAIN.items()}
    table = {}
    for name, rule in rules.items():
        never, delays, ends = [], [], []
        for s, r in zip(drawn, read, strict=True):
            if s.truth in (a.NON_FINITE, a.DIVERGING):
                continue  # an alarm is right there, only the word is not
            alarm = rule(r, s.context)
            if s.onset is None:
                never.append(bool(alarm.any()))
                ends.append(bool(alarm[-1]))
            else:
                after = np.flatnonzero(alarm[s.onset :])
                delays.append(float(after[0]) if len(after) else np.inf)
        table[name] = {
            "false alarms (%)": 100 * float(np.mean(never)), "false at the end (%)": 100 * float(np.mean(ends)),
            "onsets found (%)": 100 * float(np.mean(np.isfinite(delays))), "median delay": float(np.median(delays)),
        }  # fmt: skip
    return pd.DataFrame(table).T.rename_axis("rule")


def _curve_alone(alarm: Alarm) -> Callable[[Reading, Context], np.ndarray]:
    return lambda r, c: alarm(r)


def live(r: Reading, c: Context, t: Thresholds) -> np.ndarray:
    """At which evaluations the workbench says "overfitting" while the run goes on."""
    c = dataclasses.replace(c, finished=False, stopped_by=None)
    return np.array([_says(r.until(i + 1), c, t) for i in range(len(r))])


def _says(r: Reading, c: Context, t: Thresholds) -> bool:
    found = overfitting(r, c, t)
    return found is not None and found.verdict == a.OVERFITTING and next(fired(r, c, t)).verdict == a.OVERFITTING


def main(argv: Sequence[str] = ()) -> int:
    """The command `diagnose-rates`."""
    if {"-h", "--help"} & set(argv):
        print(
            "python -m workbench diagnose-rates [CURVES] [SEED]: how often the diagnosis errs on so many simulated curves (2002, seed 2)"
        )
        return 0
    try:
        numbers: list[Any] = [int(x) for x in argv]
    except ValueError:
        numbers = [0]
    if len(numbers) > 2 or (numbers and numbers[0] < 1):
        raise WorkbenchError(f"arguments {' '.join(argv)}", "how many curves, and a seed", "diagnose-rates 2002 2")
    print(measure(*numbers))
    return 0
