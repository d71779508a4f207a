"""Pages that are written for a browser: each one file, which asks for nothing from anywhere."""
