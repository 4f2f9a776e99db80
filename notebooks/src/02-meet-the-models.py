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
# # 02 · Meet the models
#
# BERT, RoBERTa, XLNet, GPT, ELMo: the names stand for ideas about one question. Given a mountain of text and nobody to label it, what should a model be made
# to guess? This lesson shows each idea at work on a sentence, then fine-tunes all of them in the same way. The models are small siblings, made for this
# workbench from the same text; whichever of them lie on your disk take part.

# %%
import pandas as pd

import workbench as wb

minis = [
    m.name for m in wb.models() if m.source == "bundled" and m.name.endswith("-mini") and "classification" in m.tasks
]
cards = {m.name: m.facts for m in wb.models() if m.name in minis}
pd.DataFrame({name: {"learned by": c["objective"].split(":")[0], "parameters": f"{c['parameters']:,}", "tokens seen": f"{c['tokens_seen']:,}"}
              for name, c in cards.items()}).T.style  # fmt: skip

# %% [markdown]
# Read the last column before you compare anything. `bert-mini` and `roberta-mini` have seen about five times as many tokens as their siblings. Where they are ahead
# below, that can be the idea or the budget. Like with like: two models with the same number in that column; or those two as they were after ten million tokens, which the table
# of section 8 has as well.
#
# ## 1 · Predict
#
# One word is missing: *The boat lay on the ___ of the river.* Write down your word. A model that reads from left to right has to choose before it sees
# *river*. What will it say?

# %%
my_word, its_word = None, None

# %% [markdown]
# ## 2 · Run: fill the blank
#
# Every panel is a model with its five likeliest words. Percentages are probabilities among all eight thousand pieces of its vocabulary.

# %%
wb.fill_blank("The boat lay on the ___ of the river.")

# %% [markdown]
# Now the same left half, and another right half. Which panels change, and which do not?

# %%
wb.fill_blank("The boat lay on the ___ during the whole of the war.")

# %% [markdown]
# ## 3 · Look: what each one was made to do
#
# Here is a sentence as each model meets it in pretraining. Blue is what it may look at, **?** is what it is asked, the rest is hidden from it.

# %%
sentence = "The old man walked along the bank of the river and looked at the water."
wb.objectives(sentence)

# %% [markdown]
# - **Masked** (BERT, Devlin et al., 2019; RoBERTa, Liu et al., 2019): some pieces are taken away, and the others, on both sides, must give them back. Both sides help,
#   but only the hidden pieces teach anything (30% here, 15% in those papers), and the mask itself never occurs in a real text.
# - **Causal** (GPT, Radford et al., 2018): every piece from those before it. Every place is a question, and whoever can answer it can go on writing.
# - **Permutation** (XLNet, Yang et al., 2019): the pieces get a shuffled order, and each is guessed from those before it *in that order*, on whichever side they stand. Two streams
#   make that possible: one knows what stands at a place, the other only where it is.
# - **Two-way** (ELMo, Peters et al., 2018): two models, one from each end, that know nothing of each other until they are joined.
#
# ## 4 · Change one thing: another draw
#
# `seed` draws other pieces, and for a permutation model another order. Causal and two-way models have nothing to draw.

# %%
drawn = [m for m in minis if cards[m]["family"] in ("bert", "roberta", "xlnet")]
wb.objectives(sentence, drawn, seed=1)

# %% [markdown]
# ## 5 · Guessing over and over is writing
#
# What a causal model is asked at the end of a text is what comes next. Put its answer there and ask again. That is all there is to a text generator:

# %%
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

folder = wb.models()[[m.name for m in wb.models()].index("gpt-mini")].folder
gpt, tokenizer = (
    AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32),
    AutoTokenizer.from_pretrained(folder),
)

# %%
torch.manual_seed(0)
ids = tokenizer("The old man walked along")["input_ids"]
for _ in range(30):
    probabilities = gpt(torch.tensor([ids])).logits[0, -1].softmax(-1)
    likely = probabilities * (probabilities >= probabilities.topk(20).values[-1])  # one of the twenty likeliest
    ids.append(int(torch.multinomial(likely, 1)))
tokenizer.decode(ids)

# %% [markdown]
# Words that go together, and no sense: it has read ten million tokens (after its word vectors had been made by counting which words stand together, as those of its siblings), a large one
# a million times that.
#
# ## 6 · Look: the same sentence in pieces
#
# Each model cuts the text with its own vocabulary, and four of the five see nothing else: each piece is a number to them, of whose letters they know nothing. ELMo
# alone puts the pieces of a word together again and reads its letters. Which of them keep capitals? Which could put the text together again, space by space?

# %%
wb.tokens("Marguerite Boulanger's physiotherapist lives in Aix-en-Provence.", minis)

# %% [markdown]
# ## 7 · Look: one word, two meanings
#
# In a dictionary of word vectors, *bank* has one vector. Here it gets one for every sentence. Six sentences, two meanings: are the vectors of the same meaning more
# alike than those of different ones?

# %%
banks = {
    "river": ["The boat lay on the bank of the river.", "They sat on the grassy bank and watched the water.",
              "The village lies on the left bank of the stream."],
    "money": ["He kept his money in the bank.", "The company borrowed a large sum from the bank.", "The account was opened at the bank in London."],
}  # fmt: skip
senses = wb.word_in_context("bank", banks)
senses

# %% [markdown]
# At layer 0 the word has not yet looked at its neighbours; at most its place in the sentence is mixed in. Going up, all sentences leave their mark, and the two
# lines part: context has entered the vector. The distance between the lines of *one* model is what counts. How high both of them lie is a habit of the model
# (Ethayarajh, 2019).
#
# ## 8 · The same fine-tuning for all
#
# 256 news briefs, eight topics, one learning rate, one seed. Before you run it: who will be ahead?

# %%
same = dict(train_examples=256, epochs=3, learning_rate=1e-3, evaluations=3)
runs = [wb.fit("headlines", model=minis[-1], **same)]  # one first, the others follow
await runs[0]

# %%
for name in minis[-2::-1]:
    runs.insert(0, wb.fit("headlines", model=name, **same))
    await runs[0]

# %%
wb.compare(*runs)

# %% [markdown]
# Where the verdict is *underfitting*, three passes were too few: the ranking above is that of an early hour, and a slow beginner may catch up.
#
# One run is one draw, too. The makers of the models measured the same question with several seeds and more patience, and wrote it into their cards: each model, its
# random twin (the same architecture with fresh weights), counting words (TF-IDF), and the commonest class, trained on 256 headlines. In *accuracy after 10 M* all
# have read the same ten million tokens: it is the column that compares ideas. In percent:

# %%
from workbench.lessons.meeting import measured

this_run = [round(100 * run.kept["accuracy"], 1) for run in runs]
seconds = [round(run.frame()["seconds"].iloc[-1], 1) for run in runs]
measured(minis, "headlines", labels=256).assign(**{"this run": this_run, "its seconds": seconds})

# %% [markdown]
# ## 9 · Explain
#
# What can you conclude? Each model against its own random twin: that is what pretraining brought, and a fair question. Siblings after equal budgets among
# themselves: fair, for this size, this text and this task. There `bert-mini` (73.5) and `xlnet-mini` (72.9) are level, `roberta-mini` (66.5) is behind them, and far behind are the two that guess
# from one side: `gpt-mini` (53.6) sees no word behind the one it reads, and the two halves of `elmo-mini` (43.5) know nothing of each other. For labels of whole texts it pays to look both ways.
# What a larger budget adds shows in one and the same model: with five times as much text `bert-mini` goes from 73.5 to 77.9, `roberta-mini` from 66.5 to 72.2. `bert-mini` as it is
# against `xlnet-mini` as it is: not fair, it has read far more. And a ranking at this size need not be the ranking of the large ones: the papers' models have read more than a thousand times as much, with twenty times the weights and more. On other texts the same models look different again; spam gains with
# few labels and hardly with 256 (but for ELMo, whose random twin is far behind), opinions gain nothing: [the small models side by side](../docs/models.md).
#
# ## 10 · Your turn

# %%
first = wb.exercise("02.1")
first

# %%
one, other = None, None  # two sentences with ___

# %%
first.check(one, other)

# %%
second = wb.exercise("02.2")
second

# %%
answer = None  # wb.word_in_context(...)

# %%
second.check(answer)

# %%
third = wb.exercise("02.3")
third

# %%
my_run, my_twin = None, None

# %%
third.check(my_run, my_twin)

# %%
fourth = wb.exercise("02.4")
fourth

# %%
my_sentence = None

# %%
fourth.check("gpt-mini", my_sentence)

# %% [markdown]
# ## 11 · With real checkpoints
#
# The same three lines take any masked, causal or permutation model of the Hub. With a network:
#
# ```python
# large = ["google-bert/bert-base-uncased", "FacebookAI/roberta-base", "xlnet/xlnet-base-cased", "openai-community/gpt2"]
# wb.fill_blank("The capital of France is ___.", large)
# wb.word_in_context("bank", banks, large)
# ```

# %% [markdown]
# ## What you have seen
#
# - A pretraining objective is a rule of what may be seen and what is asked. All else follows: who can write, who can look both ways.
# - A causal model's vector of a word knows nothing of what comes behind it. For labels of whole texts, read the mean over its tokens or the last of them.
# - A word's vector depends on its sentence; meanings part from layer to layer.
# - Compare a model with its random twin, and siblings with equal budgets. Everything else compares two things at once.
#
# Next: [03 · Topics](03-topics.ipynb) asks how many labels it takes.
