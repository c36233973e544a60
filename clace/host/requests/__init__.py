"""Requests in a host: read, routed to handlers, shown and answered."""
