"""How well the rules work, on simulated children: ``python -m tools.evidence``."""
