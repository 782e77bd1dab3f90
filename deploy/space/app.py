"""The drawing page as a Hugging Face Space: `valetts demo` on the address that a Space expects.

Environment: HOST (0.0.0.0), PORT (7860), MAX_CHARACTERS (400: one small machine serves everybody), MODEL (the bundled one).
"""

import os
import sys

from valetts_hf.cli import main


def arguments(environment: dict[str, str]) -> list[str]:
    """The command line of the demo."""
    found = ["demo", "--host", environment.get("HOST", "0.0.0.0"), "--port", environment.get("PORT", "7860")]
    found += ["--max-characters", environment.get("MAX_CHARACTERS", "400"), "--no-own-voices"]
    found += ["--allow-frame", "https://huggingface.co"]
    if environment.get("MODEL"):
        found += ["--model", environment["MODEL"]]
    return found


if __name__ == "__main__":
    sys.exit(main(arguments(dict(os.environ))))
