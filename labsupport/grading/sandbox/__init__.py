"""The walls around a learner's code, seen from outside: what is shown in there, how it is started, how it is ended."""
