"""One file for each way to write a question about events; all compile to engine.tree."""
