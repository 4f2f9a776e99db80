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
# # 06 · When to stop
#
# In lesson 00 early stopping ended a training for you. But *when* exactly? A rule that stops at the first bad evaluation may stop too soon; one that
# waits long wastes time, and without the best weights put back it would hurt as well. In this lesson you train **once**, to the end, and then lay
# one stopping rule after the other over the same curve. Nothing has to be trained again for that.

# %%
import pandas as pd

import workbench as wb

same = dict(model="bert-mini", train_examples=300, epochs=12, learning_rate=1.5e-4, evaluations=12)

# %% [markdown]
# ## 1 · Predict
#
# The curve will be measured 12 times. **Patience** is the number of evaluations in a row that may bring no lower validation loss before training
# stops. Which patience would you choose so that the best weights are not missed, and as little time as possible is wasted?

# %%
my_patience = None  # a whole number

# %% [markdown]
# ## 2 · Run, to the very end

# %%
run = wb.fit("reviews", **same)
await run

# %% [markdown]
# ## 3 · Look: the same curve, stopped by a slider
#
# Move *Patience*. The line ends where training would have ended; the dotted ghost is what would have come. The green ring marks the weights that
# would be kept, the lowest loss seen up to the stop. A grey diamond appears when a better step lay further on and was missed. *Min delta* asks an
# improvement to be at least so large before it counts.

# %%
replay = wb.replay(run, patience=my_patience or 1)

# %%
print(replay.text)

# %% [markdown]
# ## 4 · What is inside: three rules besides patience
#
# Lutz Prechelt compared stopping rules in 1998, and his three are still the ones to know. All of them look only at what has been measured so far.
#
# - **GL** stops when the *generalisation loss* is too high: how many percent the validation loss lies above its lowest value so far.
# - **PQ** divides GL by how much the *training* loss still moves: a rise is forgiven while training makes progress.
# - **UP** counts: validation loss has risen so many times in a row.

# %%
curve = run.frame()[["step", "train_loss", "valid_loss"]]
lowest = curve["valid_loss"].cummin()
curve["GL (%)"] = 100 * (curve["valid_loss"] / lowest - 1)
curve.round(3).iloc[::3]

# %% [markdown]
# ## 5 · A race of rules
#
# **Regret** is by how many percent the kept loss lies above the lowest of the whole curve. **Steps used** is what it cost. A good rule has little
# of both, and no rule has the least of both always.

# %%
from workbench.diagnosis.race import race

race(run)

# %% [markdown]
# One curve proves nothing: another seed, another order of the batches, and another rule may win. Here is a second curve, and the mean over both.

# %%
other = wb.fit("reviews", seed=1, **same)
await other

# %%
races = [race(r)[["regret (%)", "steps used (%)"]] for r in (run, other)]
mean = (races[0] + races[1]) / 2
both = pd.concat([*races, mean], axis=1, keys=["seed 0", "seed 1", "mean"])
both.sort_values(("mean", "regret (%)")).round(1)

# %% [markdown]
# ## 6 · Change one thing: let a rule stop a live run
#
# `patience=3` or `stopping="GL 5"` do the same while it trains; in the panel both stand under **Early stopping**. With the same seed the run is the
# same up to the stop, so the replay has already told you where it will end. `ghost=True` beside it lets the rule fire where you can see it and trains
# on as a dashed ghost: the weights that are kept do not change, and at the end the panel says what the stop has lost or saved.

# %%
early = wb.fit("reviews", stopping="GL 5", **same)
await early

# %%
foretold = race(run, ["GL 5"])["stops at step"].iloc[0]
print(f"the replay said step {foretold}; it stopped at step {int(early.frame()['step'].iloc[-1])}")

# %% [markdown]
# ## 7 · Explain: three exercises

# %%
first = wb.exercise("06.1")
first

# %%
patience = None  # a whole number

# %%
first.check(run, patience)

# %%
second = wb.exercise("06.2")
second

# %%
answer = None  # your run

# %%
second.check(answer)

# %%
third = wb.exercise("06.3")
third

# %%
answer = None  # your run

# %%
third.check(answer)

# %% [markdown]
# ## With a real checkpoint
#
# A large model on a large dataset is evaluated less often for the time it takes, and its curve is smoother. The rules are the same; so is the replay,
# also for curves that were not made here: `wb.replay(trainer.state.log_history)` reads the history of any `transformers.Trainer`, and
# `wb.replay(pd.read_csv("history.csv"))` that of Keras or Lightning.
#
# ```python
# run = wb.fit("hub:stanfordnlp/sst2", model="google-bert/bert-base-uncased", learning_rate=2e-5, epochs=3, evaluations=30)
# ```
#
# ## What you have seen
#
# - **Stopping is a bet** on the part of the curve that nobody has seen.
# - **Patience is counted in evaluations**, not in steps or epochs: with twice as many evaluations the same patience waits half as long.
# - **The best weights are put back** whatever rule stops; without that every rule would keep worse weights than it has seen.
# - **One curve is one curve**: judge rules by their mean over several.
#
# Next: [07 · Question answering](07-question-answering.ipynb) has a model point at an answer.
