"""Pages that people read: feedback for one learner, and the class as its instructor sees it; HTML without scripts."""
