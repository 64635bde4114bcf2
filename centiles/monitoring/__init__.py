"""Scored values to findings: which falls and low values matter, and what each one says."""
