"""Exercises of lesson 19, Asking instead of training. Judges look at what prompts and runs scored; they ask nothing again."""

from __future__ import annotations

from typing import Any

from workbench.lessons.exercise import Exercise

ABOVE_CHANCE, ABOVE_RAW, FEW, TEXTS = 0.15, 0.05, 500, 60
TEMPLATE = "{text} This is about"  # of the lesson


def _mean(asked: Any, way: str, examples: int) -> float | None:
    rows = asked.summary()
    found = rows[(rows["way"] == way) & (rows["examples"] == examples)]["accuracy"]
    return float(found.iloc[0]) if len(found) else None


def _of_headlines(asked: Any) -> str:
    from workbench.data import load

    if set(asked.data.labels) != set(load("headlines").labels):
        return f"These were texts with the labels {', '.join(asked.data.labels)}; headlines are asked for."
    if len(asked.asked) < TEXTS:
        return f"Only {len(asked.asked)} texts were asked: {TEXTS} or more, or it may be luck."
    return "" if asked.rows else "Nothing has been asked yet: await it."


def _without_examples(asked: Any) -> tuple[bool, str]:
    if problem := _of_headlines(asked):
        return False, problem
    if asked.model != "gpt-mini":
        return False, f"This was {asked.model}; gpt-mini is asked for."
    found = _mean(asked, "prompt, calibrated", 0)
    if found is None:
        return False, "It was never asked without examples: shots=(0,)."
    words = f"Without an example, calibrated: {found:.1%}; the commonest class is right in {asked.majority:.1%}."
    if found < asked.majority + ABOVE_CHANCE:
        return (
            False,
            f"{words} Fifteen points above that is the aim: what would stand before the topic's name in a newspaper?",
        )
    return True, f"{words} Nobody has told the model what the topics are, it has only read."


def _calibrated(asked: Any) -> tuple[bool, str]:
    if problem := _of_headlines(asked):
        return False, problem
    pairs = {n: (_mean(asked, "prompt", n), _mean(asked, "prompt, calibrated", n)) for n in asked.shots}
    if any(a is None or b is None for a, b in pairs.values()):
        return False, "Some of it was not asked to its end."
    words = ", ".join(f"{n} examples: {raw:.1%} → {calm:.1%}" for n, (raw, calm) in pairs.items())
    if len(pairs) < 2 or 0 not in pairs:
        return False, f"{words}. Ask without an example and with at least one other number of them."
    gained = [n for n, (raw, calm) in pairs.items() if calm >= raw + ABOVE_RAW]  # type: ignore[operator]
    if 0 not in gained or len(gained) < 2:
        short = next(n for n in (0, *pairs) if n not in gained)
        return False, f"{words}. With {short} examples calibration is not worth five points here."
    told = "each time" if len(gained) == len(pairs) else f"with {' and '.join(map(str, gained))} examples"
    return True, f"{words}. What the model would say of nothing was in the way {told}."


def _trained(asked: Any, run: Any) -> tuple[bool, str]:
    if problem := _of_headlines(asked):
        return False, problem
    best = float(asked.summary()["accuracy"].max())
    learned, score = int(run.store.facts["n_train"]), float(run.kept["accuracy"])
    words = f"Trained on {learned} texts: {score:.1%}; the best prompt: {best:.1%}."
    if run.config.model != asked.model:
        return False, f"The run's model is {run.config.model}, the prompts' {asked.model}."
    if learned > FEW:
        return False, f"{words} Do it with {FEW} texts or fewer."
    if score <= best:
        return False, f"{words} The prompt is still ahead: more texts, more epochs, or another rate."
    return True, f"{words} That many labels are where training overtakes asking, for this model."


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        "19.1",
        "Find a template of your own with which gpt-mini, without any example and calibrated, is at least fifteen points above the commonest class on 60 or more "
        "headlines. Put what wb.prompt returned into `answer`.",
        _without_examples,
        ("The label comes right behind the template: which words stand before a topic's name in running text?",
         "'{text} This is about' is how a person would go on. How else?",
         "wb.prompt('headlines', shots=(0,), texts=80, template='{text} This is a report on')"),
        "answer = wb.prompt('headlines', shots=(0,), texts=80, template='{text} This is a report on'); await answer",
        lessons=lambda asked: bool(asked.template.text == TEMPLATE),
    ),
    Exercise(
        "19.2",
        "Show that calibration is worth at least five points without examples and with one other number of them. Put what wb.prompt returned into "
        "`answer`.",
        _calibrated,
        ("Calibration takes off what the model would say of a text without content. Where is that most of what it says?",
         "Take shots=(0, 4) and the template of the lesson; several seeds, as the draw of the examples matters.",
         "wb.prompt('headlines', shots=(0, 4), seeds=3, texts=80, template='{text} This is about')"),
        "answer = wb.prompt('headlines', shots=(0, 4), seeds=3, texts=80, template='{text} This is about'); await answer",
    ),
    Exercise(
        "19.3",
        "Fine-tune gpt-mini on at most 500 headlines and beat your best prompt. Put what wb.prompt returned into `my_prompts`, the run into `my_run`.",
        _trained,
        ("Asking is worth one or two hundred labels: take more than that.",
         "480 texts, four epochs, a rate of 5e-4.",
         "wb.fit('headlines', model='gpt-mini', train_examples=480, epochs=4, learning_rate=5e-4, evaluations=2)"),
        "my_prompts = wb.prompt('headlines', shots=(0,), texts=80, template='{text} This is about'); await my_prompts\n"
        "my_run = wb.fit('headlines', model='gpt-mini', train_examples=480, epochs=4, learning_rate=5e-4, evaluations=2); await my_run",
    ),
)  # fmt: skip
