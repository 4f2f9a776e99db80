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
# # 16 · The fault lab
#
# In practice nobody tells you what is wrong. Training runs to its end, a number comes out, no line of code complains, and the model is bad all the
# same; or the number is splendid and the model is bad. In this lab every run has **one** hidden fault. You get the notes of the colleague who trained
# it and can ask for evidence: the curves, the data, the errors, the audit, new texts, the layers, the log of rates. Then you name the cause.
#
# The way of a diagnosis is always the same: *which number contradicts the notes, and what else would have to be true if it were this?*

# %%
import workbench as wb

# %% [markdown]
# ## 1 · Predict
#
# A model classifies news briefs in eight topics. On validation it is right more than 19 times in 20, on new texts about 16 times. Write down two causes that could
# explain this before you read on.

# %%
my_causes = None  # two of them, in words

# %% [markdown]
# ## 2 · Run: one case together
#
# `wb.fault` trains the run with the fault and, quietly, the same run without it. A case that was trained before is opened from its folder.

# %%
example = wb.fault("leaked split")
await example

# %% [markdown]
# ## 3 · Look
#
# Two numbers for texts that the model has not learned from: validation, and new texts from the service. They ought to agree within a few points (with
# 237 texts the standard error of an accuracy near 75% is 2.8 points).

# %%
example.look("service")

# %% [markdown]
# They do not. Either the texts in service are of another kind, or the validation texts are not new to the model. Read the texts: nothing is odd about
# them. So look for validation texts in training:

# %%
example.look("audit")

# %% [markdown]
# That is the cause. What happened, in code, and what the curve looks like when it is mended:

# %%
example.diagnose("leaked split", because="every validation text stands in training as well")

# %% [markdown]
# The repaired curve looks *worse*. On new texts, in the line above the pictures, the two models are about as good as each other: the first has had more
# texts to learn from, and no use of its curve. Only the repaired curve says how good its model is.
#
# A wrong diagnosis is not a dead end. It says what you would have seen, and what is seen here:

# %%
example.diagnose("shuffled labels")

# %% [markdown]
# ## 4 · Case 1
#
# Numbers mean another fault for every learner. Use the desk beneath the picture, or cells: `one.look("data")`, `one.look("rates")`, and so on.

# %%
one = wb.fault(1)
await one

# %%
first = wb.exercise("16.1")
first

# %%
cause = None  # "..."

# %%
first.check(one, cause)

# %% [markdown]
# ## 5 · Case 2: with grounds
#
# A cause without a number is a guess. This time say which number convinced you.

# %%
two = wb.fault(2)
await two

# %%
second = wb.exercise("16.2")
second

# %%
cause, because = None, None

# %%
second.check(two, cause, because)

# %% [markdown]
# ## 6 · Change one thing: make a fault
#
# Who has made a fault once recognises it. Train a run whose validation accuracy cannot be trusted.

# %%
third = wb.exercise("16.3")
third

# %%
answer = None  # your run

# %%
third.check(answer)

# %% [markdown]
# ## 7 · The lab
#
# Ten cases in all; each trains for a few seconds.

# %%
wb.fault_lab()

# %%
fourth = wb.exercise("16.4")
fourth

# %%
lab = None  # wb.fault_lab(), when four are found

# %%
fourth.check(lab)

# %% [markdown]
# ## 8 · Explain: a list for your own runs
#
# | Ask | It would show | Look at |
# |---|---|---|
# | Does a validation text stand in training? | validation as good as training, new texts worse | audit |
# | Do labels belong to their texts? | counting words is no better than the majority | data, TF-IDF line |
# | Are some labels wrong? | counting words agrees less with labels of training than of new texts | errors on *training* texts |
# | Do training texts repeat? | training loss gone after an epoch | audit, data |
# | Are there enough validation texts? | a curve in stairs | number of texts |
# | Is the rate the one you meant? | a loss that jumps; a log that disagrees with the notes | log of rates |
# | Is the beginning gentle enough? | the first batches climb | log of rates and batch losses |
# | Does everything learn that should? | training loss stays high, blocks stand still | map of layers |
# | Does the model read what was written? | like a model without pretraining | the ids, spelled out |
# | Is a text in service what it was in training? | validation fine, service not | the texts as they arrive |
#
# ## With your own data
#
# The questions are the same for a model of 110 million weights. `wb.audit` takes any dataset, from the Hub as well:
#
# ```python
# wb.audit("hub:fancyzhx/ag_news")
# ```
#
# ## What you have seen
#
# - **A number is evidence only with a second one** that would differ if you were wrong: validation *and* new texts, the model *and* TF-IDF.
# - **Too good is a symptom.** The repaired run of a leak has a worse curve, and one that can be believed.
# - **Errors on training texts** are where wrong labels show themselves.
# - **No error message** came from any of the ten faults.
#
# Next: [17 · Tokens gone wrong](17-tokens-gone-wrong.ipynb) looks closely at one kind of fault: what can happen between a text and its model.
