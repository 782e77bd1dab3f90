"""The report: numbers, sentences, plots and players, and that hostile names do no harm."""

import base64
import io
import json
import re

import numpy as np
import pytest
import soundfile

from tests.training.data.test_quality import clip
from valetts_hf.training.data import report_page
from valetts_hf.training.data.analysis import CorpusCache
from valetts_hf.training.data.quality import QualityThresholds, judge
from valetts_hf.training.data.report import summarize, worst_clips, write_report


@pytest.fixture
def corpus(tmp_path):
    """Clips of two speakers, of all verdicts, whose audio is in a cache."""
    cache = CorpusCache(tmp_path / "cache")
    tone = (3000 * np.sin(np.arange(281 * 256) * 0.05)).astype(np.int16)
    cache.audio.put("k", {"pieces": [{"frames": 100}, {"frames": 181}]}, {"waveform": tone})
    clips = [clip(n, text=f"text number {n}") for n in range(20)]
    clips += [clip(30 + n, text=f"another {n}", snr=10.0, speaker="bob") for n in range(4)]
    clips += [clip(40, text="<script>alert(1)</script>", clipped=0.5, speaker="bob|x", piece=1)]
    unusable = clip(50, text="gone", speaker="bob")
    unusable.measures, unusable.audio_key = {}, ""
    unusable.add("unusable", "drop", "cannot read 'a.wav' <b>")
    clips.append(unusable)
    judge(clips, QualityThresholds())
    return clips, cache


def test_summary_counts(corpus):
    clips, _ = corpus
    summary = summarize(clips, ["a shard was repaired"])
    assert summary.counts == {"keep": 20, "fix": 4, "drop": 2}
    assert summary.hours == pytest.approx(25 * 3 / 3600) and summary.usable_hours == pytest.approx(24 * 3 / 3600)
    assert [speaker.name for speaker in summary.speakers] == ["ann", "bob", "bob|x"]
    bob = summary.speakers[1]
    assert (bob.clips, bob.keep, bob.fix, bob.drop, bob.snr) == (5, 0, 4, 1, 10.0)
    assert ("noisy", 4, 0) in [row[:3] for row in summary.reasons]
    assert any("bob|x has no usable clip" in finding for finding in summary.findings)


def test_the_worst_of_each_kind_come_first(corpus):
    clips, _ = corpus
    names = [each.name for each in worst_clips(clips, 3)]
    assert names[0] == "c40" and len(names) == 3 and "c50" not in names
    assert len(worst_clips(clips)) == 5


def test_report_files(corpus, tmp_path):
    clips, cache = corpus
    write_report(tmp_path / "report", clips, cache, "My <corpus>", players=3)
    assert sorted(path.name for path in (tmp_path / "report").iterdir()) == ["clips.jsonl", "report.html", "report.md"]
    page = (tmp_path / "report" / "report.html").read_text()
    assert (
        "<script" not in page
        and "&lt;script&gt;" in page
        and "My &lt;corpus&gt;" in page
        and "a.wav&#39; &lt;b&gt;" in page
    )
    assert not re.search(r'(src|href)="(?!data:)', page)  # nothing is fetched
    assert page.count("<audio") == 3 and page.count("data:image/svg+xml") == 2
    (player,) = re.findall(r'c40.*?src="data:audio/mpeg;base64,([^"]+)"', page, re.DOTALL)
    sound, rate = soundfile.read(io.BytesIO(base64.b64decode(player)))
    assert rate == 24_000 and len(sound) / 256 == pytest.approx(181, abs=12)  # its own piece of the recording
    text = (tmp_path / "report" / "report.md").read_text()
    assert "20 keep (76.9%), 4 fix (15.4%), 2 drop (7.7%)" in text and "| bob\\|x | en-us | 1 |" in text
    rows = [json.loads(line) for line in (tmp_path / "report" / "clips.jsonl").read_text().splitlines()]
    assert len(rows) == 26 and rows[20]["verdict"] == "fix" and rows[20]["snr"] == 10.0
    assert rows[20]["reasons"] == [{"code": "noisy", "verdict": "fix", "text": "signal-to-noise ratio 10 dB"}]
    assert rows[-1]["number"] == 50 and "snr" not in rows[-1]


def test_a_corpus_without_a_usable_clip_has_a_report(corpus, tmp_path):
    clips, cache = corpus
    write_report(tmp_path / "report", clips[-1:], cache)
    assert "Rows that cannot be used" in (tmp_path / "report" / "report.html").read_text()


def test_missing_libraries_are_named(corpus, tmp_path, monkeypatch):
    clips, cache = corpus

    def no_matplotlib(module):
        raise ImportError("No module named 'matplotlib'")

    monkeypatch.setattr(report_page, "_plots", no_matplotlib)
    with pytest.raises(ImportError, match="needs jinja2 and matplotlib .*pip install"):
        write_report(tmp_path / "report", clips, cache)
