"""``make bench``: start-up, whole gates and engines, measured beside a yardstick in the same run.

Machines differ and are noisy, so that every figure is printed with its ratio to something that
was measured a moment before or after it. Nothing here is a test.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.bench.detectors import detector_lines
from tests.bench.engines import engine_lines
from tests.bench.gates import gate_lines
from tests.bench.judging import judging_lines
from tests.bench.mirror import mirror_lines
from tests.bench.report import report_lines
from tests.bench.shadow import shadow_lines
from tests.bench.shadow_text import shadow_text_lines
from tests.bench.start_up import start_up_lines
from tests.bench.throughput import throughput_lines


def main() -> None:
    """Print all measurements, or those named on the command line."""
    parts = {
        "start-up": start_up_lines,
        "gates": gate_lines,
        "engines": engine_lines,
        "judging": judging_lines,
        "report": report_lines,
        "shadow": shadow_lines,
        "throughput": throughput_lines,
        "shadow-text": shadow_text_lines,
        "mirror": mirror_lines,
        "detectors": detector_lines,
    }
    for name in sys.argv[1:] or parts:
        sys.stdout.write(f"{name}\n")
        with tempfile.TemporaryDirectory() as folder:
            for line in parts[name](Path(folder)):
                sys.stdout.write(f"  {line}\n")
                sys.stdout.flush()


if __name__ == "__main__":
    main()
