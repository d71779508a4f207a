"""What makes the text of an answer."""
