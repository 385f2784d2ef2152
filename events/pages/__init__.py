"""What the pages about events show, worked out apart from how they look."""
