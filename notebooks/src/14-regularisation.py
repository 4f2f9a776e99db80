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
# # 14 · Regularisation
#
# A model that overfits can be held back in many ways: dropout, weight decay, label smoothing, mixing of examples, frozen layers, fewer layers, more
# texts, fewer steps. All of them change the curve. Whether they make the model *better* is another question, and the two are often confused: a
# smaller gap looks like progress. In this lesson you change one thing at a time and read three numbers.

# %%
import pandas as pd
import torch

import workbench as wb

base = dict(model="bert-tiny", train_examples=96, epochs=12, learning_rate=3e-3, evaluations=6, max_length=48)

# %% [markdown]
# ## 1 · Predict
#
# 96 news briefs in eight topics, each read twelve times. Which of these will lower the *lowest* validation loss: dropout 0.6, mixing, freezing the
# embeddings and the first layer, four times as many texts?

# %%
my_bets = []  # as many as you like

# %% [markdown]
# ## 2 · Run: the illness

# %%
ill = wb.fit("headlines", **base)
await ill


# %% [markdown]
# ## 3 · Look: three numbers
#
# - the **lowest validation loss**: the best model that this training passes through (and that the run keeps);
# - the **gap** at the end: validation loss minus training loss;
# - **GL** at the end: by how many percent validation loss has climbed above its lowest value.


# %%
def three(run):
    curve = run.frame()
    lowest, last = curve["valid_loss"].min(), curve.iloc[-1]
    gap = last["valid_loss"] - last["train_loss"]
    return {"lowest": lowest, "gap": gap, "GL (%)": 100 * (last["valid_loss"] / lowest - 1)}


# %%
pd.DataFrame([three(ill)], index=["no regularisation"]).round(3)

# %% [markdown]
# ## 4 · What is inside: mixing two examples
#
# Mixing (*mixup*: Zhang and others, 2018; of sentences: Guo and others, 2019) takes two texts, draws a share λ, and trains on a point between them: λ of the one vector and 1 − λ of the other, with λ of the one label and
# 1 − λ of the other. No text looks like that, and none of it can be learned by heart. The shares come from a Beta distribution; its parameter is
# the strength. Small: nearly pure examples. 1: all shares equally likely. Large: nearly half and half.

# %%
for strength in (0.1, 1.0, 10.0):
    shares = torch.distributions.Beta(strength, strength).sample((8,))
    print(f"{strength:5.1f}:", "  ".join(f"{s:.2f}" for s in shares.sort().values))

# %% [markdown]
# The vectors that are mixed are those that the last layer reads, and that layer is linear. So mixing its input is mixing its output, and the whole of
# it can be written with logits alone:

# %%
logits, labels = torch.randn(4, 3), torch.tensor([0, 1, 2, 1])
share, partner = torch.tensor([0.9, 0.5, 0.7, 0.6]), torch.tensor([1, 0, 3, 2])
mixed = share[:, None] * logits + (1 - share[:, None]) * logits[partner]
own, other = (torch.nn.functional.cross_entropy(mixed, y, reduction="none") for y in (labels, labels[partner]))
(share * own + (1 - share) * other).mean()

# %% [markdown]
# ## 5 · Change one thing

# %%
mixing = wb.fit("headlines", **{**base, "mixup": 1.0})
await mixing

# %%
pd.DataFrame([three(ill), three(mixing)], index=["no regularisation", "mixing"]).round(3)

# %% [markdown]
# ## 6 · An ablation
#
# One run each proves little. `wb.ablate` trains the base and the base with one change, all with the same seeds (here every seed draws other texts, too),
# and puts the differences seed by seed. A difference counts when its 95% band does not reach zero; with three seeds such a band is wide.

# %%
changes = {"dropout": 0.6, "freeze": 2}
changes["more texts"] = {"train_examples": 384, "epochs": 3}  # as many steps
table = await wb.ablate("headlines", changes, seeds=3, **base)

# %% [markdown]
# Read the table line by line, and then your bets.
#
# - **Dropout 0.6** looks like the perfect cure: no rebound at all, hardly any gap. And its best model is *worse*, by half a nat. With most of the
#   activations gone the model does not get far in so few steps: it does not overfit because it has not fitted yet.
# - **Freezing** the embeddings and the first layer ends the rebound *and* lowers the lowest loss, by some 0.2 nats. What the checkpoint knows about
#   words is worth more than what 96 texts could teach it, and it cannot be forgotten.
# - **Four times as many texts**, in as many steps, do most. That is what the others have to be measured against.
#
# Mixing was left out here to save time. With the same three seeds it halves GL, and its lowest loss differs from that of the base by far less than the
# band (-0.06 ± 0.22): no detectable difference. Exercise 14.3 lets you see for yourself.
#
# On other data the table is another one. For `reviews`, where 128 texts teach this small model next to nothing (its lowest loss is 0.69, and so is
# chance), these changes and mixing, at a learning rate of 1e-3, make *no detectable difference* to the lowest loss, although dropout takes GL from over 100%
# to 0 and freezing to below 20%. A cured curve is not a cured model.
#
# ## 7 · Explain: three exercises

# %%
first = wb.exercise("14.1")
first

# %%
answer = None  # your run

# %%
first.check(ill, answer)

# %%
second = wb.exercise("14.2")
second

# %%
answer = None  # your run

# %%
second.check(ill, answer)

# %%
third = wb.exercise("14.3")
third

# %%
mine, lower = None, None  # an ablation of your own; a list of names, or "none"

# %%
third.check(mine, lower)

# %% [markdown]
# ## With a real checkpoint
#
# A large model on few texts overfits sooner; the same choices are there, and the same table. With a network, and better with a GPU:
#
# ```python
# await wb.ablate("hub:fancyzhx/ag_news", {"dropout": 0.3, "mixup": 1.0, "freeze": 6}, seeds=3,
#                 model="google-bert/bert-base-uncased", learning_rate=3e-5, train_examples=500, epochs=4)
# ```
#
# ## What you have seen
#
# - **Three numbers, not one**: a regulariser may shrink the gap, or end the rebound, and leave the best model where it was.
# - **Stopping early and putting the best weights back** is a regulariser too; what it cannot do is make the best weights better.
# - **More texts** are the control against which every other cure has to be measured.
# - **No detectable difference** is an answer. And of changes that do nothing at all about one in twenty is *detected* all the same, by chance.
#
# Next: [15 · Reading single examples](15-reading-single-examples.ipynb) looks behind the mean: at one text after the other.
