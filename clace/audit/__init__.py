"""The record of what was done, by whom: written aside, asked by filter, forgotten in time."""
