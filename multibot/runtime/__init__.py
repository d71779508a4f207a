"""One running bot."""
