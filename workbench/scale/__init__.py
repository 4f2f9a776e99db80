"""Beyond one notebook on one machine: scripts, launched runs, searches, packs. Existing engines do the work."""
