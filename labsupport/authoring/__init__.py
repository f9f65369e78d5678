"""From a lesson's source to notebooks, and from notebooks to marks on a terminal."""
