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
# # 20 · Training somewhere else
#
# The weights of many of the largest models are not to be had. Their makers train them for you: you send a file, a job runs on their machines, you get the name of a
# model that you may ask questions. All that is left in your hands is the data, a few numbers, and the bill. This lesson goes through every step of it, with
# the very client that is used for the real thing, against a service that runs on your own machine: no account, no key, no network, and a model that is
# really trained.

# %%
import json

import workbench as wb
from workbench.remote import jsonl

server = wb.serve()
server

# %% [markdown]
# ## 1 · Predict
#
# Each headline is sent as a little conversation: an instruction with the eight topics, the headline, the topic. What is paid for is tokens. Which part of a
# line costs most: the instruction, the headline, or the answer?

# %%
my_guess = None  # "instruction", "headline" or "answer"

# %% [markdown]
# ## 2 · Run: the file, and what it will cost
#
# Nothing is sent yet. `run.lines` is what will be.

# %%
run = wb.hosted("headlines", model="gpt-mini", base_url=server.url, train_examples=160, epochs=4, price=8.0)
print(json.dumps(run.lines["training"][0], indent=1))

# %%
print(run.estimate)
parts = [(m["role"], len(m["content"])) for line in run.lines["training"] for m in line["messages"]]
{role: sum(letters for of, letters in parts if of == role) for role in ("system", "user", "assistant")}

# %% [markdown]
# These are the letters of all lines together. The headlines (`user`) cost most, the answers (`assistant`) next to nothing. The instruction (`system`) is the same
# every time and is paid for every time: if something is to be saved without losing an example, it is there.

# %% [markdown]
# Services refuse a file with a fault in it, sometimes after an hour in a queue. So it is checked here first:

# %%
rows, problems = jsonl.check(b'{"messages": [{"role": "user", "content": "Rain is due."}]}\n{"messages": [}\n')
[str(p) for p in problems]

# %% [markdown]
# ## 3 · Run: the job
#
# Files are uploaded, a job is created, and the events that the service reports are drawn as they come. Stop cancels the job there, not only the picture here.

# %%
await run.start()

# %% [markdown]
# ## 4 · Look
#
# The same curves, the same verdict, the same rules as for a run of your own: a service that overfits for you overfits all the same. Only the unit has changed: the
# loss is per piece of the *answer*. The service has trained on a few more tokens than were estimated: it counts the signs between the parts of a line, too. And
# the model can only be asked, one text at a time. A single answer may well be wrong; how often, the score says.

# %%
run.predict(["The striker scored twice in the final.", "The central bank has raised rates again."])

# %%
run.evaluate("validation")

# %% [markdown]
# `no label` is the share of answers that are none of the eight topics: nothing keeps a model that writes from writing something else. A head with eight outputs
# cannot do that.

# %% [markdown]
# ## 5 · Change one thing: the same model, trained here
#
# Same model, same number of examples, but with a head, and with the weights in your hands:

# %%
own = wb.fit("headlines", model="gpt-mini", train_examples=160, epochs=4, learning_rate=1e-3, evaluations=2)
await own

# %% [markdown]
# Compare the accuracies. The hosted model writes the **name** of a topic, and names are words that it has read before; the head here begins with numbers
# that mean nothing. With few examples that decides: 64.6 ± 2.3 against 48.4 ± 6.3 on the test split (160 headlines, five seeds, the head in batches of 8 as
# well). On real text messages, spam or not, the two are as good as each other. The table is in docs/techniques.md.

# %% [markdown]
# ## 6 · Explain
#
# What you gain with a hosted job: a model that you could not have otherwise, and no machine of your own. What you give away: your texts (do not send what must not leave
# the house), the choice of what is trained and how, a look at the weights, Pause and a change of the learning rate in mid-run, and a price for every question
# from then on. That is why the control, a small model of your own, belongs beside it.

# %% [markdown]
# ## 7 · Your turn
#
# Who has run all cells at once has stopped the service at the end of this section: `server = wb.serve()` starts it again. For the first exercise, a file with
# four kinds of faults:

# %%
good = [
    json.dumps(jsonl.line(t, "spam" if i % 2 else "ham", "spam or ham?"))
    for i, t in enumerate(wb.load("messages")["train"]["text"][:20])
]
good[3] = good[3].replace("assistant", "bot")
good[5], good[8] = good[5][:-1], good[8].replace('"ham"', '" HAM"')
broken = ("\n".join(good[:12]) + "\n\n" + "\n".join(good[12:]) + "\n").encode()

# %%
first = wb.exercise("20.1")
first

# %%
answer = None

# %%
first.check(answer)

# %%
second = wb.exercise("20.2")
second

# %%
answer = None

# %%
second.check(answer)

# %%
third = wb.exercise("20.3")
third

# %%
answer = None

# %%
third.check(answer)

# %%
server.stop()  # after your exercises

# %% [markdown]
# ## 8 · With a real service
#
# Set the key in the environment *before* JupyterLab is started, never in a notebook: `export OPENAI_API_KEY=...`. Then leave `base_url` out, name a model that the
# service can fine-tune, and say what it asks per million tokens, so that you see the cost before you start:
#
# ```python
# run = wb.hosted("headlines", model="gpt-4o-mini-2024-07-18", train_examples=200, epochs=3, price=3.0)
# print(run.estimate)     # look, then:
# await run.start()
# ```

# %% [markdown]
# ## What you have seen
#
# - A hosted job is a file of conversations, a handful of numbers, and events; checked and counted before anything is sent.
# - Its curves are read like all others; its answers are text, which may be no label at all.
# - Its bill has two parts: the training once, and every question for as long as you use it.
#
# Next: [21 · Beyond the laptop](21-beyond-the-laptop.ipynb) takes runs out of the notebook without giving anything away.
