"""`python -m benchmarks [name …]`: run all benchmarks or those named, one after the other. See docs/benchmarks.md."""

from __future__ import annotations

import argparse

from benchmarks import ground

NAMES = ("sends", "door", "sync", "page")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("names", nargs="*", metavar="name", help=f"{', '.join(NAMES)}; all of them when none is named")
    parser.add_argument("--minutes", type=float, default=1.0, help="how long the door is kept busy (default 1)")
    given = parser.parse_args()
    unknown = set(given.names) - set(NAMES)
    if unknown:
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}")
    with ground.prepared():
        # These know the models, which want their settings first.
        from benchmarks import door, page, sends, sync

        for name in given.names or NAMES:
            if name == "sends":
                sends.run()
            elif name == "door":
                door.run(minutes=given.minutes)
            elif name == "sync":
                sync.run()
            else:
                page.run()


if __name__ == "__main__":
    main()
