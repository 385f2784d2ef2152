"""`python -m engine`: the engine as a tool for detection engineers and their CI."""

import sys

from engine.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
