"""The language of templates: text to a tree, and the tree to Python."""
