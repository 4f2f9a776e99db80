"""Names of languages as columns and files bear them: `en`, `English`, `pt_BR`; `corpus.fra`, `train.zho_Hans`. No texts here."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

_LANGUAGES = (
    "ar bg bn ca cs cy da de el en eo es et eu fa fi fr ga gl gu he hi hr hu is it ja ka kk ko lt lv mk mr ms nl no pl pt "
    "ro ru sk sl sq sr sv sw ta te th tr uk ur uz vi zh "
    "arabic chinese czech danish dutch english esperanto finnish french german greek hindi hungarian italian japanese korean "
    "norwegian polish portuguese romanian russian spanish swedish turkish ukrainian"
)
LANGUAGES = frozenset(_LANGUAGES.split())  # not id: as a column's name it means something else than Indonesian
_THREE = (  # ISO 639-2 and 639-3: endings of files only, for as names of columns cat, est or tel mean other things
    "afr ara arb arz bel ben bos bre bul cat ces cze chi cmn cym wel dan deu ger ell gre eng epo est eus baq fas per pes fin fra fre "
    "gle glg guj hat hau heb hin hrv hun hye arm ibo ind isl ice ita jav jpn kan kat geo kaz khm kmr kor lao lat lav lit ltz mal mar "
    "mkd mac mlt mon khk mya bur nep npi nld dut nno nob nor oci ori ory pan pol por pus ron rum rus sin slk slo slv som spa sqi alb "
    "srp swa swe swh tam tat tel tgl tha tur ukr urd uzb uzn vie xho yor zho zsm msa may zul"
)
_FILES = LANGUAGES.union(_THREE.split(), ("id",))
_SPLITS = {"train": "train", "dev": "dev", "valid": "valid", "test": "test", "devtest": "test"}
_BEHIND = (".sgm", ".sgml", ".xml", ".gz")
_SIDES = ("source", "src", "target", "tgt", "trg")  # in the alphabet the source comes first


def language(name: Any) -> bool:
    """Whether a name is a language's: `en`, `English`, `pt_BR`.

    >>> [language(n) for n in ("en", "French", "pt-BR", "text", "fra")]
    [True, True, True, False, False]
    """
    return re.split("[-_]", str(name).lower())[0] in LANGUAGES


def of_file(path: Path) -> str:
    """The language, or the side of a translation, that the ending of a file stands for; empty where it stands for none.

    >>> [of_file(Path(n)) for n in ("corpus.en", "corpus.fra", "train.zho_Hans", "train.src", "train.csv")]
    ['en', 'fra', 'zho_hans', 'src', '']
    """
    code = path.suffix[1:].lower()
    known = re.fullmatch(r"([a-z]{2,3})([-_][a-z]{2,4})?", code)
    return code if code in _SIDES or (known and known[1] in _FILES) else ""


def turned(path: Path) -> Path:
    """The name with its split in front where a file is called after its language first, as those of FLORES are, and without the ending
    behind the language, as IWSLT's, packed ones and `train.en.txt` have it; others as they are.

    >>> [turned(Path(n)).name for n in ("eng_Latn.dev", "fra_Latn.devtest", "fr.train", "notes.dev", "dev.de.xml", "a.en.gz", "train_fr.txt")]
    ['dev.eng_Latn', 'test.fra_Latn', 'train.fr', 'notes.dev', 'dev.de', 'a.en', 'train.fr']
    """
    if path.suffix.lower() == ".txt" and (
        named := re.fullmatch(r"(.+)[._-]([A-Za-z]{2})|(.+)\.([A-Za-z]{3})", path.stem)
    ):
        stem, code = named[1] or named[3], named[2] or named[4]
        if of_file(Path(f"_.{code}")):
            return path.with_name(f"{stem}.{code}")
    if path.suffix.lower() in _BEHIND and of_file(path.with_suffix("")):
        return path.with_suffix("")
    split = path.suffix[1:].lower()
    if split not in _SPLITS or not of_file(Path(f"_.{path.stem}")):
        return path
    return path.with_name(f"{_SPLITS[split]}.{path.stem}")


def split_named(name: str) -> str:
    """The split that the name of a folder with texts in several languages stands for; empty where it stands for none.

    >>> [split_named(n) for n in ("train", "devtest", "dev", "books")]
    ['train', 'test', 'validation', '']
    """
    return {"dev": "validation", "valid": "validation"}.get(found := _SPLITS.get(name.lower(), ""), found)


def sides(paths: Iterable[Path]) -> dict[str, Path]:
    """Files by their languages; beside exactly two with codes of two letters, what looks like one of three letters is none."""
    found = {code: path for path in sorted(paths) if (code := of_file(path))}
    placed = {code: path for code, path in found.items() if code in _SIDES}
    if len(placed) == 2:  # train.id beside them says which languages these are
        return placed
    short = {code: path for code, path in found.items() if len(code) == 2}
    return short if len(short) == 2 else found
