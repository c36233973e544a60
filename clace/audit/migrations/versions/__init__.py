"""One module for each version of the schema; they are the only source of it."""
