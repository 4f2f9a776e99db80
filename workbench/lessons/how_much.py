"""Exercises of lesson 10, How much may move? Judges look at a run's technique, weights and score; they train nothing."""

from __future__ import annotations

from typing import Any

from workbench.lessons.exercise import Exercise

FEW = 10_000
MARGIN = 0.10
SMALL_SHARE = 0.01


def _on_headlines(run: Any) -> str:
    if run.config.data != "headlines":
        return f"This run was trained on {run.config.data}; take headlines."
    return "" if run.best else "This run has no evaluation yet."


def _few_weights(run: Any) -> tuple[bool, str]:
    if problem := _on_headlines(run):
        return False, problem
    learned, control, score = int(run.store.facts["trained"]), float(run.store.facts["control"]), run.best["accuracy"]
    words = f"{learned:,} weights learned; accuracy {score:.1%} against {control:.1%} of TF-IDF on the same texts."
    if learned >= FEW:
        return False, f"{words} Let it be fewer than {FEW:,}."
    if score < control + MARGIN:
        return False, f"{words} Ten points above it is the aim: has the head had the rate and the time that it needs?"
    return True, f"{words} The checkpoint knows something that counting words in so few texts cannot."


def _small_lora(run: Any) -> tuple[bool, str]:
    if problem := _on_headlines(run):
        return False, problem
    if run.config.technique != "lora":
        return False, f"This run's technique is {run.config.technique}."
    share, score = run.store.facts["trained"] / run.store.facts["parameters"], run.best["accuracy"]
    control = float(run.store.facts["control"])
    words = (
        f"Rank {run.config.lora_rank} trains {share:.2%} of the weights; accuracy {score:.1%}, TF-IDF {control:.1%}."
    )
    if share >= SMALL_SHARE:
        return False, f"{words} Below 1% is the aim."
    if score <= control:
        return False, f"{words} It should be above TF-IDF: a higher rate or more epochs."
    return True, words


def _down_to_the_bottom(run: Any) -> tuple[bool, str]:
    if run.config.technique != "unfreezing":
        return False, f"This run's technique is {run.config.technique}."
    moves = run.moves()
    if len(moves) < 2 or "embeddings" not in moves:
        return False, "This run has no map of moves."
    last = moves.iloc[-1]
    words = ", ".join(f"{name} {last[name]:.1%}" for name in moves if name != "step")
    if last["embeddings"] == 0:
        return False, f"The embeddings have not moved ({words}). One block joins in with every epoch: count them."
    if not last["head"] > last["embeddings"]:
        return (
            False,
            f"The embeddings have moved further than the head ({words}): let the rate fall faster on its way down.",
        )
    return True, f"Even the embeddings have moved, and less than the head: {words}."


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        "10.1",
        "Train fewer than 10,000 weights on headlines and be at least ten points above TF-IDF. Put the run into `answer`.",
        _few_weights,
        ("Which technique trains the head alone?",
         "A head that starts from nothing wants a high learning rate: 1e-2 rather than 3e-4.",
         "technique='feature-extraction', learning_rate=1e-2, train_examples=160, epochs=15."),
        "answer = wb.fit('headlines', technique='feature-extraction', learning_rate=1e-2, train_examples=160, epochs=15); await answer",
    ),
    Exercise(
        "10.2",
        "Train a LoRA in which less than 1% of the weights learn and which is above TF-IDF on headlines. Put the run into `answer`.",
        _small_lora,
        ("The share depends on the rank.",
         "Rank 8 trains about 2.7%; each column of the thin matrices costs as much as the next.",
         "lora_rank=2, learning_rate=5e-3, train_examples=160, epochs=8."),
        "answer = wb.fit('headlines', technique='lora', lora_rank=2, learning_rate=5e-3, train_examples=160, epochs=8, evaluations=4); "
        "await answer",
    ),
    Exercise(
        "10.3",
        "Unfreeze a model gradually until even its embeddings have moved, but less than its head. Put the run into `answer`.",
        _down_to_the_bottom,
        ("In the first epoch the head alone learns. How many blocks lie below it?",
         "Four layers and the embeddings: they join in when five epochs are done.",
         "technique='unfreezing', epochs=6, and few texts so that it is quick."),
        "answer = wb.fit('headlines', technique='unfreezing', learning_rate=2e-3, schedule='slanted', train_examples=64, epochs=6, "
        "evaluations=3); await answer",
    ),
)  # fmt: skip
