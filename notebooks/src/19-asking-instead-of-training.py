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
# # 19 · Asking instead of training
#
# GPT-3 made another way famous: move no weight at all. Write the task, and perhaps a few worked examples, into the text in front of the question, and let
# the model go on. That is *in-context learning*. What a model of 175 billion weights can do with it is in the papers. Here you find out what is left of it
# in a model some thirty thousand times smaller, and why; and from how many labels on it is better to train.

# %%
import workbench as wb

news = wb.load("headlines")
about = "{text} This is about"

# %% [markdown]
# ## 1 · Predict
#
# `gpt-mini` has learned one thing: to guess the next word of encyclopaedia, novels and news. Nobody has ever shown it our eight topics. Which share of
# headlines will it put under the right one when it is merely asked? Picking blindly is right once in eight times.

# %%
my_guess = None  # percent

# %% [markdown]
# ## 2 · Run: how a language model chooses
#
# It reads the headline and the words "This is about". Then every topic's name has a probability as the next words, and the likeliest one is the answer.
# Written out once, with the logarithms of the probabilities: the closer to 0, the likelier.

# %%
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, logging

logging.disable_progress_bar()
folder = next(card for card in wb.models() if card.name == "gpt-mini").folder
gpt, tokenizer = (
    AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32),
    AutoTokenizer.from_pretrained(folder),
)


# %%
@torch.inference_mode()
def log_probability(text, answer):
    before, behind = tokenizer(text)["input_ids"], tokenizer(answer)["input_ids"]
    logits = gpt(torch.tensor([before + behind])).logits[0].log_softmax(-1)
    return sum(float(logits[len(before) - 1 + k, piece]) for k, piece in enumerate(behind))


# %%
text = about.replace("{text}", "The striker scored twice in the final and lifted the cup.")
sorted(((round(log_probability(text, f" {name}"), 1), name) for name in news.labels), reverse=True)

# %% [markdown]
# Now the same for eighty headlines, without an example, and with one and four of them in front.

# %%
asked = await wb.prompt(news, model="gpt-mini", template=about, between=". ", shots=(0, 1, 4), seeds=2, texts=80)

# %% [markdown]
# ## 3 · Look
#
# This is what the model was shown for one of them, word for word:

# %%
print(asked.prompt(news["validation"]["text"][0], shots=1))

# %% [markdown]
# Two lines in the picture. *prompt* takes the likeliest name. But some names are likely whatever the text says, because they are common words. *Calibrated*
# (Zhao and others, 2021) asks the same question about a text without content and takes that off again. Look at the distance between the two lines, and at
# what the examples do.

# %% [markdown]
# ## 4 · Explain
#
# Without an example the model is far above chance, although it was never told what a topic is: a text about goals and cups makes *sport* likelier than it
# usually is. That is knowledge from pretraining, and calibration brings it out.
#
# With examples it gets worse. A large model takes from them what the task is. For this one they are only more text, about other things, and the headline in
# question is the last of many sentences. To see a task in examples and to go on with it is an ability that comes with size and with far more text (Brown and
# others, 2020; Olsson and others, 2022, look for the parts of a model that do it). The honest finding for a model of this size is: ask, but do not give
# examples.

# %% [markdown]
# ## 5 · Change one thing: train on the examples instead
#
# The same model, the usual way: weights that move. First with as few examples as the prompts had room for, then with more.

# %%
few = wb.fit(news, model="gpt-mini", train_examples=16, epochs=6, learning_rate=5e-4, evaluations=2)
await few

# %%
more = wb.fit(news, model="gpt-mini", train_examples=640, epochs=3, learning_rate=5e-4, evaluations=2)
await more

# %%
wb.compare(few, more)

# %% [markdown]
# Set the three numbers side by side: asked without an example, trained on 16, trained on 640. Sixteen labels are hardly better than guessing, two for each topic;
# asking needs none and is worth about as much as training on one or two hundred; with six hundred, training is far ahead. With a large model the same three numbers exist, only
# the crossing lies elsewhere, and prompting is paid for with every single question: the examples are read again each time.

# %% [markdown]
# ## 6 · Your turn

# %%
first = wb.exercise("19.1")
first

# %%
answer = None

# %%
first.check(answer)

# %%
second = wb.exercise("19.2")
second

# %%
answer = None

# %%
second.check(answer)

# %%
third = wb.exercise("19.3")
third

# %%
my_prompts, my_run = None, None

# %%
third.check(my_prompts, my_run)

# %% [markdown]
# ## 7 · With a real checkpoint
#
# Any causal model of the Hub can be asked in the same way. From a few hundred million weights on, examples begin to help; see from which size on they do:
#
# ```python
# await wb.prompt("headlines", model="Qwen/Qwen2.5-0.5B", template="Text: {text}\nTopic:", between="\n\n", shots=(0, 1, 4, 16))
# ```

# %% [markdown]
# ## What you have seen
#
# - A language model can be asked instead of trained; which label it prefers has to be calibrated first.
# - Learning from examples in the prompt is an ability of large models. A small one has the knowledge, not that ability.
# - The alternative to a prompt is not "no training": it is training on the very same examples. Compare with that.
#
# Next: [20 · Training somewhere else](20-training-somewhere-else.ipynb) is about models that are too large for you to train, or not yours to have.
