"""Tasks: how data of one kind becomes tensors, which head answers it, and how the answers are scored."""

from workbench.tasks.base import Encoded, Prepared, Task
from workbench.tasks.classification import Classification

TASKS: dict[str, Task] = {"classification": Classification()}

__all__ = ["TASKS", "Classification", "Encoded", "Prepared", "Task"]
