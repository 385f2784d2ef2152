"""The front door, and the way to every other one: the queue to begin with, and a list of places to go to by name."""
