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
# # 24 · A new language: from French to Spanish
#
# `en-fr-mini` reads English and writes French. You have 600 sentences with a Spanish translation: a long evening's work of one person, and far too little to
# learn a language from. Is a translator that knows another language a better beginning than an empty one? That is **sequential transfer** from one
# language to the next, and these are the contestants:
#
# 1. a dictionary learned by counting: the control without a network;
# 2. the random twin of `en-fr-mini`, which has to learn everything from the 600 pairs;
# 3. `en-fr-mini`, which can read English already, and knows a cousin of Spanish.

# %%
import tempfile

import pandas as pd

import workbench as wb
from workbench.views.translations import SideBySide

spanish, french = wb.load("phrases-en-es"), wb.load("phrases-en-fr")
print(wb.audit(spanish))

# %% [markdown]
# Scores in this lesson are those of the first sixty sentences of validation. They are few, so read differences of one or two points as none.

# %%
lines, french_lines = (data["validation"].select(range(60)) for data in (spanish, french))
lines.to_pandas().head(4)

# %% [markdown]
# ## 1 · Predict
#
# What chrF will the three reach on Spanish? And on sixty French sentences `en-fr-mini` has 57% as it came: what will be left when it has learned Spanish?

# %%
guess = {"dictionary": None, "random twin": None, "en-fr-mini": None, "French that is left": None}

# %% [markdown]
# ## 2 · Look first: letters that are not there
#
# Before any training, look at the Spanish through the eyes of a tokenizer that was made for English and French:

# %%
wb.tokens(["¿Dónde está mi sueño?", "Où est mon rêve ?"], models=["en-fr-mini"])

# %% [markdown]
# Every **?** is the same unknown token. `ñ`, `á`, `í` and `ó` are one and the same to this model, and it can never write any of them. How bad is that? Take the
# references themselves, cut them into pieces, and put the pieces together again: a perfect model could not write better.

# %%
from workbench.metrics import bleu, chrf
from workbench.models import zoo
from workbench.models.letters import unknown, with_letters

tok, references = zoo.tokenizer(zoo.source("en-fr-mini")), list(lines["target"])
again = [tok.decode(ids, skip_special_tokens=True) for ids in tok(references)["input_ids"]]
print(
    f"chrF of a perfect model with this vocabulary: {chrf(again, references):.1%}, BLEU {bleu(again, references):.1%}"
)
print(*again[:3], sep="\n")

# %% [markdown]
# The training loss would never tell: guessing `<unk>` where the reference has `<unk>` counts as right. So the vocabulary is made longer before training. Each
# missing letter gets a number and a row of the embedding matrix, which serves the encoder, the decoder and the output layer at once. The row of `á`
# begins as a copy of that of `a`; for `¿`, which has no such sister, it is the mean of all rows.

# %%
print("unknown:", *unknown("en-fr-mini", spanish["train"]["target"]))
start = with_letters("en-fr-mini", spanish["train"]["target"], tempfile.mkdtemp())
wb.tokens("¿Dónde está mi sueño?", models={"en-fr-mini": tok, "with letters": zoo.tokenizer(zoo.source(start))})

# %% [markdown]
# `start` is a folder with a model like any other; `en-fr-mini` itself is as it was.
#
# ## 3 · Run

# %%
same = dict(learning_rate=1e-3, epochs=4, evaluations=1, restore_best=False)
run = wb.fit(spanish, model=start, **same)
await run

# %% [markdown]
# The control: the same architecture, the same letters, the same pairs in the same order, from fresh weights.

# %%
twin = wb.fit(spanish, model=start + ":random", **same)
await twin

# %% [markdown]
# ## 4 · Look

# %%
from workbench.tasks.dictionary import WordByWord

dictionary = WordByWord(list(zip(spanish["train"]["source"], spanish["train"]["target"], strict=True)))
said = {"dictionary": [dictionary(text) for text in lines["source"]]}
for name, model in {"random twin": twin, "en-fr-mini": run}.items():
    said[name] = list(model.predict(list(lines["source"]))["translation"])

# %%
print("your guess:", guess)
scores = {name: {"BLEU": bleu(texts, references), "chrF": chrf(texts, references)} for name, texts in said.items()}
pd.DataFrame(scores).T.style.format("{:.1%}")

# %%
SideBySide.of(list(lines["source"])[:6], references[:6], {name: texts[:6] for name, texts in said.items()})

# %% [markdown]
# The network without French has learned next to nothing in 150 steps: it has not found out yet which English word goes with which Spanish one, and says the
# same few pieces again and again. Given many more steps it would get further; the point is what the same steps are worth. The other one read English
# on its first day, and writes Spanish sentences: wrong ones, but with articles, genders and endings. Now compare it with the dictionary, and read before you
# believe the scores. The dictionary has words in the order of English, leaves what it does not know in English, and still has the higher chrF: it gets
# many short words right, and copied names and endings count. A translator of 600 pairs and 150 steps is not there yet. Exercise 24.2 asks how much of what it can do comes from the pairs.
#
# ## 5 · What does it forget?
#
# Ask the model that learned Spanish for French: the same sentences as in lesson 08, before and after. `languages` counts in which
# language the answers are; those that are too short or too strange to tell are left out.

# %%
from workbench.data.language import languages
from workbench.training.predictor import Predictor

asked, right = list(french_lines["source"]), list(french_lines["target"])
left = {"before": Predictor.untouched("en-fr-mini").predict(asked), "after Spanish": run.predict(asked)}
for name, table in left.items():
    print(f"{name:14} chrF {chrf(list(table['translation']), right):.1%}  {languages(list(table['translation']))}")

# %% [markdown]
# It answers in Spanish. Nobody told it that French is still wanted, and every step of training said that English is to be followed by Spanish: this is
# **catastrophic forgetting** (McCloskey & Cohen 1989), and the cost of a head start that is taken from somewhere.
#
# ## 6 · Change one thing: rehearsal
#
# The usual remedy is to go on practising what shall not be forgotten: **rehearsal** (Robins 1995). Mix some French pairs into the Spanish ones. But both have
# English sources; how should the model know which language is asked for? It is told, with a mark in front of the source, as multilingual translators
# are (Johnson et al. 2017). The French pairs stay as they were.

# %%
from datasets import DatasetDict, concatenate_datasets, disable_progress_bars

disable_progress_bars()


def marked(split):
    return split.map(lambda row: {"source": "Spanish: " + row["source"]})


train = concatenate_datasets([marked(spanish["train"]), french["train"].select(range(200))])
both = wb.load(DatasetDict(train=train, validation=marked(spanish["validation"])))

# %%
rehearsed = wb.fit(both, model=start, **{**same, "epochs": 3})
await rehearsed

# %%
said["rehearsed"] = list(rehearsed.predict(list(marked(lines)["source"]))["translation"])
left["rehearsed"] = rehearsed.predict(asked)
print(f"Spanish: chrF {chrf(said['rehearsed'], references):.1%}  {languages(said['rehearsed'])}")
answers = list(left["rehearsed"]["translation"])
print(f"French:  chrF {chrf(answers, right):.1%}  {languages(answers)}")

# %% [markdown]
# Most answers to French lines are French again. It is not the French from before, and the Spanish is a little worse than in section 3, although the
# number of steps is the same: a quarter of them went into French. Rehearsal is bought with time. And the same sentence without the mark and with it:

# %%
rehearsed.predict(["My brother is at home.", "Spanish: My brother is at home."])

# %% [markdown]
# ## 7 · Explain: three exercises

# %%
first = wb.exercise("24.1")
first

# %%
sentence = None  # a Spanish sentence

# %%
first.check(sentence)

# %%
second = wb.exercise("24.2")
second

# %%
few = None  # your run

# %%
second.check(few, twin)

# %%
third = wb.exercise("24.3")
third

# %%
sentence = None  # an English sentence

# %%
third.check(rehearsed, sentence)

# %% [markdown]
# ## With a real checkpoint
#
# A model that has read many languages knows the letters of all of them: its vocabulary is made of bytes, or was trained on all of them. With a network:
#
# ```python
# run = wb.fit("phrases-en-es", model="Helsinki-NLP/opus-mt-en-fr", learning_rate=1e-4, epochs=5)  # control: opus-mt-en-es, which knows Spanish
# await run
# ```
#
# Its tokenizer wants `pip install sentencepiece protobuf`. `with_letters` is for vocabularies of characters such as that of `en-fr-mini`; look at what
# `wb.tokens("¿Dónde está?", models=["Helsinki-NLP/opus-mt-en-fr"])` says before you train.

# %% [markdown]
# ## What you have seen
#
# - **Look at the tokens first.** What the vocabulary lacks is lost before the first step, and the loss does not show it.
# - **A head start** is worth more than the pairs themselves: the same 150 steps leave the random twin with nothing to say.
# - **Scores of letters flatter a dictionary.** Read what was written before you rank.
# - **The old language goes**, unless it is practised. A mark in the source tells a model with two languages which one is asked for.
#
# This was the last lesson. From here on the data are yours: [Using the workbench](../docs/using.md) says what `wb.load` reads and how a model
# is saved and used.
