"""The simulated people: their habits, their words, and what they do when it is due."""
