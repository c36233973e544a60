"""``http.in``: requests to other servers, within what an operator allowed."""
