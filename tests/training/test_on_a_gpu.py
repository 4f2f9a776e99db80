"""Every kind of run on a GPU that there is none of (see `pretend.py`): no tensor is left on the CPU, and a finished model rests there."""

import contextlib
import dataclasses
import functools
import runpy
import sys
import threading

import datasets
import families
import numpy as np
import pandas as pd
import pretend
import pytest
import torch
import transformers as hf
from tiny import BAD, GOOD, data, parallel_data, tagged_data, texts, tiny_bert, tiny_elmo, tiny_gpt, tiny_marian

import workbench as wb
from workbench.data.augment import Contextual, Word
from workbench.models import place, recipes
from workbench.models.pretrain_batches import Plan
from workbench.models.pretrain_loop import Loop
from workbench.scale.export import export
from workbench.techniques.prompting import Prompter, Template
from workbench.training import checkpoint, engine, precision, worker
from workbench.training.predictor import Predictor
from workbench.training.trainer import WorkbenchTrainer

SHORT = {"batch_size": 16, "epochs": 1, "evaluations": 1, "layers": 1}


@pytest.fixture
def gpu(monkeypatch):
    """The machine has one, for transformers and accelerate as for us."""
    monkeypatch.setenv("ACCELERATE_TORCH_DEVICE", pretend.NAME)
    monkeypatch.setattr(
        precision, "choose", lambda wanted="auto": precision.Precision(pretend.NAME, "fp32", "it is there")
    )
    monkeypatch.setattr(place, "gpu", lambda: pretend.GPU)
    monkeypatch.setattr(worker, "_baselines", lambda *_: (0.0, 0.0))  # the controls know no GPU
    pretend.switch(True)
    yield pretend.GPU
    pretend.switch(False)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    home = tmp_path_factory.mktemp("models")
    makers = {"bert": tiny_bert, "gpt": tiny_gpt, "marian": tiny_marian, "elmo": tiny_elmo}
    return {name: str(make(home / name)) for name, make in makers.items()} | {
        "xlnet": str(families.make("xlnet", home / "xlnet"))
    }


def labelled(train=16, validation=6):
    return data(train, validation)


def label_sets():
    rows = [(t, ["a", "b"] if i % 2 else ["a"], split) for split, n in (("train", 16), ("validation", 6))
            for i, t in enumerate(texts(n)["text"])]  # fmt: skip
    return pd.DataFrame(rows, columns=["text", "labels", "split"])


def questions():
    def one(i):
        context = f"the {GOOD[i]} room was at the {BAD[i]} shop"
        answers = {"text": [BAD[i]], "answer_start": [context.index(BAD[i])]}
        return {"id": str(i), "question": "the shop was", "context": context, "answers": answers}

    return datasets.DatasetDict(
        {k: datasets.Dataset.from_list([one(i) for i in range(n)]) for k, n in (("train", 8), ("validation", 4))}
    )


def words():
    return pd.DataFrame(
        [{"text": t, "split": k} for k, n in (("train", 16), ("validation", 6)) for t in texts(n)["text"]]
    )


ASKED = ["the kind room"]
BLANK = ["the ___ room"]
KINDS = {  # what it is -> (model, data, what a finished one is asked, choices)
    "attention and a hidden layer": ("bert", labelled, ASKED, {"pooling": "attention", "head": "mlp", "label_smoothing": 0.1, "watch": True}),
    "the first token, mixed": ("bert", labelled, ASKED, {"pooling": "cls", "mixup": 0.3}),
    "a head of transformers' own": ("bert", labelled, ASKED, {"pooling": "native"}),
    "feature extraction": ("bert", labelled, ASKED, {"technique": "feature-extraction", "epochs": 2}),
    "unfreezing": ("bert", labelled, None, {"technique": "unfreezing", "schedule": "slanted", "epochs": 2}),
    "lora": ("bert", labelled, ASKED, {"technique": "lora"}),
    "ia3": ("bert", labelled, None, {"technique": "ia3"}),
    "tags, constrained": ("bert", lambda: tagged_data(16, 6), ASKED, {"decoding": "constrained"}),
    "a BiLSTM": ("bert", lambda: tagged_data(16, 6), ASKED, {"head": "bilstm"}),
    "label sets": ("bert", label_sets, ASKED, {"pooling": "max"}),
    "questions": ("bert", questions, [("the shop was", "the room was at the dim shop")], {}),
    "a translator": ("marian", lambda: parallel_data(16, 3), ["the cat."], {"label_smoothing": 0.1, "layers": None, "max_length": 8}),
    "a prompt to be completed": ("gpt", lambda: parallel_data(16, 3), None, {}),
    "hidden words": ("bert", words, BLANK, {"task": "language-modeling"}),
    "the next word": ("gpt", words, None, {"task": "language-modeling"}),
    "shuffled words": ("xlnet", words, BLANK, {"task": "language-modeling"}),
    "ELMo": ("elmo", lambda: tagged_data(16, 6), ASKED, {}),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_it_learns_and_answers(gpu, models, kind):
    model, make, asked, choices = KINDS[kind]
    run = wb.fit(make(), model=models[model], **{**SHORT, **choices}).join()
    assert run.store.facts["device"] == pretend.NAME and run.frame()["valid_loss"].notna().all()
    if asked:
        run.predict(asked)
        run.errors(3)
    assert {p.device.type for p in run.predictor().model.parameters()} == {"cpu"}


def test_what_runs_make_of_each_other(gpu, models, tmp_path):
    other = pd.DataFrame(
        {"text": texts(24)["text"], "label": ["x", "y", "z"] * 8, "split": ["train"] * 18 + ["validation"] * 6}
    )
    other.to_csv(tmp_path / "other.csv", index=False)
    taught = wb.fit(
        labelled(), model=models["bert"], technique="multi-task", also=(str(tmp_path / "other.csv"),), **SHORT
    ).join()
    pupil = wb.fit(labelled(), model=models["bert"], technique="distillation", teacher=taught, **SHORT).join()
    read = wb.fit(
        labelled(), model=models["bert"], technique="domain-adaptation", reads_epochs=1, **{**SHORT, "layers": None}
    ).join()
    assert {r.store.facts["device"] for r in (taught, pupil, read)} == {pretend.NAME}


def test_a_model_in_hand_takes_what_a_tokenizer_makes(gpu, models):
    """What lessons do with a finished run, and with one that is read from its folder again."""
    run = wb.fit(labelled(), model=models["bert"], **SHORT).join()
    again = Predictor.from_store(run.store)
    for one in (run.predictor(), again):
        batch = one.tokenizer(ASKED, return_tensors="pt", return_token_type_ids=False)
        assert one.model(**batch)["logits"].detach().numpy().shape == (1, 2)
    seen = []
    with again.at_work():
        seen += [p.device.type for p in again.model.parameters()]
    assert set(seen) == {pretend.NAME}
    assert run.quantized().predict(ASKED)["label"].notna().all()  # int8 is of the CPU


def test_a_model_that_does_not_fit_answers_on_the_cpu(gpu, monkeypatch):
    class Large(torch.nn.Linear):
        def to(self, device):
            if torch.device(device).type != "cpu":
                raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")
            return super().to(device)

    model = Large(2, 2)
    with place.lent(model):
        assert model(torch.ones(1, 2)).device.type == "cpu"


def where(model):
    return {p.device.type for p in model.parameters()}


def test_two_that_ask_one_model_at_once_do_not_move_it_under_each_other(gpu):
    model, first, second = torch.nn.Linear(2, 2), contextlib.ExitStack(), contextlib.ExitStack()
    for _ in range(2):  # and once more, when it has come back
        first.enter_context(place.lent(model))
        second.enter_context(place.lent(model))
        first.close()
        assert where(model) == {pretend.NAME}  # the second is still asking
        second.close()
        assert where(model) == {"cpu"}
    with pytest.raises(ValueError, match="wrong"), place.lent(model):
        raise ValueError("wrong")
    assert where(model) == {"cpu"} and not place._borrowers


def test_nobody_asks_a_model_that_is_on_its_way(gpu):
    class Slow(torch.nn.Linear):
        def to(self, device):
            begun.set()
            assert go.wait(10)
            return super().to(device)

    def ask():
        with place.lent(model):
            seen.append(where(model))

    model, begun, go, seen = Slow(2, 2), threading.Event(), threading.Event(), []
    threads = [threading.Thread(target=ask) for _ in range(2)]
    threads[0].start()
    assert begun.wait(10) and place._moving.locked()
    threads[1].start()
    go.set()
    for thread in threads:
        thread.join(10)
    assert seen == [{pretend.NAME}] * 2 and where(model) == {"cpu"}


def test_a_model_that_is_there_for_good_stays_there(gpu):
    model = place.settled(torch.nn.Linear(2, 2))
    with place.lent(model), place.lent(model):
        pass
    assert where(model) == {pretend.NAME} and not place._borrowers


def test_a_run_goes_on_from_its_state_and_is_forked(gpu, models):
    run = wb.fit(labelled(32), model=models["bert"], keep_states=2, **{**SHORT, "evaluations": 2}).join()
    child = run.fork(run.states[0], learning_rate=1e-4).join()
    assert child.frame()["step"].tolist() == [0, 1, 2] and child.store.facts["device"] == pretend.NAME


def test_prompts_and_words_in_hidden_places_are_answered_there(gpu, models):
    prompter = Prompter(models["gpt"], ["kind", "very kind"], Template("{text} is"))
    assert prompter.model.device.type == pretend.NAME
    assert prompter.calibrated([], prompter.scores([("the room", "kind")], ["the shop", "a film"])).shape == (2, 2)
    change = Contextual(models["bert"])
    offers = list(change._offers([Word.read(w) for w in ["the", "room", "was", "kind"]], [1]))
    assert change.model.device.type == pretend.NAME and len(offers[0][0]) == len(offers[0][1]) == 50


def small(name, models):
    """A model of a recipe's family, its vocabulary as large as the recipe thinks."""
    sizes = {
        "vocab_size": 8192,
        "hidden_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 16,
    }
    if name == "elmo-mini":
        from workbench.models.elmo import ElmoForPreTraining

        return ElmoForPreTraining.from_pretrained(models["elmo"])
    return {
        "bert-mini": lambda: hf.BertForMaskedLM(hf.BertConfig(**sizes, max_position_embeddings=64)),
        "roberta-mini": lambda: hf.RobertaForMaskedLM(hf.RobertaConfig(**sizes, max_position_embeddings=66, type_vocab_size=1)),
        "gpt-mini": lambda: hf.GPT2LMHeadModel(hf.GPT2Config(vocab_size=8192, n_embd=16, n_layer=1, n_head=2, n_positions=64)),
        "xlnet-mini": lambda: hf.XLNetLMHeadModel(hf.XLNetConfig(vocab_size=8192, d_model=16, n_layer=1, n_head=2, d_inner=16)),
    }[name]()  # fmt: skip


@pytest.mark.parametrize("name", ["bert-mini", "roberta-mini", "gpt-mini", "xlnet-mini", "elmo-mini"])
def test_pretraining(gpu, models, monkeypatch, tmp_path, name):
    monkeypatch.setattr(torch, "Generator", pretend.generator)
    recipe, model = recipes.find(name), small(name, models)
    ids = (np.arange(1200) % 300 + 60).astype(np.uint16)
    if name == "elmo-mini":
        recipe = dataclasses.replace(recipe, corrupt=functools.partial(recipe.corrupt, words=model.config.words))
    plan = Plan(tokens=128, batch=64, rate=1e-3, seed=0, phases=((16, 0.5), (32, 0.5)))
    loop = Loop(recipe, model.to(gpu), plan, ids, ids, tmp_path, bf16=False)
    assert loop.train() and loop.blocks.ids.device.type == pretend.NAME


def test_an_exported_script(gpu, models, tmp_path, monkeypatch, capsys):
    run = wb.fit(labelled(), model=models["bert"], **{**SHORT, "layers": None}).join()
    folder = export(run, tmp_path / "script")
    monkeypatch.setattr(sys, "argv", ["train.py"])
    script = runpy.run_path(str(folder / "train.py"))
    trained = []
    monkeypatch.setitem(script["main"].__globals__, "save", lambda model, *_: trained.append(model))
    script["main"]()
    assert {p.device.type for p in trained[0].parameters()} == {
        pretend.NAME
    } and "Largest difference" in capsys.readouterr().out


def test_of_several_gpus_a_run_takes_one(gpu, models, monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)  # transformers would wrap the model in DataParallel
    run = wb.fit(labelled(), model=models["bert"], **SHORT).join()
    assert run.status == "finished" and run.frame()["step"].tolist() == [0, 1]


def test_a_run_says_what_its_tensors_held_on_the_gpu_beside_what_the_process_had(gpu, models, monkeypatch):
    """Counted anew when it begins; where torch counts no peak, what the driver has handed out; nothing on the CPU."""
    backend, anew = torch.get_device_module(gpu), []
    monkeypatch.setattr(backend, "reset_peak_memory_stats", lambda: anew.append(True), raising=False)
    monkeypatch.setattr(backend, "max_memory_allocated", lambda: 34_600_000, raising=False)
    monkeypatch.setattr(backend, "driver_allocated_memory", lambda: 70_000_000, raising=False)
    facts = wb.fit(labelled(), model=models["bert"], **SHORT).join().store.facts
    assert facts["gpu_memory_mb"] == 35 and facts["memory_mb"] > 100 and anew == [True]
    monkeypatch.delattr(backend, "max_memory_allocated")
    assert place.most_held(gpu) == 70
    assert place.most_held(torch.device("cpu")) is None and place.count_anew(torch.device("cpu")) is None


def test_where_the_gpu_is_full_a_batch_is_split(gpu, models, monkeypatch):
    whole, parts = WorkbenchTrainer.compute_loss, []

    def narrow(trainer, model, inputs, **more):
        parts.append(len(inputs["input_ids"]))
        if parts[-1] > 8:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return whole(trainer, model, inputs, **more)

    monkeypatch.setattr(WorkbenchTrainer, "compute_loss", narrow)
    run = wb.fit(labelled(), model=models["bert"], **SHORT).join()
    assert run.status == "finished" and parts == [16, 8, 8] and any("computed in 2 parts" in note for note in run.notes)


def test_what_is_left_is_given_back_when_a_run_ends(models, monkeypatch):
    given = []
    monkeypatch.setattr(place, "free_unused", lambda: given.append(True))
    engine.give_back(collect=False)
    assert given


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("x"), MemoryError(), RuntimeError("MPS backend out of memory (MPS allocated: 5 GB)"),
                                   RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`")])  # fmt: skip
def test_allocators_say_it_in_many_words(error):
    assert place.out_of_memory(error) and not place.out_of_memory(
        RuntimeError("mat1 and mat2 shapes cannot be multiplied")
    )


def test_the_scale_of_fp16_goes_on_where_it_was(tmp_path):
    class Optimizer(torch.optim.SGD):
        scaler = None

    def made():
        optimizer = Optimizer([torch.nn.Parameter(torch.ones(2))], lr=0.1)
        optimizer.scaler = torch.amp.GradScaler("cpu", init_scale=2.0**16)
        return optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1.0)

    class State:
        global_step = 1

        def save_to_json(self, path):
            pass

    optimizer, schedule = made()
    optimizer.scaler.load_state_dict({**optimizer.scaler.state_dict(), "scale": 512.0, "_growth_tracker": 7})
    checkpoint.save(tmp_path / "last", torch.nn.Linear(1, 1), optimizer, schedule, State(), {})
    optimizer, schedule = made()
    checkpoint.restore(tmp_path / "last", optimizer, schedule)
    found = optimizer.scaler.state_dict()
    assert (found["scale"], found["_growth_tracker"]) == (512.0, 7)


# the tool itself ----------------------------------------------------------------------------------------------------


def test_it_refuses_what_a_real_gpu_refuses(gpu):
    there, here = torch.ones(2, 2).to(gpu), torch.ones(2, 2)
    for wrong in (lambda: there + here, lambda: torch.cat([there, here]), lambda: here[torch.zeros(1, dtype=torch.long).to(gpu)],
                  lambda: torch.nn.functional.cross_entropy(there, torch.zeros(2, dtype=torch.long)),
                  lambda: torch.rand(2, device=gpu, generator=torch.Generator())):  # fmt: skip
        with pytest.raises(pretend.Mixed):
            wrong()
    with pytest.raises(RuntimeError, match="numpy"):
        there.numpy()
    with pytest.raises(TypeError, match="float64"):
        there.double()


def test_it_computes_what_the_cpu_computes(gpu):
    torch.manual_seed(0)
    lstm, x = torch.nn.LSTM(3, 4, bidirectional=True), torch.randn(5, 2, 3)
    grads = []
    for device in ("cpu", gpu):
        lstm.zero_grad()
        lstm.to(device)(x.to(device))[0].square().sum().backward()
        grads.append([p.grad.cpu().clone() for p in lstm.parameters()])
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(*grads, strict=True))
