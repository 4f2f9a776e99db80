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
# # 17 · Tokens gone wrong
#
# Between a text and a model stands a tokenizer. It turns the text into pieces, and each piece into a number. The model only ever sees the numbers, so
# whatever goes wrong here goes wrong without an error message. First we look at pieces. Then we make mistakes on purpose, one at a time, and measure what
# each of them costs.

# %%
import pandas as pd

import workbench as wb

same = dict(model="bert-mini", train_examples=160, learning_rate=1e-3, epochs=5, evaluations=4)

# %% [markdown]
# ## 1 · Predict
#
# The vocabulary of `bert-mini` has 8,192 pieces, made from general English. Into how many of them does it cut *restaurant*, *receive*, *recieve*,
# *hypertension* and *désolé*?

# %%
my_guess = None  # five numbers, for example [1, 1, 2, 2, 1]

# %% [markdown]
# ## 2 · Look at pieces
#
# One row for each tokenizer. `##` and `▁` belong to the pieces: BERT's kind marks a piece that goes on with a word, the other kind the one that begins it
# (`·` in vocabularies of bytes, where `<9F>` is a byte that is no letter by itself).

# %%
wb.tokens("restaurant receive recieve hypertension désolé")

# %% [markdown]
# A word that was common where the vocabulary was made is one piece. A typo, or the word of a trade, falls into parts that mean little by themselves.
# And look at *désolé*: BERT's tokenizer makes small letters and takes the accents away before it cuts. What it takes away, no fine-tuning can bring back.
#
# Underneath is a table: the number of each piece and the place in the text that it comes from.

# %%
wb.tokens("Not bad at 10:45 😀", models=["bert-mini"]).frame()

# %% [markdown]
# The emoji is `[UNK]`, the unknown token. Every emoji that the vocabulary lacks becomes the same number: for the model 😀 and 😡 are one and the same.

# %%
wb.tokens(["Arrived 😀", "Arrived 😡", "Paid £1,234,567 on 2026-11-28", "À bientôt!", "THIS ROOM WAS TERRIBLE"])

# %% [markdown]
# Not all lose it. A vocabulary that has all 256 bytes spells out what it lacks, so the two faces differ there. XLNet's drops the sign without a trace.

# %% [markdown]
# ## 3 · What a vocabulary costs on other texts
#
# How many pieces does a word take in reviews, in news, in contracts, in what patients ask, in what doctors note down? Guess which are cut finest.


# %%
def pieces_per_word(name, kind=None):
    rows = wb.load(name)["validation"].to_pandas()
    texts = list((rows if kind is None else rows[rows["kind"] == kind])["text"][:100])
    return wb.tokens(texts, models=["bert-mini", "en-fr-mini"]).counts().assign(texts=f"{name} {kind or ''}".strip())


asked = [("reviews",), ("headlines",), ("clauses",), ("clinic", "question"), ("clinic", "note")]
pd.concat(pieces_per_word(*names) for names in asked).pivot(
    index="texts", columns="tokenizer", values="per word"
).round(2)

# %% [markdown]
# Doctors' notes are cut finest: names of drugs and abbreviations are rare elsewhere. Patients ask in words that are cut no finer than those of the news,
# and contracts are cut no finer than reviews: their sentences are hard, their words are not. More pieces per word are slower, reach the limit of length sooner, and each piece says less.
#
# ## 4 · Run: the right way, then another model's tokenizer
#
# Eight topics of news, twenty texts of each. First as it should be.

# %%
right = wb.fit("headlines", **same)
await right

# %% [markdown]
# Now the same with the tokenizer of `en-fr-mini`. Its vocabulary happens to have 8,192 pieces, too, so every number finds a row in the model's embeddings.
# It is the wrong row. There is no error.

# %%
wrong = wb.fit("headlines", mistake="wrong-tokenizer", **same)
await wrong

# %%
wb.compare(right, wrong)

# %% [markdown]
# The curve alone does not look broken. The loss falls, for the model learns what the wrong numbers mean, as well as 160 texts allow. Only next to the right
# way one sees what is gone: what pretraining knew about words. How much of pretraining is left is the second exercise.
#
# ## 5 · Change one thing: make the mistake only after training
#
# A mistake with `:serving` behind its name is made where the finished model answers, and nowhere else. `wb.mistaken` does that with a run that is
# finished.

# %%
validation, usual = right.data()["validation"], right.evaluate("validation")["accuracy"]
for name in ("wrong-tokenizer", "early-truncation", "no-stop-words", "upper-case"):
    score = wb.mistaken(right, name).evaluate(validation)["accuracy"]
    print(f"{name:17} {score:.1%}, and prepared as in training {usual:.1%}")

# %% [markdown]
# The curve was measured with the right tokenizer, so it cannot warn. This is the most expensive kind of mistake: training and serving prepare texts in
# different ways. Save the tokenizer with the model and load both from one folder.
#
# Capitals cost nothing at all: `bert-mini` is *uncased*, its tokenizer makes small letters of them first. A *cased* vocabulary is another matter. The
# translator's tokenizer keeps capitals, and to it TERRIBLE is a row of single letters:

# %%
from workbench.training.predictor import Predictor

phrases = wb.load("phrases-en-fr")["validation"].select(range(40))
for mistake in (None, "upper-case:serving", "lower-case:serving"):
    print(f"{mistake}: chrF {Predictor.untouched('en-fr-mini', mistake=mistake).evaluate(phrases)['chrf']:.2f}")

# %% [markdown]
# ## 6 · An answer that depends on its neighbours
#
# Texts of a batch are padded to the same length, and the attention mask says what is padding. Without the mask padding is read as text. Then the same
# sentence gets another answer when a longer one happens to be in its batch:

# %%
short, long = "Fans filled the stadium.", validation["text"][0] * 3
for predictor in (right, wb.mistaken(right, "no-mask")):
    alone, beside = (predictor.predict(texts)["probability"][0] for texts in ([short], [short, long]))
    print(f"alone {alone:.3f}, beside a longer text {beside:.3f}")

# %% [markdown]
# ## 7 · A mistake that tells you
#
# `bert-mini` has positions for 256 pieces. A longer text has to be cut. If it is not, there is an error at once, and that is the best that a mistake can do.

# %%
try:
    wb.mistaken(right, "no-truncation").predict(["news " * 300])
except Exception as error:
    print(f"{type(error).__name__}: {error}")

# %% [markdown]
# ## 8 · What each one costs
#
# Every mistake against the right way with the same seed. Those that are made in serving use the model of the right way. *On the curve* is what the curve
# said while the model trained: where it stands far above the score, nobody was warned. The model is `bert-tiny`, which has the same vocabulary and takes
# a quarter of the time.

# %%
few = {**same, "model": "bert-tiny", "learning_rate": 3e-3, "evaluations": 2}
names = ["wrong-tokenizer", "early-truncation", "wrong-tokenizer:serving", "early-truncation:serving",
         "no-stop-words:serving", "no-special-tokens:serving", "no-mask:serving", "upper-case:serving"]  # fmt: skip
costs = await wb.cost_of_mistakes("headlines", names, seeds=2, **few)

# %%
costs.frame().round(3)

# %% [markdown]
# All mistakes that there are, with what they do:

# %%
wb.mistakes()

# %% [markdown]
# ## 9 · Explain: three exercises

# %%
first = wb.exercise("17.1")
first

# %%
answer = None  # "a sentence of your own"

# %%
first.check(answer)

# %%
second = wb.exercise("17.2")
second

# %%
answer = None  # await wb.fit(...)

# %%
second.check(wrong, answer)

# %%
third = wb.exercise("17.3")
third

# %%
answer = None  # await wb.fit(...)

# %%
third.check(right, answer)

# %% [markdown]
# ## 10 · Real tokenizers
#
# With a network you can look at the vocabularies of full-size models. Only the tokenizer is fetched, not the weights:
#
# ```python
# wb.tokens("The patient's hypertension is under control 😀",
#           models=["google-bert/bert-base-uncased", "google-bert/bert-base-cased", "FacebookAI/roberta-base", "Qwen/Qwen2-0.5B"])
# wb.tokens()  # a box to type in, with the bundled ones
# ```
#
# And what do the mistakes cost a full-size model on a famous dataset? AG News has four topics; its validation split is cut down so that measuring does not take longer
# than training. The mistake in capitals, which cost nothing above, is made with a cased model:
#
# ```python
# news = wb.load("hub:fancyzhx/ag_news")
# news["validation"] = news["validation"].shuffle(seed=0).select(range(500))
# await wb.cost_of_mistakes(news, ["no-special-tokens", "no-mask:serving", "upper-case:serving"], model="distilbert/distilbert-base-cased",
#                           train_examples=160, learning_rate=5e-5, epochs=5, evaluations=4)
# ```

# %% [markdown]
# ## What you have seen
#
# - A tokenizer fits the texts that it was made from: rare words, typos and other languages fall into more pieces, and some signs are lost altogether.
# - Another model's tokenizer costs more than half of the accuracy here, without an error. In serving alone it leaves guessing, and the curve cannot show it.
# - Some mistakes cost nothing that can be measured here: capitals for an uncased model, or special tokens for a head that reads the mean over all pieces.
#   Measure before you worry.
# - A mistake that stops with an error is the cheap kind.
#
# Next: [18 · Data that represents](18-data-that-represents.ipynb) leaves model and tokenizer alone and changes the data.
