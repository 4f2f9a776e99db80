"""Mixing of examples (mixup): the model learns from points between two texts, with a label that lies between theirs.

Not augmentation: no text is made. What is mixed is the vector of a whole text that the last layer reads ("senMixup" of Guo, Mao &
Zhang 2019, "Augmenting Data with Mixup for Sentence Classification"; the idea is Zhang et al. 2018). That layer is linear, and so
mixing what it reads and mixing what it answers is the same thing:  W(λh + (1-λ)g) + b  =  λ(Wh + b) + (1-λ)(Wg + b).
Logits are all that has to be mixed, whatever the model below them.
"""

from __future__ import annotations

import torch
from torch.nn import functional as F

from workbench.config import RunConfig


def mixed_loss(logits: torch.Tensor, labels: torch.Tensor, config: RunConfig) -> torch.Tensor:
    """The loss of a batch whose texts are mixed in pairs: logits (batch, labels), labels (batch,) -> a scalar in nats.

    Every text gets a partner from its batch and a share from Beta(mixup, mixup): small values leave most texts nearly as they
    are, 1 makes all shares alike, large values mix half and half.
    """
    n = len(labels)
    share = torch.distributions.Beta(config.mixup, config.mixup).sample((n,)).to(logits.device)
    return between(logits, labels, share, torch.randperm(n, device=labels.device), config.label_smoothing)


def between(
    logits: torch.Tensor, labels: torch.Tensor, share: torch.Tensor, partner: torch.Tensor, smoothing: float = 0.0
) -> torch.Tensor:
    """Mean of  share · CE(mixed, own label) + (1 - share) · CE(mixed, partner's label), mixed = share · own + (1 - share) · partner's.

    >>> logits = torch.tensor([[0.0, 0.0], [2.0, 0.0]])  # half of each is [1, 0]
    >>> between(logits, torch.tensor([0, 1]), torch.tensor([0.5, 0.5]), torch.tensor([1, 0]))
    tensor(0.8133)
    """
    weight, logits = share.float().unsqueeze(1), logits.float()
    mixed = weight * logits + (1 - weight) * logits[partner]
    own, other = (
        F.cross_entropy(mixed, y, reduction="none", label_smoothing=smoothing) for y in (labels, labels[partner])
    )
    return (share * own + (1 - share) * other).mean()
