"""Clace, an application server for a team's internal web apps."""
