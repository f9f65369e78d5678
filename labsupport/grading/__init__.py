"""From a folder of submissions to marks that can be trusted: the learner's code in a sandbox, the judge outside."""
