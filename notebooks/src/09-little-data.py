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
# # 09 · Making more of little data
#
# A label costs somebody's time; changing a word costs nothing. Take a labelled text, leave a word out, swap two, put in a synonym: there is a new
# training text, and it takes its label along for free. This is **data augmentation**. Four such operations became known as EDA (Wei and Zou, 2019).
# In this lesson you make copies by hand, see how a copy can lose its label, train with copies and without, and find out what copies can bring
# and what they cannot.

# %%
import random

import numpy as np
import pandas as pd

import workbench as wb

reviews = wb.load("reviews")

# %% [markdown]
# ## 1 · A copy by hand
#
# Two of the four operations are a few lines each: leave every word out with some probability; put two words in each other's place.


# %%
def thinned(text, share=0.2):
    words = text.split()
    return " ".join(w for w in words if random.random() >= share) or words[0]


def reordered(text):
    words = text.split()
    i, j = random.sample(range(len(words)), 2)
    words[i], words[j] = words[j], words[i]
    return " ".join(words)


# %%
random.seed(5)
complaint = "The room was not clean and the lift did not work."
for _ in range(4):
    print(thinned(complaint), "|", reordered(complaint))

# %% [markdown]
# Read them one by one. Every copy takes the label of its original along: `negative`. Would you still give it to each?
#
# A *not* is one word among many, and it is as likely to go as any other. Without it the text says the opposite, and the model is taught that the
# opposite is negative. Here is the same with a seed that was picked because it goes wrong:

# %%
random.seed(0)
draws = [thinned(complaint) for _ in range(200)]
[draw for draw in draws if "not clean" not in draw and "clean" in draw][:4]

# %% [markdown]
# How often does it happen? The workbench has a list of words that carry an opinion (*good*, *broken*) or turn one round (*not*, *never*, *but*). Make a
# copy of every review, with a tenth of the words gone, and count the copies that lost such a word:

# %%
from workbench.data.synonyms import protected


def telling(text):
    return sum(protected(word.strip(".,;:!?'\"()")) for word in text.split())


# %%
texts = list(reviews["train"]["text"])
lost = np.mean([telling(thinned(text, 0.1)) < telling(text) for text in texts])
print(f"copies that lost a word that carries the opinion or turns it round: {lost:.0%}")

# %% [markdown]
# Not each of these is wrong now: praise in five words survives the loss of one. But some are, and nobody looks.
#
# ## 2 · Copies that keep their label
#
# `wb.augment` knows the four operations of EDA and a fifth: *contextual*, where a masked language model (`bert-mini`) fills a hidden word. It leaves
# those words alone: they are neither deleted nor moved nor put in, and praise is replaced by praise only. Validation and test are never touched.

# %%
eda = ("deletion", "insertion", "substitution", "swap")
safer = wb.augment(reviews, (*eda, "contextual"), train_examples=64)
safer.preview(10)

# %%
safe = wb.augment(reviews, "deletion")["train"]
pairs = list(zip(safe["text"], safe["copy_of"], strict=True))[len(texts) :]  # the originals come first
lost = np.mean([telling(copy) < telling(texts[at]) for copy, at in pairs])
print(f"copies that lost such a word: {lost:.0%} of {len(pairs)}")

# %% [markdown]
# Safer is not safe. Read the preview again: a synonym in the wrong sense, a swap that makes nonsense, a word from the language model that says something
# else. A list cannot know what a sentence means; whoever augments reads a few dozen copies first.
#
# ## 3 · Predict
#
# Now to the question what copies bring. The task is lesson 03's: news briefs, eight topics, 64 of them labelled. With four copies of each there are
# 320 training texts. And if somebody had labelled 256 instead? Write down the accuracy that you expect of the three.

# %%
my_guess = None  # for example {"64": 0.5, "64 and copies": 0.6, "256": 0.7}

# %% [markdown]
# ## 4 · Run
#
# First the control, without copies. 64 texts in batches of 16 are 4 steps per epoch: 20 epochs are 80 steps.

# %%
topics = wb.load("headlines")
same = dict(model="bert-mini", learning_rate=5e-4, evaluations=5, seed=0)
few = wb.fit(topics, train_examples=64, epochs=20, **same)
await few

# %% [markdown]
# Now with copies. `train_examples=64` goes to `wb.augment`: the labelled texts are chosen *before* they are copied, and they are the same 64. 320 texts are 20 steps
# per epoch, so four epochs are 80 steps again. With as many epochs as above the copies would have got five times the training, and nobody could
# say which of the two had helped.

# %%
more = wb.augment(topics, eda, copies=4, train_examples=64)
print(more.summary)
copied = wb.fit(more, epochs=4, **same)
await copied

# %% [markdown]
# And what more labels would have done: 256 texts, 80 steps, no copies.

# %%
many = wb.fit(topics, train_examples=256, epochs=5, **same)
await many

# %% [markdown]
# ## 5 · Look
#
# *Counting words* is the control of every lesson (TF-IDF + logistic regression), fitted to the same training texts as the model beside it, copies included.

# %%
runs = {"64": few, "64 and copies": copied, "256": many}
ends = {name: run.frame().iloc[-1] for name, run in runs.items()}
table = pd.DataFrame({name: end[["step", "train_loss", "valid_loss", "accuracy"]] for name, end in ends.items()}).T
table["lowest valid_loss"] = [run.frame()["valid_loss"].min() for run in runs.values()]
table["counting words"] = [run.store.facts["control"] for run in runs.values()]

# %%
noise = 1.96 * (0.25 / few.store.facts["n_valid"]) ** 0.5
print(f"at the last step; each accuracy ± {noise:.3f}; your guess: {my_guess}")
table.astype(float).round(3)

# %%
wb.compare(few, copied, many)

# %% [markdown]
# Three things to see:
#
# - **Accuracy does not move**, or not by more than the noise. Whatever the copies did, they did not make the model right more often.
# - **The loss does.** Without copies validation loss turns while the 64 texts are learned by heart. With copies it ends lower: the model is wrong as
#   often, but less sure of itself where it is wrong. If you use its probabilities (lesson 04's threshold), that is worth something.
# - **Labels win.** 192 more labels, at the same number of steps, are ahead in both by far.
#
# One run is one draw. Over five seeds of `bert-tiny`, with 32, 128 and 512 labelled briefs and four copies of each, the difference in accuracy is -3.3 ± 2.9,
# +1.4 ± 1.8 and +1.3 ± 4.8 points: at none of the three one that can be told from chance ([what each technique adds](../docs/techniques.md)).
#
# ## 6 · Why: what is in a copy
#
# A model learns a topic from its words. So count: of the different words in the validation split, how many has each training set shown at all?

# %%
import re

from workbench.tasks.base import stratified


def vocabulary(some):
    return {word for text in some for word in re.findall(r"[a-z']+", text.lower())}


# %%
rows = stratified(np.array(topics["train"]["label"]), 256, seed=0)
sets = {"64": more["train"]["text"][:64], "64 and copies": more["train"]["text"]}
sets["256"] = topics["train"].select(rows)["text"]
asked = vocabulary(topics["validation"]["text"])
pd.Series({name: len(asked & vocabulary(some)) / len(asked) for name, some in sets.items()}, name="known words").round(
    3
)

# %% [markdown]
# There it is. Deleting and swapping bring no word at all, synonyms a handful. A copy says again what its original said; a new label says something new.
# What copies can do is to disturb: a text that never looks quite the same is harder to learn by heart. That is **regularisation**, like dropout.
#
# ## 7 · Change one thing
#
# The panel starts with the control. Change **one** thing, train, and compare in the tab **Runs**: more dropout (another way to disturb), 32 texts or 128,
# the random twin. Or train with copies for twice as long, `wb.fit(more, epochs=8, **same)`: does that curve turn as well?

# %%
panel = wb.panel("headlines", train_examples=64, epochs=20, **same)

# %% [markdown]
# ## 8 · Explain: three exercises

# %%
exercise_1 = wb.exercise("09.1")
exercise_1

# %%
turned = None  # (text, shorter text)

# %%
exercise_1.check(turned)

# %%
exercise_2 = wb.exercise("09.2")
exercise_2

# %%
wordy = None  # what wb.augment gives

# %%
exercise_2.check(wordy)

# %%
exercise_3 = wb.exercise("09.3")
exercise_3

# %%
single = None  # your run

# %%
exercise_3.check(few, single)

# %% [markdown]
# ## With a real checkpoint
#
# With a network, a larger language model offers better words, and a real checkpoint has read more. One choice each:
#
# ```python
# news = wb.load("hub:fancyzhx/ag_news")
# news["validation"] = news["validation"].shuffle(seed=0).select(range(500))
# more = wb.augment(news, "contextual", copies=4, train_examples=64, model="distilbert/distilbert-base-uncased")
# run = wb.fit(more, model="distilbert/distilbert-base-uncased", learning_rate=5e-5, epochs=4)
# await run
# ```
#
# Run the control too: `wb.fit(news, train_examples=64, epochs=20, ...)`. The more a model has read, the less it has to learn from copies.

# %% [markdown]
# ## What you have seen
#
# - **A copy takes its label along**, whether that is still true or not. Protect what carries the opinion or turns it round, and read some copies.
# - **Choose the labelled texts first, then copy.** A copy of a text that you do not have a label for is a label that you do not have.
# - **As many steps for both**, or you compare training time.
# - **Copies regularise**: here accuracy stays within the noise and the model is less overconfident. They do not replace labels.
# - **A new label says something new**: count the words.
#
# Next: [10 · How much may move?](10-how-much-may-move.ipynb) trains a part of the weights only.
