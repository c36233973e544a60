"""Names of headers in which the server tells apps who asks: nobody else may set them."""

OUR_HEADERS = ("x-clace-", "x-openrun-")
"""The first letters of their names."""
