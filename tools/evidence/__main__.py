"""Run the study and write its page, pictures and base rates: ``python -m tools.evidence``."""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from centiles.monitoring import rates as shipped
from tools.evidence import page, pictures, rates
from tools.evidence.results import SMALL, Plan, Results

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "evidence.md"
IMAGES = ROOT / "docs" / "images" / "evidence"
RATES = ROOT / "centiles" / "monitoring" / "base_rates.toml"


def main() -> None:
    """Run the study."""
    parser = argparse.ArgumentParser(prog="python -m tools.evidence", description=__doc__)
    parser.add_argument("--small", action="store_true", help="few children, to try it out")
    parser.add_argument("--out", type=Path, help="write all into this folder instead")
    parser.add_argument("--jobs", type=int, default=1, help="how many processes share the work")
    options = parser.parse_args()
    if options.small and options.out is None:
        parser.error("--small writes no page of record; give --out")
    targets = (PAGE, IMAGES, RATES)
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
        targets = (options.out / "evidence.md", options.out / "images", options.out / RATES.name)
    text, images, toml = targets
    with ProcessPoolExecutor(options.jobs) as pool:
        results = Results(SMALL if options.small else Plan(), pool=pool)
        toml.write_text(rates.base_rates(results), encoding="utf-8")
        shipped.base_rates.cache_clear()  # the page quotes findings, which quote these
        text.write_text(page.page(results), encoding="utf-8")
        pictures.draw(results, images)
    print(f"Wrote {text}, {images} and {toml}.")


if __name__ == "__main__":
    main()
