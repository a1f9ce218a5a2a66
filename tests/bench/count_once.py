"""Count one image: PATH. Prints seconds of a processor without Python's start, and peak KiB."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from snaptui.backend.files import image_counter


def main() -> None:
    image_counter.count_image(sys.argv[1], lambda done, total: None)  # numpy is imported by now
    began = time.process_time()
    image_counter.count_image(sys.argv[1], lambda done, total: None)
    seconds = time.process_time() - began
    status = Path("/proc/self/status").read_text().splitlines()
    peak = next(line.split()[1] for line in status if line.startswith("VmHWM"))
    print(seconds, peak)


if __name__ == "__main__":
    main()
