"""Escaping by context: what a value becomes where it stands in a page."""
