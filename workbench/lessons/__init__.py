"""Lessons: exercises that are checked by their outcome, and the learner's progress. The notebooks are in `notebooks/`."""

from workbench.lessons.exercise import Exercise, Outcome, exercise

__all__ = ["Exercise", "Outcome", "exercise"]
