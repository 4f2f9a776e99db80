"""A saved model's card, and the way to the Hub: a fake of its API looks at what would go up. No network, no token kept."""

import json
import logging
from types import SimpleNamespace

import pytest
from tiny import data, tiny_bert

import workbench as wb
from workbench.scale import push as module

TOKEN = "hf_never_to_be_seen"


class Hub:
    """What huggingface_hub.HfApi does, less the network: it keeps what it was given, or refuses."""

    def __init__(self, refuses=None):
        self.refuses, self.files, self.made = refuses, {}, {}

    def create_repo(self, name, token, private, exist_ok):
        if self.refuses:
            raise self.refuses
        self.made = {"name": name, "token": token, "private": private, "exist_ok": exist_ok}

    def upload_folder(self, repo_id, folder_path, token, commit_message):
        from pathlib import Path

        assert repo_id == self.made["name"] and token == self.made["token"] and TOKEN not in commit_message
        self.files = {p.name: p.read_bytes() for p in Path(folder_path).iterdir()}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(tiny_bert(tmp_path_factory.mktemp("tiny")))


@pytest.fixture(scope="module")
def run(model, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_HOME", str(tmp_path_factory.mktemp("home")))
        return wb.fit(data(), model=model, pooling="native", learning_rate=1e-2, epochs=2, evaluations=4).join()


def test_the_card_has_data_scores_beside_their_controls_and_limits(run, tmp_path):
    folder = run.save(tmp_path / "saved")
    card = (folder / "README.md").read_text("utf-8")
    facts = run.store.facts
    assert card.startswith("---\nlibrary_name: transformers\npipeline_tag: text-classification\n---\n")
    for words in (f"| **this model**, step {int(run.kept['step'])} | {run.kept['accuracy']:.1%} |",
                  f"| majority class | {facts['majority']:.1%} |", f"| TF-IDF + LR | {facts['control']:.1%} |",
                  "64 training examples, 32 for validation", "Labels: 0, 1", facts["fingerprint"], "## Limits"):  # fmt: skip
        assert words in card
    half = 1.96 * (run.kept["accuracy"] * (1 - run.kept["accuracy"]) / 32) ** 0.5
    assert f"±{half:.1%}" in card
    assert ("does not beat TF-IDF" in card) == (run.kept["accuracy"] <= facts["control"])


def test_the_saved_model_is_whole_for_plain_transformers(run, tmp_path):
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    folder = run.save(tmp_path / "saved")
    model, info = AutoModelForSequenceClassification.from_pretrained(folder, output_loading_info=True)
    assert not any(info.get(key) for key in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    logits = model(**AutoTokenizer.from_pretrained(folder)(["the kind room"], return_tensors="pt")).logits
    expected = run.predict("the kind room")[["p(0)", "p(1)"]].iloc[0].tolist()
    assert logits.softmax(-1)[0].tolist() == pytest.approx(expected, abs=1e-5)


def test_a_pooled_head_is_not_passed_off_as_one_of_transformers(model, tmp_path):
    run = wb.fit(data(), model=model, pooling="mean", epochs=1, evaluations=1).join()
    assert (
        "would load the encoder and put an untrained head on it" in (run.save(tmp_path / "s") / "README.md").read_text()
    )


def test_a_full_disk_leaves_no_half_model(run, tmp_path, monkeypatch):
    from workbench.scale import usage

    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(usage, "readme", refuse)  # the last file
    with pytest.raises(wb.WorkbenchError, match="No space left on device"):
        run.save(tmp_path / "place" / "saved")
    assert list((tmp_path / "place").iterdir()) == []


def test_push_uploads_what_save_writes_and_keeps_no_token(run, monkeypatch, tmp_path, caplog, capsys, model):
    asked = []
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr("getpass.getpass", lambda prompt: asked.append(prompt) or TOKEN)
    hub = Hub()
    with caplog.at_level(logging.DEBUG):
        address = module.push(run, "ada/reviews", api=hub)
    assert address == "https://huggingface.co/ada/reviews" and len(asked) == 1
    assert hub.made == {"name": "ada/reviews", "token": TOKEN, "private": True, "exist_ok": True}
    assert {"config.json", "model.safetensors", "tokenizer.json", "README.md", "workbench.json"} <= set(hub.files)
    written = [p.read_bytes() for place in (tmp_path, run.folder) for p in place.rglob("*") if p.is_file()] + list(
        hub.files.values()
    )
    assert not any(TOKEN.encode() in content for content in written)
    assert TOKEN not in caplog.text + "".join(capsys.readouterr()) and TOKEN not in repr(vars(run))
    about = json.loads(hub.files["workbench.json"])
    assert "/" not in about["config"]["model"] and model.encode() not in hub.files["README.md"]


def test_a_token_of_the_environment_is_used_without_a_question(run, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setattr("getpass.getpass", lambda prompt: pytest.fail("asked"))
    hub = Hub()
    module.push(run, "ada/reviews", private=False, api=hub)
    assert hub.made["token"] == TOKEN and hub.made["private"] is False


def refused(status):
    error = RuntimeError(f"{status} Client Error for a request with {TOKEN}")
    error.response = SimpleNamespace(status_code=status)
    return error


@pytest.mark.parametrize(("error", "words"), [(refused(401), "refused the token"), (refused(403), "refused the token"),
                                              (refused(500), "could not be uploaded"),
                                              (ConnectionError("no route"), "no route")])  # fmt: skip
def test_what_the_hub_refuses_is_one_sentence_without_the_token(run, monkeypatch, error, words):
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    with pytest.raises(wb.WorkbenchError, match=words) as caught:
        module.push(run, "ada/reviews", api=Hub(error))
    assert TOKEN not in str(caught.value)
    assert caught.value.__cause__ is None and caught.value.__context__ is None


@pytest.mark.parametrize("name", ["reviews", "", "a/b/c", "ada/../x", "ada/ré", None])
def test_a_name_that_the_hub_does_not_take_is_refused_before_anything_is_asked(run, monkeypatch, name):
    monkeypatch.setattr("getpass.getpass", lambda prompt: pytest.fail("asked"))
    with pytest.raises(wb.WorkbenchError, match="is not a name on the Hub"):
        module.push(run, name, api=Hub())


def test_nobody_there_to_type_a_token_is_a_sentence(run, monkeypatch):
    monkeypatch.delenv("HF_TOKEN", raising=False)

    def nobody(prompt):
        raise EOFError

    monkeypatch.setattr("getpass.getpass", nobody)
    with pytest.raises(wb.WorkbenchError, match="HF_TOKEN"):
        module.push(run, "ada/reviews", api=Hub())
    monkeypatch.setattr("getpass.getpass", lambda prompt: " ")
    with pytest.raises(wb.WorkbenchError, match="no token"):
        module.push(run, "ada/reviews", api=Hub())
