"""Marks on their way out: a table for people, CSV, and the files that Canvas, Moodle and Gradescope read."""
