"""Rules whose query is a pipeline over rows: judged as events come, or over the window when they are settled."""
