"""`import valetts_hf` makes the Auto classes know ValeTTS, quickly and in whatever order things are imported."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from transformers import (
    AutoConfig,
    AutoFeatureExtractor,
    AutoModel,
    AutoModelForTextToWaveform,
    AutoProcessor,
    AutoTokenizer,
)

import valetts_hf
from valetts_hf import registration


def run(code: str) -> dict:
    """What a fresh process that runs `code` leaves in its variable `result`."""
    code = f"import sys, json\nsys.path.insert(0, {str(Path(valetts_hf.__file__).parents[1])!r})\n{code}"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nprint(json.dumps(result))"], capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_import_is_light():
    result = run(
        "import time; start = time.process_time(); import valetts_hf\n"
        "result = dict(seconds=time.process_time() - start, torch='torch' in sys.modules,\n"
        "              transformers='transformers' in sys.modules, names=dir(valetts_hf))"
    )
    assert not result["torch"] and not result["transformers"]
    assert result["seconds"] < 2.0  # 0.05 s on an idle machine
    assert {"ValeTTS", "ValeTTSForSpeech", "BASE_CHECKPOINT", "__version__"} <= set(result["names"])


REGISTERED = "from valetts_hf import registration; result = dict(done=registration._registered, hooks=hooks())"
HOOKS = "def hooks(): return [type(f).__name__ for f in sys.meta_path if 'AfterImport' in type(f).__name__]\n"


@pytest.mark.parametrize(
    "code",
    [
        "import valetts_hf; from transformers import pipeline",
        "from transformers import AutoConfig; import valetts_hf; AutoConfig.for_model('valetts')",
        "import valetts_hf; from transformers import AutoConfig; AutoConfig.for_model('valetts')",
        "from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech",  # half imported when transformers ends
        "from valetts_hf import ValeTTSProcessor",
    ],
)
def test_order_of_imports_does_not_matter(code):
    assert run(f"{HOOKS}{code}\n{REGISTERED}") == {"done": True, "hooks": []}


def test_every_auto_class_knows_valetts():
    config = AutoConfig.for_model("valetts")
    assert type(config) is valetts_hf.ValeTTSConfig
    assert AutoModel._model_mapping[type(config)] is valetts_hf.ValeTTSModel
    assert AutoModelForTextToWaveform._model_mapping[type(config)] is valetts_hf.ValeTTSForSpeech


def test_auto_classes_load_a_checkpoint(tiny_checkpoint):
    assert type(AutoConfig.from_pretrained(tiny_checkpoint)) is valetts_hf.ValeTTSConfig
    assert type(AutoModel.from_pretrained(tiny_checkpoint)) is valetts_hf.ValeTTSModel
    assert type(AutoModelForTextToWaveform.from_pretrained(tiny_checkpoint)) is valetts_hf.ValeTTSForSpeech
    assert type(AutoTokenizer.from_pretrained(tiny_checkpoint)) is valetts_hf.ValeTTSTokenizer
    assert type(AutoFeatureExtractor.from_pretrained(tiny_checkpoint)) is valetts_hf.ValeTTSFeatureExtractor
    assert type(AutoProcessor.from_pretrained(tiny_checkpoint)) is valetts_hf.ValeTTSProcessor


def test_registering_again_changes_nothing(monkeypatch):
    before = AutoModel._model_mapping[valetts_hf.ValeTTSConfig]
    valetts_hf.register()
    monkeypatch.setattr(registration, "_registered", False)
    valetts_hf.register()
    assert AutoModel._model_mapping[valetts_hf.ValeTTSConfig] is before
    assert registration._registered


def test_public_names_exist():
    for name in valetts_hf.__all__:
        assert getattr(valetts_hf, name) is not None
    assert set(valetts_hf.__all__) <= set(dir(valetts_hf))
    with pytest.raises(AttributeError, match="no attribute 'ValeTTSForSinging'"):
        valetts_hf.ValeTTSForSinging  # noqa: B018


def test_base_checkpoint_is_inside_the_package():
    assert Path(valetts_hf.BASE_CHECKPOINT).is_relative_to(Path(valetts_hf.__file__).parent)
    assert valetts_hf.__version__.count(".") == 2
