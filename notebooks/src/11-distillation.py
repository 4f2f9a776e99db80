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
# # 11 · Distillation
#
# `bert-tiny` has little more than a quarter of the weights of `bert-mini` and answers several times faster. It also knows less. A label tells it *sport*, and nothing more.
# A teacher can tell it more: *mostly sport, a little culture, never crime*. Those are **soft targets**, and learning from them is knowledge
# distillation (Hinton, Vinyals and Dean 2015).

# %%
import torch

import workbench as wb

student = dict(model="bert-tiny", train_examples=256, epochs=11, evaluations=3)

# %% [markdown]
# ## 1 · Predict
#
# The teacher is `bert-mini`, trained on all 926 briefs. The student sees 256 of them. Which of its scores will be higher, and by how many points: taught by
# the labels alone, or by the labels and the teacher?

# %%
my_points = None  # accuracy in points that the teacher adds

# %% [markdown]
# ## 2 · Run: the teacher, and the student alone

# %%
teacher = wb.fit("headlines", model="bert-mini", learning_rate=5e-4, epochs=3, evaluations=3)
await teacher

# %%
alone = wb.fit("headlines", learning_rate=1e-3, **student)
await alone

# %% [markdown]
# ## 3 · Look: what the teacher knows beyond the label
#
# Dividing the logits by a **temperature** T before the softmax flattens the probabilities: the higher T, the more even they are, and the better the small
# ones show. This brief is a mixture, and the teacher's answer says of what.

# %%
brief = "The mayor opened a gym for asthmatic children in the old town hall, and lost the first table-tennis match to a nine-year-old."
p = teacher.predict([brief]).filter(like="p(").iloc[0]
logits = torch.tensor(p.to_numpy()).log()  # but for a constant, which the softmax does not see

# %%
import pandas as pd

soft = {f"T = {t}": torch.softmax(logits / t, 0).numpy() for t in (1, 2, 4)}
pd.DataFrame(soft, index=p.index).sort_values("T = 1", ascending=False).round(3)

# %% [markdown]
# ## 4 · What is inside
#
# The student has two errors to make smaller: against the label, and against the teacher at the same temperature. The factor T² keeps the second from
# fading away as T grows. `alpha` weighs them.


# %%
def distillation_loss(student_logits, teacher_logits, label, T=2.0, alpha=0.7):
    hard = torch.nn.functional.cross_entropy(student_logits, label)
    log_p, q = torch.log_softmax(student_logits / T, -1), torch.softmax(teacher_logits / T, -1)
    soft = (q * (q.log() - log_p)).sum(-1).mean() * T**2
    return (1 - alpha) * hard + alpha * soft


# %%
distillation_loss(torch.zeros(1, 8), logits.float()[None], torch.tensor([5]))

# %% [markdown]
# In the workbench it is `technique="distillation"` with a finished run as `teacher`. The teacher answers for every training text once, before training
# begins, so a taught student trains as fast as one that is alone.

# %%
taught = wb.fit("headlines", technique="distillation", teacher=teacher, learning_rate=1e-3, **student)
await taught

# %% [markdown]
# ## 5 · Change one thing: the seed
#
# A difference of one seed is no difference yet. The same student on two seeds, each of which draws other texts, alone and taught:

# %%
taught_by = dict(technique="distillation", teacher=teacher)
duel = await wb.duel("headlines", {"alone": {}, "taught": taught_by}, seeds=2, learning_rate=1e-3, **student)

# %%
print(duel.verdict())

# %% [markdown]
# Where there is a gain, it can have two causes: what the teacher knows, and that soft targets keep a student from being too sure of itself, whoever they come from (Yuan et al.,
# 2020). The control for that is a teacher that knows next to nothing, such as
# `wb.fit("headlines", model="bert-mini", learning_rate=5e-4, epochs=1, train_examples=128)`. Give it to the duel as a third contender: it helps, too. How much
# of the gain is left for what the good teacher knows?
#
# And what did the small model buy? Size and speed, measured here. The last row goes one step further: in **int8** each weight of a linear layer is a whole
# number from -128 to 127, one byte instead of four, with one factor per layer. Embeddings stay as they are, and they are most of what a small model has.

# %%
models = {"teacher": teacher, "student alone": alone, "student taught": taught, "taught, int8": taught.quantized()}
wb.serving(models).round(3)

# %% [markdown]
# int8 is a matter of the file first; whether it also answers faster depends on the processor and on how large the layers are. The table says it for yours.

# %% [markdown]
# ## 6 · Explain: three exercises

# %%
first = wb.exercise("11.1")
first

# %%
temperature = None  # a number

# %%
first.check(teacher, brief, temperature)

# %%
second = wb.exercise("11.2")
second

# %%
answer = None  # await wb.fit(...)

# %%
second.check(teacher, answer)

# %%
third = wb.exercise("11.3")
third

# %%
answer = None

# %%
third.check(answer)

# %% [markdown]
# ## 7 · With a real checkpoint
#
# DistilBERT was made this way from BERT. With a network (and a GPU) the same two lines teach a distilled model a task that its elder has learned:
#
# ```python
# teacher = await wb.fit("hub:stanfordnlp/sst2", model="google-bert/bert-base-uncased", epochs=1)
# await wb.fit("hub:stanfordnlp/sst2", model="distilbert/distilbert-base-uncased", technique="distillation", teacher=teacher)
# ```

# %% [markdown]
# ## What you have seen
#
# - A teacher's probabilities say which wrong answers are nearly right; a temperature makes that visible.
# - The taught student costs no more to train and no more to run than the one that was alone.
# - Whether it is better is for a duel with several seeds to say, and the duel says how sure that is. Whether it is the teacher's knowledge that helped is for
#   a control to say: a teacher that has none.
# - Patience pays (Beyer et al., 2022). Alone, a student with few labels soon has all that is in them; soft targets go on saying more. On the questions of a bank
#   twelve passes taught made no clear difference and forty did; on headlines, over five seeds, twelve and twenty made none that can be told from chance on the
#   test split: [what each technique adds](../docs/techniques.md).
#
# Next: [12 · One model, several tasks](12-one-model-several-tasks.ipynb) asks whether another task can help.
