"""Values and what can be done with them, while a program runs."""
