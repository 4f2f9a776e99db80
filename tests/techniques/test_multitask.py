"""Multi-task learning: how much is drawn from each data set, which head learns from which example, and what is left in the end."""

import json
import math
import time
from dataclasses import fields

import numpy as np
import pytest
import torch
from tiny import batch, data, tagged_data, texts, tiny_bert
from torch.nn import functional as F

import workbench as wb
from workbench import catalog
from workbench.config import RunConfig
from workbench.models import zoo
from workbench.tasks import TASKS
from workbench.tasks.base import Encoded
from workbench.techniques import TECHNIQUES
from workbench.techniques.multitask import Heads, Mixture, head_path, own_heads_loss, per_epoch, with_heads
from workbench.training.predictor import Predictor
from workbench.training.team import Shares, Team

MULTI = TECHNIQUES["multi-task"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(tiny_bert(tmp_path_factory.mktemp("tiny")))


@pytest.fixture
def other(tmp_path):
    """Another task on the same kind of texts: three labels, by the last digit of the number in the text."""
    path = tmp_path / "other"
    path.mkdir()
    for split, n in (("train", 96), ("validation", 30)):
        rows = [{"text": t, "label": "abc"[i % 3]} for i, t in enumerate(texts(n, 5)["text"])]
        (path / f"{split}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows), "utf-8")
    return str(path)


def built(folder, labels=(3,), pooling="mean"):
    """A classifier of two labels with more heads."""
    source = zoo.source(folder)
    shell = type("Shell", (), {"labels": ["bad", "good"], "tokenizer": zoo.tokenizer(source)})
    torch.manual_seed(0)
    model = TASKS["classification"].build(source, shell, RunConfig(model=folder, pooling=pooling))
    return model, with_heads(model, labels)


@pytest.mark.parametrize(("sampling", "want"), [(1.0, [100, 400, 25]), (0.5, [100, 200, 50]), (0.0, [100, 100, 100])])
def test_shares_follow_the_size_to_the_power_of_the_exponent(sampling, want):
    """4 times and a quarter the size; to the power of a half that is 2 and a half."""
    assert per_epoch([100, 400, 25], sampling) == want


def mixture(sizes, sampling=0.5, seed=0):
    parts = [Encoded([np.full(t + 1, i) for i in range(n)], np.zeros(n, dtype=int), np.arange(n))
             for t, n in enumerate(sizes)]  # fmt: skip
    return Mixture(parts, [2, 3, 4][: len(sizes)], sampling, seed)


def test_an_epoch_has_the_main_texts_once_and_deals_the_others_until_the_deck_is_through():
    mixed = mixture([4, 16])  # 8 of 16 per epoch
    epochs = []
    for epoch in (0, 1, 2):
        mixed.set_epoch(epoch)
        items = [mixed[i] for i in range(len(mixed))]
        assert [int(ids[0]) for ids, _, span in items if span == (0, 2)] == [0, 1, 2, 3]
        epochs.append([int(ids[0]) for ids, _, span in items if span == (2, 5)])
    assert [len(e) for e in epochs] == [8, 8, 8] and sorted(epochs[0] + epochs[1]) == list(range(16))
    mixed.set_epoch(0)
    assert [int(mixed[i][0][0]) for i in range(4, 12)] == epochs[0]  # the epoch alone says what is dealt
    assert mixed.lengths.tolist() == [1] * 4 + [2] * 8


def test_a_small_task_is_dealt_again_and_again():
    mixed = mixture([8, 2])  # 4 per epoch: both of its texts twice
    assert sorted(int(mixed[i][0][0]) for i in range(8, 12)) == [0, 0, 1, 1]


def test_batches_are_made_of_what_the_epoch_has_dealt():
    mixed = mixture([4, 16])
    batches = Shares(mixed.lengths, 4, 0, Team(), mixed)
    batches.set_epoch(1)
    dealt = list(mixed.at)
    mixed.set_epoch(1)
    assert mixed.at == dealt and sorted(i for b in batches for i in b) == list(range(12))


def test_the_loss_by_hand():
    """Equal logits over two labels cost ln 2, over three ln 3, whatever stands in the other task's columns."""
    logits = torch.tensor([[0.0, 0.0, 9.0, -9.0, 5.0], [7.0, -7.0, 1.0, 1.0, 1.0]])
    loss = own_heads_loss(logits, torch.tensor([1, 2]), torch.tensor([[0, 2], [2, 5]]))
    assert loss.item() == pytest.approx((math.log(2) + math.log(3)) / 2)


def test_smoothing_stays_within_the_own_head():
    logits, labels = torch.randn(4, 5), torch.tensor([0, 2, 1, 1])
    span = torch.tensor([[2, 5]] * 4)
    want = F.cross_entropy(logits[:, 2:], labels, label_smoothing=0.1)
    assert own_heads_loss(logits, labels, span, 0.1).item() == pytest.approx(want.item(), rel=1e-5)


@pytest.mark.parametrize("pooling", ["mean", "native"])
def test_an_example_moves_its_own_head_and_the_encoder_and_no_other_head(folder, pooling):
    model, _ = built(folder, (3, 4), pooling)
    heads = model.get_submodule(head_path(model))
    logits = model.train()(**batch())["logits"]
    assert logits.shape == (2, 2 + 3 + 4)
    own_heads_loss(logits, torch.tensor([1, 2]), torch.tensor([[2, 5], [2, 5]])).backward()
    assert heads.others[0].weight.grad.abs().sum() > 0
    assert not heads.main.weight.grad.any() and not heads.others[1].weight.grad.any()
    encoder = model.encoder if pooling == "mean" else model.bert
    assert encoder.encoder.layer[0].attention.self.query.weight.grad.abs().sum() > 0


@pytest.mark.parametrize("pooling", ["mean", "native"])
def test_a_plain_model_is_left_with_the_main_heads_answers(folder, pooling):
    plain, _ = built(folder, (), pooling)
    names = {n.replace(".main", "") for n, _ in plain.named_parameters()}
    model, _ = built(folder, (3,), pooling)
    want = model.eval()(**batch())["logits"]
    assert want.shape == (2, 2)
    with model.get_submodule(head_path(model)).asking(1):
        assert model(**batch())["logits"].shape == (2, 3)
    left = MULTI.finish(model)
    torch.testing.assert_close(left(**batch())["logits"], want)
    assert {n for n, _ in left.named_parameters()} == names
    assert not any(isinstance(part, Heads) for part in left.modules())


def choices(folder, other, **more):
    return {
        "model": folder,
        "technique": "multi-task",
        "also": (other,),
        "learning_rate": 5e-3,
        "pooling": "mean",
        **more,
    }


def test_a_run_learns_both_and_says_how_the_other_one_did(folder, other, tmp_path):
    run = wb.fit(data(32, 16), **choices(folder, other, epochs=2, evaluations=2, restore_best=False)).join()
    fact = run.store.facts["also"][other]
    assert fact["per_epoch"] == round(32 * math.sqrt(96 / 32)) and fact["n_valid"] == 30
    assert fact["majority"] == pytest.approx(1 / 3) and 0 <= fact["accuracy"] <= 1
    assert run.store.facts["n_train"] == 32 and run.steps()["step"].max() == 2 * math.ceil((32 + 55) / 16)
    want = run.predict(["the kind room", "a cruel meal"])["p(0)"]
    __import__("shutil").rmtree(other)  # what was learned with it stays
    np.testing.assert_allclose(
        Predictor.from_store(run.store).predict(["the kind room", "a cruel meal"])["p(0)"], want, atol=1e-6
    )
    run.save(tmp_path / "saved")
    again = wb.fit(data(16, 8), model=run, epochs=1, learning_rate=1e-9, evaluations=1, pooling="mean").join()
    torch.testing.assert_close(again.predictor().model.encoder.state_dict(), run.predictor().model.encoder.state_dict(),
                               atol=1e-5, rtol=1e-5)  # fmt: skip


def test_it_agrees_with_a_loop_that_writes_it_out(folder, other):
    """Two encoders' worth of nothing: one encoder, two heads, plain AdamW, the same batches."""
    plain = {"learning_rate": 1e-3, "epochs": 2, "dropout": 0.0, "schedule": "constant", "warmup": 0.0, "precision": "fp32",
             "evaluations": 1}  # fmt: skip
    run = wb.fit(data(32, 16), **choices(folder, other, **plain)).join()
    worker = run._worker
    from transformers import set_seed

    set_seed(0)
    model = MULTI.apply(worker.task.build(worker.source, worker.prepared, run.config), run.config).train()
    mixed = MULTI.examples(worker.prepared, worker.data, worker.task, run.config)
    collate = worker.task.collate(worker.prepared.tokenizer)
    decay = [[p for p in model.parameters() if p.ndim > 1], [p for p in model.parameters() if p.ndim <= 1]]
    optimizer = torch.optim.AdamW(
        [{"params": decay[0], "weight_decay": 0.01}, {"params": decay[1], "weight_decay": 0.0}], lr=1e-3
    )
    batches, found = Shares(mixed.lengths, 16, 0, Team(), mixed), []
    for epoch in range(2):
        batches.set_epoch(epoch)
        for which in batches:
            items = [mixed[i] for i in which]
            inputs = collate([item[:2] for item in items])
            labels = inputs.pop("labels")
            tokens = model.encoder(**inputs).last_hidden_state
            mask = inputs["attention_mask"].unsqueeze(-1)
            vector = (tokens * mask).sum(1) / mask.sum(1)
            one, two = model.classifier.main(vector), model.classifier.others[0](vector)
            loss = sum(F.cross_entropy((one if item[2] == (0, 2) else two)[i : i + 1], labels[i : i + 1])
                       for i, item in enumerate(items)) / len(items)  # fmt: skip
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()
            found.append(loss.item())
    np.testing.assert_allclose(run.steps()["loss"], found, atol=1e-3)


def test_an_interrupted_run_goes_on_with_the_curve_it_would_have_had(folder, other):
    """Stopped in its second epoch or later: the deck goes on where it was."""
    more = {"epochs": 6, "evaluations": 12}
    whole = wb.fit(data(), **choices(folder, other, **more)).join()
    part = wb.fit(data(), **choices(folder, other, **more))
    while not part.done and (part.status != "training" or len(part.frame()) < 4):
        time.sleep(0.005)
    part.stop()
    part.join()
    if part.status != "stopped":
        pytest.skip("it had finished before it could be stopped")
    part.resume(data()).join()
    assert len(part.steps()) == len(whole.steps())
    np.testing.assert_allclose(part.frame()["valid_loss"].iloc[-1], whole.frame()["valid_loss"].iloc[-1], rtol=1e-4)


@pytest.mark.parametrize(
    ("also", "words"),
    [((), "without another task"), (("reviews", "reviews"), "learned twice"), (("nowhere",), "nowhere")],
)
def test_what_cannot_be_learned_together_says_so(folder, also, words):
    with pytest.raises(wb.WorkbenchError, match=words):
        wb.fit(data(16, 8), model=folder, technique="multi-task", also=also).join()


def test_the_other_data_must_have_one_label_per_text(folder, tmp_path):
    tagged_data(8, 4).to_json(tmp_path / "tags.jsonl", orient="records", lines=True)
    with pytest.raises(wb.WorkbenchError, match=r"is data for tagging.*one label per text"):
        wb.fit(data(16, 8), model=folder, technique="multi-task", also=(str(tmp_path / "tags.jsonl"),)).join()


def test_other_techniques_say_which_choices_they_leave_out(folder):
    run = wb.fit(data(16, 8), model=folder, also="reviews", lora_rank=4, epochs=1, evaluations=1).join()
    said = [n for n in run.notes if "full leaves it out" in n]
    assert [n.split()[0] for n in said] == ["lora_rank", "also"] and run.config.also == ("reviews",)
    assert said[0].startswith("lora_rank is for technique='lora' alone")


def test_every_choice_of_one_technique_is_one_of_a_run():
    own = [name for card in catalog.techniques() for name in card.facts.get("own", ())]
    assert own and len(set(own)) == len(own) and set(own) <= {f.name for f in fields(RunConfig)}
