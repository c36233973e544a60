"""Requests to apps: found, admitted, checked, answered."""
