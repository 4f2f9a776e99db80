"""Tasks: how data of one kind becomes tensors, which head answers it, and how the answers are scored."""

from workbench.tasks.base import Encoded, Prepared, Task
from workbench.tasks.classification import Classification
from workbench.tasks.tagging import Tagging

TASKS: dict[str, Task] = {task.name: task for task in (Classification(), Tagging())}

__all__ = ["TASKS", "Classification", "Encoded", "Prepared", "Tagging", "Task"]
