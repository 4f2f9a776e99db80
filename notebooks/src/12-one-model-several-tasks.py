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
# # 12 · One model, several tasks
#
# You have 64 labelled texts for the task that you care about, and a thousand for another one. Can the other one help? There are two ways to try.
# **Sequential transfer**: fine-tune on the large task first, then go on with the small one. **Multi-task learning**: learn both at once, with one
# encoder and a head for each. Both can help, do nothing, or do harm, and which of these it is can only be measured.

# %%
import tempfile

import workbench as wb
from workbench.lessons.several import news_and_others

# %% [markdown]
# The task that we care about: are these lines from newspapers good news or bad news? The other task: what people wrote in reviews and posts, and whether
# they were pleased. The same question, asked of other texts. The news have 64 labels to learn from and 198 texts to judge by.

# %%
news, others = news_and_others(tempfile.mkdtemp())
few = dict(model="bert-tiny", train_examples=64, epochs=6, evaluations=2, restore_best=False)
long = dict(model="bert-tiny", learning_rate=1e-3, epochs=4, evaluations=4, restore_best=False, seed=3)

# %% [markdown]
# ## 1 · Predict
#
# Of 100 news lines, how many does a model get right that has learned from 64 of them? How many more when it has learned from 1,088 reviews and posts
# before? And when it then has to tell eight *topics* apart instead, from 64 headlines: how many more, or fewer, than without the reviews?

# %%
alone_right, more_news, more_topics = None, None, None

# %% [markdown]
# ## 2 · Run: the task in between
#
# The intermediate task has all its labels. Its run is an ordinary one.

# %%
intermediate = wb.fit(others, **long)
await intermediate

# %% [markdown]
# Any finished run can be the model of the next one: the encoder comes along as this run has left it, the head is new. So short a run is evaluated too
# seldom for a verdict; it is the score that counts here. `seed=3` belongs to the intermediate run alone: with the same seed a new head would get the same
# random weights that the encoder has learned to serve, and its curve would begin above chance. With another seed it begins like any other.

# %%
after = wb.fit(news, learning_rate=1e-3, **{**few, "model": intermediate})
await after

# %% [markdown]
# ## 3 · What is inside multi-task learning
#
# One encoder, one vector per text, and a last layer for each task. Each example is judged by its own layer alone. Here are two tasks with two and three
# labels, and a batch with one text of each:

# %%
import torch

encoder, heads = torch.nn.Linear(8, 4), [torch.nn.Linear(4, 2), torch.nn.Linear(4, 3)]
vectors, tasks, labels = encoder(torch.randn(2, 8)), [0, 1], torch.tensor([1, 2])

# %%
loss = (
    sum(torch.nn.functional.cross_entropy(heads[t](v), y) for v, t, y in zip(vectors, tasks, labels, strict=True)) / 2
)
loss.backward()
print("both heads and the encoder learn:", all(part.weight.grad.any() for part in (encoder, *heads)))

# %% [markdown]
# In the workbench it is `technique="multi-task"` with the names or files of the other data in `also`. One more choice has to be made: how much of each?
# In proportion to their sizes, 64 news lines would drown among 1,088 other texts; if all came alike, most of the others would hardly be seen. `sampling` is
# an exponent between the two: shares ∝ size^sampling.

# %%
from workbench.techniques.multitask import per_epoch

for sampling in (1.0, 0.5, 0.0):
    print(f"sampling={sampling}: {per_epoch([64, 1088], sampling)} news lines and other texts per epoch")

# %% [markdown]
# ## 4 · Change one thing: the way, on three seeds
#
# Every seed draws another 64 of the 96 news lines. The rate and the number of times that each news line is seen are the same for all three.

# %%
ways = {
    "alone": {},
    "after others": {"model": intermediate},
    "together": {"technique": "multi-task", "also": (others,)},
}
duel = await wb.duel(news, ways, seeds=3, learning_rate=1e-3, **few)

# %%
duel.frame().round(3)

# %%
print(duel.verdict())

# %% [markdown]
# The verdict is about the two best; against `alone`, which is the control, read the table. And the other head, on its own validation texts?

# %%
duel.runs["together"][0].store.facts["also"]

# %% [markdown]
# ## 5 · Where it does harm
#
# The same two beginnings, another target: eight topics, 64 headlines. The encoder is frozen this time, so that the question is about its vectors: what do
# they still tell a new head?

# %%
frozen = dict(technique="feature-extraction", learning_rate=1e-2)
topics = await wb.duel(
    "headlines", {"alone": {}, "after others": {"model": intermediate}}, seeds=3, **{**few, **frozen}
)

# %%
print(topics.verdict())

# %% [markdown]
# This is **negative transfer**. Whether somebody is pleased has nothing to do with the topic, so the intermediate task had no use for what the checkpoint
# knew of topics, and wrote over it.

# %% [markdown]
# ## 6 · Explain: three exercises

# %%
first = wb.exercise("12.1")
first

# %%
sampling = None  # a number from 0 to 1

# %%
first.check(sampling)

# %%
second = wb.exercise("12.2")
second

# %%
pair = None  # (run without it, run after it)

# %%
second.check(pair)

# %%
third = wb.exercise("12.3")
third

# %%
pair = None  # (run after the right labels, run after the flipped ones)

# %%
third.check(pair)

# %% [markdown]
# ## 7 · With a real checkpoint
#
# With full-size models, intermediate tasks that ask for inference and reasoning, with many labelled examples, are what helped most often (Pruksachatkun et al.,
# 2020). With a network, and better with a GPU:
#
# ```python
# films = await wb.fit("hub:stanfordnlp/imdb", model="google-bert/bert-base-uncased", learning_rate=3e-5, train_examples=4000, epochs=1)
# await wb.fit("hub:stanfordnlp/sst2", model=films, learning_rate=3e-5, train_examples=64, epochs=10)  # control: the same without model=films
# ```

# %% [markdown]
# ## What you have seen
#
# - A run can be the next one's model; several data sets can share one encoder. Each has its control: the same training without the other task.
# - What helps is a task that needs the same thing. A task that needs something else costs what the checkpoint knew.
# - A duel with several seeds, each with other texts, tells the one from the other; the names of the tasks do not.
#
# Next: [13 · Underfitting and overfitting, live](13-under-and-overfitting.ipynb) comes back to the two curves of lesson 00.
