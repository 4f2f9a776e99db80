"""Techniques at work: each trains, keeps what it must, gives the same answers after a reload, and agrees with a plain loop."""

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tiny import data, tiny_bert
from torch.nn import functional as F
from transformers import AutoConfig, AutoModel

import workbench as wb
from workbench.tasks.base import LengthGrouped
from workbench.techniques import TECHNIQUES
from workbench.training.predictor import Predictor

TEXTS = ["the kind room", "a cruel meal on the train", "fresh"]
FAMILIES = {
    "bert": {}, "roberta": {}, "electra": {}, "distilbert": {},
    "gpt2": {"n_positions": 64, "eos_token_id": 3, "bos_token_id": 2}, "xlnet": {"d_inner": 64, "d_head": 16},
    "albert": {"embedding_size": 16},
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(tiny_bert(tmp_path_factory.mktemp("tiny")))


def family(name, folder, path):
    """A tiny checkpoint of a family, with the tokenizer of the tiny BERT."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.save_pretrained(path)
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    own = {"distilbert": {"hidden_dim": 64}, "gpt2": {}, "xlnet": {}}.get(name, {"max_position_embeddings": 66})
    config = AutoConfig.for_model(name, vocab_size=len(tokenizer), pad_token_id=0, **{**sizes, **own, **FAMILIES[name]})
    torch.manual_seed(1)
    AutoModel.from_config(config).save_pretrained(path)
    return str(path)


@pytest.fixture(scope="module")
def teacher(folder):
    return wb.fit(data(), model=folder, pooling="mean", learning_rate=1e-2, epochs=3, evaluations=3).join()


@pytest.mark.parametrize("technique", TECHNIQUES)
@pytest.mark.parametrize("kind", FAMILIES)
def test_every_technique_on_every_family_trains_saves_reloads_and_predicts_the_same(
    technique, kind, folder, teacher, tmp_path
):
    if technique == "ia3" and kind not in ("bert", "roberta", "gpt2"):
        with pytest.raises(wb.WorkbenchError, match="ia3 does not know where to act"):
            wb.fit(data(16, 8), model=family(kind, folder, tmp_path), technique=technique).join()
        return
    more = {
        "distillation": {"teacher": teacher},
        "multi-task": {"also": "messages"},
        "domain-adaptation": {"reads_epochs": 1},
    }.get(technique, {})
    run = wb.fit(data(16, 8), model=family(kind, folder, tmp_path), technique=technique, learning_rate=1e-2, epochs=2,
                 evaluations=2, restore_best=False, **more).join()  # fmt: skip
    want = run.predict(TEXTS)
    frame = run.frame()
    assert run.status == "finished" and frame["train_loss"].iloc[0] != frame["train_loss"].iloc[-1]
    again = Predictor.from_store(run.store).predict(TEXTS)
    np.testing.assert_allclose(again["p(0)"], want["p(0)"], atol=1e-6)
    saved = run.save(tmp_path / "saved")
    if run.predictor().task.name == "classification" and not (saved / "head.safetensors").exists():
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        model, tokenizer = (
            AutoModelForSequenceClassification.from_pretrained(saved),
            AutoTokenizer.from_pretrained(saved),
        )
        batch = tokenizer(TEXTS, return_tensors="pt", padding=True)
        batch.pop("token_type_ids", None)  # GPT-2 has no segments, though the tiny BERT's tokenizer names them
        logits = model(**batch).logits.detach()
        np.testing.assert_allclose(logits.softmax(-1)[:, 0], want["p(0)"], atol=1e-5)


def test_feature_extraction_moves_the_head_and_nothing_else(folder):
    run = wb.fit(data(), model=folder, technique="feature-extraction", pooling="mean", learning_rate=1e-2, epochs=3,
                 evaluations=3, restore_best=False).join()  # fmt: skip
    before = {k.removeprefix("bert."): v for k, v in load_file(f"{folder}/model.safetensors").items()}
    after = run.predictor().model.encoder.state_dict()
    assert all(torch.equal(v, before[k]) for k, v in after.items() if k in before)
    assert run.store.facts["trained"] == 2 * 32 + 2


def test_unfreezing_moves_only_what_its_epochs_have_opened(folder):
    run = wb.fit(data(), model=folder, technique="unfreezing", pooling="mean", learning_rate=1e-2, epochs=2,
                 schedule="slanted", restore_best=False).join()  # fmt: skip
    before = {k.removeprefix("bert."): v for k, v in load_file(f"{folder}/model.safetensors").items()}
    after = run.predictor().model.encoder.state_dict()
    moved = {k for k, v in after.items() if k in before and not torch.equal(v, before[k])}
    assert moved and all(k.startswith("encoder.layer.1.") for k in moved)


def test_an_interrupted_unfreezing_goes_on_with_the_curve_it_would_have_had(folder):
    """Stopped in its second epoch; the third opens the next block in both."""
    choices = {"model": folder, "technique": "unfreezing", "pooling": "mean", "learning_rate": 1e-2, "epochs": 4,
               "evaluations": 8, "schedule": "slanted"}  # fmt: skip
    whole = wb.fit(data(), **choices).join()
    part = wb.fit(data(), **choices)
    while part.status != "training" or len(part.frame()) < 4:
        assert not part.done or part.status == "finished"
        if part.done:
            pytest.skip("it had finished before it could be stopped")
    part.stop()
    part.join()
    if part.status == "stopped":
        part.resume(data()).join()
    np.testing.assert_allclose(part.frame()["valid_loss"].iloc[-1], whole.frame()["valid_loss"].iloc[-1], rtol=1e-4)


def test_a_run_can_be_the_model_of_the_next_one(folder, teacher):
    """Sequential transfer: the encoder as the first run left it, a fresh head."""
    run = wb.fit(data(16, 8), model=teacher, epochs=1, learning_rate=1e-9, evaluations=1).join()
    torch.testing.assert_close(run.predictor().model.encoder.state_dict(), teacher.predictor().model.encoder.state_dict(),
                               atol=1e-5, rtol=1e-5)  # fmt: skip
    assert run.predictor().model.pooling == "mean"
    by_id = wb.fit(data(16, 8), model=run.id, epochs=1, evaluations=1).join()
    assert by_id.config.model == str(run.model_folder())


def test_a_teacher_of_other_labels_is_refused(folder, teacher):
    other = data(16, 8).cast_column("label", __import__("datasets").ClassLabel(names=["no", "yes"]))
    with pytest.raises(wb.WorkbenchError, match="answers with the labels 0, 1"):
        wb.fit(other, model=folder, technique="distillation", teacher=teacher).join()


def reference(run, model, loss):
    """The training losses of a plain PyTorch loop over the same batches."""
    prepared, config = run._worker.prepared, run.config
    collate = run._worker.task.collate(prepared.tokenizer)
    decay = [p for n, p in model.named_parameters() if p.requires_grad and p.ndim > 1]
    plain = [p for n, p in model.named_parameters() if p.requires_grad and p.ndim <= 1]
    groups = [{"params": decay, "weight_decay": config.weight_decay}, {"params": plain, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=config.learning_rate)
    batches = LengthGrouped(prepared.train.lengths, config.batch_size, config.seed)
    found = []
    for epoch in range(int(config.epochs)):
        batches.set_epoch(epoch)
        for which in batches:
            value = loss(model, collate([prepared.train[i] for i in which]), which)
            value.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()
            found.append(value.item())
    return found


PLAIN = {"pooling": "mean", "learning_rate": 1e-3, "epochs": 3, "dropout": 0.0, "schedule": "constant", "warmup": 0.0,
         "precision": "fp32", "evaluations": 3}  # fmt: skip


def start_of(run, technique):
    """The model as it was before the run's first step."""
    torch.manual_seed(0)
    from transformers import set_seed

    set_seed(run.config.seed)
    worker = run._worker
    return (
        TECHNIQUES[technique].apply(worker.task.build(worker.source, worker.prepared, run.config), run.config).train()
    )


def plain_loss(model, batch, _):
    inputs = {k: v for k, v in batch.items() if k != "labels"}
    return F.cross_entropy(model(**inputs)["logits"], batch["labels"])


def test_lora_agrees_with_a_loop_that_writes_it_out(folder):
    run = wb.fit(data(), model=folder, technique="lora", lora_rank=4, **PLAIN).join()
    model = start_of(run, "lora")

    np.testing.assert_allclose(run.steps()["loss"], reference(run, model, plain_loss), atol=1e-3)
    layer = dict(model.encoder.named_modules())["base_model.model.encoder.layer.0.attention.self.query"]
    x = torch.randn(3, 32)
    by_hand = F.linear(x, layer.base_layer.weight, layer.base_layer.bias)
    by_hand = by_hand + (8 / 4) * x @ layer.lora_A["default"].weight.T @ layer.lora_B["default"].weight.T
    torch.testing.assert_close(layer(x), by_hand)


def test_distillation_agrees_with_a_loop_that_writes_it_out(folder, teacher):
    run = wb.fit(
        data(), model=folder, technique="distillation", teacher=teacher, alpha=0.6, temperature=3.0, **PLAIN
    ).join()
    student, wise = start_of(run, "distillation"), teacher.predictor().model.eval()

    def loss(model, batch, which):
        inputs = {k: v for k, v in batch.items() if k != "labels"}
        with torch.no_grad():
            soft = torch.softmax(wise(**inputs)["logits"] / 3.0, -1)
        logits = model(**inputs)["logits"]
        divergence = (soft * (soft.log() - torch.log_softmax(logits / 3.0, -1))).sum(-1).mean()
        return 0.4 * F.cross_entropy(logits, batch["labels"]) + 0.6 * 9.0 * divergence

    np.testing.assert_allclose(run.steps()["loss"], reference(run, student, loss), atol=1e-3)


def test_a_duel_agrees_with_loops_that_write_it_out(folder):
    """Loss by loss, and the scores in its table: those of the last step, by a loop that reads the validation texts itself."""
    from transformers import AutoTokenizer

    source = wb.load(data())
    shared = {**PLAIN, "epochs": 2, "evaluations": 2, "restore_best": False}
    shared.pop("learning_rate")  # each technique has its own
    duel = wb.duel(source, ["full", "lora"], seeds=(1, 2), model=folder, **shared).join()
    batch = AutoTokenizer.from_pretrained(folder)(list(source["validation"]["text"]), padding=True, return_tensors="pt")
    takes, right = (
        {k: batch[k] for k in ("input_ids", "attention_mask")},
        torch.tensor(list(source["validation"]["label"])),
    )

    for name, row in duel.frame().set_index("contender").iterrows():
        scores = []
        for run in duel.runs[name]:
            model = start_of(run, name)
            np.testing.assert_allclose(run.steps()["loss"], reference(run, model, plain_loss), atol=1e-3)
            with torch.no_grad():
                logits = model.eval()(**takes)["logits"]
            assert run.frame()["valid_loss"].iloc[-1] == pytest.approx(F.cross_entropy(logits, right).item(), abs=1e-3)
            scores.append((logits.argmax(-1) == right).float().mean().item())
        assert row["score"] == pytest.approx(np.mean(scores)) and row["sd"] == pytest.approx(np.std(scores, ddof=1))
        assert row["weights that learn"] == sum(p.numel() for p in model.parameters() if p.requires_grad)


@pytest.mark.parametrize("pooling", ["mean", "max", "attention", "cls"])
@pytest.mark.parametrize("head", ["linear", "mlp"])
def test_the_saved_readme_gives_the_runs_own_answers(folder, pooling, head, tmp_path, monkeypatch):
    run = wb.fit(
        data(16, 8), model=folder, pooling=pooling, head=head, learning_rate=1e-2, epochs=1, evaluations=1
    ).join()
    saved = run.save(tmp_path / "saved")
    code = (saved / "README.md").read_text().split("```python\n")[1].split("```")[0]
    monkeypatch.chdir(saved)
    names = {}
    exec(code, names)
    want = run.predict(["Not bad at all"])["p(0)"].iloc[0]
    assert names["logits"].softmax(-1)[0, 0].item() == pytest.approx(want, abs=1e-5)


def test_what_a_head_should_read_is_handed_on_through_runs_that_have_no_such_head():
    """bert-mini's card advises the mean over tokens; after language modelling or tagging a classifier still reads it."""
    from tiny import tagged_data

    words = wb.load(data(16, 8)).unlabelled()
    for middle in (words, tagged_data(16, 8)):
        before = wb.fit(middle, model="bert-tiny", epochs=1, evaluations=1).join()
        after = wb.fit(data(16, 8), model=before, epochs=1, evaluations=1).join()
        assert after.predictor().model.pooling == "mean"
        assert "head.safetensors" not in (before.model_folder() / "README.md").read_text("utf-8")
