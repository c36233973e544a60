"""Short signed tokens that tell an app who asks, and the keys that they are checked with."""
