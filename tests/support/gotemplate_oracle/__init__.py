"""Go's own ``html/template`` as a witness: a corpus made by it, and a fuzzer against it."""
