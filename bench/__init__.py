"""Measurements. `make bench` runs them all and appends dated lines to bench/results/."""
