"""qbank: the deep-learning interview bank in which every answer runs."""

__version__ = "0.1.0"
