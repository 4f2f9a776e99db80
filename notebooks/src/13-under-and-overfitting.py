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
# # 13 · Underfitting and overfitting, live
#
# Too little training and the model has not learned what the data could teach. Too much and it learns what only these texts have. Both can be read off
# two curves, if one knows where to look: at the **rebound**, not at the gap. In this lesson you say what a curve will do before it is there, go back
# into the middle of a run to change one thing, and ask of what you see whether it is real.

# %%
import workbench as wb

same = dict(model="bert-tiny", train_examples=160, learning_rate=1e-3)
long = dict(epochs=16, evaluations=16, keep_states=4, **same)

# %% [markdown]
# ## 1 · Predict
#
# A small model, 160 news briefs in eight topics, sixteen times through all of them, measured after each time. Nobody has to be right here; but who
# has said something looks more closely. Draw the validation loss with the upright sliders, each under its moment of the run (with the mouse, or
# with Tab and the arrow keys). Then mark the epoch of the lowest loss, how far the two losses will be apart at the end, and what the verdict will be. A model that knows nothing of eight topics
# begins at ln 8 = 2.08 nats.

# %%
guess = wb.guess("headlines", **long)

# %% [markdown]
# ## 2 · Run
#
# This seals your prediction, trains, and lays the real curve over the drawn one. Shaded is how far off it was.

# %%
run = await guess.train()

# %% [markdown]
# The score is the mean of what you predicted: the best step loses a fifth for each evaluation that it is off, the verdict is right or wrong, and
# curve and gap lose how far they are off as a share of the range of the real curve. `wb.guesses()` keeps them all, so that you see whether they get better.

# %%
print(run.diagnosis)

# %% [markdown]
# ## 3 · Look: too little
#
# The same model, the same texts, the same rate; only the number of epochs is another.

# %%
short = wb.fit("headlines", epochs=1, evaluations=8, **same)
await short

# %%
print(short.diagnosis)

# %% [markdown]
# Both curves are close together and both are high. A gap that is small is no sign of health: a model that has learned nothing has none at all.
#
# ## 4 · What is inside: gap and rebound
#
# Two numbers are read off the long run at every evaluation. The **gap** is validation loss minus training loss. The **rebound** is by how many percent
# the validation loss lies above its lowest value so far (Prechelt, 1998, calls it generalisation loss).

# %%
curve = run.frame()[["epoch", "train_loss", "valid_loss"]]
curve["gap"] = curve["valid_loss"] - curve["train_loss"]
curve["rebound (%)"] = 100 * (curve["valid_loss"] / curve["valid_loss"].cummin() - 1)
curve.round(2).iloc[::2]

# %% [markdown]
# The gap opens long before the lowest validation loss: while it opens, the model is still getting better at texts it has never seen. Who stops at the
# first gap, stops too soon. The rebound begins only after the lowest point. That is why the verdict asks for it, and why a large gap without a
# rebound is called *memorising without harm*.
#
# ## 5 · Change one thing: how long
#
# One curve shows one training at many moments. Here each length is a training of its own, with a learning rate that falls to zero at its own end.

# %%
lengths = [short, run]
for epochs in (4, 8):
    lengths.append(await wb.fit("headlines", epochs=epochs, evaluations=4, **same))

# %%
wb.against("epochs", lengths)

# %% [markdown]
# Training loss only falls. Validation loss falls and comes back up: on the left side of the lowest point too little was learned, on the right side
# too much.
#
# ## 6 · The cure: more texts
#
# The same number of steps, but with four times as many different texts. What cannot be learned by heart in that time has to be understood.

# %%
many = wb.fit("headlines", **{**same, "train_examples": 640}, epochs=4, evaluations=8)
await many

# %%
wb.against("train_examples", run, many)

# %% [markdown]
# ## 7 · Go back and branch off
#
# Often there are no more texts. But some states of your run were kept (`keep_states=4`, and the one of the lowest loss), so that training can go on
# from there with something changed. First the proof that this is no trick: with nothing changed the fork does what its parent did, to the last digit.

# %%
twin = run.fork(step=120)
await twin

# %%
bool((twin.frame()["valid_loss"] == run.frame()["valid_loss"]).all())

# %% [markdown]
# Now two branches from the step of the lowest validation loss. One drops more activations, one takes much smaller steps.

# %%
noisy = run.fork(dropout=0.4)
await noisy

# %%
gentle = run.fork(learning_rate=5e-5)
await gentle

# %%
wb.lineage(run)

# %% [markdown]
# The gentle branch ends below its parent: small steps leave the weights near the place of the lowest loss. Dropout that comes so late may help or not:
# compare the ends of the curves.
#
# ## 8 · Is it real?
#
# One run is one roll of the dice: another seed draws other texts, another order, another head. And the validation texts are a sample, too. So train
# the same run with other seeds, and draw other validation sets out of the losses of the texts that there are (the *bootstrap*). The verdict is
# to be believed when it comes out of them as well. The dotted lines lie far apart because another set is harder or easier as a whole; within each of
# them the curve rebounds or it does not, and that is what is counted.

# %%
check = await wb.is_it_real(run, seeds=2)

# %%
print(check.verdict())

# %% [markdown]
# The same question can be asked of two runs. `wb.is_it_real(run, noisy)` branches both again from the same state with other seeds and looks at the
# difference of their lowest losses. Often the honest answer is *no detectable difference*.
#
# ## 9 · Explain: three exercises

# %%
first = wb.exercise("13.1")
first

# %%
underfitted, cured = None, None  # await wb.fit(...) twice

# %%
first.check(underfitted, cured)

# %%
second = wb.exercise("13.2")
second

# %%
answer = None  # the run of your next prediction

# %%
second.check(answer)

# %%
third = wb.exercise("13.3")
third

# %%
answer = None  # run.fork(...)

# %%
third.check(answer, run)

# %% [markdown]
# ## With a real checkpoint
#
# A model of 110 million weights on a few hundred texts does the same, within three or four epochs. Kept states are large there (twelve bytes for each
# weight), so keep few of them. With a network, and better with a GPU:
#
# ```python
# guess = wb.guess("hub:fancyzhx/ag_news", model="google-bert/bert-base-uncased", learning_rate=3e-5,
#                  train_examples=400, epochs=8, evaluations=16, keep_states=2)
# run = await guess.train()
# ```
#
# ## What you have seen
#
# - **Underfitting**: both curves high and close together, or still falling when the budget ends. The cure is more: longer, faster, larger.
# - **Overfitting**: validation loss has turned while training loss goes on falling. The rebound is the proof, the gap is not.
# - **More texts** move the turning point further out and lower. Nothing else does as much.
# - **A fork** changes one thing in the middle of a run and leaves all before it as it was: the fairest comparison there is.
# - **A verdict on one run is a guess about all runs**: other seeds and other texts say how good a guess.
#
# Next: [14 · Regularisation](14-regularisation.ipynb) tries what can hold a model back when there are no more texts.
