"""What a lesson's cells call: verbs, cards, figures and the progress map."""
