"""Knowledge distillation: a small student learns from the soft targets of a trained teacher (Hinton, Vinyals & Dean 2015).

    loss = (1 - alpha) · cross-entropy with the right label  +  alpha · T² · KL(teacher at T, student at T)

T is the temperature that both distributions are flattened with; T² keeps the gradients' size when T changes. The teacher
answers for every training text once, before training, so it costs no time afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch.nn import functional as F
from torch.utils.data import Dataset

from workbench.config import RunConfig
from workbench.errors import WorkbenchError
from workbench.models.place import lent
from workbench.tasks.base import Encoded
from workbench.tasks.forward import forward
from workbench.techniques.base import Technique


class Distillation(Technique):
    """Full fine-tuning of the student, towards the right labels and the teacher's probabilities at once."""

    name = "distillation"
    extras: ClassVar[tuple[str, ...]] = ("soft",)

    def check(self, config: RunConfig, task: str) -> None:
        super().check(config, task)
        if config.teacher is None:
            raise WorkbenchError("distillation without a teacher", "a finished run on the same data, or the folder that "
                                 "its save() made", "wb.fit(..., technique='distillation', teacher=run)")  # fmt: skip

    def examples(self, prepared: Any, data: Any, task: Any, config: RunConfig) -> Any:
        from workbench.models import saved

        teacher, tokenizer = saved.load(str(config.teacher), task, prepared.labels)
        encoded = task.encode(data["train"], tokenizer, config.max_length, prepared.labels).take(prepared.train.rows)
        with lent(teacher):
            answers = forward(teacher, encoded, task.collate(tokenizer), lambda: True, read=task.read)
        return WithSoft(prepared.train, np.asarray(answers, dtype=np.float32))

    def collate(self, collate: Any) -> Any:
        return lambda items: {
            **collate([(ids, label) for ids, label, _ in items]),
            "soft": torch.tensor(np.stack([soft for *_, soft in items])),
        }

    def loss(self, output: Any, batch: dict[str, torch.Tensor], config: RunConfig) -> torch.Tensor:
        hard = F.cross_entropy(output["logits"].float(), batch["labels"], label_smoothing=config.label_smoothing)
        soft = soft_loss(output["logits"], batch["soft"], config.temperature)
        return (1 - config.alpha) * hard + config.alpha * soft


def soft_loss(student: torch.Tensor, teacher: torch.Tensor, temperature: float) -> torch.Tensor:
    """T² · KL(teacher at T, student at T) of two sets of logits (batch, labels), mean over the batch, in nats.

    >>> soft_loss(torch.tensor([[1.0, 0.0]]), torch.tensor([[1.0, 0.0]]), 2.0)
    tensor(0.)
    """
    log_student = F.log_softmax(student.float() / temperature, dim=-1)
    log_teacher = F.log_softmax(teacher.float() / temperature, dim=-1)
    return F.kl_div(log_student, log_teacher, log_target=True, reduction="batchmean") * temperature**2


@dataclass
class WithSoft(Dataset):
    """Encoded texts with the teacher's logits (texts, labels): items are (ids, label, logits)."""

    inner: Encoded
    soft: np.ndarray

    def __len__(self) -> int:
        return len(self.inner)

    def __getitem__(self, i: int) -> tuple[np.ndarray, Any, np.ndarray]:
        return (*self.inner[i], self.soft[i])

    @property
    def lengths(self) -> np.ndarray:
        return self.inner.lengths
