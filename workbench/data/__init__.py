"""Data in: bundled sets, files, frames and the Hub, all as one canonical `DatasetDict` per task; and the audit."""

from workbench.data.audit import audit
from workbench.data.load import Data, fingerprint, load

__all__ = ["Data", "audit", "fingerprint", "load"]
