"""Count one image and say how long it took, without what Python takes to start: PATH."""

from __future__ import annotations

import sys
import time

from snaptui.backend import images


def main() -> None:
    images.count_image(sys.argv[1], lambda done, total: None)  # numpy is imported by now
    began = time.perf_counter()
    images.count_image(sys.argv[1], lambda done, total: None)
    print(time.perf_counter() - began)


if __name__ == "__main__":
    main()
