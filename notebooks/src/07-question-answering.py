# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 07 · Question answering: pointing at an answer
#
# A passage, a question, and an answer that stands somewhere in the passage. The model writes nothing. It **points**: here it begins, here it ends. In
# this lesson you will see
#
# 1. what a span is, how long passages are cut, and how answers are scored;
# 2. something that `bert-mini` begins to learn within a minute;
# 3. something that looks nearly the same, and that it does not learn;
# 4. what practice on questions that nobody wrote changes about that, and what it does not.

# %%
import pandas as pd

import workbench as wb
from workbench.views.answers import Answers

passages = wb.load("passages")
Answers(passages["train"].select(range(3)))

# %% [markdown]
# The answer to some questions is not in the passage, and the right thing to say then is "no answer". What is stored is a text and the place of its
# first letter; where there is no answer, both lists are empty.

# %%
print(passages["train"][0]["answers"])
empty = [i for i, answers in enumerate(passages["train"]["answers"]) if not answers["text"]]
print(f"{len(empty)} of {len(passages['train'])} questions without an answer")
Answers(passages["train"].select(empty[:1]))

# %% [markdown]
# ## 1 · How right is right?
#
# "12 feet" or "feet"? "The Widow" or "Widow"? SQuAD, the dataset that made this task famous, has two scores. **Exact match** asks whether the answer is the right
# text, but for capitals, signs and articles. **F1** counts the words that both have: it is high when the answer has few words too many or too few.

# %%
import re
from collections import Counter


def bare(text):
    """Lower case, no signs, no articles, as a list of words."""
    text = re.sub(r"[^\w\s]", "", text.lower())
    return re.sub(r"\b(a|an|the)\b", " ", text).split()


# %%
def score(answer, right):
    a, b = bare(answer), bare(right)
    both = sum((Counter(a) & Counter(b)).values())
    return {"answer": answer, "exact": a == b, "F1": 2 * both / (len(a) + len(b)) if a and b else float(a == b)}


pd.DataFrame(
    [
        score(a, "The Widow, on Gull Rock")
        for a in ("widow on gull rock", "the Widow", "Gull Rock is built", "in 1811", "")
    ]
)

# %% [markdown]
# The empty answer is right where there is no answer, and worth nothing elsewhere. Now think of the laziest contestant: it never answers. What is its F1
# on the validation questions? And what could a method do that only counts shared words?

# %%
my_guess = None  # for example {"no answer ever": 0.1, "matching words": 0.5, "bert-mini": 0.7}

# %% [markdown]
# ## 2 · Windows
#
# A model sees only so many word pieces at once. A longer passage is cut into **windows** that overlap, each with the whole question in front. Here they are made very small,
# 64 pieces, so that you can see it:

# %%
from workbench.models import zoo
from workbench.tasks.answering import places
from workbench.tasks.windows import Question, cut

tokenizer = zoo.tokenizer(zoo.source("bert-mini"))
row = passages["train"][0]
question = Question(row["question"], row["context"], places(row["answers"]))
ids, windows, _ = cut([question], tokenizer, 64)

# %%
for pieces, window in zip(ids, windows, strict=True):
    text = tokenizer.decode(pieces)
    print(f"start {window.start:2}, end {window.end:2}   {text[:56]} … {text[-50:]}")

# %% [markdown]
# `start` and `end` are what the model has to learn: the numbers of two pieces. In a window that does not hold the answer both are 0: the piece `[CLS]`, which
# so comes to mean "not here". The head is one linear layer with two numbers per piece. The loss is cross-entropy over all pieces of the window, once for the start and
# once for the end.
#
# To answer, the model adds a start's number and an end's, for every span that does not go backwards and is not too long, over all windows. The best sum wins, unless
# `[CLS]` has more.
#
# ## 3 · First an easier question
#
# To learn with a few hundred questions what a question *is*, is a lot to ask. So begin with questions that a program can make: a sentence of the passage, with some words
# left out and *what* in their place. To keep it short, a passage here is cut down to two sentences.

# %%
from workbench.data.gaps import around, gap_questions


def gaps(split, each, seed):
    return around(gap_questions(passages[split]["context"], each, seed), 2, seed).assign(split=split)


gap_data = wb.load(pd.concat([gaps("train", 8, 0), gaps("validation", 5, 1)]))
Answers(gap_data["train"].select(range(4)))

# %%
same = dict(model="bert-mini", learning_rate=1e-3, epochs=3, evaluations=6, max_length=128, seed=0)
filler = wb.fit(gap_data, **same)
await filler

# %% [markdown]
# Look at the curve of F1. For a while there is next to nothing, although the loss falls: the model learns where answers tend to stand and how long they are. Then, within some
# dozens of steps, it begins to **get it**: find the words of the question in the passage, and point at what stands where the gap is. The verdict says that it is not done. The control that counts
# words has an F1 of 0.9 from the start, because it was built to do nothing else; the model had to find it out.

# %%
filled = filler.predict(gap_data["validation"])
Answers(filled.head(5), gap_data["validation"].select(range(5)))

# %% [markdown]
# ## 4 · Real questions
#
# Now the questions that people wrote. The start is the model that can fill gaps: what it has learned about finding a place might help. `model=` takes a finished run.

# %%
real_data = wb.load(
    pd.concat([around(passages[s], 2, seed).assign(split=s) for seed, s in enumerate(("train", "validation"))])
)
Answers(real_data["validation"].select(range(3)))

# %%
real = {**same, "learning_rate": 3e-4, "epochs": 2, "evaluations": 4}
run = wb.fit(real_data, **{**real, "model": filler})
await run

# %% [markdown]
# The grey lines are the two controls: never to answer, and matching words. Where does the model end?

# %%
from workbench.metrics import answer_f1, answer_f1_each
from workbench.tasks.matching import Matcher

table = run.predict(real_data["validation"])
right = [a["text"] or [""] for a in real_data["validation"]["answers"]]
matcher = Matcher().fit(real_data["train"], nothing=True)
said = {
    "no answer ever": [""] * len(right),
    "matching words": [matcher(q, c)[0] for q, c in zip(table["question"], table["context"], strict=True)],
    "gaps only": list(filler.predict(real_data["validation"])["answer"]),
    "gaps, then questions": list(table["answer"]),
}

# %%
has = [r != [""] for r in right]


def judged(answers):
    """Mean F1 of answers to the validation questions: of all, of those that have an answer, and of those that have none."""
    each = pd.Series(answer_f1_each(list(answers), right))
    return {"F1": each.mean(), "with an answer": each[has].mean(), "without": each[[not h for h in has]].mean()}


scores = {who: judged(answers) for who, answers in said.items()}
pd.DataFrame(scores).T.round(3)

# %% [markdown]
# Read it line by line. The one that never answers has every question without an answer right, and nothing else; that alone is a score that others must beat. Compare the model with it, and
# with the counting of words. This is a **negative result**, and it is one that you can trust, because the controls stand beside it.
#
# ## 5 · Why not?
#
# Two things differ between a gap and a question. How many words of the question stand in the passage? And how surely does the model point?

# %%
from workbench.tasks.matching import content


def shared(question, context):
    """The share of a question's words that the passage has, too; small words and endings do not count."""
    words = content(question)
    return len(words & content(context)) / max(1, len(words))


# %%
overlap = {}
for name, answered, data in (("gaps", filled, gap_data), ("questions", table, real_data)):
    share = [shared(q, c) for q, c in zip(answered["question"], answered["context"], strict=True)]
    overlap[name] = {"shared words": pd.Series(share).mean(), "probability of the answer": answered["probability"].mean(),
                     "F1": answer_f1(list(answered["answer"]), [a["text"] or [""] for a in data["validation"]["answers"]])}  # fmt: skip
pd.DataFrame(overlap).T.round(2)

# %% [markdown]
# A gap shares all of its words with the passage: whoever finds equal words finds the place. The people who wrote the questions took care to say things **in other words**: of six words that mean
# something, one stands in the passage. "Which vessel's accident led to a second tower?" has to be brought together with "after the cargo ship ran onto the sandbar". To know that the two are
# about the same thing is knowledge about words, a lot of it, and a small model that has read little has little of it. A few hundred questions show *how to answer*, not *what words mean*.
#
# That is the likely reason, not a proof. But it says something that one can test: who knows more about words, or has practised more, should do better with the very same questions.
#
# ## 6 · Practice, without anybody who writes questions
#
# `bert-mini-spans` is `bert-mini`, no larger, that has gone on with questions made by a program out of the text that it had read before. Here are some, made in the same way of our
# passages, but that no word is replaced by another:

# %%
import random

from workbench.models.pretrain_questions import questions

draw = random.Random(1)
made = [q for context in passages["train"]["context"][:40:8] for q in questions(["", context], 1.0, 40, draw)]
pd.DataFrame(
    [{"question": q.question, "answer": q.answer or "no answer", "passage": q.context[:70] + " …"} for q in made]
)

# %% [markdown]
# A sentence loses some words, which are the answer, and what remains of it becomes the question: words are dropped, moved, replaced by others that stand in like places. Often the passage is another part of the
# text, where the answer comes again. All this costs nothing but computing, so there can be as many as one likes; the card says how many there were. Questions like these are broken, but whoever
# wants to answer them has to **look for what two texts have in common**, and to know what kind of answer "how many" wants. Now the real ones, with the same settings as before:

# %%
practised = wb.fit(real_data, **{**real, "model": "bert-mini-spans"})
await practised

# %%
answered = practised.predict(real_data["validation"])
scores["practice, then questions"] = judged(answered["answer"])
pd.DataFrame(scores).T.round(3)

# %% [markdown]
# The same model, the same few hundred questions, and now it passes both controls. So **what was missing was practice, not size**: how to compare two texts is learned from very many examples, and
# it does not matter that nobody would ever ask such questions. This is what pretraining is, once more: an endless task that makes itself, chosen so that the skill it takes is the one that you need.
# And read the second column: most of its answers are still wrong, where the passage says it in other words. That takes knowledge about words.
#
# ## 7 · Errors
#
# Where it dares to answer and is wrong, surest first:

# %%
errors = practised.errors(200)
worst = errors[errors["answer"] != "no answer"].head(5)
worst[["question", "right", "answer", "f1", "p_answer", "p_right"]].style.format(precision=2)

# %%
numbers = list(worst.index)
Answers(answered.loc[numbers], real_data["validation"].select(numbers))

# %% [markdown]
# Is the answer at least of the right kind, a person for "who", a number for "how many"? And does it stand where the words of the question stand?
#
# ## 8 · To answer or not: the threshold
#
# Every prediction has `null_odds`: how far `[CLS]` scores above the best span. Above 0 the model says "no answer"; but 0 is only a habit. Move the **threshold** and see
# what happens to both models:

# %%
rows = []
for threshold in (-99, -4, -2, -1, 0, 1, 2, 4, 99):
    row = {"threshold": threshold}
    for name, made_by in (("gaps", table), ("practice", answered)):
        moved = [s if odds <= threshold else "" for s, odds in zip(made_by["span"], made_by["null_odds"], strict=True)]
        row |= {f"{name}: answered": sum(a != "" for a in moved), f"{name}: F1": answer_f1(moved, right)}
    rows.append(row)
pd.DataFrame(rows).style.hide(axis="index").format(precision=3)

# %% [markdown]
# A model as weak as the first one earns nearly as much where it says next to nothing. That is not a joke: a system that is mostly wrong *should* be silent, and the threshold is how one tells it. The second earns more by speaking,
# and its best place lies somewhere between never and always. A threshold is chosen on validation questions and then left alone.
#
# ## 9 · Try your own
#
# Change the question. Use the words of the passage, and then other words.

# %%
passage = "The old mill was sold to a baker from Linz in 1903. He kept two donkeys and a parrot there."
mine = [
    ("The old mill was sold to what in 1903.", passage),
    ("Who bought the building?", passage),
    ("How many donkeys did he keep?", passage),
]
Answers(filler.predict(mine))

# %%
Answers(practised.predict(mine))

# %% [markdown]
# ## 10 · Change one thing
#
# The panel trains on the gaps; its tab **Predictions** has a field for a passage and one for a question. Change **one** thing and compare in the tab **Runs**: the random twin (does it begin to get it,
# too?), a lower rate, more epochs. And `wb.panel(real_data, **{**real, "model": "bert-mini-spans"})`: does it get better with six epochs? With half of the questions?

# %%
panel = wb.panel(gap_data, **same)

# %% [markdown]
# ## 11 · Explain: three exercises

# %%
exercise_1 = wb.exercise("07.1")
exercise_1

# %%
number, answer = None, None  # a validation question and your answer

# %%
exercise_1.check(run, number, answer)

# %%
exercise_2 = wb.exercise("07.2")
exercise_2

# %%
best_threshold = None  # your threshold

# %%
exercise_2.check(practised, best_threshold)

# %%
exercise_3 = wb.exercise("07.3")
exercise_3

# %%
context, answer_in_it, easy, hard = passage, "a baker", None, None  # or another passage and another answer

# %%
exercise_3.check(filler, practised, context, answer_in_it, easy, hard)

# %% [markdown]
# ## With a real checkpoint
#
# A full-size model has read some hundred times more text with twenty times as many weights: it brings what these lack. With a network two choices change,
# the model and the famous dataset, SQuAD 2, whose questions share more words with their passages than ours. On a CPU begin with a few hundred questions; windows of 384 pieces are usual.
#
# ```python
# run = wb.fit("hub:rajpurkar/squad_v2", model="google-bert/bert-base-uncased", learning_rate=3e-5, epochs=2, max_length=384, train_examples=5000)
# await run
# Answers(run.predict(passages["validation"].select(range(5))), passages["validation"].select(range(5)))
# ```
#
# Or one that others have fine-tuned on SQuAD 2 already, on the passages of this lesson, whole and not cut down: its first evaluation, before any step, tells you what it can do.
#
# ```python
# run = wb.fit("passages", model="deepset/roberta-base-squad2", learning_rate=1e-5, epochs=1, max_length=384)
# ```

# %% [markdown]
# ## What you have seen
#
# - **An answer is two numbers**, start and end, and `[CLS]` stands for "not here". Long passages are windows that overlap.
# - **Exact match and F1**, best over several right answers; where there is none, only silence is right.
# - **Two tasks that look alike need not be alike.** Pointing at equal words came within a minute, if not perfectly. Bringing together different words for one thing did not come with it.
# - **Practice can be made**: more than a hundred thousand questions that a program wrote did for a small model what a few hundred real ones could not.
# - **Without controls the first run would have looked like learning**: the loss fell, and F1 was not 0. Beside "no answer ever" and "matching words" one sees what it is worth.
# - **A threshold decides when to be silent**; it belongs to the model, and is chosen on validation data.
#
# Next: [08 · Machine translation](08-translation.ipynb) has a model write.
