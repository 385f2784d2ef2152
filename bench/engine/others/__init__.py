"""Other engines, measured beside ours. Their scripts run in an environment of their own and import nothing of ours."""
