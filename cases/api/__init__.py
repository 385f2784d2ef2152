"""Cases in the API: what their pages show and do, as data."""
