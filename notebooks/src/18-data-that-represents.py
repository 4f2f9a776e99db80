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
# # 18 · Data that represents
#
# In most lessons so far the data were given and the model was changed. Now it is the other way round: one model, one way of training, and the data are
# skewed, doubled, unbalanced, mislabelled and mended. Nothing that you can turn on a model makes up for data that show the wrong world.
#
# The model is frozen here and only a head learns (lesson 10): it is quick, and what changes between two runs is the data.

# %%
import pandas as pd

import workbench as wb

same = dict(model="bert-mini", technique="feature-extraction", learning_rate=1e-2, epochs=12, evaluations=6)
messages = wb.load("messages").frame()  # all splits as one table
messages.groupby(["label", "kind"]).size()

# %% [markdown]
# ## 1 · Predict
#
# A colleague collected training data in an afternoon: adverts from a spam folder, and private messages. On messages like these the filter is good. On
# all messages, of which adverts and private messages are only two of eight kinds, what share will it get right?

# %%
my_guess = None  # percent

# %% [markdown]
# ## 2 · Run
#
# The validation texts stay as they are: they stand for the world.

# %%
easy = messages["kind"].isin(["promotion", "personal"])
handy = messages[easy | (messages["split"] != "train")]
skewed = wb.fit(handy, **same)
await skewed

# %% [markdown]
# The control has as many training texts, drawn from all of them.

# %%
drawn = messages[messages["split"] == "train"].sample(int((handy["split"] == "train").sum()), random_state=0)
fair = wb.fit(pd.concat([drawn, messages[messages["split"] != "train"]]), **same)
await fair

# %% [markdown]
# ## 3 · Look: where the loss is
#
# A mean over all messages hides it. Kind by kind:

# %%
rest = messages[messages["split"] != "train"]
right = {
    name: (run.predict(list(rest["text"]))["label"].to_numpy() == rest["label"].to_numpy())
    for name, run in (("skewed", skewed), ("drawn from all", fair))
}
answers = pd.DataFrame(right, index=rest["kind"])  # true where a message was filtered as it should be
kinds = answers.groupby(level=0).mean()
kinds.loc["all messages"] = answers.mean()
kinds.round(2)

# %% [markdown]
# Spam that the filter has never seen is taken for a private message, because whatever is no advert looked like one. Judged by other messages of its own
# two kinds, none of which it was trained on, it would have shown none of this:

# %%
own = answers.loc[["promotion", "personal"], "skewed"].mean()
print(f"on its own kinds {own:.0%}, on all messages {kinds.loc['all messages', 'skewed']:.0%}")

# %% [markdown]
# ## 4 · Before anything is deployed: how far is training from the world?
#
# No label is needed for this one. Take texts such as the model will meet, and let a classifier try to tell them from the training texts. Its AUC, how
# often it gives a text of the world a higher score than a training text, is 0.5 where it cannot, and 1 where it always can. The words that help it say
# what is missing.

# %%
world = messages[messages["split"] == "validation"]["text"]
for name, run in (("skewed", skewed), ("drawn from all", fair)):
    print(f"{name}: {wb.audit(run.data(), target=world).drift}\n")

# %% [markdown]
# ## 5 · Twice the same text flatters
#
# Somebody stored every review three times, with another sign at the end, and split the table afterwards. Now a text stands in training and its twin in
# validation. The test texts are apart. This time every weight may move: a model that can learn by heart does.

# %%
reviews = wb.load("reviews").frame()
some = reviews[reviews["split"] == "train"].head(160)
copies = pd.concat([some.assign(text=some["text"] + sign) for sign in ("", " !", " …")]).sample(frac=1, random_state=0)
copies["split"] = ["validation" if i % 5 == 0 else "train" for i in range(len(copies))]
leaky = wb.load(pd.concat([copies, reviews[reviews["split"] == "test"]]))
leaky.notes

# %%
once = dict(model="bert-mini", learning_rate=1e-3, epochs=6, evaluations=6)
flattered = wb.fit(leaky, **once)
await flattered

# %% [markdown]
# `fixed()` makes a copy without what the audit has found and lists every change.

# %%
clean = wb.audit(leaky).fixed()
clean.changes["what"].str.replace(r"\d+", "…", regex=True).value_counts()

# %%
honest = wb.fit(clean, **once)
await honest

# %%
runs = {"with copies": flattered, "fixed": honest}
scores = {name: (run.best["accuracy"], run.evaluate("test")["accuracy"]) for name, run in runs.items()}
pd.DataFrame(scores, index=["validation says", "test says"]).round(2)

# %% [markdown]
# ## 6 · Few of one class
#
# In this mailbox one message in fifteen is spam. Accuracy looks splendid, and means nothing.

# %%
ham, spam = (messages[messages["label"] == name] for name in ("ham", "spam"))
few = spam.groupby("split").sample(frac=0.1, random_state=0)
rare = wb.fit(pd.concat([ham, few]), **same)
await rare

# %%
print(f"accuracy {rare.best['accuracy']:.0%}; always saying ham gets {rare.store.facts['majority']:.0%}")
rare.confusion()

# %% [markdown]
# ## 7 · Labels that are wrong
#
# A quarter of the training labels of `headlines` are replaced by others at random here, so that we know which ones. The audit does not.
# *Confident learning* (Northcutt et al. 2021) asks a classifier that has not seen a text how probable its label is, and doubts those where another label
# is at least as probable as it usually is for its own texts.

# %%
news = wb.load("headlines").frame()
wrong = news[news["split"] == "train"].sample(frac=0.25, random_state=0).index
noisy = news.copy()
noisy.loc[wrong, "label"] = list(noisy.loc[wrong, "label"].sample(frac=1, random_state=1))
wrong = wrong[noisy.loc[wrong, "label"] != news.loc[wrong, "label"]]

# %%
found = wb.audit(noisy)
doubtful = found.doubtful()
print(f"{len(wrong)} wrong, {len(doubtful)} in doubt, {doubtful['row'].isin(wrong).sum()} of those are wrong; of the 50 surest "
      f"{doubtful['row'].head(50).isin(wrong).sum()}")  # fmt: skip
doubtful[["given", "proposed", "p_given", "p_proposed", "text"]].head()

# %% [markdown]
# Of the surest nearly all are wrong labels, of all in doubt about half: a proposal is a question to a person, not an answer. Three ways to go on: leave the
# labels as they are, take every proposal unseen, or look at each text in doubt and give it the right label (we can, since we know it).

# %%
looked = noisy.copy()
looked.loc[doubtful["row"], "label"] = news.loc[doubtful["row"], "label"]
ways = {"as they are": noisy, "every proposal taken": found.fixed(labels=True), "looked at": looked}
labels = {name: wb.fit(data, **same).join() for name, data in ways.items()}

# %%
pd.Series({name: run.evaluate("test")["accuracy"] for name, run in labels.items()}).round(3)

# %% [markdown]
# ## 8 · Explain: three exercises

# %%
first = wb.exercise("18.1")
first

# %%
answer = None  # your run

# %%
first.check(answer)

# %%
second = wb.exercise("18.2")
second

# %%
answer = None  # your run

# %%
second.check(rare, answer)

# %%
third = wb.exercise("18.3")
third

# %%
answer = None  # your data

# %%
third.check(leaky, answer)

# %% [markdown]
# ## With real data
#
# The famous sets are no cleaner: `wb.audit` on one of them is a good beginning, and with a model's name it also says which words that model's tokenizer
# breaks apart. With a network:
#
# ```python
# sst = wb.load("hub:stanfordnlp/sst2")
# found = wb.audit(sst, model="google-bert/bert-base-uncased", target=wb.load("hub:stanfordnlp/imdb"))
# await wb.fit(found.fixed(), model="google-bert/bert-base-uncased", learning_rate=2e-5, epochs=1, train_examples=4000)
# ```
#
# ## What you have seen
#
# - **A score is about the texts it was measured on.** Skewed training and equally skewed validation agree with each other and with nothing else.
# - **Look by group**, not at the mean: that is where skew shows.
# - **Drift needs no labels**: an AUC of a domain classifier can be had before the first complaint.
# - **Duplicates across splits flatter**; remove them before the split, or cut by group.
# - **Accuracy on rare classes says little**: look at the confusion matrix.
# - **Doubtful labels are questions.** Looked at, they pay; taken unseen, they may cost more than the noise.
#
# Next: [19 · Asking instead of training](19-asking-instead-of-training.ipynb) needs hardly any data: no weight is moved at all.
