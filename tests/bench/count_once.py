"""Count one image; print the seconds without Python's start, and the peak memory in KiB: PATH."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from snaptui.backend.files import image_counter


def main() -> None:
    image_counter.count_image(sys.argv[1], lambda done, total: None)  # numpy is imported by now
    began = time.perf_counter()
    image_counter.count_image(sys.argv[1], lambda done, total: None)
    seconds = time.perf_counter() - began
    status = Path("/proc/self/status").read_text().splitlines()
    peak = next(line.split()[1] for line in status if line.startswith("VmHWM"))
    print(seconds, peak)


if __name__ == "__main__":
    main()
