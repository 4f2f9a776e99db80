"""Beyond the notebook: a run as a plain script, on several processes, followed from elsewhere, on the Hub. Nothing is trained here
that `workbench.training` does not train."""
