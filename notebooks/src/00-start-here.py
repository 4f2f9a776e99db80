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
# # 00 · Start here: watch a model learn, and then learn too much
#
# In the next quarter of an hour you will take a small language model that has read a lot of English, teach it to tell
# praise from complaint, and see three things happen on the way: it **underfits**, it **fits**, it **overfits**. You will stop it by
# hand, let it be stopped early, and read the verdict in words with the numbers behind it.
#
# Everything here runs on this computer, without a network. Press **Shift + Enter** to run a cell and go to the next one.

# %%
import workbench as wb

reviews = wb.load("reviews")
reviews["train"].to_pandas()[["text", "source"]].assign(
    label=[reviews.labels[i] for i in reviews["train"]["label"]]
).head(6).style.hide(axis="index")

# %% [markdown]
# ## 1 · Predict
#
# We will give the model only 400 of these texts and let it read them again and again. Two curves will be drawn:
#
# - **training loss** (blue, round marks): how surprised the model is by the right labels of texts it learns from;
# - **validation loss** (orange, square marks, dashed): the same on texts it never learns from.
#
# Both are in *nats*: 0 is no surprise at all, and 0.69 is what tossing a coin would give with two labels.
#
# Before you look: after how many passes over the 400 texts (*epochs*) will the orange curve stop falling? Put a number in place of `None`.

# %%
my_guess_in_epochs = None

# %% [markdown]
# ## 2 · Run
#
# This is the panel. Press **Train** and watch. When you have seen the orange curve turn upwards, press **Stop**. You can also move the
# learning rate while it trains, pause, and go on.

# %%
panel = wb.panel("reviews", model="bert-mini", train_examples=400, epochs=15, learning_rate=1e-4, patience=None)

# %% [markdown]
# ## 3 · Look
#
# Under the picture stands the verdict, with its numbers. *GL* is the **generalisation loss** (Prechelt, 1998): by how many percent the
# validation loss now lies above its lowest value. The shaded region begins at that lowest value. Open *Which rule says so* to see the rule.
#
# The lower picture is the **accuracy**: the share of right answers for the validation texts. The two grey lines are controls that need no network:
# to give the commonest label always (*majority class*), and to count words (*TF-IDF + LR*; more of it in lesson 01).
#
# Whatever you did in the panel has a line of code; it stands below the picture. Here is the same without the panel: three lines that work
# in any notebook of your own. While a cell waits at `await run`, its buttons go on working.

# %%
run = wb.fit(reviews, model="bert-mini", train_examples=400, epochs=15, learning_rate=1e-4)
await run

# %%
print(run.diagnosis)
run.frame()[["step", "epoch", "train_loss", "valid_loss", "accuracy"]].round(3)

# %% [markdown]
# How near was your guess? The lowest validation loss was reached here:

# %%
print(f"best step {int(run.best['step'])}, epoch {run.best['epoch']:.1f}; your guess: {my_guess_in_epochs}")

# %% [markdown]
# ## 4 · Try it
#
# The workbench puts the weights of the best step back, not those of the last one. Ask it something. The texts are yours to change. Do not be surprised
# by wrong answers: 400 texts are few, and the lower picture says that counting words would do as well. This lesson is about the curves.

# %%
run.predict(["Third charger in two months.", "Not once did it let us down.", "I wanted to like it."]).round(2)

# %% [markdown]
# ## 5 · What is inside
#
# `wb.fit` is not magic. This is the heart of it in plain PyTorch: draw a few texts, measure the loss, follow its slope a little way down,
# again and again. The workbench adds what is needed around it: both curves, the best weights, Stop, and the verdict.

# %%
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer
from transformers.utils import logging

logging.set_verbosity_error()  # it would list the weights that are new: the head
folder = wb.models()[0].folder
tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=2, dtype=torch.float32)

# %%
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
for step in range(20):
    rows = reviews["train"].shuffle(seed=step)[:16]
    batch = tokenizer(rows["text"], padding=True, truncation=True, return_tensors="pt")
    loss = model(**batch, labels=torch.tensor(rows["label"])).loss
    loss.backward(), optimizer.step(), optimizer.zero_grad()
print(f"loss on the last 16 texts: {loss.item():.2f}")

# %% [markdown]
# ## 6 · Change one thing
#
# Now let it be stopped by a rule instead of by you: **early stopping** with a *patience* of 3 ends the training after three evaluations
# without a lower validation loss. Nothing else is changed.

# %%
early = wb.fit(reviews, model="bert-mini", train_examples=400, epochs=15, learning_rate=1e-4, patience=3)
await early

# %%
wb.compare(run, early)

# %% [markdown]
# *At step* is the step whose weights are kept. Where it is the same for both, early stopping has lost nothing and spared the rest of the steps. Its
# verdict can be milder, because the rise was cut off.
#
# ## 7 · Explain: three exercises
#
# They are checked by their outcome: any way of getting there counts. `hint()` helps a little more each time, `solution()` shows one way.

# %%
first = wb.exercise("00.1")
first

# %%
answer = None  # your run

# %%
first.check(answer)

# %%
second = wb.exercise("00.2")
second

# %%
answer = None  # your run

# %%
second.check(answer)

# %%
third = wb.exercise("00.3")
third

# %%
answer = None  # your run

# %%
third.check(answer)

# %% [markdown]
# ## What you have seen
#
# - **Underfitting**: at the beginning both curves are high; the model has not learned yet.
# - **Fitting**: both fall together.
# - **Overfitting**: training loss goes on falling, validation loss turns and rises. The gap alone is no proof; the *rebound* is.
# - **Early stopping** ends there, and the best weights are put back.
#
# All your runs are kept: `wb.runs()` lists them, also tomorrow. A name begins with date and time, and `wb.runs()["a part of the name"]` finds that
# run again.
#
# Next: [01 · Sentiment](01-sentiment.ipynb) takes more texts and asks what pretraining is worth.

# %%
wb.runs()
