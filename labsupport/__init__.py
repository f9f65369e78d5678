"""The helper library of the mutual-TLS course."""

__version__ = "0.1.0"
