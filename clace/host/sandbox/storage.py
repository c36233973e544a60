"""Texts as they lie in memory."""

from __future__ import annotations

import ctypes

_TO_READ = 0x100
_stored_at = ctypes.pythonapi.PyUnicode_AsUTF8AndSize
_stored_at.argtypes = [ctypes.py_object, ctypes.c_void_p]
_stored_at.restype = ctypes.c_void_p
_view_of = ctypes.pythonapi.PyMemoryView_FromMemory
_view_of.argtypes = [ctypes.c_void_p, ctypes.c_ssize_t, ctypes.c_int]
_view_of.restype = ctypes.py_object


def ascii_bytes(text: str) -> memoryview:
    """The bytes of an ASCII text where Python keeps them; valid for as long as the text is there.

    To encode a large text copies it, which takes as long as to send it.
    """
    assert text.isascii()
    view: memoryview = _view_of(_stored_at(text, None), len(text), _TO_READ)
    return view
