"""Settings for transformers' shared tests: their marks, and a reason for each that is skipped."""

from __future__ import annotations

import pytest

from hf.skips import BY_DESIGN, SKIPS, reason_to_skip


# the marks that they use; the project's own settings allow only known ones
UPSTREAM_MARKS = (
    "accelerate_tests",
    "flash_attn_test",
    "flash_attn_3_test",
    "flash_attn_4_test",
    "torch_compile_test",
)


def pytest_configure(config: pytest.Config) -> None:
    for mark in UPSTREAM_MARKS:
        config.addinivalue_line("markers", f"{mark}: of transformers' shared tests")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    found = set()
    for item in items:
        reason = BY_DESIGN.get(item.path.stem, {}).get(item.name)
        if reason is not None:
            found.add((item.path.stem, item.name))
            item.add_marker(pytest.mark.skip(reason=reason))
    collected = {item.path.stem for item in items}
    unknown = {(file, test) for file, tests in BY_DESIGN.items() if file in collected for test in tests} - found
    whole_files = not any("::" in argument for argument in items[0].config.args) if items else False
    assert not (unknown and whole_files), f"tests/hf/skips.py names tests that do not exist: {sorted(unknown)}"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo):
    """A shared test may skip only with a reason in the table; its own, often cryptic one is replaced by ours."""
    report = (yield).get_result()
    if not report.skipped or item.path.stem not in SKIPS:
        return
    reason = reason_to_skip(item.path.stem, item.originalname if hasattr(item, "originalname") else item.name)
    if reason is None:
        report.outcome = "failed"
        report.longrepr = f"{item.name} was skipped ({report.longrepr}), and tests/hf/skips.py does not say why"
    else:
        report.longrepr = (str(item.path), item.location[1], f"Skipped: {reason}")
