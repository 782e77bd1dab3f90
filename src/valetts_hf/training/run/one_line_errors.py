"""What a script says in one line instead of a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from valetts_hf.training.run.pretrain_run import OutOfMemoryError
from valetts_hf.training.run.run_state import CorruptCheckpointError


# Wrong arguments, missing packages, files that cannot be read or written, no memory, gradients that are not finite.
EXPECTED_ERRORS = (ValueError, ImportError, OSError, OutOfMemoryError, CorruptCheckpointError, FloatingPointError)


@contextmanager
def one_line_errors() -> Iterator[None]:
    """End a script with "error: ..." where something went wrong that its user can mend; also decorates its `main`.

    Raises:
        `SystemExit`: with that line (exit code 1).
    """
    try:
        yield
    except EXPECTED_ERRORS as error:
        raise SystemExit(f"error: {error}") from error
