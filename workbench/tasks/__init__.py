"""Tasks: how data of one kind becomes tensors, which head answers it, and how the answers are scored."""

from workbench.tasks.answering import Answering
from workbench.tasks.base import Encoded, Prepared, Task
from workbench.tasks.classification import Classification
from workbench.tasks.language_modeling import LanguageModeling
from workbench.tasks.multilabel import MultiLabel
from workbench.tasks.tagging import Tagging
from workbench.tasks.translation import Translation

TASKS: dict[str, Task] = {
    task.name: task
    for task in (Classification(), MultiLabel(), Tagging(), Answering(), Translation(), LanguageModeling())
}

__all__ = [
    "TASKS",
    "Answering",
    "Classification",
    "Encoded",
    "LanguageModeling",
    "MultiLabel",
    "Prepared",
    "Tagging",
    "Task",
    "Translation",
]
