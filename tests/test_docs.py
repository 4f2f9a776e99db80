"""What the pages and the lessons' cells for the network promise: names, arguments, commands, datasets and links that exist. Nothing is run."""

import ast
import inspect
import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

import workbench as wb
from workbench import catalog
from workbench.__main__ import COMMANDS
from workbench.config import RunConfig, explained
from workbench.meanings import MEANINGS, table
from workbench.remote.job import hosted

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "data").rglob("README.md"))]
LESSONS = sorted((ROOT / "notebooks" / "src").glob("[0-9]*.py"))
FIELDS = set(inspect.signature(RunConfig).parameters)
SOURCE = "\n".join(path.read_text("utf-8") for path in (ROOT / "workbench").rglob("*.py"))
HUB = {card.name for card in catalog.datasets() if card.source == "hub"}
NOT_REAL = {"hub:owner/name"}


def words(path: Path) -> str:
    """A page, or the Markdown cells of a lesson without their comment signs."""
    text = path.read_text("utf-8")
    if path.suffix == ".md":
        return text
    cells = re.split(r"(?m)^# %%", text)
    return "\n".join(re.sub(r"(?m)^# ?", "", cell) for cell in cells if cell.startswith(" [markdown]"))


def blocks(path: Path) -> list[str]:
    return re.findall(r"```python\n(.*?)```", words(path), re.S)


def trees(path: Path) -> list[ast.AST]:
    return [
        compile(code, path.name, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT | ast.PyCF_ONLY_AST) for code in blocks(path)
    ]


def called(tree: ast.AST) -> list[tuple[str, list[str]]]:
    """(public name, names of the arguments) of every call of `wb.NAME(...)`."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    return [(c.func.attr, [k.arg for k in c.keywords if k.arg]) for c in calls if ast.unparse(c.func.value) == "wb"]


def takes(name: str) -> set[str]:
    """The arguments that a public function takes; where it hands choices on, those of a run, too."""
    parameters = inspect.signature(hosted if name == "hosted" else getattr(wb, name)).parameters
    more = set() if name == "hosted" else FIELDS if any(p.kind is p.VAR_KEYWORD for p in parameters.values()) else set()
    return set(parameters) | more


every = pytest.mark.parametrize("path", [*PAGES, *LESSONS], ids=lambda p: f"{p.parent.name}/{p.stem}")


def test_there_is_something_to_look_at():
    assert sum(len(blocks(path)) for path in LESSONS) > 20 and len(blocks(ROOT / "docs" / "using.md")) > 10
    assert takes("fit") > {"epochs", "data"} and "epochs" not in takes("tokens")


@every
def test_code_on_a_page_names_what_exists(path):
    for tree in trees(path):
        for name, arguments in called(tree):
            assert name in dir(wb) and set(arguments) <= takes(name), f"wb.{name}({', '.join(arguments)})"
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "wb":
                assert node.attr in dir(wb), node.attr


@every
def test_names_in_running_text_exist(path):
    assert set(re.findall(r"\bwb\.([a-z_]+)", words(path))) <= {*dir(wb), "techniques"}


@every
def test_a_dataset_of_the_hub_is_one_that_the_catalogue_has_with_its_columns(path):
    assert set(re.findall(r"hub:[\w./-]+\w", words(path))) <= HUB | NOT_REAL


@pytest.mark.parametrize("number", ["01", "03", "04", "05", "07", "08", "09", "17", "18"])
def test_a_lesson_about_a_task_or_about_data_turns_to_a_famous_dataset(number):
    (lesson,) = (path for path in LESSONS if path.stem.startswith(number))
    assert any("hub:" in code and "model=" in code for code in blocks(lesson))


@every
def test_commands_and_their_options_exist(path):
    for command, rest in re.findall(r"-m workbench ([\w-]+)([^`\n]*)", words(path)):
        assert command in COMMANDS or command == "COMMAND", command
        for option in re.findall(r"(?<!\w)(--[a-z][\w-]+)", rest):
            assert f'"{option}"' in SOURCE, f"{command} {option}"


@every
def test_links_to_files_lead_somewhere(path):
    base = path.parent if path.suffix == ".md" else ROOT / "notebooks"
    for link in re.findall(r"\]\(([^)#\s]+)\)", words(path)):
        assert link.startswith(("http://", "https://")) or (base / link).exists(), link


def test_the_reference_names_everything_there_is():
    text = (ROOT / "docs" / "reference.md").read_text("utf-8")
    names = {f"wb.{name}" for name in dir(wb) if not name.startswith("_")}
    hidden = {"alone", "forget_model", "start", "watch"}  # of the workings
    names |= {f"run.{name}" for name in dir(wb.Run) if not name.startswith("_") and name not in hidden}
    names |= set(re.findall(r"\bWORKBENCH_[A-Z_]+", SOURCE)) - {"WORKBENCH_SEARCH_PARENT"}
    missing = [name for name in sorted(names) if not re.search(rf"`{re.escape(name)}\b", text)]
    assert not missing, missing


def test_the_table_of_choices_is_what_the_code_explains():
    rows = explained()
    assert [name for name, _, _ in rows] == [f.name for f in fields(RunConfig)] and {n for n, _, _ in rows} == set(
        MEANINGS
    )
    text = (ROOT / "docs" / "reference.md").read_text("utf-8")
    assert f"<!-- choices -->\n{table(rows)}\n<!-- /choices -->" in text, "run: python notebooks/src/build.py"
    assert all(f"\n    {name} = " in RunConfig.__doc__ for name in FIELDS)


def test_a_translator_that_learns_from_the_matrix_loses_what_the_page_says():
    page = (ROOT / "docs" / "models.md").read_text("utf-8")
    card = json.loads((ROOT / "data/models/en-fr-mini/card.json").read_text("utf-8"))
    assert "it has 55.6 there before it is trained" in page and "| **43.6** |" in page
    row = next(r for r in card["translation"]["rows"] if (r["data"], r["how"]) == ("phrases-en-fr, test", "beam 4"))
    assert round(100 * row["chrf"], 1) == 55.6
