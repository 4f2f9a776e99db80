"""Events, the bridge to transformers' Trainer, runs and the store of run folders."""
