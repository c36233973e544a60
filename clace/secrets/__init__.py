"""Secrets: providers, each under a name, and the texts that refer to them."""
