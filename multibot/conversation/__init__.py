"""The pure rules of talking: no Discord, no database, no clock of their own."""
