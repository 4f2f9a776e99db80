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
# # 23 · Changing the architecture
#
# A checkpoint is not one block of stone. You can put another head on it, let the head read another vector, cut layers off or add some, give it new
# words, and turn it from one task to another. Each of these is one argument of `wb.fit`. Some of them help a lot, some do nothing, and some do
# harm; in this lesson you change one at a time and look.

# %%
import pandas as pd
import torch

import workbench as wb

news = dict(model="bert-tiny", train_examples=160, epochs=6, learning_rate=1e-3, evaluations=6)

# %% [markdown]
# ## 1 · Predict
#
# `bert-tiny` has two layers. Order these changes by what they do to the accuracy on eight topics of news, with twenty examples of each, from the
# one that helps most to the one that harms most:
#
# **a** the head reads the vector of `[CLS]` instead of the mean over all tokens · **b** one of the two layers is cut off · **c** two layers are added

# %%
my_order = None  # for example ["c", "a", "b"]

# %% [markdown]
# ## 2 · Run: what does the head read?
#
# A blueprint shows the model before anything is trained. Dashed is new, a full line is kept from the checkpoint.

# %%
wb.blueprint("headlines", model="bert-tiny")

# %%
mean = wb.fit("headlines", **news)
await mean

# %% [markdown]
# Now the vector that the first BERT papers read: `[CLS]`, which stands in front of every text.

# %%
cls = wb.fit("headlines", pooling="cls", **news)
await cls

# %%
wb.compare(mean, cls)

# %% [markdown]
# ## 3 · What is inside
#
# (`auto` in the table is the mean: what a model of this kind is read by, unless said otherwise.) Both heads have the same size. They differ in what they read: one row of the encoder's output, or the mean of all rows that are no padding.

# %%
predictor = mean.predictor()
batch = predictor.tokenizer(["The match was called off.", "Shares fell."], padding=True, return_tensors="pt")
rows, mask = predictor.model.encoder(**batch).last_hidden_state, batch["attention_mask"].unsqueeze(-1)
print(rows.shape, "->", rows[:, 0].shape, "or", ((rows * mask).sum(1) / mask.sum(1)).shape)

# %% [markdown]
# The vectors of the words were trained on fifty million tokens: each had to help to guess hidden words around it. Nobody ever asked `[CLS]` anything,
# because this checkpoint had no task on whole texts. So a head on `[CLS]` begins with a vector that says little about the text, and the encoder has
# to learn to put something there; with few texts and few passes it does not get far. It is a matter of training, not of the architecture: in a checkpoint that
# was pretrained on pairs of sentences, as BERT's first one was, the difference is small; with many labels it shrinks here too, and `bert-mini` with twenty
# passes over 64 texts shows none that can be told from chance ([what each technique adds](../docs/techniques.md)).
#
# ## 4 · Change one thing: a head for tags that looks left and right
#
# Names of people and places are another kind of task: one tag per word (lesson 05). The usual head judges every word by its own vector. A **BiLSTM**
# before it reads the vectors from both sides, so that a tag can depend on its neighbours. Before BERT that was the whole tagger.

# %%
people = wb.load("people-places")
usual, lstm = (wb.blueprint(people, model="bert-tiny", head=head) for head in ("linear", "bilstm"))
wb.blueprint(usual, lstm)

# %%
tags = dict(model="bert-tiny", train_examples=200, epochs=6, learning_rate=2e-3, evaluations=4)
linear = wb.fit(people, **tags)
await linear

# %%
bilstm = wb.fit(people, head="bilstm", **tags)
await bilstm

# %% [markdown]
# The BiLSTM has a hundred thousand new weights where the linear head has a thousand, and two hundred sentences and few steps to learn them in: it finds
# next to no name, and with bert-mini, too, it is behind (docs/techniques.md: 25.5 ± 3.9 against 48.1 ± 2.8 with 256 sentences and
# the same passes). It is meant for vectors that do not know their neighbours; BERT's know them already.
#
# Beside F1, look at what makes no sense. `I-PER` goes on with a person's name. Right behind `O`, outside of every name, there is nothing to go on
# with. A head that judges word by word cannot know that. To see it, let the linear head learn for longer and take its last weights.

# %%
longer = wb.fit(people, **{**tags, "epochs": 10}, restore_best=False)
await longer

# %%
from workbench.tasks.decoding import impossible

words = list(people["validation"]["tokens"])
broken = [(w, t) for w, t in zip(words, longer.predict(words)["tags"], strict=True) if impossible(t)]
print(f"{len(broken)} of {len(words)} sentences have a tag that cannot stand there")
for sentence in broken[:3]:
    print(" ".join(word if tag == "O" else f"{word}/{tag}" for word, tag in zip(*sentence, strict=True)))

# %% [markdown]
# A conditional random field (CRF) learns a score for every pair of neighbouring tags. Most of what it learns is known beforehand: which pairs are
# impossible. So take the model's probabilities as they are and look for the best sequence among the possible ones. The search is called **Viterbi**:
# from left to right, keep for every tag the best way that ends in it.

# %%
names, p = ["O", "B-PER", "I-PER"], torch.tensor([[0.5, 0.4, 0.1], [0.2, 0.1, 0.7], [0.3, 0.1, 0.6]])
never = torch.tensor([[0, 0, -torch.inf], [0, 0, 0], [0, 0, 0]])  # row: the tag before; column: the tag. I-PER behind O

# %%
best = p[0].log() + never[0]  # before the first word stands, as it were, an O
for row in p[1:].log():
    best, came_from = (best.unsqueeze(1) + never).max(0)
    best = best + row
    print([names[i] for i in came_from], [round(x, 3) for x in best.exp().tolist()])

# %% [markdown]
# One line per word from the second on: the tags that the best ways to `O`, `B-PER` and `I-PER` come from, and the probabilities of these ways.
# The highest one at the end is followed backwards: `I-PER`, before it `I-PER`, before that `B-PER`, with 0.4 · 0.7 · 0.6 = 0.168. Word by
# word the answer would have been `O I-PER I-PER`, which has 0.210 and is not possible.
#
# It costs no training, so the same tagger can be decoded both ways. `decoding="constrained"` in `wb.fit` does it in a run.

# %%
wb.decodings(longer).round(3)

# %% [markdown]
# No impossible sentence is left; that is how it is made. Whether F1 rises is another question: with `bert-mini` it does,
# from 48.1 to 53.3 with 256 of these sentences over five seeds, and by half a point on posts (docs/techniques.md). The scorer is kind to
# an `I-PER` behind `O` and counts it as the beginning of a name, so some of the sentences that were repaired had been counted as right before.
# What is certain: whoever reads the tags afterwards never meets a name without a beginning.
#
# ## 5 · Change one thing: layers
#
# `layers=1` keeps the lower one of two layers. `layers=4` adds two: copies of the highest layer whose way back into the stream of vectors is at zero, so
# that they pass on what they get until they have learned something else.

# %%
cut, grown = (wb.blueprint("headlines", model="bert-tiny", layers=n) for n in (1, 4))
wb.blueprint(cut, wb.blueprint("headlines", model="bert-tiny"), grown)

# %%
one_layer = wb.fit("headlines", layers=1, **news)
await one_layer

# %%
seconds = [run.frame()["seconds"].iloc[-1] for run in (mean, one_layer)]
scores = [run.best["accuracy"] for run in (mean, one_layer)]
pd.DataFrame({"accuracy": scores, "seconds": seconds}, index=["two layers", "one layer"]).round(3)

# %% [markdown]
# A layer fewer is less to compute in every step, and less to store. What it costs in accuracy depends on the task, and on these two rows alone you
# cannot tell: it is one seed each (`wb.is_it_real(mean, one_layer)` would say). The blueprint on the right shows the other direction. Added
# layers change the checkpoint's vectors by a few percent at first, so training starts where the checkpoint ends; to do any good they have to
# learn, and for that a few hundred texts are little. They are meant for going on with pretraining. To find the place of **c** in your order, train it:
# `wb.fit("headlines", layers=4, **news)`.
#
# ## 6 · Change one thing: new words
#
# A vocabulary is made from the texts of pretraining. Doctors' notes are full of words that were not among them:

# %%
note = "Ankle oedema since amlodipine was started; ECG normal, no orthopnoea 😀"
wb.tokens(note, "bert-tiny")

# %% [markdown]
# With `add_tokens` such a word becomes a token of its own. Its vector begins as the mean of the vectors of its pieces; what the vocabulary lacks
# altogether, like the emoji, begins as the vector of the unknown token. Which words are worth it? Those that come often and fall into many pieces.

# %%
from workbench.lessons.architecture import broken_words, pieces_per_text

words = broken_words("clinic", "bert-tiny", most=150)
print(words[:12])
print({n: round(pieces_per_text("clinic", "bert-tiny", words[:n]), 1) for n in (0, 40, 150)})

# %%
wb.blueprint("clinic", model="bert-tiny", add_tokens=words)

# %% [markdown]
# Fewer pieces per text mean shorter inputs: more of a long text fits under `max_length`, and each step is cheaper. A better model they need not
# mean. A new row is learned from the texts that its word is in, and here most of these words come three to fifteen times in training. The pieces were
# read far more often in pretraining. New words pay where there is text to learn them from: add them first, go on with pretraining on `clinic-sentences`
# (`model="bert-tiny"`, the same `add_tokens`), and give that run to the classifier as its `model`.
#
# ## 7 · From one task to another, and back
#
# The encoder does not know what head stands on it. A finished run is a model like any other, so the classifier of this lesson can become a language
# model: `model=mean`. Look at the head: new. The checkpoint did have a head for hidden words, but a classifier does not keep it.

# %%
reader = wb.blueprint("legal-sentences", model="bert-tiny")
wb.blueprint(reader, wb.blueprint("legal-sentences", model=mean))

# %% [markdown]
# And the encoder? Here are its weights as the classifier has left them, and as the language model begins with them:

# %%
from transformers import AutoModelForMaskedLM, logging

logging.set_verbosity_error()  # that the head is new we know
left, begun = mean.predictor().model.encoder, AutoModelForMaskedLM.from_pretrained(mean.model_folder()).bert
same = [torch.equal(w, begun.state_dict()[name]) for name, w in left.state_dict().items()]
print(f"{sum(same)} of {len(same)} weight matrices and vectors are the same, bit by bit")

# %% [markdown]
# That is what lessons on domain adaptation and on sequential transfer rest on: what the encoder has learned goes along, what the head has learned does
# not. Turn a model back and forth and you pay with a head each time.
#
# ## 8 · Explain: four exercises

# %%
first = wb.exercise("23.1")
first

# %%
answer = None  # your run

# %%
first.check(answer)

# %%
second = wb.exercise("23.2")
second

# %%
answer = None  # a list of three tags

# %%
second.check(answer)

# %%
third = wb.exercise("23.3")
third

# %%
answer = None  # your run

# %%
third.check(answer)

# %%
fourth = wb.exercise("23.4")
fourth

# %%
answer = None  # a list of words

# %%
fourth.check(answer)

# %% [markdown]
# ## With a real checkpoint
#
# `bert-base` has twelve layers. Half of them are often enough (Sajjad et al. 2023), and here half of the layers is half of the minutes. With a network:
#
# ```python
# half = wb.fit("hub:fancyzhx/ag_news", model="google-bert/bert-base-uncased", layers=6, train_examples=2000, learning_rate=3e-5, epochs=2)
# await half
# ```
#
# ## What you have seen
#
# - **What the head reads** matters as much as the head, and depends on what pretraining has trained.
# - **A head with more to learn** needs more texts to learn it from.
# - **Impossible answers** can be forbidden without any training.
# - **Fewer layers** are a cheap way to a smaller and faster model; **more layers** and **new words** begin as next to nothing and want many texts.
# - **The encoder goes along** from task to task, the head does not.
#
# Next: [24 · A new language](24-a-new-language.ipynb) is the last lesson and puts much of this together: new letters, a head start, and what is forgotten.
