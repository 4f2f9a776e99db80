"""The exercises of lesson 05, named entities: task, judge, hints, solution. Judges look at what a model marks, never at code."""

from __future__ import annotations

from typing import Any

from workbench.lessons.exercise import Exercise, as_sentence
from workbench.lessons.pairs import no_twins
from workbench.metrics import entities, entity_scores

EIGHTH = 8  # 05.4: at most this part of the training sentences


def _two_senses(run: Any, sentence: Any) -> tuple[bool, str]:
    words, tags = _marked(run, sentence)
    if len(words) < 4:
        return False, "One whole sentence of at least four words, please."
    kinds: dict[str, dict[str, None]] = {}
    for word, tag in zip(words, tags, strict=True):
        if tag != "O":
            kinds.setdefault(word.lower(), {})[tag[2:]] = None
    twice = next((word for word, found in kinds.items() if len(found) > 1), None)
    if twice:
        return True, f"{twice!r} is {' and '.join(kinds[twice])} in one sentence: the words around it decide."
    return False, f"The model marks {_names(words, tags)}: no word is a name of two types."


def _never_seen(run: Any, twin: Any, claim: Any) -> tuple[bool, str]:
    if odd := no_twins(run, twin):
        return False, odd
    sentence, name, kind = (as_sentence(part) for part in claim)
    kinds = sorted({label[2:] for label in run.store.facts["labels"] if label != "O"})
    if kind not in kinds:
        return False, f"{kind!r} is not a type of name; the types are {', '.join(kinds)}."
    known = {word.lower() for words in run.data()["train"]["tokens"] for word in words}
    old = [word for word in name.split() if word.lower() in known]
    if old or not name.split():
        return (
            False,
            f"{old[0]!r} stands in the training texts: take a name of words that do not." if old else "No name.",
        )
    marks = []
    for model in (run, twin):
        words, tags = _marked(model, sentence)
        marks.append(({(" ".join(words[a:b]), k) for k, a, b in entities(tags)}, _names(words, tags)))
    (found, by_run), (missed, by_twin) = marks
    said = f"{run.config.model} marks {by_run}; the twin marks {by_twin}."
    return (name, kind) in found and (name, kind) not in missed, said


def _hardest_type(run: Any, kind: Any) -> tuple[bool, str]:
    split, labels = run.data()["validation"], run.store.facts["labels"]
    right = [[labels[int(i)] for i in tags] for tags in split["tags"]]
    answers = [list(tags) for tags in run.predict(list(split["tokens"]))["tags"]]
    scores = {}
    for name in sorted({label[2:] for label in labels if label != "O"}):
        only = [[[t if t[2:] == name else "O" for t in tags] for tags in rows] for rows in (answers, right)]
        scores[name] = entity_scores(*only)["f1"]
    if kind not in scores:
        return False, f"{kind!r} is not a type of name; the types are {', '.join(scores)}."
    order = sorted(scores, key=lambda name: scores[name])
    return kind == order[0], f"F1 by type: {', '.join(f'{name} {scores[name]:.2f}' for name in order)}."


def _few_sentences(run: Any, twin: Any) -> tuple[bool, str]:
    if odd := no_twins(run, twin):
        return False, odd
    if run.config.data != twin.config.data:
        return False, f"One run is on {run.config.data}, the other on {twin.config.data}."
    few, all_of_them = (r.store.facts["n_train"] for r in (run, twin))
    if few * EIGHTH > all_of_them:
        return False, f"{few} sentences are more than an eighth of the twin's {all_of_them}."
    score, other = (r.evaluate("validation")["f1"] for r in (run, twin))
    said = f"F1 {score:.2f} after {few} sentences, and {other:.2f} for the twin after {all_of_them}."
    return score > other, said


def _marked(run: Any, sentence: Any) -> tuple[list[str], list[str]]:
    """The words of one sentence and the tags that a run gives them."""
    row = run.predict([as_sentence(sentence)]).iloc[0]
    return list(row["tokens"]), list(row["tags"])


def _names(words: list[str], tags: list[str]) -> str:
    """What is marked, in words."""
    return ", ".join(f"{' '.join(words[a:b])} as {kind}" for kind, a, b in entities(tags)) or "nothing"


EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        "05.1",
        "Write one sentence in which your model marks the same word twice, as names of two different types. "
        "Check with the run and the sentence.",
        _two_senses,
        ("Many words are names of people and of places.",
         "Put the word once where a person does something, and once behind 'in', 'to' or 'from'.",
         "Try it with Florence, Jordan or Sydney: who did what, and where?"),
        "sentence = 'Florence spent her winter in Florence.'",
    ),
    Exercise(
        "05.2",
        "Find a sentence with an invented name that bert-mini marks rightly and its random twin does not: no word of the name may "
        "stand in the training texts. Check with both runs and (sentence, name, type).",
        _never_seen,
        ("The twin knows the words of the training texts, and little about what stands around names.",
         "Invent a name, and let the words around it say what it is: a title, a verb, 'in', 'the train to'.",
         "A person: 'Doctor ... was late.' A place: 'The train to ... was late.' Put your invented name there."),
        "claim = ('The train to Vellmora was late.', 'Vellmora', 'LOC')",
    ),
    Exercise(
        "05.3",
        "Which type of name (PER, LOC, ORG, MISC) has the lowest F1 on the validation split? Check with the run and your answer.",
        _hardest_type,
        ("Look at the confusion matrix: in which row is most of the count off the diagonal?",
         "Words are not names: keep the names of one type in `answers` and in `right`, and compute F1 from them alone.",
         "name_f1({n for n in spots(answers['bert-mini']) if n[1] == 'PER'}, {n for n in spots(right) if n[1] == 'PER'}), "
         "and the same for the other three."),
        "kind = min(('PER', 'LOC', 'ORG', 'MISC'), key=lambda k: name_f1({n for n in spots(answers['bert-mini']) if n[1] == k}, "
        "{n for n in spots(right) if n[1] == k}))",
    ),
    Exercise(
        "05.4",
        "How few sentences are enough? Train bert-mini on at most an eighth of the sentences, and still reach a higher F1 than the "
        "twin that had all of them. Check with your run and the twin.",
        _few_sentences,
        ("train_examples takes some of the training sentences.",
         "With few sentences a pass over them has few steps: give it more epochs.",
         "Try train_examples=92, epochs=8, learning_rate=1e-3. Then see with how few it still works."),
        "few = wb.fit('people-places', model='bert-mini', train_examples=92, epochs=8, learning_rate=1e-3, evaluations=4); await few",
    ),
)  # fmt: skip
