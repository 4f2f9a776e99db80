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
# # 05 · Named entities: names that no list has
#
# Who did what, where, and for whom? To answer that, a program first has to find the **names** in a text: people (PER), organisations (ORG), places
# (LOC) and other things (MISC: nationalities, works, events, products). A list of names is no way out, because most names in a new text are on no
# list. In this lesson you compare three contestants:
#
# 1. a list of all names in the training texts, the control;
# 2. `bert-mini`, which has read Wikipedia, novels and news, where nobody had marked a name;
# 3. its **random twin**, which has read nothing.

# %%
import pandas as pd

import workbench as wb
from workbench.views.spans import Spans

people = wb.load("people-places")
Spans(people["train"].select(range(40, 46)), people.labels)

# %% [markdown]
# The model does not see coloured spans. It sees words, and gives one **tag** to each: `B-PER` begins the name of a person, `I-PER` goes on with it, `O` is
# outside of every name. This way of writing is called IOB2. What would go wrong with a single tag `PER`, where two names stand side by side?

# %%
row = people["train"][0]
tags = [people.labels[i] for i in row["tags"]]
pd.DataFrame([row["tokens"], tags], index=["word", "tag"]).style.hide(axis="columns")

# %% [markdown]
# Now look at one word in several sentences. The same seven letters are a town, a football club, a person, and no name at all:

# %%
numbers = [i for i, words in enumerate(people["train"]["tokens"]) if "Reading" in words]
Spans(people["train"].select(numbers), people.labels)

# %% [markdown]
# ## 1 · Predict
#
# Order the three contestants by how well they find the names in the validation texts, best first. In lesson 01 the twin was as good as `bert-mini`:
# will it be again? Write it down before you run anything.

# %%
my_order = None  # for example ["list", "twin", "bert-mini"]

# %% [markdown]
# ## 2 · Run
#
# The same settings for both; only the starting weights differ. The lower curve is **F1**, explained below; the grey lines are the controls.

# %%
same = dict(epochs=3, learning_rate=1e-3, evaluations=8, seed=0)
run = wb.fit(people, model="bert-mini", **same)
await run

# %%
twin = wb.fit(people, model="bert-mini:random", **same)
await twin

# %% [markdown]
# ## 3 · Look: what does it mean to be right?
#
# Four taggers answer for the validation texts. The fourth is the laziest that there is: it marks nothing, ever.

# %%
from workbench.tasks.tagging import NameLookup, words_and_tags

words = list(people["validation"]["tokens"])
right = [[people.labels[i] for i in tags] for tags in people["validation"]["tags"]]
name_list = NameLookup(words_and_tags(people["train"], people.labels))
answers = {"nothing": [["O"] * len(w) for w in words], "list": [name_list(w) for w in words]}
answers |= {"twin": list(twin.predict(words)["tags"]), "bert-mini": list(run.predict(words)["tags"])}

# %% [markdown]
# Two ways to count. **Accuracy** asks of every word: is this the right tag? **F1** asks of every name: is it found whole, from its first word to its
# last, with the right type? It is 1 when every name is found and nothing is invented, and 0 when no name is found.

# %%
from workbench.metrics import entities


def spots(tags):
    """Every name as (sentence, type, first word, one past its last word)."""
    return {(i, *name) for i, sentence in enumerate(tags) for name in entities(sentence)}


def name_f1(found, true):
    return 2 * len(found & true) / max(1, len(found) + len(true))


# %%
def word_accuracy(tags):
    pairs = [(a, b) for row, wanted in zip(tags, right, strict=True) for a, b in zip(row, wanted, strict=True)]
    return sum(a == b for a, b in pairs) / len(pairs)


# %%
scores = {who: [word_accuracy(tags), name_f1(spots(tags), spots(right))] for who, tags in answers.items()}
pd.DataFrame(scores, index=["accuracy of words", "F1 of names"]).T.round(3)

# %% [markdown]
# Read the first line. To mark nothing is right for four words out of five, because four words out of five are no names: so accuracy cannot tell
# whether a tagger finds anything. Against that line the accuracy of the twin is worth next to nothing. F1 has no such floor, which is why the curve
# above shows F1.
#
# Now the order. Was it yours? The twin learned from the same sentences as `bert-mini` and is no better than the list.
#
# ## 4 · Why: names that training never showed
#
# Sort the names into those that stand somewhere in the training texts and those that do not, and look again.

# %%
train = words_and_tags(people["train"], people.labels)
known = {" ".join(w[a:b]).lower() for w, tags in train for _, a, b in entities(tags)}


def on_the_list(name):
    sentence, _, first, end = name
    return " ".join(words[sentence][first:end]).lower() in known


# %%
table = {}
for who, tags in answers.items():
    for kind, wanted in (("seen in training", True), ("new", False)):
        found, true = ({n for n in spots(t) if on_the_list(n) == wanted} for t in (tags, right))
        table.setdefault(f"{kind} ({len(true)} names)", {})[who] = name_f1(found, true)
pd.DataFrame(table).round(3)

# %% [markdown]
# Most names are new. On the names that training has shown, the three are not so far apart: whoever remembers gets there. On the new ones the list
# has nothing, the twin has little, and `bert-mini` is nearly as good as on the others. It does not know these names either. What does it know?
#
# Before any fine-tuning it was trained to fill gaps. Ask the untouched model what could stand in a gap, and it names places where a place belongs:

# %%
import torch
from transformers import AutoModelForMaskedLM, AutoTokenizer
from transformers.utils import logging

logging.disable_progress_bar()
folder = wb.models()[0].folder
tokenizer = AutoTokenizer.from_pretrained(folder)
reader = AutoModelForMaskedLM.from_pretrained(folder, dtype=torch.float32).eval()

# %%
batch = tokenizer("The train from [MASK] to Berlin was late.", return_tensors="pt")
with torch.no_grad():
    (scores_of_gap,) = reader(**batch).logits[0, batch["input_ids"][0] == tokenizer.mask_token_id]
tokenizer.convert_ids_to_tokens(scores_of_gap.topk(6).indices.tolist())

# %% [markdown]
# And words of one kind stand next to each other in it. Its word vectors began as counts of which words stand near which in twenty million tokens, and
# filling gaps went on from there. These are the nearest neighbours of four words, by the angle between their vectors:

# %%
vectors = torch.nn.functional.normalize(reader.get_input_embeddings().weight.detach(), dim=-1)
for word in ("london", "william", "german", "microsoft"):
    near = (vectors @ vectors[tokenizer.convert_tokens_to_ids(word)]).topk(7).indices.tolist()
    print(f"{word}: {', '.join(tokenizer.convert_ids_to_tokens(near[1:]))}")

# %% [markdown]
# Nobody told it what a place or a person is: words that stand between the same neighbours got similar vectors. So a few hundred marked sentences are
# enough to say "this kind is LOC", and it holds for hundreds of words that were never marked. The twin has to learn every word by itself. Opinions, in
# lesson 01, were another matter: whether a charger is praised is not written in the kinds of words.
#
# ## 5 · What is inside: word pieces
#
# The vocabulary of `bert-mini` holds a few thousand **pieces**, and not every word is one. A rare word falls into several. Which of them carries the tag of the word?

# %%
row = people["train"][707]
pieces = tokenizer(row["tokens"], is_split_into_words=True)
word_of = pieces.word_ids()  # for every piece the number of its word; None for [CLS] and [SEP]
first = [w is not None and w != before for w, before in zip(word_of, [None, *word_of], strict=False)]
labels = [row["tags"][w] if is_first else -100 for w, is_first in zip(word_of, first, strict=True)]
shown = [tokenizer.convert_ids_to_tokens(pieces["input_ids"]), word_of, labels]
pd.DataFrame(shown, index=["piece", "word", "label"], dtype=object).style.hide(axis="columns")

# %% [markdown]
# The first one, by convention. All others get -100, the number that PyTorch's cross-entropy passes over: no loss, no slope, no score. The head itself is
# one linear layer that is applied to every piece, and the loss is the mean over the words:

# %%
model = run.predictor().model
with torch.no_grad():
    logits = model(torch.tensor([pieces["input_ids"]])).logits[0]  # (pieces, tags)
print(tuple(logits.shape), model.classifier)
print(f"{torch.nn.functional.cross_entropy(logits, torch.tensor(labels)).item():.3f} nats per word")

# %% [markdown]
# ## 6 · Try your own sentence
#
# Vellmora does not exist. What is it in each of these sentences? Change the words around it; put in a name of your own.

# %%
texts = ["Doctor Vellmora was late.", "The train to Vellmora was late.", "Shares in Vellmora fell on Monday."]
Spans(run.predict(texts))

# %% [markdown]
# And one word in two senses. Does it find the town behind the verb? If not: what do you see in that sentence that it does not see?

# %%
Spans(run.predict(["Florence spent her winter in Florence.", "I was reading on the train to Reading."]))

# %% [markdown]
# ## 7 · Errors
#
# The names that the model is surest about and wrong: missed (answer O), invented (right O), of the wrong type, or cut in another way.

# %%
run.errors(10)[["words", "right", "answer", "p_right", "text"]].style.hide(axis="index").format(precision=2)

# %%
from IPython.display import HTML

from workbench.views.tables import confusion_html

HTML(confusion_html(run.confusion()))

# %% [markdown]
# Rows are what is right, columns what was answered, counted in words. Which type is most often taken for another? Many organisations are named after
# people and places, and what stands around them is much the same.
#
# ## 8 · What it cannot see: capitals
#
# `bert-mini` reads lower case only. Its tokenizer turns every capital into a small letter before the model sees it. Measure that:

# %%
lowered = [[word.lower() for word in sentence] for sentence in words]
print("bert-mini, the same answers without capitals:", list(run.predict(lowered)["tags"]) == answers["bert-mini"])
print(f"the list, F1 without capitals: {name_f1(spots(map(name_list, lowered)), spots(right)):.3f}")

# %% [markdown]
# That is a strength where people write without care, and a loss where they do not. How great a loss? Look at the names it missed and those it
# invented, and count how many begin with a capital:

# %%
errors = run.errors(10_000)
print(f"all errors: {len(errors)}")
for kind, column in (("missed", "answer"), ("invented", "right")):
    wrong = errors.loc[errors[column] == "O", "words"]
    print(f"{kind}: {len(wrong)}, with a capital: {sum(name[0].isupper() for name in wrong)}")

# %% [markdown]
# Nearly all missed names have a capital, and few of the invented ones: a model that sees capitals could have avoided many of these errors. All the
# others are names that were noticed, with the wrong type or cut in another way. How many are they, and would capitals help there?
#
# ## 9 · Change one thing
#
# The panel starts with the settings of this lesson. Change **one** thing, train, and compare in the tab **Runs**: more epochs (does the verdict ask
# for them?), a quarter of the sentences, a higher rate.

# %%
panel = wb.panel("people-places", model="bert-mini", **same)

# %% [markdown]
# ## 10 · Explain: four exercises

# %%
exercise_1 = wb.exercise("05.1")
exercise_1

# %%
sentence = None  # your sentence

# %%
exercise_1.check(run, sentence)

# %%
exercise_2 = wb.exercise("05.2")
exercise_2

# %%
claim = None  # your (sentence, name, type)

# %%
exercise_2.check(run, twin, claim)

# %%
exercise_3 = wb.exercise("05.3")
exercise_3

# %%
kind = None  # "PER", "LOC", "ORG" or "MISC"

# %%
exercise_3.check(run, kind)

# %%
exercise_4 = wb.exercise("05.4")
exercise_4

# %%
few = None  # your run

# %%
exercise_4.check(few, twin)

# %% [markdown]
# ## At the very end: the test split
#
# Look once, at both models.

# %%
pd.Series({"bert-mini": run.evaluate("test")["f1"], "twin": twin.evaluate("test")["f1"]}, name="test F1").round(3)

# %% [markdown]
# ## With a real checkpoint
#
# With a network, two choices change: the model, here one that sees capitals and has read far more, and the famous dataset, CoNLL-2003 (Tjong Kim Sang and
# De Meulder, 2003), thousands of sentences from the news agency Reuters with the same four types. Everything else in this lesson stays as it is. On a CPU begin with a few hundred
# sentences; real checkpoints want a smaller rate.
#
# ```python
# run = wb.fit("hub:lhoestq/conll2003", model="google-bert/bert-base-cased", learning_rate=5e-5, epochs=3, train_examples=1000)
# await run
# ```
#
# Or only one of the two: `wb.fit("people-places", model="google-bert/bert-base-cased", learning_rate=5e-5, epochs=5)`, and the cell about capitals
# once more.

# %% [markdown]
# ## What you have seen
#
# - **Tags, one per word**: `B-`, `I-`, `O`. A word of several pieces is tagged at its first piece; the others are silent (-100).
# - **F1 of whole names**, because accuracy is high for a tagger that finds nothing.
# - **Pretraining pays where the kind of a word is what is asked.** It knew what stands around names and which words are alike, before a single name was
#   marked. The proof is the column of new names, not the score alone: a list and the twin do much of what can be done by memory.
# - **A control for every claim**: nothing, the list, the twin. And a known blind spot, capitals, measured instead of guessed.
#
# Next: [06 · When to stop](06-when-to-stop.ipynb) lays one stopping rule after the other over the same curve.
