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
# # 10 · How much may move?
#
# Until now every weight of the model was free to move. That is *full fine-tuning*. At the other end nothing of the checkpoint moves and only a new
# head learns from its vectors: *feature extraction*. Between the two lie *gradual unfreezing* (Howard and Ruder, 2018), which opens the model from the top,
# and *LoRA* (Hu et al., 2021), which leaves all weights where they are and learns small additions to them. One task, one seed, four answers, and at the end a duel with several seeds.

# %%
import workbench as wb

same = dict(model="bert-mini", train_examples=160, epochs=5, evaluations=5)

# %% [markdown]
# ## 1 · Predict
#
# The model has 5.3 million weights. The task: eight topics of news briefs, twenty examples of each. What share of the weights, in percent, has to learn
# for the same accuracy as if all of them did?

# %%
my_share = None  # percent

# %% [markdown]
# ## 2 · Run: nothing moves but the head
#
# A blueprint shows the model as it is going to be trained. Dashed is new, hatched is frozen.

# %%
wb.blueprint("headlines", technique="feature-extraction")

# %%
probe = wb.fit("headlines", technique="feature-extraction", learning_rate=1e-2, **same)
await probe

# %%
print(f"{probe.store.facts['trained']:,} weights learned in {probe.frame()['seconds'].iloc[-1]:.1f} seconds")

# %% [markdown]
# ## 3 · What is inside
#
# A frozen model gives the same vector for the same text every time, so each text has to go through it once. All that is left is a linear classifier on
# top of those vectors. Written out, with scikit-learn as the classifier:

# %%
import torch
from sklearn.linear_model import LogisticRegression
from transformers import AutoModel, AutoTokenizer, logging

logging.set_verbosity_error()  # the head for hidden words is left out on purpose: no report of it
folder = wb.models()[0].folder
encoder, tokenizer = AutoModel.from_pretrained(folder, dtype=torch.float32), AutoTokenizer.from_pretrained(folder)


# %%
def vectors(texts):
    batch = tokenizer(list(texts), padding=True, truncation=True, max_length=128, return_tensors="pt")
    with torch.inference_mode():
        tokens, mask = encoder(**batch).last_hidden_state, batch["attention_mask"].unsqueeze(-1)
    return (tokens * mask).sum(1) / mask.sum(1)  # the mean over real tokens


# %%
news = wb.load("headlines")
rows = probe.data()["train"].select([int(i) for i in range(160)])
classifier = LogisticRegression(max_iter=1000).fit(vectors(rows["text"]), rows["label"])
classifier.score(vectors(news["validation"]["text"]), news["validation"]["label"])

# %% [markdown]
# Not far from the run above: it learned from another 160 texts, and scikit-learn weighs its regularisation differently.
#
# ## 4 · Change one thing: small additions to every layer
#
# LoRA keeps a weight matrix *W* and learns two thin ones beside it: the layer computes *Wx + BAx*, the second part times a fixed factor. *B* starts at zero, so training starts from the
# checkpoint's own answers. The number of columns of *B* is called the rank. For one matrix of 256 × 256 and rank 8:

# %%
W, A, B = torch.randn(256, 256), torch.randn(8, 256), torch.zeros(256, 8)
x = torch.randn(256)
print("the same answer at first:", torch.equal(W @ x, W @ x + B @ (A @ x)))
print(f"{A.numel() + B.numel():,} new weights beside {W.numel():,}")

# %%
wb.blueprint("headlines", technique="lora")

# %%
lora = wb.fit("headlines", technique="lora", learning_rate=3e-3, **same)
await lora

# %% [markdown]
# Which layers changed, and how far? The map shows each block's distance from where it began. For LoRA it is the distance that *BA* adds.

# %%
wb.layers(lora)

# %% [markdown]
# ## 5 · From the top down
#
# Gradual unfreezing trains the head alone for one epoch; then the last layer joins in, then the one below it. The lower a block, the smaller its
# learning rate. `schedule="slanted"` lets the rate rise quickly and fall slowly, as the authors do. Follow in the map when each block sets off.

# %%
opened = wb.fit("headlines", technique="unfreezing", learning_rate=2e-3, schedule="slanted", **same)
await opened

# %%
wb.layers(opened)

# %% [markdown]
# ## 6 · A duel
#
# One seed proves nothing. Here each way of training gets the same data and two seeds; every seed also draws other texts. And each gets a learning rate
# that suits it, or the duel would be about rates: with so few steps full fine-tuning needs a higher one than usual. The bar is the mean with its
# spread, the dots are single runs.

# %%
shared = {**same, "train_examples": 96, "epochs": 6, "evaluations": 2}
ways = {
    "full": {"learning_rate": 1e-3},
    "frozen": {"technique": "feature-extraction", "learning_rate": 1e-2},
    "LoRA": {"technique": "lora", "learning_rate": 3e-3},
}
duel = await wb.duel("headlines", ways, seeds=2, **shared)

# %%
duel.frame().round(3)

# %%
print(duel.verdict())

# %% [markdown]
# ## 7 · Explain: three exercises

# %%
first = wb.exercise("10.1")
first

# %%
answer = None  # await wb.fit(...)

# %%
first.check(answer)

# %%
second = wb.exercise("10.2")
second

# %%
answer = None

# %%
second.check(answer)

# %%
third = wb.exercise("10.3")
third

# %%
answer = None

# %%
third.check(answer)

# %% [markdown]
# ## 8 · With a real checkpoint
#
# On a model of 110 million weights the difference is one of memory: full fine-tuning keeps four numbers for each of them (weight, gradient, two moments),
# LoRA keeps them for a few hundred thousand. With a network, and better with a GPU:
#
# ```python
# await wb.fit("hub:fancyzhx/ag_news", model="google-bert/bert-base-uncased", technique="lora",
#              learning_rate=5e-4, train_examples=2000, epochs=2)
# ```

# %% [markdown]
# ## What you have seen
#
# - A frozen checkpoint with a linear head is the cheapest control there is; know its score before you train more.
# - LoRA learns a few percent of the weights, starts from the checkpoint's own answers, and can be merged into the weights afterwards.
# - Gradual unfreezing moves the top first and most, the bottom last and least.
# - Whether one of them is *better* on your data is a question for a duel with several seeds; how much cheaper it is, the table says.
#
# Next: [11 · Distillation](11-distillation.ipynb) has a large model teach a small one.
