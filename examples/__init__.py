"""Apps that a newcomer can deploy and read."""
