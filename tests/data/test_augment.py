"""`wb.augment`: what each operation may and may not change, on texts short enough to be followed by hand."""

import re

import numpy as np
import pandas as pd
import pytest
from datasets import ClassLabel, Dataset, DatasetDict, Features, Value

import workbench as wb
from workbench.data.load import Data
from workbench.data.operations import Contextual, Word, articles, deletion, insertion, substitution, swap
from workbench.data.synonyms import GROUPS, NEGATIONS, POLARITY, SYNONYMS, protected
from workbench.tasks.base import stratified


def read(text):
    return [Word.read(part) for part in text.split()]


def write(words):
    return " ".join(map(str, words))


def outcomes(operation, text, n=1, draws=60):
    """Every text that `draws` draws of an operation give."""
    return {write(operation(read(text), n, np.random.default_rng(seed))) for seed in range(draws)}


def frame(train, validation=("x y", "z w"), labels=("no", "yes")):
    rows = [
        (t, labels[i % 2], s)
        for s, texts in (("train", train), ("validation", validation))
        for i, t in enumerate(texts)
    ]
    return pd.DataFrame(rows, columns=["text", "label", "split"])


FILMS = ["the film is here", "a movie is there", "one picture hangs there", "this shop sells it"]


# --- the list of words ------------------------------------------------------------------------------------------------


def test_the_list_has_hundreds_of_words_with_two_to_five_substitutes_each():
    assert len(SYNONYMS) >= 400
    assert {len(others) for others in SYNONYMS.values()} <= {2, 3, 4, 5}


def test_no_word_stands_twice_and_none_for_itself():
    words = [w for line in GROUPS.strip().splitlines() for w in line.lstrip("+- ").split()]
    assert len(words) == len(set(words)) == len(SYNONYMS)
    assert all(word not in others for word, others in SYNONYMS.items())


def test_words_are_single_and_in_small_letters():
    assert [w for w in SYNONYMS if not re.fullmatch(r"[a-z]+", w)] == []


def test_a_substitute_has_the_polarity_of_its_word():
    assert all(POLARITY.get(word) == POLARITY.get(other) for word, others in SYNONYMS.items() for other in others)


def test_what_turns_a_sentence_round_has_no_substitute_and_is_protected():
    assert not NEGATIONS & set(SYNONYMS)
    assert all(map(protected, [*NEGATIONS, *POLARITY, "Not", "don't", "DIDN’T", "Superb", "broken"]))
    assert not any(map(protected, ["film", "the", "kettle", "know"]))


# --- words ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["plain", '"Great!"', "(at", "don't,", "–", "£5.50", "#tag", "it's", "a-b", "…", "_x_"]
)
def test_a_word_is_written_as_it_was_read(text):
    assert str(Word.read(text)) == text


def test_punctuation_is_split_off():
    assert Word.read("(\"It's,") == Word('("', "It's", ",")


@pytest.mark.parametrize(("old", "new"), [("film", "movie"), ("Film", "Movie"), ("FILM", "MOVIE"), ("A", "Movie")])
def test_a_substitute_has_the_capitals_of_its_word(old, new):
    assert Word.read(old).says("movie").core == new


# --- deletion ---------------------------------------------------------------------------------------------------------


def test_deletion_takes_out_one_word():
    assert outcomes(deletion, "we ate here") == {"ate here", "we here", "we ate"}


def test_deletion_keeps_punctuation_and_capitals():
    assert outcomes(deletion, "We ate, then slept.") == {
        "Ate, then slept.",
        "We, then slept.",
        "We ate, slept.",
        "We ate, then.",
    }


def test_a_full_stop_is_worth_more_than_a_comma():
    assert "one, two." in outcomes(deletion, "one, two, three.") and "ok)." in outcomes(deletion, "ok) then.")


def test_deletion_keeps_opinions_and_negations():
    assert outcomes(deletion, "not a good film") == {"not good film", "not a good"}
    assert outcomes(deletion, "never again") == {"never"}
    assert outcomes(deletion, "not bad") == {"not bad"}


def test_deletion_never_empties_a_text():
    assert outcomes(deletion, "film") == {"film"}
    assert outcomes(deletion, "film !") == {"film !"}
    assert all(len(text.split()) == 1 for text in outcomes(deletion, "the old film", n=9))


def test_deletion_takes_as_many_words_as_asked_for():
    assert {len(t.split()) for t in outcomes(deletion, "a b c d e f", n=2)} == {4}


# --- substitution -----------------------------------------------------------------------------------------------------


def test_substitution_takes_a_word_of_the_same_group():
    assert outcomes(substitution, "The film, twice.") == {"The movie, twice.", "The picture, twice."}
    assert outcomes(substitution, "FILM") == {"MOVIE", "PICTURE"}


def test_praise_is_replaced_by_praise():
    found = outcomes(substitution, "not bad")
    assert found == {"not poor", "not lousy"}


def test_names_are_no_words_to_replace():
    assert outcomes(substitution, "we met Film there") == {"we met Film there"}
    assert outcomes(substitution, "Film there") == {"Movie there", "Picture there"}  # it begins the sentence


def test_a_text_without_known_words_stays_as_it_is():
    assert outcomes(substitution, "xyzzy plugh") == {"xyzzy plugh"}


# --- insertion --------------------------------------------------------------------------------------------------------


def test_insertion_puts_in_a_synonym_of_a_word_that_is_there():
    assert outcomes(insertion, "the film ran") == {
        f"{a}{w} {b}" for w in ("movie", "picture") for a, b in (("the ", "film ran"), ("the film ", "ran"))
    }


def test_insertion_spares_beginnings_opinions_and_names():
    assert outcomes(insertion, "good film") == {"good film"}  # the one gap is behind an opinion
    assert not any("Puerto movie Rico" in t for t in outcomes(insertion, "a film of Puerto Rico"))
    assert outcomes(insertion, "Film. Gone.") == {"Film. Gone."}
    assert outcomes(insertion, "so good it is") == {"so good it is"}  # praise is not put in


# --- swap -------------------------------------------------------------------------------------------------------------


def test_swap_changes_two_words_and_leaves_punctuation_and_the_first_word():
    assert outcomes(swap, "We ate, then slept.") == {
        "We then, ate slept.",
        "We slept, then ate.",
        "We ate, slept then.",
    }


def test_swap_moves_no_opinion_and_no_name():
    assert outcomes(swap, "it was not good in Oslo today") == {
        "it today not good in Oslo was", "it in not good was Oslo today", "it was not good today Oslo in"
    }  # fmt: skip
    assert outcomes(swap, "not good") == {"not good"}


# --- contextual -------------------------------------------------------------------------------------------------------


class Offers(Contextual):
    """A language model whose offers are written down: no weights."""

    def __init__(self, offers, known=None):
        from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

        self.offers, self.small, self.known = offers, ENGLISH_STOP_WORDS, known

    def _offers(self, words, hidden):
        for _ in hidden:
            yield self.offers, np.linspace(0.5, 0.1, len(self.offers))


def test_the_hidden_word_small_words_and_opinions_are_never_offered():
    fill = Offers(["film", "the", "##s", "terrible", "not", "un", "garden", "boat"])
    assert outcomes(fill, "the film was not good") == {"the garden was not good", "the boat was not good"}


def test_a_neighbour_is_not_repeated():
    assert outcomes(Offers(["old", "boat"]), "we like old film") <= {"we like boat film", "we like old boat"}


def test_where_nothing_fits_the_word_stays():
    assert outcomes(Offers(["film"]), "the film") == {"the film"}
    assert outcomes(Offers(["boat", "horse"], known=frozenset({"horse"})), "the film") == {"the horse"}


def test_the_bundled_model_fills_and_keeps_the_label_safe():
    made = wb.augment("reviews", "contextual", train_examples=12, share=0.3)
    train = made["train"]
    pairs = [(train["text"][at], text) for at, text in zip(train["copy_of"], train["text"], strict=True)][12:]
    assert pairs and set(train["made_by"]) == {"original", "contextual"}
    for before, after in pairs:
        a, b = before.split(), after.split()
        assert len(a) == len(b) and a != b
        assert not any(
            x != y and (protected(Word.read(x).core) or protected(Word.read(y).core)) for x, y in zip(a, b, strict=True)
        )


def test_a_model_without_a_mask_is_an_error():
    class Tokenizer:
        mask_token = None

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("workbench.models.zoo.tokenizer", lambda source: Tokenizer())
        with pytest.raises(wb.WorkbenchError, match="no mask token"):
            wb.augment(frame(FILMS), "contextual")


# --- articles ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [("a big ocean", "a ocean", "an ocean"), ("An old film", "An film", "A film"), ("a union", "a union", "a union"),
     ("a film", "a hour", "an hour"), ("an hour", "an user", "a user"), ("a F", "a F", "a F")],
)  # fmt: skip
def test_an_article_follows_the_new_word_behind_it(before, after, wanted):
    assert write(articles(read(after), read(before))) == wanted


# --- the data that come back ------------------------------------------------------------------------------------------


def test_originals_come_first_and_copies_say_whose_they_are():
    made = wb.augment(frame(FILMS), "deletion", copies=2)
    train = made["train"]
    assert list(train["text"][:4]) == FILMS
    assert list(train["made_by"]) == ["original"] * 4 + ["deletion"] * 8
    assert list(train["copy_of"]) == [0, 1, 2, 3] * 3
    assert [train["label"][i] for i in range(12)] == [train["label"][i] for i in train["copy_of"]]


def test_validation_and_test_are_untouched():
    data = wb.load("reviews")
    made = wb.augment(data, "swap", train_examples=8)
    assert all(made[s] is data[s] for s in ("validation", "test")) and list(made) == list(data)
    assert "made_by" not in made["validation"].column_names


def test_every_copy_is_new_in_all_splits_and_never_empty():
    methods = ("deletion", "insertion", "substitution", "swap")
    made = wb.augment("reviews", methods, copies=3, train_examples=48)
    texts = [t.lower() for s in made for t in made[s]["text"]]
    assert len(set(texts)) == len(texts) and all(any(c.isalpha() for c in t) for t in texts)
    assert set(made["train"]["made_by"]) == {"original", *methods}


def test_no_copy_gives_away_a_validation_text():
    made = wb.augment(frame(["go home now", "Stay away"], ["go home", "home now", "Go now"]), "deletion", copies=5)
    assert sorted(made["train"]["text"]) == ["Away", "Stay", "Stay away", "go home now"]
    assert not {t.lower() for t in made["train"]["text"]} & {"go home", "home now", "go now"}


def test_the_same_seed_gives_the_same_copies_and_another_seed_others():
    texts = lambda seed: list(wb.augment(frame(FILMS), "swap", seed=seed)["train"]["text"])  # noqa: E731
    assert texts(3) == texts(3) != texts(4)


def test_a_subset_is_the_one_that_fit_would_train_on():
    data = wb.load("reviews")
    rows = stratified(np.array(data["train"]["label"]), 24, 5)
    made = wb.augment(data, "swap", train_examples=24, seed=5)["train"]
    assert list(made["text"][:24]) == [data["train"]["text"][int(i)] for i in rows]
    assert max(made["copy_of"]) < 24


def test_fit_prepares_the_same_rows():
    from workbench.config import RunConfig
    from workbench.models import zoo
    from workbench.tasks.classification import Classification

    data, tokenizer = wb.load("reviews"), zoo.tokenizer(zoo.source("bert-mini"))
    plain = Classification().prepare(data, tokenizer, RunConfig(train_examples=16, seed=2))
    made = wb.augment(data, "swap", train_examples=16, seed=2)
    more = Classification().prepare(made, tokenizer, RunConfig())
    assert [list(i) for i in more.train.ids[:16]] == [list(i) for i in plain.train.ids] and len(more.train) > 16


def test_methods_take_turns():
    made = wb.augment(
        frame(["we ate the big fish here"] * 1 + ["they saw our blue car there"]), ("deletion", "swap"), copies=2
    )
    assert list(made["train"]["made_by"][2:]) == ["deletion", "swap", "swap", "deletion"]


def test_where_one_method_finds_nothing_another_is_tried_and_then_there_is_no_copy():
    data = frame(["xyzzy plugh", "like", "the film"])
    made = wb.augment(data, ("substitution", "deletion"))
    assert list(made["train"]["made_by"][3:]) == ["deletion", "substitution"]
    assert made.without_copy == (1,) and "(1 copy could not be made)" in made.summary


def test_a_share_of_the_words_is_changed_and_at_least_one():
    ten = "we they you he she us them him her our"
    for share, words in ((0.01, 9), (0.2, 8), (0.5, 5)):
        made = wb.augment(frame([ten, ten + " me"]), "deletion", share=share)
        assert len(made["train"]["text"][2].split()) == words


def test_other_columns_come_along():
    made = wb.augment("reviews", "swap", train_examples=6)["train"]
    assert [made["case"][i] for i in made["copy_of"]] == list(made["case"])


def test_sentences_are_written_with_single_spaces():
    made = wb.augment(frame(["we  ate\nthe fish", "so it goes"]), "deletion")
    assert "  " not in made["train"]["text"][2] and "\n" not in made["train"]["text"][2]


# --- words with tags --------------------------------------------------------------------------------------------------


def sentences():
    rows = [("The film of Ada Byron was shown in a shop .", "O O O B-PER I-PER O O O O O O", "train"),
            ("Rome has a new film and a shop", "B-LOC O O O O O O O", "train"),
            ("We saw Ada in Rome", "O O B-PER O B-LOC", "validation")]  # fmt: skip
    return pd.DataFrame([(w.split(), t.split(), s) for w, t, s in rows], columns=["tokens", "tags", "split"])


@pytest.mark.parametrize("method", ["deletion", "insertion", "substitution", "swap", "contextual"])
def test_tags_stay_with_their_words(method):
    made = wb.augment(sentences(), method, copies=4, share=0.3)
    train = made["train"]
    assert made.task == "tagging" and len(train) > 2
    for at, words, tags in zip(train["copy_of"], train["tokens"], train["tags"], strict=True):
        names = [(w, made.labels[t]) for w, t in zip(words, tags, strict=True) if made.labels[t] != "O"]
        assert names == [[("Ada", "B-PER"), ("Byron", "I-PER")], [("Rome", "B-LOC")]][at]
        if at == 0:
            assert words[-1] == "." and words.index("Byron") == words.index("Ada") + 1


def test_contextual_offers_tagged_data_only_words_seen_outside_names():
    made = wb.augment(sentences(), "contextual", copies=4, share=0.3)
    seen = {w.lower() for words in sentences()["tokens"][:2] for w in words}
    assert {w.lower() for words in made["train"]["tokens"] for w in words} <= seen | {"an"}


def test_a_subset_of_sentences_is_the_one_that_fit_would_train_on():
    data = wb.load("people-places")
    rows = np.sort(np.random.default_rng(3).permutation(len(data["train"]))[:10])
    made = wb.augment(data, "deletion", train_examples=10, seed=3)["train"]
    assert made["tokens"][:10] == [data["train"]["tokens"][int(i)] for i in rows]


# --- what is shown ----------------------------------------------------------------------------------------------------


def test_a_preview_marks_what_changed_not_by_colour_alone():
    made = wb.augment(frame(["the film", "xyzzy plugh"]), "substitution")
    shown = made.preview(3)
    assert len(shown.rows) == 1 and shown.rows[0][:2] == ("the film", "substitution")
    new = shown.rows[0][2].split()[1]
    assert f"the [-film-]\n  the {{+{new}+}}" in repr(shown)
    page = made._repr_html_()
    assert ">film</del>" in page and "line-through" in page and f">{new}</ins>" in page and "underline" in page
    assert "2 originals and 1 copy for training: substitution 1 (1 copy could not be made)" in page


def test_a_preview_is_escaped():
    page = (
        wb.augment(frame(["<script>alert(1)</script> the film", "the <b>film</b> ran"]), "deletion")
        .preview(9)
        ._repr_html_()
    )
    assert "<script" not in page and "<b>" not in page and "&lt;script&gt;" in page


def test_a_preview_of_sentences_with_tags_reads_as_text():
    assert "Ada Byron" in repr(wb.augment(sentences(), "deletion").preview(1))


@pytest.mark.parametrize("n", [0, -1, True, 2.5, "all"])
def test_a_preview_of_no_rows_is_an_error(n):
    with pytest.raises(wb.WorkbenchError, match="a whole number"):
        wb.augment(frame(FILMS), "deletion").preview(n)


# --- errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"methods": "backtranslation"}, "method 'backtranslation'.*deletion, insertion"),
        ({"methods": ()}, "method"),
        ({"methods": None}, "method None"),
        ({"methods": ("swap", 3)}, "method 3"),
        ({"methods": {"swap", "deletion"}}, "method {"),  # a set has no order: not the same copies twice
        ({"share": 0}, "share is 0"),
        ({"share": 0.6}, "share is 0.6"),
        ({"share": True}, "share is True"),
        ({"share": "half"}, "share is 'half'"),
        ({"share": float("nan")}, "share is nan"),
        ({"copies": 0}, "copies is 0"),
        ({"copies": 1.5}, "copies is 1.5"),
        ({"copies": True}, "copies is True"),
        ({"seed": -1}, "seed is -1"),
        ({"seed": "x"}, "seed is 'x'"),
        ({"train_examples": 1}, "train_examples is 1"),
        ({"model": "no-such-model", "methods": "contextual"}, "no-such-model"),
    ],
)
def test_a_choice_that_cannot_be_is_an_error(choices, words):
    with pytest.raises(wb.WorkbenchError, match=words):
        wb.augment(frame(FILMS), **choices)


@pytest.mark.parametrize("name", ["phrases-en-fr", "passages", "clinic-sentences"])
def test_data_for_another_task_are_an_error(name):
    with pytest.raises(wb.WorkbenchError, match="texts with a label"):
        wb.augment(name)


def test_augmenting_twice_is_an_error():
    with pytest.raises(wb.WorkbenchError, match="augmented already"):
        wb.augment(wb.augment(frame(FILMS), "swap"), "deletion")


def test_empty_texts_are_an_error_with_their_row():
    features = Features({"text": Value("string"), "label": ClassLabel(names=["no", "yes"])})
    split = Dataset.from_dict({"text": ["fine film", "  "], "label": [0, 1]}, features)
    with pytest.raises(wb.WorkbenchError, match=r"1 empty training texts \(row 2\)"):
        wb.augment(Data({"train": split, "validation": split}))


def test_texts_in_which_nothing_can_change_are_an_error():
    with pytest.raises(wb.WorkbenchError, match="nothing that substitution could change in 2 texts"):
        wb.augment(frame(["你好", "再见"]))


def test_a_plain_dataset_dict_and_numpy_choices_are_fine():
    features = Features({"text": Value("string"), "label": ClassLabel(names=["no", "yes"])})
    split = Dataset.from_dict({"text": FILMS, "label": [0, 1, 0, 1]}, features)
    made = wb.augment(
        DatasetDict({"train": split, "validation": split.select([0])}), ["swap"], copies=np.int64(1), seed=np.int64(1)
    )
    assert len(made["train"]) == 8
