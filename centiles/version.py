"""The version of this library, said once: packaging reads it from here."""

__version__ = "0.1.0"
