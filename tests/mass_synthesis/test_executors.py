"""Executors: what becomes of rows whose process dies. (That the pool survives it is tested with the pool.)"""

from __future__ import annotations

from valetts_hf.mass_synthesis.executors import speak_in_processes
from valetts_hf.mass_synthesis.rows import Row
from valetts_hf.mass_synthesis.speaking import Job, Outcome, batches_of_rows
from valetts_hf.training.data import workers


def test_a_worker_that_dies_is_a_failure_of_its_row_alone(tmp_path, monkeypatch):
    calls = []

    def pool(function, tasks, processes):
        for rows, arguments in tasks:
            calls.append([row.id for row in rows])
            assert arguments == (job, rows) and processes == 2
            died = any(row.id == "row-1" for row in rows)
            yield rows, workers.WorkerCrash() if died else [Outcome(row, {"id": row.id}) for row in rows]

    monkeypatch.setattr(workers, "map_in_order", pool)
    rows = [Row(f"row-{number}", number, "Hm.", "key", 0) for number in range(4)]
    job = Job(str(tmp_path), "wav")
    found = [one for some in speak_in_processes(job, [rows[:2], rows[2:]], 2) for one in some]
    assert calls == [["row-0", "row-1"], ["row-2", "row-3"], ["row-0"], ["row-1"]]
    assert sorted(one.row.id for one in found) == [row.id for row in rows]
    (failure,) = [one for one in found if one.record is None]
    assert failure.row.id == "row-1" and "the process that spoke it died" in failure.error


def test_rows_of_one_manner_and_of_similar_length_share_a_batch():
    rows = [
        Row(
            str(number), number, "x" * (100 - number), "key", 0, manner={"pitch_shift": 1.0} if number % 3 == 0 else {}
        )
        for number in range(50)
    ]
    groups = list(batches_of_rows(iter(rows), 4))
    assert sorted(row.number for group in groups for row in group) == list(range(50))
    for group in groups:
        lengths = [len(row.text) for row in group]
        assert len(group) <= 4 and len({str(row.manner) for row in group}) == 1
        assert lengths == sorted(lengths) and lengths[-1] - lengths[0] <= 9
    assert [[row.number for row in group] for group in batches_of_rows(rows[:3], 1)] == [[0], [1], [2]]
