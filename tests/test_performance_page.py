"""The performance page says what the results say; its generator writes a section for each benchmark."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import pytest


BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"


@pytest.fixture(scope="module")
def generator():
    sys.path.insert(0, str(BENCHMARKS))
    try:
        specification = importlib.util.spec_from_file_location("performance_page", BENCHMARKS / "performance_page.py")
        module = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(module)
        yield module
    finally:
        sys.path.remove(str(BENCHMARKS))


MACHINE = {"processor": "Some CPU", "cores": 4, "memory_gb": 8, "torch": "2.11.0", "load_average": 9.5}
ROUND = {
    "clients": 10,
    "seconds": 61.0,
    "answers_per_second": 1.25,
    "speech_seconds_per_second": 9.5,
    **{f"{name}_p{share}": 1.5 for name in ("first_byte", "whole") for share in (50, 95, 99)},
    "statuses": {"200": 70, "429": 7, "503": 1},
    "left": 3,
    "broken": 2,
    "checked": 20,
    "foreign": 0,
    "processor_seconds_per_second": 1.1,
    "memory_mb": [800, 850],
    "memory_mb_tenths": [800.0] * 10,
    "memory_mb_at_5_minutes": 820.0,
    "memory_mb_at_end": 828.2,
    "memory_end_of_5_minutes": 1.01,
    "memory_mb_per_hour": 12.0,
}
RESULTS = {
    "load": {"rounds": [ROUND, {**ROUND, "first_byte_p50": None}]},
    "soak": {"rounds": [{**ROUND, "seconds": 900}]},
    "export_speed": {
        "rows": [
            {"system": "ValeTTS, PyTorch", "threads": threads, "rtf": 0.03, "of_piper": 0.4} for threads in (1, 2)
        ]
    },
    "speech_speed": {
        "rows": [
            {
                **{"system": "valetts", "text": "short", "batch": 1, "threads": 1},
                **{"rtf": 0.04, "first_audio_seconds": 0.1, "peak_rss_mb": 500},
            },
            {"system": "vits", "error": "no result within 9 s"},
        ],
        "gpu": {"rows": [{"what": "batch of 8", "value": 500.0, "unit": "s of audio per s"}]},
    },
    "vocoder_speed": {
        **{"preset": "small", "dtype": "float32", "device": "CPU"},
        "decoding": [{"system": "pytorch", "seconds": 10, "batch": 1, "times_real_time": 2.5, "peak_mb": 70.0}],
        "chunk_milliseconds": {"pytorch": 12.34},
    },
    "training_speed": {
        "systems": {
            "vits": {
                **{"seconds_per_step": 9.0, "window_audio_seconds_per_second": 0.7},
                **{"decoded_audio_seconds_per_second": 0.15, "shares": {"data": 0.01}},
            }
        }
    },
}
for _name in ("speech_speed", "vocoder_speed", "training_speed"):
    RESULTS[f"{_name}_gpu"] = RESULTS[_name] | {"machine": MACHINE | {"gpu": "Some card"}}


def test_the_page_is_what_the_results_say(generator):
    generator.main(["--check"])


def test_every_benchmark_has_a_section(generator):
    assert set(RESULTS) == set(generator.SECTIONS)
    results = {name: {"date": "2030-01-02", "machine": MACHINE, **result} for name, result in RESULTS.items()}
    text = generator.page(results)
    assert "| 10 s x 1, pytorch | 2.5 | 70 |" in text and "| pytorch | 12.3 |" in text
    for heading, _, _ in generator.SECTIONS.values():
        assert f"## {heading}\n" in text
    machine = "Some CPU, 4 cores, 8 GB, torch 2.11.0, shared with other programs"
    assert text.count(machine) == len(RESULTS) and text.count(f"2030-01-02, Some card, {machine}") == 3
    assert "| 7 | 3 | 3 | 20 / 0 | 800-850 |" in text and "- / 1.5 / 1.5" in text  # 429, errors, left, checked
    assert "15 minutes: 820 MB after five minutes, 828 MB at the end (+1.0 %), +12 MB an hour" in text
    for line in text.splitlines():
        assert not line.startswith("|") or line.endswith("|")


def test_results_are_kept_with_machine_and_date(generator, tmp_path, monkeypatch):
    monkeypatch.setattr(generator, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(generator, "PAGE", tmp_path / "performance.md")
    given = tmp_path / "training_speed.json"
    given.write_text(json.dumps({**RESULTS["training_speed"], "machine": "x86_64"}))
    generator.main(["--keep", str(given)])
    kept = json.loads((tmp_path / "results" / given.name).read_text())
    assert kept["date"] and kept["machine"]["cores"] and kept["systems"] == RESULTS["training_speed"]["systems"]
    assert "## Training" in (tmp_path / "performance.md").read_text()
    generator.main(["--check"])
    (tmp_path / "performance.md").write_text("# Performance\n\n1000 times faster.\n")
    with pytest.raises(SystemExit, match="not what"):
        generator.main(["--check"])


def test_an_unknown_result_is_refused(generator, tmp_path):
    (tmp_path / "guess.json").write_text("{}")
    with pytest.raises(ValueError, match="guess.json"):
        generator.keep(tmp_path / "guess.json")
