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
# # 21 · Beyond the laptop
#
# Sliders are for one run at a time. When you know what you want, the run leaves the notebook: as a script that others can read, as a job in a terminal
# or on another machine, and as a *search* that tries settings while you do something else. The run stays the same run all the way: same settings, same
# numbers, same folder.
#
# Everything here works on what this machine has; the last section says what changes on a larger one.

# %%
import os
import subprocess
import sys
from pathlib import Path

import workbench as wb

same = dict(model="bert-tiny", train_examples=160, epochs=3, evaluations=4)

# %% [markdown]
# ## 1 · Predict
#
# `bert-tiny` gets 160 news briefs in eight topics and three epochs: few steps. The default learning rate is 3e-4. By which factor would you
# multiply it for these few steps, and how many points of accuracy would that bring?

# %%
my_factor, my_points = None, None

# %% [markdown]
# ## 2 · Run: the default, in the notebook

# %%
default = wb.fit("headlines", **same)
await default

# %% [markdown]
# ## 3 · From sliders to a line, from a line to a script
#
# Every run knows the line of code that makes it again. That line is the whole of its settings, and the panel shows it as well.

# %%
print(default.to_code())

# %% [markdown]
# The line still needs the workbench. `export` writes a folder that does not: a plain transformers script, its settings, its data and the versions it was
# measured with. Read `train.py`: it is what you have been doing all along, without any of our names.

# %%
folder = default.export(f"script-of-{default.id}")
sorted(path.name for path in Path(folder).iterdir())

# %%
print("\n".join((Path(folder) / "train.py").read_text("utf-8").splitlines()[:25]))

# %% [markdown]
# ## 4 · From a script to a launched run
#
# The same settings as a recipe, a file of names and values. `workbench launch` hands it to accelerate, which starts as many processes as the machine
# has devices; here, one. The run has a folder like any other, so this notebook can follow it: `wb.follow(run)` reads the folder, and its Stop works
# through the folder, too.

# %%
recipe = Path("headlines.toml")
recipe.write_text(default.to_recipe(), encoding="utf-8")
print(recipe.read_text("utf-8")[:120], "...")

# %%
command = [sys.executable, "-m", "workbench", "launch", str(recipe)]
here = {**os.environ, "WORKBENCH_ENVIRONMENT": "this"}  # the environment of this notebook
subprocess.run(command, env=here, check=True, capture_output=True)
launched = wb.runs()[0]

# %%
print(launched.id, launched.status)
float(abs(launched.frame()["valid_loss"] - default.frame()["valid_loss"]).max())

# %% [markdown]
# That is the largest difference between the two loss curves. Another process, the same numbers.
#
# ## 5 · From one run to a search
#
# A search needs a **space**, what each setting may be, and a **budget**. A tuple is a range with both its ends, a list is a choice. Rates are
# drawn on a logarithmic scale: from 1e-5 to 1e-4 is as far as from 1e-3 to 1e-2.

# %%
space = {"learning_rate": (1e-5, 3e-2), "batch_size": [8, 16, 32]}
found = await wb.search("headlines", space, trials=12, **same)

# %% [markdown]
# ## 6 · Look
#
# The first trials are drawn at random. Then optuna's **TPE** (Bergstra et al., 2011) sorts the trials into good ones and the rest, and draws the next
# values where the good ones are dense. Written out for one setting, with what has been seen so far:

# %%
seen = found.frame().dropna(subset=["score"]).sort_values("score", ascending=False)
good, rest = seen["learning_rate"].head(3), seen["learning_rate"].iloc[3:]
print("good:", [f"{rate:.1e}" for rate in good], " the rest:", [f"{rate:.1e}" for rate in rest])

# %% [markdown]
# Crosses in the picture are **pruned** trials. The diagnosis reads every curve while it grows; when it says *diverging*, *not learning* or
# *overfitting*, the rest of that trial would be wasted. The reason is kept. An overfitting trial has its best weights behind it, and their
# score counts; what the others had reached is shown, and does not count.

# %%
pruned = found.frame().query("state == 'pruned'")
print("\n".join(f"{rate:.1e}  {why}" for rate, why in zip(pruned["learning_rate"], pruned["reason"], strict=True)))

# %% [markdown]
# Each trial is an ordinary run with a folder of its own, and the best one opens as such.

# %%
best = found.best
print(best, "\n" + found.to_code())

# %% [markdown]
# ## 7 · Is it really better?
#
# The best of twelve was *chosen* for its validation score, so that score flatters it. The honest question is put to other seeds, where nothing is
# chosen any more. First one run to look at, then a duel of default and found, side by side.

# %%
again = wb.fit("headlines", seed=3, **found.choices, **same)
await again

# %%
duel = await wb.duel("headlines", {"default": {}, "found": found.choices}, seeds=(1, 2), **same)

# %%
print(duel.verdict())

# %% [markdown]
# ## 8 · Change one thing: stop, and go on
#
# What a search knows lies in a file, not in this notebook. Give this one a second: it ends in the middle of a trial, whose values go back into the
# queue. The same call goes on with them. So it does after **Stop**, after a crash, and on the next day.

# %%
ask = dict(trials=2, name="stop-and-go", **same)
first_part = await wb.search("headlines", space, within=1, **ask)

# %%
second_part = await wb.search("headlines", space, **ask)

# %% [markdown]
# The file is shared by as many processes as you like, here or on other machines that see the same folder or database:
#
# ```
# wb.search("headlines", space, trials=40, workers=2, **same)        # two processes of this machine
# python -m workbench search NAME --storage postgresql://...         # one more, anywhere
# ```
#
# Two workers on two cores are not twice as fast: each starts a Python of its own, which takes longer than one of these trials, and one training alone
# can use both cores. Workers pay when trials take minutes, or when each has a device of its own. When one is killed in the middle of a trial, its values
# go back into the queue and another worker takes them.
#
# ## 9 · Explain: three exercises

# %%
first = wb.exercise("21.1")
first

# %%
answer = None  # your search

# %%
first.check(answer, default)

# %%
second = wb.exercise("21.2")
second

# %%
answer = None  # a search that was stopped and went on

# %%
second.check(answer)

# %%
third = wb.exercise("21.3")
third

# %%
answer = None  # a verdict, as text

# %%
third.check(found, answer)

# %% [markdown]
# ## 10 · On a larger machine
#
# The line changes in its model and its data, and the range of rates moves down: a large model wants smaller steps than `bert-tiny`.
#
# ```python
# space = {"learning_rate": (1e-5, 1e-4), "warmup": (0.0, 0.2)}
# found = await wb.search("hub:fancyzhx/ag_news", space, trials=20, within=8 * 3600,
#                         model="google-bert/bert-base-uncased", train_examples=5000, epochs=2)
# ```
#
# With several GPUs, `accelerate config` asks once what the machine has, and `python -m workbench launch recipe.toml --accelerate-config FILE` uses what it
# has written. A search takes one worker per GPU: `CUDA_VISIBLE_DEVICES=1 python -m workbench search NAME`.

# %% [markdown]
# ## What you have seen
#
# - **A run is its settings.** As a line, a recipe or a script it gives the same numbers.
# - **A search is many runs.** What to draw next comes from what the earlier ones have shown; what is hopeless is ended with its reason.
# - **The best of many is partly luck.** Judge it on other seeds and on texts that chose nothing.
# - **What is kept in files can be stopped**, continued and shared; nothing depends on the notebook.
#
# Next: [22 · Domain adaptation](22-domain-adaptation.ipynb) lets a model read the texts of a field before it is fine-tuned.
