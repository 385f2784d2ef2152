"""Pages of cases; each view is a door: check, ask a selector or a service, render."""
