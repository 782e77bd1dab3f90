"""Settings for transformers' shared tests."""

import pytest


# the marks that they use; the project's own settings allow only known ones
UPSTREAM_MARKS = (
    "accelerate_tests",
    "flash_attn_test",
    "flash_attn_3_test",
    "flash_attn_4_test",
    "flash_attn_kernels_test",
    "generate",
    "is_pipeline_test",
    "is_flash_attn_test",
    "torch_compile_test",
    "torch_export_test",
    "training_ci",
)


def pytest_configure(config: pytest.Config) -> None:
    for mark in UPSTREAM_MARKS:
        config.addinivalue_line("markers", f"{mark}: of transformers' shared tests")
