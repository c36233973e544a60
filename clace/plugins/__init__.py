"""What apps can do in the world: plugins, and ``gate``, the one door to them."""
