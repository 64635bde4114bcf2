"""Run the study and write its page, pictures and base rates: ``python -m tools.evidence``."""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

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
        content = page.page(results)
        rates_content = rates.base_rates(results)
        pictures.draw(results, images)
    text.write_text(content, encoding="utf-8")
    toml.write_text(rates_content, encoding="utf-8")
    print(f"Wrote {text}, {images} and {toml}.")


if __name__ == "__main__":
    main()
