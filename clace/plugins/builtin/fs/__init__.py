"""``fs.in``: files on the server, within what an operator allowed."""
