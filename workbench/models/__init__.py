"""Models: the zoo of bundled checkpoints, Hub ids and folders; heads; pretraining."""
