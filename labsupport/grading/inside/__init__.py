"""What runs inside the sandbox, beside the learner's code: nothing here knows a solution, a spec or the judge."""
