"""The class that fills each seam, floor by floor, with its part of the configuration.

Only ``tap.py`` uses this; together they are the one place that knows all the rooms.
"""
