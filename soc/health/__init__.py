"""Whether the silence can be trusted: a page for people, probes for supervisors, metrics for Prometheus.

`state.py` puts together what the page and the API show; every figure is the teams' own unless it names nothing.
"""
