"""Models: the zoo of bundled checkpoints, Hub ids and folders; heads; pretraining.

The package answers to a call: `wb.models()` is the catalogue's list, before and after this package has been imported.
"""

from workbench.catalog import answer_calls, models

answer_calls(__name__, models)
