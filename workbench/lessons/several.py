"""Lesson 12, one model, several tasks: its two data sets, and its exercises. Judges look at numbers and finished runs; they train nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from workbench.lessons.exercise import Exercise, as_number

LABELS, TRAIN = 64, 96  # news texts that are labelled, and that the labelled ones are drawn from: the rest judges
TWICE = 3  # 12.1: by how many texts an epoch may miss the number that is asked for
HARM, LOSS = 0.05, 0.03  # 12.2, 12.3: differences of accuracy that are asked for


def news_and_others(folder: str | Path) -> tuple[str, str]:
    """Reviews cut by where a text comes from, as two files in `folder`: what newspapers wrote (96 texts for training, the other 198 to
    judge by), and what people wrote (reviews and posts, with the splits that they had). Returns their paths."""
    from workbench.data import load

    table = load("reviews").frame()
    news = table[table["source"] == "news"][["text", "label"]].sample(frac=1, random_state=0)
    news = news.assign(split=["train" if i < TRAIN else "validation" for i in range(len(news))])
    others = table[table["source"] != "news"][["text", "label", "split"]]
    paths = Path(folder) / "news.csv", Path(folder) / "others.csv"
    for path, rows in zip(paths, (news, others), strict=True):
        rows.to_csv(path, index=False)
    return str(paths[0]), str(paths[1])


def _twice_as_many(sampling: Any) -> tuple[bool, str]:
    from workbench.data import load
    from workbench.techniques.multitask import per_epoch

    if (exponent := as_number(sampling)) is None or not 0 <= exponent <= 1:
        return False, f"sampling is a number from 0 to 1, not {sampling!r}."
    others = sum(source != "news" for source in load("reviews")["train"]["source"])
    drawn = per_epoch([LABELS, others], exponent)[1]
    words = f"With sampling={exponent:g} an epoch has {LABELS} news texts and {drawn} of the {others:,} others."
    return abs(drawn - 2 * LABELS) <= TWICE, words


def _harm(pair: Any) -> tuple[bool, str]:
    control, after = pair
    if (odd := _unlike(control, after)) is not None:
        return False, odd
    if _before(control) or not _before(after):
        return False, "The first run should begin with a checkpoint, the second with a finished run (model=run)."
    a, b = control.kept["accuracy"], after.kept["accuracy"]
    words = (
        f"{a:.1%} without and {b:.1%} after {_before(after).get('data', 'another task')}: {100 * (b - a):+.1f} points."
    )
    if b - a > -HARM:
        return (
            False,
            f"{words} {100 * HARM:.0f} points of harm are asked for: a task that needs other things, or one trained longer.",
        )
    return True, f"{words} What does the first task not need, that the second one does?"


def _labels_matter(pair: Any) -> tuple[bool, str]:
    after, control = pair
    if (odd := _unlike(after, control)) is not None:
        return False, odd
    first, second = _before(after), _before(control)
    if not first or not second:
        return False, "Both runs should begin with a finished run (model=run)."
    if first.get("data") != second.get("data"):
        return False, "The two intermediate runs should have had the same texts."
    if first.get("noise") or second.get("noise", 0) < 0.4:
        return (
            False,
            f"Flipped labels before: {first.get('noise', 0):.0%} and {second.get('noise', 0):.0%}; none and half are asked for.",
        )
    a, b = after.kept["accuracy"], control.kept["accuracy"]
    words = f"After the right labels {a:.1%}, after flipped ones {b:.1%}."
    if a - b < LOSS:
        return (
            False,
            f"{words} A difference of {100 * LOSS:.0f} points is asked for: the settings of the lesson have it.",
        )
    return True, f"{words} The same texts, as many steps: what helped was in the labels."


def _unlike(one: Any, two: Any) -> str | None:
    """A sentence where two runs differ in more than the model that they began with."""
    odd = one.config.differing(two.config, "model")
    return (
        f"The runs differ in {', '.join(odd)} as well: only the model that they begin with may differ." if odd else None
    )


def _before(run: Any) -> dict[str, Any]:
    """The choices of the run that this one began with; empty where it began with a checkpoint."""
    from workbench.models.zoo import saved_facts

    return dict(saved_facts(run.config.model).get("config", {}))


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        "12.1",
        "Find the sampling with which an epoch draws twice as many texts from the others as from the 64 of news. Check with the number.",
        _twice_as_many,
        ("The others have 1,088 training texts: 17 times as many.",
         "An epoch draws 64 · 17^sampling of them.",
         "17^sampling = 2 is a question for a logarithm."),
        "import math; sampling = math.log(2) / math.log(1088 / 64)",
    ),
    Exercise(
        "12.2",
        "Find an intermediate task that costs a target at least 5 points of accuracy, with the same settings otherwise. "
        "Check with the pair (run without it, run after it).",
        _harm,
        ("Take a target of which the checkpoint knows something already: topics.",
         "Sections 2 and 5 have it all: two runs on headlines, one of them with model=intermediate.",
         "Freeze the encoder, so that it cannot learn again what it has forgotten."),
        "hard = dict(technique='feature-extraction', learning_rate=1e-2, **few); "
        "control = wb.fit('headlines', **{**hard, 'model': 'bert-tiny'}); await control; "
        "after = wb.fit('headlines', **{**hard, 'model': intermediate}); await after; pair = (control, after)",
    ),
    Exercise(
        "12.3",
        "Was it the texts or their labels? Train the intermediate task again with half of its labels flipped (noise=0.5), then the news. "
        "Check with the pair (run after the right labels, run after the flipped ones).",
        _labels_matter,
        ("Two intermediate runs, two runs on news: only noise differs.",
         "The intermediate run of section 2 is the one with the right labels: **long and noise=0.5 make its control.",
         "flipped = wb.fit(others, noise=0.5, **long), then the news twice with the same settings, from either model."),
        "flipped = wb.fit(others, noise=0.5, **long); await flipped; "
        "one = wb.fit(news, learning_rate=1e-3, **{**few, 'model': intermediate}); await one; "
        "two = wb.fit(news, learning_rate=1e-3, **{**few, 'model': flipped}); await two; pair = (one, two)",
    ),
)  # fmt: skip
