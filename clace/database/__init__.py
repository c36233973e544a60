"""SQL databases of the rooms above: opening, moving to the newest schema, transactions."""
