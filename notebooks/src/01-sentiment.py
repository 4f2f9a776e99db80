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
# # 01 · Sentiment: what is a pretrained model worth?
#
# Customer reviews, social posts and lines from the news: is this good or bad for those concerned? The task is easy for people and hard for
# programs that count words, because praise often comes in words of complaint. In this lesson you compare three contestants on it:
#
# 1. counting words, the control that every text classifier should have to beat: every word of a text gets a number, higher the rarer the word is in
#    other texts (TF-IDF), and one weight per word and label is learned (logistic regression). The order of the words is lost;
# 2. `bert-mini`, a small transformer that has read Wikipedia, novels and news;
# 3. its **random twin**: the same architecture, but it has read nothing.

# %%
import pandas as pd

import workbench as wb

reviews = wb.load("reviews")
print(wb.audit(reviews))

# %% [markdown]
# The audit looks before anything is trained: how many texts of each label, whether texts stand twice or leak from one split into another, and
# what the simplest methods reach. *Labels to look at* belong to texts of which counting words would have said something else: a list to read, not a
# list of mistakes, and a long one where texts are hard.
#
# Every text also carries its `source` and its `case`, the reason why it may be hard: *plain* (nothing), *negation*, *concession* (the other side is
# granted first), *irony*, *mixed* (some good, some bad, and one of them counts), *domain* (one has to know the thing to know what is good).

# %%
train = reviews["train"].to_pandas()
train["label"] = [reviews.labels[i] for i in train["label"]]
train.groupby("case").sample(1, random_state=3)[["case", "source", "label", "text"]].style.hide(axis="index")

# %% [markdown]
# ## 1 · Predict
#
# Order the three contestants by the accuracy that you expect on the validation split, best first. Write it down before you run anything.

# %%
my_order = None  # for example ["twin", "words", "bert-mini"]

# %% [markdown]
# ## 2 · Run
#
# The same settings for both models, and 660 of the training texts, to save time. Only the starting weights differ: `bert-mini:random` starts from nothing. Two settings are new.
# `dropout=0.3` switches off 30% of the activations at random in every step, so that the model cannot rely on any single one; this is
# **regularisation**, whatever makes learning by heart harder. `restore_best=False` keeps the weights of the last step: further down you will see why.

# %%
same = dict(train_examples=660, epochs=6, evaluations=6, learning_rate=3e-4, dropout=0.3, restore_best=False, seed=0)
run = wb.fit(reviews, model="bert-mini", **same)
await run

# %%
twin = wb.fit(reviews, model="bert-mini:random", **same)
await twin

# %% [markdown]
# ## 3 · Look
#
# The validation split has a few hundred texts, so an accuracy measured on it is uncertain by a few points. Differences smaller than that are no
# differences. The panel below holds your earlier runs in its tab **Runs**, the worst errors in **Predictions**, and lengths in **Data**.

# %%
facts = run.store.facts
noise = 1.96 * (0.25 / facts["n_valid"]) ** 0.5
scores = {
    "words": facts["control"],
    "bert-mini": run.evaluate("validation")["accuracy"],
    "twin": twin.evaluate("validation")["accuracy"],
    "majority": facts["majority"],
}
pd.Series(scores, name=f"validation accuracy, each ± {noise:.3f}").round(3).sort_values(ascending=False)

# %%
wb.compare(run, twin)

# %% [markdown]
# Look at the picture of `bert-mini` again: the validation **loss** turns upwards and the verdict says *overfitting*, while the **accuracy** does not
# fall. Both are right. Loss punishes confidence: a model that says 99% and is wrong pays far more than one that says 60% and is wrong. An
# overfitted model first becomes too sure of itself, and only later wrong more often. Which weights are best depends on what you need: honest
# probabilities (lowest loss) or the right label (often later).

# %%
frame = run.frame()
ends = pd.DataFrame({"lowest loss": frame.loc[frame.valid_loss.idxmin()], "last step": frame.iloc[-1]})
ends.loc[["step", "valid_loss", "accuracy"]].astype(float).round(3)

# %% [markdown]
# ## 4 · Errors
#
# Read the texts that the model got most wrong, with its probability on the right label. What kind of sentence is it that it does not see through?

# %%
run.errors(8)[["right", "p_right", "case", "text"]].style.format(precision=2).hide(axis="index")

# %%
errors = run.errors(10_000)
cases = pd.Series(reviews["validation"]["case"]).value_counts()
(1 - errors["case"].value_counts() / cases).rename("accuracy by case").round(2).sort_values()

# %% [markdown]
# ## 5 · What is inside: the head
#
# Fine-tuning for classification adds one new part to the pretrained model, a **head**: it reduces the vectors of all tokens to one vector and maps
# that to one number per label. This is all there is to it.

# %%
import torch

predictor = run.predictor()
batch = predictor.tokenizer(["Not once did it let us down."], return_tensors="pt")
with torch.no_grad():
    tokens = predictor.model.encoder(**batch).last_hidden_state  # (1 text, tokens, 256)
    logits = predictor.model.classifier(tokens.mean(dim=1))  # (1 text, 2 labels)
print(tokens.shape, dict(zip(reviews.labels, logits.softmax(-1)[0].tolist(), strict=True)))

# %% [markdown]
# BERT was made to read its first token, `[CLS]`, instead of the mean. Our `bert-mini` never learned to put anything there, because it was pretrained
# without a task on sentence pairs. Choose *[CLS] token* under **Architecture and seed** in the panel, or `pooling="cls"`, and see whether that
# costs anything. (On two other sets, over five seeds, it cost nothing that can be told from chance: [what each technique adds](../docs/techniques.md).)
#
# ## 6 · Change one thing
#
# The panel starts with the settings of this lesson. Change **one** thing, train, and look at the tab **Runs**: fewer training texts, the head, a
# learning rate ten times as high, more dropout.

# %%
panel = wb.panel(reviews, model="bert-mini", **same)

# %% [markdown]
# ## 7 · Explain: four exercises

# %%
first = wb.exercise("01.1")
first

# %%
answer = None  # your run

# %%
first.check(answer)

# %%
second = wb.exercise("01.2")
second

# %%
pairs = []  # your list of (sentence, right label)

# %%
second.check(run, pairs)

# %%
third = wb.exercise("01.3")
third

# %%
my_run, my_twin = None, None  # your two runs

# %%
third.check(my_run, my_twin)

# %%
fourth = wb.exercise("01.4")
fourth

# %%
case = None  # "plain", "negation", "concession", "irony", "mixed" or "domain"

# %%
fourth.check(run, case)

# %% [markdown]
# ## At the very end: the test split
#
# Every choice above, ours too, was made by looking at the validation split, so its numbers flatter the model that was chosen. The test split has not
# been looked at by you. Look once, at both models, and believe these numbers.

# %%
pd.Series(
    {"bert-mini": run.evaluate("test")["accuracy"], "twin": twin.evaluate("test")["accuracy"]}, name="test accuracy"
).round(3)

# %% [markdown]
# ## With a real checkpoint
#
# With a network, two choices change: the model, which has read a hundred times as much, and the famous dataset, SST-2: phrases from film reviews. Real
# checkpoints want a smaller rate. The twin is the control here as well.
#
# ```python
# same = dict(train_examples=660, epochs=3, learning_rate=5e-5, restore_best=False, seed=0)
# films = await wb.fit("hub:stanfordnlp/sst2", model="distilbert/distilbert-base-uncased", **same)
# nothing = await wb.fit("hub:stanfordnlp/sst2", model="distilbert/distilbert-base-uncased:random", **same)
# wb.compare(films, nothing)
# ```
#
# Its phrases say what they think in plain words: `films.store.facts["control"]` is what counting words reaches there. Or change the model only, put
# `"reviews"` in the place of `"hub:stanfordnlp/sst2"`, and compare with the runs above: what did reading more bring?

# %% [markdown]
# ## What you have seen
#
# - **A control first**: without the line of TF-IDF + logistic regression nobody knows whether a score is good.
# - **Loss and accuracy** are two things, and they need not be best at the same step.
# - **Noise**: a few hundred texts cannot tell two models apart that differ by a few points, and a lead on the validation split can be gone on the
#   test split. If it is gone here, that is no accident: `bert-mini` has read an encyclopaedia, old novels and news, fifty million word pieces in all,
#   and hardly an opinion about a charger. Pretraining helps as far as what was read resembles what is asked. The table below is from its card: test
#   scores on this and other data by the number of labelled texts, means of five seeds; *control* is counting words, and for names a list of them.
#
# Next: [02 · Meet the models](02-meet-the-models.ipynb) shows what `bert-mini` and its relatives were made to guess while they read.

# %%
scores = pd.DataFrame(wb.models()[0].facts["scores"])
scores = scores.sort_values("labels", kind="stable", key=lambda n: pd.to_numeric(n, errors="coerce"))
scores.pivot_table(index=["data", "labels"], columns="model", values="mean", sort=False).round(3)
