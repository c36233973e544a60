"""Which class fills which seam, floor by floor, and which part of the configuration it is handed.

Only ``tap.py`` uses this; together they are the one place that knows all the rooms.
"""
