"""`python -m valetts_hf`: the `valetts` command, where it is not on the path."""

import sys

from valetts_hf.cli import main


if __name__ == "__main__":
    sys.exit(main())
