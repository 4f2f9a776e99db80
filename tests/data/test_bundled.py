"""What ships in data/: every dataset and every model keeps its card's word."""

import hashlib
import json
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

import workbench as wb
from workbench import catalog

HOME = catalog.bundled_home()
MB = 10**6
DATASETS = sorted(p for p in (HOME / "datasets").iterdir() if p.is_dir())
MODELS = sorted(p for p in (HOME / "models").iterdir() if p.is_dir())
SPLITS = tuple(
    f"{split}{ending}" for ending in (".csv", ".conll", ".json", ".txt") for split in ("train", "validation", "test")
)


def card(folder: Path) -> dict:
    return json.loads((folder / "card.json").read_text("utf-8"))


def each(folders):
    return pytest.mark.parametrize("folder", folders, ids=lambda f: f.name)


@pytest.fixture(scope="module")
def audits():
    """Each dataset is audited once."""
    return {folder.name: wb.audit(folder.name) for folder in DATASETS}


def test_reviews_and_bert_mini_are_bundled():
    assert "reviews" in {f.name for f in DATASETS} and "bert-mini" in {f.name for f in MODELS}


def test_every_folder_has_a_card_that_the_catalog_lists():
    listed = {c.name for c in (*wb.datasets(), *wb.models()) if c.source == "bundled"}
    assert listed == {f.name for f in (*DATASETS, *MODELS)}


# --- datasets ---------------------------------------------------------------------------------------------------------


@each(DATASETS)
def test_a_dataset_card_says_what_it_is_and_under_which_licence(folder):
    facts = card(folder)
    assert facts["title"].strip() and facts["licence"].strip()
    assert facts["tasks"] == [wb.load(folder.name).task]


@each(DATASETS)
def test_a_dataset_card_has_the_checksum_of_every_split(folder):
    present = [name for name in SPLITS if (folder / name).exists()]
    splits = ["train", "validation", "test"]  # texts without labels need no test split: nothing is claimed on them
    assert [Path(name).stem for name in present] == (
        splits[:2] if "language-modeling" in card(folder)["tasks"] else splits
    )
    assert card(folder)["sha256"] == {n: hashlib.sha256((folder / n).read_bytes()).hexdigest() for n in present}


@each(DATASETS)
def test_a_dataset_card_has_the_size_that_the_estimate_reads(folder):
    facts = card(folder)
    assert facts["train"] == len(wb.load(folder.name)["train"]) and 1 < facts["tokens_per_text"] < 512


@each(DATASETS)
def test_a_dataset_passes_its_audit(folder, audits):
    assert audits[folder.name].problems == ()


@each(DATASETS)
def test_less_than_two_percent_of_a_dataset_are_near_duplicates(folder, audits):
    assert audits[folder.name].near_duplicates < 0.02


@each(DATASETS)
def test_no_text_of_training_is_in_another_split(folder, audits):
    assert audits[folder.name].leaks == ()


@each(DATASETS)
def test_counting_words_does_not_solve_a_dataset(folder, audits):
    assert audits[folder.name].tfidf < 0.90


@each(DATASETS)
def test_a_card_quotes_what_the_audit_finds(folder, audits):
    facts, found = card(folder), audits[folder.name]
    majority, control = facts["baselines"].values()
    assert (majority, control) == (pytest.approx(found.majority, abs=0.02), pytest.approx(found.tfidf, abs=0.02))
    assert facts["counts"] == {split: len(rows) for split, rows in wb.load(folder.name).items()}
    labels = facts.get("labels", {})
    assert labels == {label: sum(c[label] for c in found.counts.values()) for label in labels}


@each(DATASETS)
def test_the_readme_of_a_dataset_has_the_checksums_and_the_licence_of_its_card(folder):
    words, facts = (folder / "README.md").read_text("utf-8"), card(folder)
    assert facts["licence"] in words and all(digest in words for digest in facts["sha256"].values())


@each(DATASETS)
def test_every_split_has_about_the_same_balance(folder, audits):
    shares = [next(iter(c.values())) / sum(c.values()) for c in audits[folder.name].counts.values()]
    assert max(shares) - min(shares) < 0.1


def test_reviews_are_many_and_say_where_they_come_from():
    rows = [r for split in wb.load("reviews").values() for r in split]
    assert len(rows) >= 1200
    assert {r["source"] for r in rows} == {"review", "social", "news"}
    assert {r["case"] for r in rows} == {"plain", "negation", "concession", "irony", "mixed", "domain"}


def test_headlines_have_eight_topics_and_four_cases_in_every_split():
    data = wb.load("headlines")
    assert len(data.labels) == 8 and sum(map(len, data.values())) >= 1200
    for split in data.values():
        assert set(split["case"]) == {"plain", "crossover", "figurative", "local"} and len(set(split["label"])) == 8


def test_messages_have_every_kind_of_spam_and_of_ham_in_every_split():
    data = wb.load("messages")
    assert sum(map(len, data.values())) >= 1000
    for split in data.values():
        spam = {k for k, y in zip(split["kind"], split["label"], strict=True) if data.labels[y] == "spam"}
        ham = {k for k, y in zip(split["kind"], split["label"], strict=True) if data.labels[y] == "ham"}
        assert spam == {"promotion", "phishing", "scam", "disguised"}
        assert ham == {"personal", "work", "service", "lookalike"}


def test_people_places_have_all_types_and_ambiguous_words():
    from workbench.metrics import entities
    from workbench.tasks.tagging import words_and_tags

    data = wb.load("people-places")
    assert data.task == "tagging" and sum(map(len, data.values())) >= 1000
    senses: dict[str, set[str]] = {}
    for split in data.values():
        for words, tags in words_and_tags(split, data.labels):
            inside = {i: kind for kind, a, b in entities(tags) for i in range(a, b)}
            for i, word in enumerate(words):
                senses.setdefault(word, set()).add(inside.get(i, "O"))
    assert all(len(senses[word]) >= 3 for word in ("Washington", "Jordan", "Amazon"))


def test_clauses_have_eight_types_and_no_contract_in_two_splits():
    data = wb.load("clauses")
    assert len(data.labels) == 8 and sum(map(len, data.values())) >= 500
    contracts = [set(split["contract"]) for split in data.values()]
    assert sum(map(len, contracts)) == len(set().union(*contracts)) >= 90


def test_clinic_has_six_specialties_and_all_kinds_in_every_split():
    data = wb.load("clinic")
    assert len(data.labels) == 6 and sum(map(len, data.values())) >= 1200
    assert all(set(split["kind"]) == {"question", "letter", "note"} for split in data.values())


@pytest.mark.parametrize(("texts", "labelled"), [("legal-sentences", "clauses"), ("clinic-sentences", "clinic")])
def test_texts_for_adaptation_are_many_and_hold_nothing_of_the_labelled_set(texts, labelled):
    alone = [t for split in wb.load(texts).values() for t in split["text"]]
    known = {t for split in wb.load(labelled).values() for t in split["text"]}
    assert len(alone) >= 2000 and not known & set(alone)


def test_passages_have_questions_with_and_without_an_answer_and_no_passage_in_two_splits():
    data = wb.load("passages")
    assert data.task == "answering" and [len(set(data[s]["title"])) for s in data] == [112, 24, 24]
    contexts = [set(data[s]["context"]) for s in data]
    assert not contexts[0] & contexts[1] and not contexts[0] & contexts[2] and not contexts[1] & contexts[2]
    for row in (r for split in data.values() for r in split):
        answers = row["answers"]
        for text, start in zip(answers["text"], answers["answer_start"], strict=True):
            around = row["context"][start - 1 : start] + row["context"][start + len(text) :][:1]
            assert row["context"][start:].startswith(text) and not any(c.isalnum() for c in around), row["question"]
    facts = card(HOME / "datasets" / "passages")
    assert facts["share_without_answer"] == pytest.approx(149 / 796, abs=5e-4)
    assert (
        sum(facts["answer_words"].values()) == sum(facts["answer_place"].values()) == facts["labels"]["with an answer"]
    )


PAIRS = {"phrases-en-fr": 1000, "hotel-en-fr": 280, "phrases-en-es": 560}  # training pairs at least


@pytest.mark.parametrize("name", PAIRS)
def test_pairs_are_many_translated_and_in_one_split_only(name):
    from workbench.data.parallel import plain

    data = wb.load(name)
    assert data.task == "translation" and len(data["train"]) >= PAIRS[name]
    assert len(data["test"]) >= 80 and len(data["validation"]) >= 80
    sources = [plain(s) for split in data.values() for s in split["source"]]
    assert len(set(sources)) == len(sources)
    for row in (r for split in data.values() for r in split):
        assert row["target"].strip() == row["target"] != row["source"] and not {"\u202f", "\xa0", "’"} & set(
            row["target"]
        )
    for other in PAIRS.keys() - {name}:
        assert not {plain(s) for split in wb.load(other).values() for s in split["source"]} & set(sources)


def test_spanish_pairs_open_their_questions_and_have_letters_that_en_fr_mini_lacks():
    from workbench.models.letters import unknown

    rows = [r for split in wb.load("phrases-en-es").values() for r in split]
    for row in rows:
        assert ("?" in row["source"]) == ("?" in row["target"]), row
        assert all(row["target"].count(a) == row["target"].count(b) for a, b in ("¿?", "¡!")), row
    missing = set(unknown("en-fr-mini", [r["target"] for r in rows]))
    assert missing == set("áíóñ¿¡") and not unknown("en-fr-mini", [r["source"] for r in rows])
    share = sum(bool(missing & set(r["target"])) for r in rows) / len(rows)
    assert f"{share:.0%} of the Spanish sentences" in " ".join(card(HOME / "datasets" / "phrases-en-es")["limits"])


def test_en_fr_mini_says_how_well_it_writes_and_beats_its_controls():
    facts = card(HOME / "models" / "en-fr-mini")
    rows = {(r["data"], r["how"]): r for r in facts["translation"]["rows"]}
    for name in ("Tatoeba, held out", "phrases-en-fr, test", "hotel-en-fr, test"):
        beam, greedy, dictionary, copied = (
            rows[name, how] for how in ("beam 4", "greedy", "dictionary", "source copied")
        )
        assert beam["chrf"] > greedy["chrf"] - 0.01 and greedy["chrf"] > dictionary["chrf"] + 0.02 > copied["chrf"]
    assert "nrefs:var" in facts["translation"]["words"] and facts["corpus"]["licence"] == "CC BY 2.0 (tatoeba.org)"


def test_every_source_of_reviews_is_in_every_split():
    for split in wb.load("reviews").values():
        assert set(split["source"]) == {"review", "social", "news"}


# --- models -----------------------------------------------------------------------------------------------------------


@each(MODELS)
def test_a_model_card_says_what_it_was_trained_on_and_under_which_licence(folder):
    facts = card(folder)
    usual = {"translation"} if facts["family"] == "marian" else {"classification", "tagging", "answering"}
    wanted = {"answering"} if folder.name.endswith("-spans") else usual  # which has practised for one task
    assert facts["title"].strip() and facts["family"].strip() and wanted <= set(facts["tasks"])
    assert facts["corpus"]["licence"].strip() and facts["corpus"]["text"].strip() and facts["limits"]
    words = (folder / "README.md").read_text("utf-8")
    assert f"Licence of the text: {facts['corpus']['licence']}. Licence of the weights: {facts['licence']}," in words
    assert facts["tokens_seen"] > 1_000_000


@each(MODELS)
def test_a_model_card_has_the_sizes_of_its_configuration(folder):
    facts, config = card(folder), json.loads((folder / "config.json").read_text("utf-8"))
    other = {"marian": ("d_model", "encoder_layers"), "gpt2": ("n_embd", "n_layer"), "xlnet": ("d_model", "n_layer")}
    names = other.get(facts["family"], ("hidden_size", "num_hidden_layers"))
    sizes = (config["vocab_size"], *(config[name] for name in names))
    assert (facts["vocabulary"], facts["hidden"], facts["layers"]) == sizes


@each(MODELS)
def test_a_model_card_counts_the_parameters(folder):
    with safe_open(folder / "model.safetensors", "pt") as file:
        stored = sum(file.get_tensor(k).numel() for k in file.keys())  # noqa: SIM118 (not a dict)
    assert card(folder)["parameters"] == pytest.approx(stored, rel=0.05)  # the head of pretraining may be left out


@each(MODELS)
def test_a_model_card_has_the_checksums_of_its_files(folder):
    sums = card(folder)["sha256"]
    assert {"model.safetensors", "tokenizer.json"} <= set(sums)
    assert sums == {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in sums}


@each(MODELS)
def test_a_model_card_says_how_long_a_thousand_texts_take(folder):
    from workbench.models import speed

    facts = card(folder)["speed"]
    assert 0.1 < facts["answering"] < 120 and 0.1 < facts["training"] < 120
    assert speed.words(facts, folder.name) in (folder / "README.md").read_text("utf-8")


@each(MODELS)
def test_weights_are_safetensors_in_half_precision_and_nothing_else(folder):
    assert {p.suffix for p in folder.rglob("*") if p.is_file()} <= {".json", ".safetensors", ".md", ".txt"}
    for path in folder.glob("*.safetensors"):
        with safe_open(path, "pt") as file:
            assert {file.get_slice(k).get_dtype() for k in file.keys()} == {"F16"}  # noqa: SIM118


@each(MODELS)
def test_every_file_of_a_model_is_readable_by_all_and_at_most_15_mb(folder):
    for path in folder.rglob("*"):
        assert path.stat().st_size <= 15 * MB and path.stat().st_mode & 0o044 == 0o044, path.name


def test_everything_that_ships_is_at_most_90_mb():
    assert sum(p.stat().st_size for p in HOME.rglob("*") if p.is_file()) <= 90 * MB


@each(MODELS)
def test_a_model_loads_with_transformers_alone(folder):
    from transformers import AutoModel, AutoTokenizer

    if card(folder)["family"] == "elmo":  # the one that transformers has not
        import workbench.models.elmo_heads  # noqa: F401

    model, tokenizer = AutoModel.from_pretrained(folder, dtype=torch.float32), AutoTokenizer.from_pretrained(folder)
    model = model.get_encoder() if model.config.is_encoder_decoder else model
    out = model.eval()(**tokenizer("Not bad at all", return_tensors="pt")).last_hidden_state
    assert out.dtype == torch.float32 and out.isfinite().all() and len(tokenizer) == model.config.vocab_size


@each(MODELS)
def test_a_tokenizer_is_fast_and_knows_english_words(folder):
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    pieces = tokenizer("The house stood by the river")["input_ids"]
    assert tokenizer.is_fast and tokenizer.unk_token_id not in pieces and len(pieces) <= 9


def test_the_card_that_pretraining_writes_has_what_the_estimate_reads(tmp_path):
    from workbench.models import pretrain_card, recipes

    recipe = recipes.find("bert-mini")
    plan = {"batch": 8192, "tokens": 8192, "phases": [[64, 1.0]], "rate": 1e-3, "seed": 0}
    state = {"plan": plan, "step": 1, "seconds": 1.0, "hardware": ["cpu"], "curve": []}
    for name in ("model.safetensors", "tokenizer.json"):
        (tmp_path / name).write_bytes(b"")
    facts = pretrain_card._card(recipe, state, {"file": "x"}, {}, tmp_path)
    assert {"parameters", "vocabulary", "hidden", "layers"} <= set(facts)
