"""The parts of Go's standard library that templates show: numbers, text, JSON, times, URLs."""
