"""Where secrets come from: providers, each under a name, and the texts that refer to them."""
