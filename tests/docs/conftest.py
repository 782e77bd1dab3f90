"""The corpus that pages about training begin with."""

from tests.training.conftest import buzz_corpus  # noqa: F401 - a fixture
