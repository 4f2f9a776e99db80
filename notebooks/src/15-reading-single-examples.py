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
# # 15 · Reading single examples
#
# A loss curve is a mean over hundreds of texts. Behind the same mean some texts are learned in the first epoch, some only when everything else is,
# some are learned and forgotten again. In this lesson you look at them one by one, and you use a trick to see memorising as it happens: some of the
# labels are made **wrong on purpose**. A model that answers such a text with its wrong label cannot have understood it. It has learned it by heart.

# %%
import workbench as wb

same = dict(model="bert-tiny", train_examples=400, epochs=8, learning_rate=1e-3, evaluations=16)

# %% [markdown]
# ## 1 · Predict
#
# 400 news briefs in eight topics, and one label in five is wrong. The model sees every text eight times, which is 200 steps. Will it learn the wrong
# labels as well, and if it does, from which step on? And where will validation loss be lowest: before or after?

# %%
my_step = None  # the step at which wrong labels begin to be memorised; 0 for never

# %% [markdown]
# ## 2 · Run
#
# `noise=0.2` flips a fifth of the training labels in secret; validation keeps its labels. What every evaluation says of every single text is kept in
# the run's folder. It comes from the passes that the curves need anyway; `watch=True` keeps it without flipping anything.

# %%
run = wb.fit("headlines", noise=0.2, **same)
await run

# %% [markdown]
# ## 3 · Look: what are the flipped texts answered with?
#
# Blue are the flipped texts that are answered with their **true** label, which nobody has ever told the model. Orange are those that get the
# **wrong** one they were given. The thin line says how often that would happen by mistake: as often as with texts that the model has never seen.

# %%
wb.noise(run)

# %% [markdown]
# First the model learns what the topics have in common, and for a while it corrects many of the wrong labels. Then it learns the exceptions by heart,
# until in the end it answers nearly all of them as it was told. Zhang and others showed in 2017 that networks can fit labels that are pure chance; Arpit
# and others, in the same year, that patterns come first. Your prediction:

# %%
run.noise()[["step", "true", "given", "expected"]].round(2).iloc[::2]

# %% [markdown]
# Note the green line. Validation loss is lowest at a moment when a good part of the wrong labels is known by heart already: **the lowest validation
# loss is no proof that nothing has been memorised.**
#
# ## 4 · What is inside: three numbers per text
#
# Swayamdipta and others (2020) look at the probability *p* that a model gives to the label of a training text, evaluation after evaluation.
# **Confidence** is its mean, **variability** its standard deviation, **correctness** the share of evaluations at which the label was the answer. A
# text is **forgotten** each time a right answer is followed by a wrong one (Toneva and others, 2019); in the table, `learned` is the step at
# which its label was first the answer. By hand:

# %%
examples = run.examples()
p, right = examples.train.p_right, examples.train.right  # (evaluations, texts)
early = (examples.steps > 0) & (examples.steps <= run.best["step"])
mean, spread = p[early, 0].mean(), p[early, 0].std()
print(f"first text: confidence {mean:.2f}, variability {spread:.2f}")

# %%
texts = run.dynamics(until=run.best["step"])
texts.iloc[:3].round(2)

# %% [markdown]
# ## 5 · The data map
#
# Every point is a training text. At the top are the ones that are **easy to learn**, on the right the **ambiguous** ones that the model changes its mind
# about, at the bottom left the ones that are **hard to learn**. Click a point, or go through the list with the arrow keys, and read. Does the label
# fit the text? When you have an opinion, tick the box. Then move *Up to step* to the right and watch the map collapse: what is memorised looks easy.

# %%
datamap = wb.datamap(run, until=run.best["step"])

# %% [markdown]
# ## 6 · All of it through time
#
# One slider moves the curve's cursor, the two histograms of the probability of the right label, the confusion matrix and five texts of validation.
# Training moves to the right edge and stays there. Validation splits in two: texts that are answered right and surely, and texts that are answered
# *wrong* and surely. Nothing is computed by the model here; it is all in the run's folder.

# %%
moments = wb.scrub(run)

# %% [markdown]
# ## 7 · Change one thing: the same texts with the right labels
#
# Is the corner at the bottom left an effect of the wrong labels? The control has the same texts, the same seed, and no flips.

# %%
control = wb.fit("headlines", watch=True, **same)
await control

# %%
corner = {}
for name, which in (("a fifth flipped", run), ("right labels", control)):
    found = which.dynamics(until=run.best["step"])
    corner[name] = f"{(found['confidence'] < 0.25).sum()} of {len(found)} texts with confidence below 0.25"
corner

# %% [markdown]
# Who is in the corner now, when no label was flipped? A list of suspects is not a list of culprits: a person has to read them. That is what the map
# is for: it says *which* of 400 texts to read first.

# %%
hard = control.dynamics(until=run.best["step"]).nsmallest(3, "confidence")
for row in hard.itertuples():
    print(f"{row.label} ({row.confidence:.2f}): {row.text}\n")

# %% [markdown]
# ## 8 · Explain: four exercises

# %%
first = wb.exercise("15.1")
first

# %%
rows = None  # a list of rows: datamap.row is the one that is chosen

# %%
first.check(run, rows)

# %%
second = wb.exercise("15.2")
second

# %%
step = my_step

# %%
second.check(run, step)

# %%
third = wb.exercise("15.3")
third

# %%
rows = None

# %%
third.check(run, rows)

# %%
fourth = wb.exercise("15.4")
fourth

# %%
answer = None  # await wb.fit(...)

# %%
fourth.check(answer)

# %% [markdown]
# ## With a real dataset
#
# Published datasets have wrong labels too, and nobody has planted them. Watch a run on your own data (`noise` stays 0), read the thirty texts with the
# lowest confidence, and count how many labels you would change. Up to 1,000 training texts are watched; of more, a sample. With a network:
#
# ```python
# run = await wb.fit("hub:fancyzhx/ag_news", model="google-bert/bert-base-uncased", learning_rate=2e-5, epochs=3, train_examples=2000, watch=True)
# wb.datamap(run)
# ```
#
# ## What you have seen
#
# - **Patterns are learned before exceptions.** For a while the model knows better than its labels; later it repeats them.
# - **The lowest validation loss does not mean that nothing was memorised.**
# - **Confidence and variability** sort the training texts into easy, ambiguous and hard; wrong labels gather where it is hard.
# - **The map must be drawn early.** Once everything is memorised, everything looks easy.
# - **A suspect is not a culprit**: the map says what to read, a person decides.
#
# Next: [16 · The fault lab](16-the-fault-lab.ipynb) has nine more faults, and does not tell you which one it is.
