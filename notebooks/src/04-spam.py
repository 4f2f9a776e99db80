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
# # 04 · Spam: two kinds of mistakes
#
# A filter can fail in two ways. It lets spam through, and you press delete. Or it throws away the letter of a friend, and you never know. Both count as
# one error in the accuracy, and they are not worth the same. In this lesson you count them apart, move the **threshold** between them, and then
# see what a filter is worth that was trained in a world easier than the real one.

# %%
import numpy as np
import pandas as pd

import workbench as wb

messages = wb.load("messages")
print(wb.audit(messages))

# %% [markdown]
# Every message has a `kind`. Four are spam: promotion, **phishing** (after your password or card), scam, and **disguised**, which reads like a friend or
# a colleague. Four are wanted, called *ham*: personal, work, service, and **lookalike**, which is full of the words of spam and still from a friend.

# %%
train = messages["train"].to_pandas()
train["label"] = [messages.labels[i] for i in train["label"]]
train.groupby("kind").sample(2, random_state=4)[["kind", "label", "text"]].style.hide(axis="index")

# %% [markdown]
# ## 1 · Predict
#
# On which kind will the model be wrong most often? Write it down before you run anything.

# %%
my_guess = None  # "promotion", "phishing", "scam", "disguised", "personal", "work", "service" or "lookalike"

# %% [markdown]
# ## 2 · Run
#
# The grey lines in the lower picture are the controls: the commonest label, and counting words (TF-IDF + logistic regression). 641 of the 793 training
# messages are used; section 7 says why.

# %%
same = dict(train_examples=641, epochs=3, learning_rate=5e-4, evaluations=8, seed=0)
run = wb.fit(messages, model="bert-mini", **same)
await run

# %% [markdown]
# ## 3 · Look: accuracy is not enough
#
# Ask the model for the validation split. For each message it gives a probability of spam; from 0.5 on it throws the message away.

# %%
texts = list(messages["validation"]["text"])
spam = np.array(messages["validation"]["label"]) == messages.labels.index("spam")
p = run.predict(texts)["p(spam)"].to_numpy()
thrown = p >= 0.5
pd.crosstab(np.where(spam, "spam", "ham"), np.where(thrown, "thrown away", "delivered"), rownames=[""])

# %% [markdown]
# Four numbers, and two of them are mistakes. Three questions to them:
#
# - **precision**: of what was thrown away, how much was spam? What is missing to 1 are lost letters.
# - **recall**: of the spam, how much was thrown away? What is missing to 1 came through.
# - **F1**: one number for both, their harmonic mean. It is low when either is low.

# %%
caught = (thrown & spam).sum()
precision, recall = caught / thrown.sum(), caught / spam.sum()
f1 = 2 * precision * recall / (precision + recall)
print(f"accuracy {(thrown == spam).mean():.3f}, precision {precision:.3f}, recall {recall:.3f}, F1 {f1:.3f}")

# %% [markdown]
# The workbench has F1 as a function. It gives the same number:

# %%
from workbench import metrics

round(metrics.f1(thrown, spam, positive=True), 3)

# %% [markdown]
# How sure are these numbers? There are 204 messages, and the lead over counting words has to be larger than the noise to mean anything:

# %%
control = run.store.facts["control"]
noise = 1.96 * (control * (1 - control) / len(spam)) ** 0.5
print(f"accuracy {(thrown == spam).mean():.3f}, counting words {control:.3f}, each ± {noise:.3f}")

# %% [markdown]
# ## 4 · The threshold
#
# 0.5 is a habit, no law. Put in other values, 0.2 or 0.9, and see which of the two mistakes becomes rarer and which becomes more frequent.

# %%
threshold = 0.5
thrown = p >= threshold
print(
    f"lost letters: {(thrown & ~spam).sum()} of {(~spam).sum()}, spam that came through: {(~thrown & spam).sum()} of {spam.sum()}"
)

# %% [markdown]
# All thresholds at once. Only the probabilities that the model gave make a difference, so they are enough:

# %%
rows = []
for t in np.unique(p):
    thrown = p >= t
    rows.append((t, (thrown & spam).sum() / thrown.sum(), (thrown & spam).sum() / spam.sum()))
curve = pd.DataFrame(rows, columns=["threshold", "precision", "recall"])

# %%
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from workbench.views import figures


def draw(curve, ax):
    ax.plot(curve.threshold, curve.precision, color=figures.TRAIN, label="precision")
    ax.plot(curve.threshold, curve.recall, color=figures.VALID, ls="--", label="recall")
    ax.set(xlabel="threshold on p(spam) (probability)", ylabel="precision, recall (share)", ylim=(0, 1.02))
    figures.legend_outside(ax)


# %%
from IPython.display import HTML

from workbench.views.tables import image_html

figure = Figure(figsize=(7, 3), dpi=110, layout="constrained")
FigureCanvasAgg(figure)
draw(curve, figure.add_subplot())
low, high = curve.iloc[0], curve.iloc[-1]
words = (
    f"From threshold {low.threshold:.2f} to {high.threshold:.2f}, precision goes from {low.precision:.2f} to {high.precision:.2f} "
    f"and recall from {low.recall:.2f} to {high.recall:.2f}."
)
HTML(f"{image_html(figure, words, 700)}<p>{words}</p>")

# %% [markdown]
# Precision is bought with recall. Say that at most one in twenty of the messages thrown away may be wanted: a precision of 0.95, or the highest
# that can be reached. Choose the lowest threshold that does it, on the validation split:

# %%
wanted = min(0.95, curve.precision.max())
chosen = curve[curve.precision >= wanted].iloc[0]
chosen.round(3)

# %% [markdown]
# Does it hold? The threshold was chosen by looking at the validation split, so only the test split can tell. Look once.

# %%
test_spam = np.array(messages["test"]["label"]) == messages.labels.index("spam")
thrown = run.predict(list(messages["test"]["text"]))["p(spam)"].to_numpy() >= chosen.threshold
precision, recall = (thrown & test_spam).sum() / thrown.sum(), (thrown & test_spam).sum() / test_spam.sum()
noise = 1.96 * (precision * (1 - precision) / thrown.sum()) ** 0.5
print(
    f"test: precision {precision:.3f} ± {noise:.3f}, recall {recall:.3f}; validation: {chosen.precision:.3f}, {chosen.recall:.3f}"
)

# %% [markdown]
# Less than was promised. One reason: a threshold that was picked because it looked good on some messages tends to look worse on others. Is there
# another? Counting words never saw the validation split. Let it count the same 641 messages, and compare it on both:

# %%
from workbench.data.audit import bag_of_words
from workbench.tasks.base import stratified

counted = messages["train"].select(stratified(np.array(messages["train"]["label"]), 641, seed=0).tolist())
counting = bag_of_words().fit(list(counted["text"]), list(counted["label"]))
splits = ("validation", "test")
words = [counting.score(messages[split]["text"], messages[split]["label"]) for split in splits]
ours = [run.evaluate(split)["accuracy"] for split in splits]
pd.DataFrame({"counting words": words, "bert-mini": ours}, index=splits).round(3)

# %% [markdown]
# Counting words loses too: the test split happens to be harder. And the lead of `bert-mini` on it is about as large as the noise of some two hundred
# messages (± 6 points), and smaller with another seed. A promise of 95% cannot be kept on the word of the few dozen messages that decide it here; a real filter is tuned on thousands.
#
# ## 5 · Errors, kind by kind
#
# Was your guess right?

# %%
kinds = pd.Series(messages["validation"]["kind"])
right = pd.Series((p >= 0.5) == spam)
print("your guess:", my_guess)
right.groupby(kinds).agg(accuracy="mean", messages="size").sort_values("accuracy").round(2)

# %%
run.errors(8)[["right", "p_right", "kind", "text"]].style.format(precision=2).hide(axis="index")

# %% [markdown]
# Each kind has a few dozen messages at most, so the order in the middle means little. What do the worst errors have in common? Often the words are
# harmless and what is asked for is not, or the other way round.
#
# ## 6 · What is inside: odd spelling
#
# Spammers write *fr3e* and *c l i c k* to get past a filter. What does the model see of it? Its tokenizer cuts a word into the longest pieces that its
# vocabulary has, from left to right. `##` says that a piece goes on with the word before.

# %%
tokenizer = run.predictor().tokenizer
vocabulary = tokenizer.get_vocab()


def pieces(word):
    found, mark = [], ""
    while word:
        end = max(n for n in range(1, len(word) + 1) if mark + word[:n] in vocabulary)
        found, word, mark = [*found, mark + word[:end]], word[end:], "##"
    return found


# %%
for text in ("free money", "fr3e m0ney", "click here", "c l i c k here"):
    print(f"{text:16}", [piece for word in text.split() for piece in pieces(word)])
tokenizer.tokenize("fr3e m0ney c l i c k here")  # the real one, in one line

# %% [markdown]
# The words are gone; crumbs are left. Before you run the next cell: will the disguise get spam past this model? Put in texts of your own.

# %%
mine = ["Your card is locked, confirm it here today", "Your c@rd is l0cked, c0nfirm it h3re t0day"]
mine += ["Hi mum, can you bring the blue bag tomorrow", "Hi mum, c@n you br1ng the blu3 bag t0morrow"]
run.predict(mine)[["text", "label", "p(spam)"]].round(2)

# %% [markdown]
# A few texts prove nothing. Write every message of the validation split in that way and count what changes sides:

# %%
odd = run.predict([t.translate(str.maketrans("aeio", "@310")) for t in texts])["p(spam)"].to_numpy() >= 0.5
plain = p >= 0.5
print(f"spam that slips through now: {(plain & ~odd & spam).sum()} of {(plain & spam).sum()} caught before")
print(f"wanted messages thrown away now: {(~plain & odd & ~spam).sum()} of {(~plain & ~spam).sum()} delivered before")

# %% [markdown]
# It is the other way round. No disguise helps: nearly everything looks like spam, your mother included. Why? Look at the crumbs, pieces of one letter
# inside a word, and how many of them a training message has:

# %%
crumbs = [sum(len(c) == 3 and c[:2] == "##" for c in tokenizer.tokenize(t)) for t in train["text"]]
pd.Series(crumbs).groupby(train["label"]).mean().rename("crumbs per message").round(1)

# %% [markdown]
# Spam has more of them, in addresses and codes. A disguised text has far more than any of either. That may be the reason; it is no proof. What is
# sure: the model never saw a wanted message written that way, made up a rule, and a friend whose phone has a broken key is lost to it. Accuracy
# could not tell you, because hardly anybody in the validation split writes like that.
#
# ## 7 · An easy world
#
# Most collections of spam are easy: spam shouts, friends do not. What would have happened if nobody had collected the lookalikes and the disguised?
# Leave both kinds out, everywhere.

# %%
import datasets

datasets.disable_progress_bars()
hard = ("lookalike", "disguised")
easy = wb.load(messages.filter(lambda kind: kind not in hard, input_columns="kind"))
{split: len(easy[split]) for split in easy}

# %% [markdown]
# 641 messages are left for training. That is why the first model got no more: now both have read the same number, and only the kinds differ.

# %%
easy_run = wb.fit(easy, model="bert-mini", **same)
await easy_run

# %%
easy_p = easy_run.predict(texts)["p(spam)"].to_numpy()
promised = easy_run.evaluate("validation")["accuracy"]
print(
    f"promised by its own validation split {promised:.3f}, kept on all messages {((easy_p >= 0.5) == spam).mean():.3f}"
)

# %% [markdown]
# Its own validation split could not see what is missing, because it is missing there too. Where is it lost? Both models, kind by kind:

# %%
both = pd.DataFrame({"all kinds": (p >= 0.5) == spam, "easy world": (easy_p >= 0.5) == spam})
table = both.groupby(kinds.where(kinds.isin(hard), "the six easy kinds")).mean()
pd.concat([table, both.mean().to_frame("all messages").T]).round(3)

# %% [markdown]
# On the six easy kinds the two are alike, within the noise. The loss is in the two kinds that were left out: friends are thrown away and
# impostors are let in. A score is a statement about the messages it was measured on, and about no others.
#
# ## 8 · Change one thing
#
# The panel starts with the settings of this lesson. Change **one** thing, train, and compare in the tab **Runs**: all 793 messages, the random twin,
# more epochs.

# %%
panel = wb.panel("messages", model="bert-mini", **same)

# %% [markdown]
# ## 9 · Explain: four exercises
#
# They use `p`, `spam` and `texts` from above: the probabilities, what is right, and the messages of the validation split.

# %%
exercise_1 = wb.exercise("04.1")
exercise_1

# %%
threshold = None  # a number from 0 to 1

# %%
exercise_1.check(run, threshold)

# %%
exercise_2 = wb.exercise("04.2")
exercise_2

# %%
pair = None  # your (spam, changed)

# %%
exercise_2.check(run, pair)

# %%
exercise_3 = wb.exercise("04.3")
exercise_3

# %%
narrow = None  # your run

# %%
exercise_3.check(run, narrow)

# %%
exercise_4 = wb.exercise("04.4")
exercise_4

# %%
precision = None  # a number from 0 to 1

# %%
exercise_4.check(run, precision)

# %% [markdown]
# ## With a real checkpoint
#
# With a network, two choices change: the model, and the famous dataset, the SMS Spam Collection, some 5,600 text messages. Its texts stand in a column
# called `sms`, so `wb.load` is told. Real checkpoints want a smaller rate.
#
# ```python
# sms = wb.load("hub:ucirvine/sms_spam", text="sms")
# run = wb.fit(sms, model="distilbert/distilbert-base-uncased", learning_rate=5e-5, epochs=2, train_examples=1000)
# await run
# ```
#
# It has no test split and no kinds; `wb.audit(sms)` says how far counting words gets there. Ask of its score what you asked in section 7. Or change
# the model only: `wb.fit("messages", model="distilbert/distilbert-base-uncased", learning_rate=5e-5, epochs=3)`.

# %% [markdown]
# ## What you have seen
#
# - **Two kinds of mistakes**: precision counts the lost letters, recall the spam that comes through, F1 holds them together; accuracy hides them both.
# - **The threshold is yours**: it trades one mistake for the other. Choose it on validation, check it once on test, and expect a little less.
# - **`bert-mini` is not surely better than counting words** here: on the test split its lead is about as large as the noise.
# - **A rule made up from the data**: odd spelling became a sign of spam, and a friend who writes oddly is thrown away.
# - **A score speaks of what it was measured on.** Without its hard kinds a validation split promises what the world does not keep.
#
# Next: [05 · Named entities](05-entities.ipynb) labels every word instead of the whole text.
