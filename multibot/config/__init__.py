"""What the files and the environment say, checked whole before anything starts."""
