"""Verdicts: each rule on clips made for it, outliers among others, and what is said of speakers."""

import time

import numpy as np
import pytest

from valetts_hf.training.data.quality import ClipReport, findings, judge
from valetts_hf.training.data.quality_thresholds import QualityThresholds, load_thresholds


GOOD = {
    "seconds": 3.1,
    "prepared_seconds": 3.0,
    "frames": 281,
    "sampling_rate": 24_000,
    "channels": 1,
    "peak": 0.4,
    "clipped": 0.0,
    "level": -23.0,
    "snr": 35.0,
    "silence": 0.1,
    "edge_silence": 0.2,
    "longest_pause": 0.2,
    "bandwidth": 11_800,
    "f0": 180.0,
    "voiced": 0.6,
}
TEXT = "the ferry leaves at eight and comes back"


def clip(number: int = 0, text: str = TEXT, **values) -> ClipReport:
    spoken = {"phonemes": "x" * sum(c.isalpha() for c in text), "input_ids": [2, *range(30, 60), 3] if text else []}
    given = {name: values.pop(name) for name in list(values) if name in ClipReport.__dataclass_fields__}
    measures = {**GOOD, "digest": f"d{number}", "contour": [-20.0 - number % 7, -50.0, -25.0 + number % 5], **values}
    base = {"name": f"c{number}", "source": "s", "speaker": "ann", "language": "en-us", "split": "train"}
    return ClipReport(
        **{**base, "text": text, "number": number, "audio_key": "k", "measures": measures, **spoken, **given}
    )


def judged(*clips: ClipReport, **thresholds) -> list[tuple[str, set[str]]]:
    judge(clips, QualityThresholds(**thresholds))
    return [(each.verdict, {reason.code for reason in each.reasons}) for each in clips]


@pytest.mark.parametrize(
    "values, verdict, code",
    [
        ({"snr": 12.0}, "fix", "noisy"),
        ({"snr": 2.0}, "drop", "noisy"),
        ({"clipped": 0.005}, "fix", "clipped"),
        ({"clipped": 0.05}, "drop", "clipped"),
        ({"level": -50.0}, "fix", "quiet"),
        ({"level": -70.0}, "drop", "quiet"),
        ({"silence": 0.7}, "fix", "silent"),
        ({"silence": 0.95}, "drop", "silent"),
        ({"edge_silence": 3.0}, "fix", "edge_silence"),
        ({"longest_pause": 4.0}, "fix", "long_pause"),
        ({"bandwidth": 2000}, "drop", "narrow_band"),
        ({"bandwidth": 7000}, "fix", "upsampled"),
        ({"voiced": 0.02}, "fix", "unvoiced"),
        ({"frames": 20}, "drop", "too_much_text"),
        ({"unknown": 5}, "fix", "unknown_sounds"),
        ({"detected": "de"}, "fix", "other_language"),
    ],
)
def test_each_rule(values, verdict, code):
    ((found, codes),) = judged(clip(**values))
    assert found == verdict and code in codes


def test_a_good_clip_has_no_reasons():
    assert judged(clip(detected="en-gb")) == [("keep", set())]


def test_rules_can_be_moved_and_switched_off():
    assert judged(clip(snr=12.0), fix_snr=10.0) == [("keep", set())]
    assert judged(clip(snr=2.0), fix_snr=None, drop_snr=None) == [("keep", set())]


def test_short_texts_do_not_tell_their_language():
    assert judged(clip(text="Guten Tag", detected="de")) == [("keep", set())]


def test_a_hissless_clip_of_a_full_band_speaker_is_no_upsampling():
    others = [clip(n) for n in range(1, 10)]
    assert judged(clip(0, bandwidth=8000), *others)[0] == ("keep", set())
    assert judged(clip(0, bandwidth=5200), *others)[0] == ("fix", {"upsampled"})


def test_rate_outliers_among_their_speaker():
    """Ten characters a second is normal for one of the two speakers and far off for the other."""
    slow = [
        clip(n, text=f"text {n} of the slow one who speaks", speaker="slow", prepared_seconds=3 + n / 20)
        for n in range(20)
    ]
    fast = [clip(n, text=f"text {n} of the fast one who speaks", prepared_seconds=1.2 + n / 50) for n in range(20, 40)]
    odd = clip(99, text="text 99 of the fast one who speaks", prepared_seconds=3.2)
    judged(*slow, *fast, odd)
    assert [each.verdict for each in slow + fast] == ["keep"] * 40
    assert {reason.code for reason in odd.reasons} >= {"rate"} and "fewer than the others" in odd.reasons[0].text


def test_digits_alone_make_no_outlier():
    clips = [clip(n, prepared_seconds=3 + n / 20) for n in range(20)]
    digits = clip(99, text="1999", prepared_seconds=3.1)
    digits.phonemes = "x" * 30  # few characters, an ordinary number of sounds
    judged(*clips, digits)
    assert digits.verdict == "keep"


def test_few_clips_have_no_outliers():
    assert all(verdict == "keep" for verdict, _ in judged(clip(0), clip(1, prepared_seconds=15.0, frames=1400)))


def test_copies_contradictions_and_recodings():
    first, copy = clip(0, digest="same"), clip(1, digest="same")
    assert judged(first, copy) == [("keep", set()), ("drop", {"copy"})]
    assert "c0 (row 0)" in copy.reasons[0].text
    verdicts = judged(clip(0, digest="same"), clip(1, text="another text altogether", digest="same"))
    assert verdicts == [("drop", {"contradiction"})] * 2
    silent = clip(0, text="", digest="same")
    assert judged(silent, clip(1, digest="same")) == [("drop", {"copy"}), ("keep", set())], "no text is no other text"
    three = [clip(0, text="", digest="same"), clip(1, digest="same"), clip(2, text="another text", digest="same")]
    assert judged(*three) == [("drop", {"contradiction"})] * 3
    assert ["c2" in each.reasons[0].text for each in three] == [False, True, False]  # each names one that has a text
    assert judged(clip(0), clip(7, contour=[-20.3, -58.0, -25.2]))[1] == ("drop", {"copy"})
    assert judged(clip(0), clip(1))[1] == ("keep", set())  # another take


def test_thousands_of_takes_of_one_text_are_compared_in_seconds():
    random = np.random.default_rng(0)
    takes = [
        clip(n, frames=int(random.normal(70, 15)), contour=random.normal(-30, 8, 32).tolist()) for n in range(2500)
    ]
    takes.append(clip(2500, frames=takes[7].measures["frames"] + 2, contour=takes[7].measures["contour"]))
    begin = time.process_time()
    judge(takes, QualityThresholds(drop_repeats=None))
    assert time.process_time() - begin < 4.0
    assert [take.number for take in takes if any(reason.code == "copy" for reason in take.reasons)] == [2500]


def test_takes_of_one_text_are_limited():
    takes = [clip(n, contour=[-20.0 - 2 * n, -30.0, -29.0 + 3 * n]) for n in range(4)]
    assert [verdict for verdict, _ in judged(*takes, drop_repeats=3)] == ["keep", "keep", "keep", "drop"]


def test_findings_name_speakers_and_leaks():
    clips = [clip(n, text=f"{TEXT} {n}", speaker="many", detected="de", bandwidth=7000) for n in range(6)]
    clips += [clip(50, text="only this", speaker="lonely"), clip(51, text="gone", speaker="lost", snr=0.0)]
    clips += [clip(60, text="leak", speaker="two"), clip(61, text="leak", speaker="two", split="test")]
    pitches = [100.0] * 18 + [220.0] * 6
    clips += [clip(100 + n, text=f"pitch {n}", speaker="mixed", f0=f0) for n, f0 in enumerate(pitches)]
    judge(clips, QualityThresholds())
    found = "\n".join(findings(clips))
    for part in (
        "lonely has one usable clip",
        "lost has no usable clip at all",
        "many is labelled 'en-us', but 6 of 6 texts look like 'de'",
        "many (en-us): most recordings end at about 7000 Hz",
        "1 texts are in the train and the test split (such as 'leak')",
        "mixed: 25% of the clips lie more than 8 semitones off its usual 100 Hz, around 220 Hz",
    ):
        assert part in found


def test_thresholds_come_from_yaml(tmp_path):
    path = tmp_path / "t.yaml"
    path.write_text("fix_snr: 25\ndrop_rate: null\n")
    thresholds = load_thresholds(path)
    assert thresholds.fix_snr == 25 and thresholds.drop_rate is None and thresholds.drop_snr == 5.0
    assert load_thresholds(None) == QualityThresholds()
    path.write_text("")
    assert load_thresholds(path) == QualityThresholds()


@pytest.mark.parametrize(
    "content, message",
    [
        ("fix_srn: 25", r"unknown thresholds \['fix_srn'\]; known are .*'fix_snr'"),
        ("fix_snr: loud", "threshold fix_snr must be a number or null, got 'loud'"),
        ("min_deviation: null", "threshold min_deviation must be a number, got None"),
        ("drop_snr: 30", "drop_snr=30 would act before fix_snr=15.0"),
        ("drop_clipped: 0.0001", "drop_clipped=0.0001 would act before"),
        ("min_clips_for_outliers: 1", "min_clips_for_outliers=1 at least 3"),
        ("- fix_snr", "must be a mapping of thresholds, got list"),
        ("{", "is no YAML"),
    ],
)
def test_wrong_thresholds_are_named(tmp_path, content, message):
    (tmp_path / "t.yaml").write_text(content)
    with pytest.raises(ValueError, match=message):
        load_thresholds(tmp_path / "t.yaml")
