"""Measures of the detection engine alone: no database, no Django, one process on one core, JSON parsing included.

`python -m bench engine --rules FOLDER` takes any folder of rule files; the product never depends on one.
"""
