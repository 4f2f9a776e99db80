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
# # 03 · Topics: how many labels does it take?
#
# Every label costs: somebody has to read the text and decide. So before you label a thousand texts, it is good to know what sixty-four would have
# done. Here you sort short news briefs into eight topics and draw a **learning curve**: accuracy against the number of labelled texts, for the three
# contestants that you know from lesson 01:
#
# 1. counting words (TF-IDF + logistic regression), the control;
# 2. `bert-mini`, which has read Wikipedia, novels and news;
# 3. its **random twin**: the same architecture, but it has read nothing.

# %%
import pandas as pd

import workbench as wb

topics = wb.load("headlines")
print(wb.audit(topics))

# %% [markdown]
# Topics sound easy, because every topic has its words. These briefs were written so that words are not enough. The column `case` says what makes a text
# hard: *plain* (nothing), *crossover* (the vocabulary of another topic), *figurative* (metaphors from another topic), *local* (hardly any telling words).

# %%
train, valid = (topics[split].to_pandas() for split in ("train", "validation"))
for table in (train, valid):
    table["topic"] = [topics.labels[i] for i in table["label"]]
train.groupby("case").sample(2, random_state=1)[["case", "topic", "text"]].style.hide(axis="index")

# %% [markdown]
# ## 1 · Predict
#
# How many of a hundred validation texts will `bert-mini` get right when it has learned from 64 labelled texts, eight per topic? And how many with all
# of them? Guessing gets about twelve.

# %%
my_guess = {"64 texts": None, "all texts": None}

# %% [markdown]
# ## 2 · Run: 64 texts
#
# `train_examples=64` takes 64 training texts, spread evenly over the topics. Few texts make few steps, hence many epochs. First the pretrained model,
# then its twin, with the same texts and settings. Keep an eye on where the curves *begin*: you will need that number later.

# %%
same = dict(learning_rate=5e-4, evaluations=8, restore_best=False, seed=0)
few = wb.fit(topics, model="bert-mini", train_examples=64, epochs=20, **same)
await few

# %%
twin = wb.fit(topics, model="bert-mini:random", train_examples=64, epochs=20, **same)
await twin

# %% [markdown]
# Both know their 64 texts by heart at the end: look at the training losses. Only one of them can do anything with other texts. Now the pretrained model
# with all labels that there are.

# %%
full = wb.fit(topics, model="bert-mini", epochs=4, **same)
await full

# %% [markdown]
# ## 3 · Look: the learning curve
#
# Counting words is quick, so it can be tried with many numbers of texts. Each number is tried with three different draws, and the mean is taken: which
# 64 texts were labelled matters a good deal when there are only 64.

# %%
from workbench.data.audit import bag_of_words
from workbench.tasks.base import stratified


def words_score(size, seed):
    rows = train.iloc[stratified(train["label"].to_numpy(), size, seed)]
    return bag_of_words().fit(rows["text"], rows["topic"]).score(valid["text"], valid["topic"])


# %%
sizes = [16, 64, 128, 256, 512, len(train)]
draws = pd.DataFrame({n: [words_score(n, seed) for seed in range(3)] for n in sizes})
curve = pd.DataFrame({"words": draws.mean()})
for name, run in {"bert-mini": few, "twin": twin}.items():
    curve.loc[64, name] = run.evaluate("validation")["accuracy"]
curve.loc[len(train), "bert-mini"] = full.evaluate("validation")["accuracy"]

# %%
noise = 1.96 * (0.25 / len(valid)) ** 0.5
print(f"accuracy on {len(valid)} validation texts, each ± {noise:.3f}; your guess: {my_guess}")
curve.round(3)

# %%
from IPython.display import HTML
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from workbench.views.figures import SERIES, confusion_matrix, confusion_words, legend_outside
from workbench.views.tables import image_html

figure = FigureCanvasAgg(Figure(figsize=(7.2, 3.4), dpi=110, layout="constrained")).figure
ax = figure.add_subplot(
    xscale="log", ylim=(0, 1), xlabel="labelled training texts", ylabel="validation accuracy (share)"
)

# %%
for (name, scores), colour, marker in zip(curve.items(), SERIES, "os^", strict=False):
    ax.plot(scores.dropna(), color=colour, marker=marker, label=name)
ax.axhline(few.store.facts["majority"], color="#5F6670", ls=":", label="majority class")
ax.set_xticks(sizes, sizes)
ax.minorticks_off()
legend_outside(ax)

# %%
ends = [f"{name} {s.dropna().iloc[0]:.2f} with {s.dropna().index[0]}" for name, s in curve.items()]
ends += [f"{name} {s.dropna().iloc[-1]:.2f} with {s.dropna().index[-1]}" for name, s in curve.items() if s.count() > 1]
alt = f"Accuracy against number of labelled texts: {', '.join(ends)} texts."
HTML(image_html(figure, alt) + f"<p>{alt}</p>")

# %% [markdown]
# Three things to see:
#
# - **With few labels pretraining is worth most.** With 64 texts `bert-mini` is far ahead of both others.
# - **With more labels the lead shrinks.** Counting words catches up: every labelled text brings words that were not known before. Compare the two leads
#   of `bert-mini` over words, at 64 and at all texts, with the noise printed above the table.
# - **The architecture alone is worth nothing here.** The twin is the same network, and it stays behind counting words. It has one point only: you add
#   another in exercise 03.2.
#
# In lesson 01, on reviews, pretraining brought little. The model is the same, the question is another: which words belong to which topic can be learned from
# an encyclopaedia, and whether a customer is content cannot.

# %%
leads = (curve["bert-mini"] - curve["words"]).dropna()
print("lead of bert-mini over counting words:", ", ".join(f"{lead:+.3f} with {n} texts" for n, lead in leads.items()))

# %% [markdown]
# ## 4 · Which topics are taken for each other?
#
# A single share hides what goes wrong. A **confusion matrix** has a row for every right topic and a column for every answer; what is off the diagonal is
# an error. Read along a row: what are the briefs on culture taken for? Then down a column: which topic attracts wrong answers?

# %%
counts = full.confusion()
picture = FigureCanvasAgg(Figure(figsize=(5.6, 5.2), dpi=110, layout="constrained")).figure
confusion_matrix(counts, picture.add_subplot())
HTML(image_html(picture, confusion_words(counts)) + f"<p>{confusion_words(counts)}</p>")

# %% [markdown]
# Before you explain the largest numbers, read the texts behind them. The card of the data says that some borders are soft: between science and
# environment, politics and environment, health and politics. Are these the largest numbers? Look at one such pair; then put the pair that your model
# confuses most into the cell.

# %%
answers = valid.assign(answer=full.predict(list(valid["text"]))["label"])
pair = ["science", "environment"]
mixed = answers[answers["topic"].isin(pair) & answers["answer"].isin(pair) & (answers["topic"] != answers["answer"])]
mixed[["topic", "answer", "case", "text"]].style.hide(axis="index")

# %% [markdown]
# Where people hesitate and where a model errs need not be the same places. People hesitate because both answers are good. What do the texts have in
# common that your model gets wrong?
#
# ## 5 · Which cases are hard?
#
# The same texts sorted by what makes them hard, for `bert-mini` and for counting words, both with all labels. Mind the last column: a share of two dozen
# texts can be off by twenty points.

# %%
bag = bag_of_words().fit(train["text"], train["topic"])
hits = answers[["case"]].assign(**{"bert-mini": answers["answer"] == answers["topic"]})
hits["words"] = bag.predict(valid["text"]) == valid["topic"]
hits.groupby("case").mean().assign(texts=hits["case"].value_counts()).round(2)

# %% [markdown]
# *Local* is the hardest for both: a text with hardly any telling words leaves little to count, and little to know. *Crossover* was written to be hard, but
# with all labels it is no harder for `bert-mini` than *plain*. What a writer holds to be hard and what is hard for a model are two things: measure.
#
# And these are the texts that `bert-mini` got most wrong. For each, say which words led it astray. Are there some where you would have answered as it did?

# %%
full.errors(8)[["right", "answer", "p_right", "case", "text"]].style.format(precision=2).hide(axis="index")

# %% [markdown]
# ## 6 · What is inside: softmax, and the price of knowing nothing
#
# The head gives one number per topic, the **logits**. They may be of any size. **Softmax** makes shares of them: raise *e* to each, then divide by the
# sum. Type in a brief of your own.

# %%
import torch

predictor = full.predictor()
batch = predictor.tokenizer(["The striker was booked twice and scored from the tunnel."], return_tensors="pt")
with torch.no_grad():
    logits = predictor.model(**batch)["logits"][0]
shares = logits.exp() / logits.exp().sum()

# %%
pd.DataFrame({"logit": logits.numpy(), "share": shares.numpy()}, index=topics.labels).round(3)

# %% [markdown]
# The **loss** of one text is minus the natural logarithm of the share of the right topic. A share of 1 costs nothing. A model that knows nothing gives each of
# eight topics one eighth, whatever the text says, and that costs ln 8. Here are the loss of the text above, that price, and the points where your curves began:

# %%
import math

print(f"this text, if it is sport: {-shares[topics.labels.index('sport')].log().item():.3f} nats")
print(f"knowing nothing of {len(topics.labels)} topics: {-math.log(1 / len(topics.labels)):.3f} nats")
for name, run in {"bert-mini, 64": few, "twin, 64": twin, "bert-mini, all": full}.items():
    print(f"{name}: validation loss at step 0 {run.frame()['valid_loss'].iloc[0]:.3f} nats")

# %% [markdown]
# All three begin there, the pretrained model too: its head is new, and a new head knows nothing of topics. It is slightly worse than ln 8, because small
# random weights have opinions already, only no reasons. This number is the first thing to check in any training of your own: a curve that begins
# far above it has a mistake in its labels, its head or its loss.
#
# ## 7 · Change one thing
#
# The panel starts with 64 texts. Change **one** thing, train, and look at the tab **Runs**: 128 texts, another seed (which is another draw of
# texts), the twin, a lower rate.

# %%
panel = wb.panel("headlines", model="bert-mini", train_examples=64, epochs=20, **same)

# %% [markdown]
# ## 8 · Explain: four exercises

# %%
exercise_1 = wb.exercise("03.1")
exercise_1

# %%
answer = None  # your run

# %%
exercise_1.check(answer)

# %%
exercise_2 = wb.exercise("03.2")
exercise_2

# %%
large_twin = None  # your run of the twin

# %%
exercise_2.check(few, large_twin)

# %%
exercise_3 = wb.exercise("03.3")
exercise_3

# %%
topic_pair = None  # for example ("crime", "sport")

# %%
exercise_3.check(full, topic_pair)

# %%
exercise_4 = wb.exercise("03.4")
exercise_4

# %%
my_run, my_nats = None, None  # your run on fewer topics, and your number

# %%
exercise_4.check(my_run, my_nats)

# %% [markdown]
# ## At the very end: the test split
#
# Look once, at all three runs. A difference from validation of a few points is noise; the order of the three should hold.

# %%
tests = {"bert-mini, 64 texts": few, "twin, 64 texts": twin, "bert-mini, all texts": full}
pd.Series({name: run.evaluate("test")["accuracy"] for name, run in tests.items()}, name="test accuracy").round(3)

# %% [markdown]
# ## With a real checkpoint
#
# With a network, two choices change: the model, and the famous dataset, AG News: four topics from news agencies. Its validation split is
# large, so keep a part of it, or measuring takes longer than training. Real checkpoints want a smaller rate.
#
# ```python
# news = wb.load("hub:fancyzhx/ag_news")
# news["validation"] = news["validation"].shuffle(seed=0).select(range(500))
# run = wb.fit(news, model="distilbert/distilbert-base-uncased", train_examples=64, learning_rate=5e-5, epochs=20, evaluations=8)
# await run
# ```
#
# What must the loss of a model be that knows nothing of four topics? Or change only one of the two: `wb.fit("headlines",
# model="distilbert/distilbert-base-uncased", train_examples=64, learning_rate=5e-5, epochs=20)`, and put the point into the learning curve.

# %% [markdown]
# ## What you have seen
#
# - **A learning curve** says what more labels would bring, before they are paid for. Draw it for the control too.
# - **Pretraining replaces labels**, most of all where there are few, and as far as what was read resembles what is asked. Exercise 03.2 counts how many.
# - **A confusion matrix** and accuracy by case say *what* goes wrong; the texts themselves say why.
# - **ln k**: a model that knows nothing of k labels loses ln k nats. Every curve of a classifier begins there.
#
# Next: [04 · Spam](04-spam.ipynb) has two labels only, and two kinds of mistakes that are not worth the same.
