"""A checkout's front door: ``python cli.py check export.csv --out results``."""

from centiles.commands import main

if __name__ == "__main__":
    main()
