"""The managers' overview: every figure as of any instant, from the columns that never change and the record of changes.

`period` says which instant and range, `states` how alerts stood then, the other modules one kind of figure each, and
`figures` puts them together. `page` turns them into words, links and charts; docs/figures.md defines them.
"""
