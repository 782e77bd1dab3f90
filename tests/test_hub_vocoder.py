"""Vocoders over HTTP: a published one by its name, ours pushed and loaded without the package, a decoder beside a checkpoint."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hub.loopback import LoopbackHub, Repository, run_python

from tests.modeling.published_bigvgan import TINY, plausible_mel, write_published
from tests.modeling.test_decoders import TINY_BIGVGAN
from valetts_hf import ValeTTSVocoder
from valetts_hf.modeling.configuration_valetts import ValeTTSConfig, ValeTTSDecoderConfig
from valetts_hf.modeling.decoders import save_decoder
from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech


pytestmark = [pytest.mark.hub, pytest.mark.slow, pytest.mark.timeout(2000)]
PUBLISHED = "nvidia/bigvgan_v2_24khz_100band_256x"


@pytest.fixture
def hub():
    with LoopbackHub() as running:
        yield running


def files_of(folder) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def serve(hub: LoopbackHub, name: str, folder) -> None:
    hub.repositories[name] = Repository()
    hub.repositories[name].commit(files_of(folder))


def test_a_published_vocoder_loads_by_name_and_then_offline(hub, tmp_path):
    folder = write_published(tmp_path / "published", TINY)
    serve(hub, PUBLISHED, folder)
    mel = plausible_mel(8, 7)
    np.save(tmp_path / "mel.npy", mel.numpy())
    with torch.inference_mode():
        wanted = ValeTTSVocoder.from_pretrained(folder).eval()(mel).waveform.numpy()
    out = tmp_path / "out.npy"
    code = f"""
import numpy as np, torch
from valetts_hf import ValeTTSVocoder, cli
vocoder = ValeTTSVocoder.from_pretrained({PUBLISHED!r}, revision="main").eval()
with torch.inference_mode():
    np.save({str(out)!r}, vocoder(torch.from_numpy(np.load({str(tmp_path / "mel.npy")!r}))).waveform.numpy())
assert cli.main(["convert", "bigvgan", {PUBLISHED!r}, {str(tmp_path / "converted")!r}, "--overwrite"]) == 0
"""
    run_python(code, home=tmp_path / "home", hub=hub)
    np.testing.assert_array_equal(np.load(out), wanted)
    assert any(request.endswith("/bigvgan_generator.pt") for request in hub.requests)
    out.unlink()
    run_python(code, home=tmp_path / "home", offline=True)
    np.testing.assert_array_equal(np.load(out), wanted)


def test_missing_vocoders_say_so(hub, tmp_path):
    hub.repositories["someone/notes"] = Repository()
    hub.repositories["someone/notes"].commit({"README.md": b"nothing here"})
    code = """
from valetts_hf import ValeTTSVocoder
for name in ("nvidia/nothing", "someone/notes"):
    try:
        ValeTTSVocoder.from_pretrained(name)
    except OSError as error:
        assert name in str(error), error
    else:
        raise AssertionError(f"loaded {name}")
"""
    run_python(code, home=tmp_path, hub=hub)


def test_ours_travels_with_its_code(hub, tmp_path):
    folder = write_published(tmp_path / "published", TINY)
    code = f"""
from valetts_hf import ValeTTSVocoder
ValeTTSVocoder.from_pretrained({str(folder)!r}).push_to_hub("valetts/vocoder")
"""
    run_python(code, home=tmp_path / "pusher", hub=hub)
    code = """
from transformers import AutoModel
vocoder = AutoModel.from_pretrained("valetts/vocoder", trust_remote_code=True)
assert type(vocoder).__name__ == "ValeTTSVocoder" and type(vocoder).__module__.startswith("transformers_modules")
"""
    run_python(code, home=tmp_path / "home", hub=hub, package=False)


def test_a_decoder_beside_a_checkpoint_is_fetched_only_when_asked_for(hub, tmp_path, tiny_checkpoint):
    base = ValeTTSForSpeech.from_pretrained(tiny_checkpoint)
    decoder = ValeTTSDecoderConfig(**TINY_BIGVGAN)
    other = ValeTTSForSpeech(ValeTTSConfig.from_dict({**base.config.to_dict(), "decoder": decoder.to_dict()}))
    base.save_pretrained(tmp_path / "both")
    save_decoder(other, tmp_path / "both")
    serve(hub, "valetts/both", tmp_path / "both")
    code = """
from valetts_hf import ValeTTSForSpeech
assert ValeTTSForSpeech.from_pretrained("valetts/both", decoder=KIND).config.decoder.type == (KIND or "istft")
"""
    run_python("KIND = None" + code, home=tmp_path / "home", hub=hub)
    assert not any("decoder_bigvgan" in request for request in hub.requests)
    run_python("KIND = 'bigvgan'" + code, home=tmp_path / "home", hub=hub)
    assert any("decoder_bigvgan/model.safetensors" in request for request in hub.requests)
    run_python("KIND = 'bigvgan'" + code, home=tmp_path / "home", offline=True)
