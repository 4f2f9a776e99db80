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
# # 08 · Machine translation: a general translator learns a trade
#
# `en-fr-mini` translates English into French. It has read the short everyday sentences that learners of languages collect at Tatoeba, and little about
# hotels. Here you teach it the trade with three hundred hotel phrases, and you measure what it wins and what it forgets. Contestants:
#
# 1. the English sentence left as it is, and a dictionary learned by counting: the controls;
# 2. `en-fr-mini` as it came;
# 3. `en-fr-mini` after fine-tuning.

# %%
import pandas as pd

import workbench as wb
from workbench.training.predictor import Predictor
from workbench.views.translations import SideBySide

hotel = wb.load("hotel-en-fr")
print(wb.audit(hotel))

# %% [markdown]
# Unlike a classifier, a translator can be used before any fine-tuning: its output layer has learned already. Here are six phrases with their
# **references** (what a person wrote) and what the model writes. Words that the reference has not got in that place are marked.

# %%
general = Predictor.untouched("en-fr-mini")
few = hotel["validation"].select(range(6))
before = general.predict(few["source"])["translation"]
SideBySide.of(few["source"], few["target"], {"before": before})

# %% [markdown]
# ## 1 · Predict
#
# Read the marked words again. Which of them are wrong, and which are only different? A score that compares with one reference cannot tell. **chrF** counts
# the letter sequences (1 to 6 letters) that output and reference share, **BLEU** the word sequences (1 to 4 words); both are 100% for the reference
# itself. Guess: what chrF has the model as it came on the hotel phrases? And after fine-tuning?

# %%
my_guess = {"before": None, "after": None}

# %% [markdown]
# Here is what the controls reach. The dictionary comes from the training pairs alone: IBM model 1, the first step of statistical translation, finds out
# which words go together by counting.

# %%
from workbench.tasks.dictionary import WordByWord
from workbench.tasks.translation import bleu, chrf

sources, references = list(hotel["validation"]["source"]), list(hotel["validation"]["target"])
dictionary = WordByWord(list(zip(hotel["train"]["source"], hotel["train"]["target"], strict=True)))
print(dictionary("The room has a view of the garden."))

# %%
said = {"source copied": sources, "dictionary": [dictionary(s) for s in sources]}
said["before"] = list(general.predict(sources)["translation"])
table = pd.DataFrame({name: {"BLEU": bleu(t, references), "chrF": chrf(t, references)} for name, t in said.items()}).T
table.style.format("{:.1%}")

# %% [markdown]
# BLEU is harsher than chrF: it wants whole words, and up to four in a row. Neither is a share of right sentences.
#
# ## 2 · Run
#
# While it trains, the model does not write. It is told the right French words so far and has to guess the next piece. So the loss is that of a
# classifier with 8,192 labels, asked once per piece, and `token accuracy` is the share of first guesses that are right. The two lines
# are controls for such guesses: the piece that usually follows the one before, and that together with a dictionary.

# %%
same = dict(model="en-fr-mini", learning_rate=5e-4, evaluations=4, seed=0)
run = wb.fit(hotel, epochs=3, **same)
await run

# %% [markdown]
# The curve does not begin at ln 8192 = 9 nats, which knowing nothing would cost. It begins where a translator begins that knows French, but little of hotels.
#
# ## 3 · Look
#
# Now let it write. `run.evaluate` uses **beam search**, of which more below.

# %%
said["after"] = list(run.predict(sources)["translation"])
table.loc["after"] = [bleu(said["after"], references), chrf(said["after"], references)]
print("your guess:", my_guess)
table.style.format("{:.1%}")

# %% [markdown]
# Is a difference of a few points more than chance, with 80 sentences? Draw 80 of them again and again, with replacement, and score both models on the
# same draws: a **bootstrap**. If the range below holds 0, eighty sentences are too few to tell by chrF. Loss and token accuracy, which look at every piece
# of every reference, are steadier: look at the curves above once more.

# %%
import numpy as np

from workbench.metrics import chrf_each

each = {name: chrf_each(said[name], references) for name in ("before", "after")}
rng = np.random.default_rng(0)
draws = [rng.integers(0, len(references), len(references)) for _ in range(1000)]
gains = [each["after"][d].mean() - each["before"][d].mean() for d in draws]
print(
    f"gain {np.mean(gains):+.1%} chrF per sentence, 95% of the draws between {np.quantile(gains, 0.025):+.1%} and {np.quantile(gains, 0.975):+.1%}"
)

# %% [markdown]
# And in words: the same six phrases before and after. Look for words of the trade.

# %%
SideBySide.of(few["source"], few["target"], {"before": before, "after": said["after"][:6]})

# %% [markdown]
# ## 4 · What is inside: writing, piece by piece
#
# To write, the model takes its own guesses for the words so far. This is the whole of **greedy** decoding: take the likeliest next piece, put it behind
# the others, ask again, until the closing token comes.

# %%
import torch

model, tokenizer = run.predictor().model, run.predictor().tokenizer
ids = tokenizer("Do you have a room for tonight?", return_tensors="pt")["input_ids"]
french, chances = [tokenizer.pad_token_id], []  # Marian begins with the padding token

# %%
while french[-1] != tokenizer.eos_token_id and len(french) < 20:
    with torch.no_grad():
        logits = model(input_ids=ids, decoder_input_ids=torch.tensor([french])).logits[0, -1]
    french.append(int(logits.argmax()))
    chances.append(float(logits.softmax(0).max()))

# %%
pd.DataFrame({"piece": tokenizer.convert_ids_to_tokens(french[1:]), "chance": chances}).T.style.hide(
    axis="columns"
).format(precision=2)

# %% [markdown]
# One wrong turn cannot be taken back: the model goes on from what it has written. **Beam search** keeps the four likeliest beginnings at each step
# instead of one, and takes the best whole sentence in the end. It costs about four times the work, though less
# than four times the time, because the four go through the model together. What does it bring?

# %%
import time

from workbench.tasks.translation import translate

for beams in (1, 4):
    start = time.perf_counter()
    texts = translate(model, sources, tokenizer, beams=beams)
    words = (
        f"BLEU {bleu(texts, references):.1%}  chrF {chrf(texts, references):.1%}  {time.perf_counter() - start:.1f} s"
    )
    print(f"{beams} beam{'s' if beams > 1 else ' '}  {words}")

# %% [markdown]
# ## 5 · What does it forget?
#
# Every step towards hotels is a step away from somewhere. These are everyday sentences that are not about hotels, translated before and after.

# %%
everyday = wb.load("phrases-en-fr")
some = everyday["validation"].select(range(100))
other = {
    "before": list(general.predict(some["source"])["translation"]),
    "after": list(run.predict(some["source"])["translation"]),
}


def scores(name):
    return {"hotel": chrf(said[name], references), "everyday": chrf(other[name], list(some["target"]))}


pd.DataFrame({name: scores(name) for name in other}).T.style.format("{:.1%}")

# %% [markdown]
# chrF is a mean over everything, and a mean can hide much. Hotels say *vous* to everybody, friends say *tu*; English says *you* to both. So count how the
# model addresses people, in all everyday sentences with *you*:

# %%
import re

you = [i for i, text in enumerate(everyday["validation"]["source"]) if re.search(r"\byou", text, re.I)]
you = everyday["validation"].select(you)
person = {"tu": r"\b(tu|te|toi|ton|ta|tes)\b|\bt'", "vous": r"\b(vous|votre|vos)\b"}


def address(texts):
    return {word: sum(bool(re.search(forms, text, re.I)) for text in texts) for word, forms in person.items()}


# %%
counts = {
    name: address(m.predict(list(you["source"]))["translation"])
    for name, m in {"before": general, "after": run}.items()
}
counts["reference"] = address(you["target"])
pd.DataFrame(counts).T

# %% [markdown]
# What can be done? A smaller rate takes shorter steps, to the hotels as well as away from everything else. The same training once more, at less than a
# third of the rate:

# %%
gentle = wb.fit(hotel, epochs=3, **{**same, "learning_rate": 1.5e-4})
await gentle

# %%
said["gentle"], other["gentle"] = (list(gentle.predict(texts)["translation"]) for texts in (sources, some["source"]))
counts["gentle"] = address(gentle.predict(list(you["source"]))["translation"])
print("gentle:", counts["gentle"])
pd.DataFrame({name: scores(name) for name in other}).T.style.format("{:.1%}")

# %% [markdown]
# Learning the trade and keeping the rest pull in two directions; which point between them is right depends on what the translator is for. Mixing everyday
# pairs into the training split is another remedy, called rehearsal. Try it: `concatenate_datasets` of the library `datasets` puts two splits together.

# %% [markdown]
# ## 6 · Where does it go wrong?
#
# `run.errors` has the translations that share least with their reference. `loss` is what the reference would have cost the model per piece. Sort them into
# three heaps: wrong; right, but another choice than the reference's; and half of each.

# %%
worst = run.errors(8)
SideBySide(worst)

# %% [markdown]
# ## 7 · Change one thing
#
# Start from the settings of the first run and change **one** thing: half the pairs, a rate that is ten times higher, `lora` as the technique. Then compare
# in the tab **Runs**, and write phrases of your own in the tab **Predictions**.

# %%
panel = wb.panel("hotel-en-fr", epochs=3, **same)

# %% [markdown]
# ## 8 · Explain: four exercises

# %%
exercise_1 = wb.exercise("08.1")
exercise_1

# %%
answer = None  # your run

# %%
exercise_1.check(answer)

# %%
exercise_2 = wb.exercise("08.2")
exercise_2

# %%
sentence = None  # an English sentence

# %%
exercise_2.check(run, sentence)

# %%
exercise_3 = wb.exercise("08.3")
exercise_3

# %%
fooled = None  # (row, wrong translation, right translation)

# %%
exercise_3.check(hotel, fooled)

# %%
exercise_4 = wb.exercise("08.4")
exercise_4

# %%
careful = None  # your run

# %%
exercise_4.check(careful)

# %% [markdown]
# ## At the very end: the test split
#
# Look once. Eighty sentences again: the order should hold, the points may move.

# %%
tests = {"before": general.evaluate(hotel["test"]), "after": run.evaluate("test")}
pd.DataFrame(tests).T[["loss", "token_accuracy", "bleu", "chrf"]].round(3)

# %% [markdown]
# ## With a real checkpoint
#
# With a network, one choice changes: the model. `Helsinki-NLP/opus-mt-en-fr` has the same architecture, twelve times the size, and has read millions of
# pairs (its tokenizer wants `pip install sentencepiece protobuf`). Real checkpoints want a smaller rate.
#
# ```python
# run = wb.fit("hotel-en-fr", model="Helsinki-NLP/opus-mt-en-fr", learning_rate=2e-5, epochs=3, evaluations=6)
# await run
# ```
#
# Or the famous data: OPUS Books, sentences of novels with their translations, long and far from a hotel. With the small translator, see what it makes of them first:
#
# ```python
# books = wb.load("hub:Helsinki-NLP/opus_books/en-fr")
# books["validation"] = books["validation"].shuffle(seed=0).select(range(100))
# run = wb.fit(books, model="Helsinki-NLP/opus-mt-en-fr", train_examples=1000, learning_rate=2e-5, epochs=1)  # or model="en-fr-mini", learning_rate=5e-4
# await run
# ```
#
# Other pairs of languages come as `wb.load("hub:owner/name")` with a `translation` column, as two text files `train.en` and `train.fr` in a folder, or as
# a table with two columns. A T5 wants its instruction in front of every source: `"translate English to French: " + text`.

# %% [markdown]
# ## What you have seen
#
# - **A translator guesses the next piece**, given the source and the words so far. Training tells it the right words; writing makes it use its own.
# - **Three hundred pairs of the trade** lower the loss of a general translator on its phrases. What it writes gets better by few points: the untouched
#   checkpoint is the control that matters, and eighty sentences are a small test.
# - **BLEU and chrF compare with one reference.** They rank systems; they do not know what a sentence says. Read the outputs.
# - **Fine-tuning can forget.** Measure on what the model could do before, too. A smaller rate forgets less, and learns less.
#
# Next: [09 · Making more of little data](09-little-data.ipynb) goes back to a handful of labels, and copies them.
