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
# # 22 · Domain adaptation: from general English to law, medicine and code
#
# The small models of this workbench have read an encyclopaedia, old novels and news. Your texts may be of another kind: contracts, doctors' notes, the
# documentation of programs. Labels are dear there, but plain texts lie about in heaps. **Domain-adaptive pretraining** (DAPT) lets the language model go
# on reading such texts, with no labels, before it is fine-tuned. In this lesson it reads what the Python packages on *your* machine say about
# themselves, and then the same is tried in medicine.

# %%
import workbench as wb

docs = wb.load("docstrings")
docs.frame().groupby("label").head(1)[["label", "text"]]

# %% [markdown]
# Eight areas: which one is a piece of documentation about? Names of packages, functions and parameters are replaced by X, as they would give it away.
# Modules are dealt out to training and validation whole. The files were only read, none of these packages was started for it.
#
# ## 1 · Predict
#
# Perplexity says among how many equally likely words the model hesitates when one is hidden. Where is it higher, in documentation or in news briefs?
# And with 64 labelled texts: by how many points of accuracy does it help to read 4,000 sentences of documentation first, if it helps?

# %%
my_points = None  # points of accuracy

# %% [markdown]
# ## 2 · Run: the language model reads on
#
# Nothing new is needed for it. The task is the one of pretraining, the data have no labels, and the start is the checkpoint.

# %%
reading = dict(learning_rate=1e-3, batch_size=16, epochs=2, evaluations=4)
reader = wb.fit("docstrings-sentences", model="bert-tiny", **reading)
await reader

# %% [markdown]
# The same sentence, before and after:

# %%
from workbench.training.predictor import Predictor

sentence = "Return the number of ___ in the graph."
before, after = Predictor.untouched("bert-tiny", "language-modeling"), reader
print(before.predict(sentence)["choices"][0], "|", after.predict(sentence)["choices"][0], sep="\n")

# %% [markdown]
# ## 3 · What is inside
#
# One step of it, written out: hide some of the pieces, let the model guess them, and take the loss at those places alone.

# %%
import torch
from transformers import AutoModelForMaskedLM, AutoTokenizer, logging

logging.set_verbosity_error()
folder = next(card for card in wb.models() if card.name == "bert-tiny").folder
model, tokenizer = (
    AutoModelForMaskedLM.from_pretrained(folder, dtype=torch.float32),
    AutoTokenizer.from_pretrained(folder),
)

# %%
ids = tokenizer("Return the eigenvalues of a symmetric matrix.", return_tensors="pt")["input_ids"]
hidden = torch.zeros_like(ids, dtype=torch.bool)
hidden[0, [3, -3]] = True  # two places; in training 15% of them, other ones in every batch
logits = model(ids.masked_fill(hidden, tokenizer.mask_token_id)).logits
loss = torch.nn.functional.cross_entropy(logits[hidden], ids[hidden])
f"loss {loss:.2f} nats, perplexity {loss.exp():.0f}: {tokenizer.convert_ids_to_tokens(ids[hidden])}"

# %% [markdown]
# ## 4 · Look: what it has learned, what it has forgotten, what it is good for
#
# `wb.adapt` measures a reader like this one. Perplexity on held-out texts, of the field and from elsewhere (news briefs). Then small classifiers, with the
# same 64 labels and the same seeds: one begins with the checkpoint, one with the reader.

# %%
documentation = await wb.adapt(reader, "docstrings", seeds=3)

# %% [markdown]
# The left panel has two halves. In the field the model hesitates much less; elsewhere it hesitates more than before: what it has read last has pushed
# aside some of what it knew (*catastrophic forgetting*). On the right every dot is a seed. Read the verdict before you believe the bars: where this lesson was
# written, perplexity had fallen by more than half, and the classifiers had gained nothing that could be told from the spread of the seeds, and both were behind counting words (the dashed line).
#
# How foreign was the field? Count the pieces into which its words are broken. The vocabulary was made for general English, and adaptation does not change it:

# %%
documentation.vocabulary().round(3)

# %% [markdown]
# By this measure documentation is less foreign than news briefs, which are full of names; and it was so by perplexity, too, before anything was read:
# documentation says the same things again and again, news does not.
#
# ## 5 · Change one thing: the field
#
# The same with some 2,000 sentences of doctors, patients and leaflets. What will the two halves show? (Whether a classifier of specialties gains is exercise 22.3.)

# %%
clinic = await wb.adapt("clinic-sentences", reading=reading)

# %% [markdown]
# Perplexity falls here as well, though less, and less is forgotten. There are half as many sentences to read and so half as many steps, in which less is
# learned and less pushed aside. And this field is the foreign one: its words are broken into more pieces than those of documentation, and of news as well.

# %%
clinic.vocabulary().round(3)

# %% [markdown]
# Reading and fine-tuning in one is a technique as any other, in the panel as well. The reading is a run of its own in the table of runs, and other seeds use
# it again: `wb.fit("clinic", model="bert-tiny", technique="domain-adaptation", reads="clinic-sentences")`. `reads=` also takes a file of plain text.
#
# ## 6 · Explain: three exercises

# %%
first = wb.exercise("22.1")
first

# %%
answer = None  # await wb.adapt(...)

# %%
first.check(answer)

# %%
second = wb.exercise("22.2")
second

# %%
answer = None

# %%
second.check(answer)

# %%
third = wb.exercise("22.3")
third

# %%
made, helps = None, None  # await wb.adapt(...), and True or False

# %%
third.check(made, helps)

# %% [markdown]
# ## 7 · With a real checkpoint
#
# BERT has read the whole of Wikipedia; the language of contracts is still foreign to it. With a network, and better with a GPU:
#
# ```python
# await wb.adapt("hub:coastalcph/lex_glue/ledgar", "hub:coastalcph/lex_glue/ledgar", model="google-bert/bert-base-uncased",
#                seeds=3, train_examples=500, learning_rate=3e-5, reading=dict(learning_rate=5e-5, epochs=1, batch_size=32))
# ```
#
# ## What you have seen
#
# - Continued pretraining needs texts and no labels. It is the cheapest thing to try where labels are dear.
# - A lower perplexity is no promise: what counts is the task, against the same classifier without it, over several seeds. Gains are reported for models that
#   have capacity to spare, with millions of words of the field (Gururangan et al., 2020); a model of two layers and a minute of reading are neither.
# - Larger models with more to read do gain. `bert-mini` was measured with laws, with medical answers and with the questions of a bank, five seeds each:
#   [what each technique adds](../docs/techniques.md) says where that helped, and by how much. Medical answers are told apart better with 32 labels after
#   reading other medical texts, with 64 no difference can be detected, and questions, letters and notes of a clinic (`clinic`) are not.
# - Something is forgotten. How much depends on the rate and on how long is read. Measure it against the control each time.
#
# Next: [23 · Changing the architecture](23-changing-the-architecture.ipynb) changes the model itself: head, layers and vocabulary.
