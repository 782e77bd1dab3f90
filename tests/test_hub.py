"""Push, load, speak and go offline, over HTTP against the loopback Hub."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

import numpy as np
import pytest
from hub.loopback import TOKEN, LoopbackHub, run_python
from hub.speaking import SPEAK, TEXT
from transformers import pipeline


pytestmark = [pytest.mark.hub, pytest.mark.slow, pytest.mark.timeout(2000)]


@pytest.fixture(scope="module")
def hub():
    with LoopbackHub() as running:
        yield running


@pytest.fixture(scope="module")
def pushed(hub, tiny_checkpoint, tmp_path_factory):
    """The loopback Hub with `valetts/base` in it, pushed by transformers."""
    code = f"""
from transformers import AutoModelForTextToWaveform, AutoProcessor
import valetts_hf
model = AutoModelForTextToWaveform.from_pretrained({str(tiny_checkpoint)!r})
processor = AutoProcessor.from_pretrained({str(tiny_checkpoint)!r})
model.push_to_hub("valetts/base")
processor.push_to_hub("valetts/base")
"""
    run_python(code, home=tmp_path_factory.mktemp("pusher"), hub=hub)
    return hub


@pytest.fixture(scope="module")
def expected(tiny_checkpoint):
    return pipeline("text-to-speech", model=str(tiny_checkpoint))(TEXT, forward_params={"seed": 3})["audio"]


def test_push_uploads_everything_that_saving_writes(pushed, tiny_checkpoint):
    repository = pushed.repositories["valetts/base"]
    files = repository.commits[repository.branches["main"]]
    assert set(files) - {".gitattributes", "README.md"} == {path.name for path in tiny_checkpoint.iterdir()}
    assert files["model.safetensors"] == (tiny_checkpoint / "model.safetensors").read_bytes()
    for path in tiny_checkpoint.iterdir():
        if path.suffix == ".py":
            assert files[path.name] == path.read_bytes(), path.name
    assert (
        json.loads(files["config.json"])["auto_map"]
        == json.loads((tiny_checkpoint / "config.json").read_text())["auto_map"]
    )
    assert len(pushed.objects) == 1  # the weights went through LFS


def test_package_loads_by_name_and_then_offline(pushed, tmp_path, tiny_checkpoint, expected):
    out = str(tmp_path / "audio.npy")
    code = f"""
import valetts_hf
speak("valetts/base", {out!r}, trust_remote_code=None)
"""
    run_python(SPEAK + code, home=tmp_path / "home", hub=pushed)
    np.testing.assert_allclose(np.load(out), expected, atol=1e-5)
    # the same cache, no network
    code = f"""
import valetts_hf
from huggingface_hub import snapshot_download
speak("valetts/base", {out + ".offline"!r}, trust_remote_code=None)
folder = pathlib.Path(snapshot_download("valetts/base"))
assert (folder / "model.safetensors").read_bytes() == pathlib.Path({str(tiny_checkpoint / "model.safetensors")!r}).read_bytes()
model = valetts_hf.ValeTTSForSpeech.from_pretrained("valetts/base")
processor = valetts_hf.ValeTTSProcessor.from_pretrained("valetts/base")
assert sorted(processor.voices) == ["ada", "rui"]
"""
    run_python(SPEAK + code, home=tmp_path / "home", offline=True)
    np.testing.assert_array_equal(np.load(out + ".offline.npy"), np.load(out))


def test_remote_code_speaks_without_the_package_and_then_offline(pushed, tmp_path, expected):
    out = str(tmp_path / "audio.npy")
    code = f'speak("valetts/base", {out!r}, trust_remote_code=True)'
    run_python(SPEAK + code, home=tmp_path / "home", hub=pushed, package=False)
    np.testing.assert_allclose(np.load(out), expected, atol=1e-5)
    run_python(SPEAK + code.replace(out, out + ".offline"), home=tmp_path / "home", package=False, offline=True)
    np.testing.assert_array_equal(np.load(out + ".offline.npy"), np.load(out))


def test_missing_names_say_so(pushed, tmp_path):
    code = """
import valetts_hf
for repo, revision in (("valetts/nothing", "main"), ("valetts/base", "v9")):
    try:
        valetts_hf.ValeTTSForSpeech.from_pretrained(repo, revision=revision)
    except OSError as error:
        assert repo in str(error) and (revision == "main" or revision in str(error)), error
    else:
        raise AssertionError(f"loaded {repo} at {revision}")
"""
    run_python(code, home=tmp_path, hub=pushed)


# ------------------------------------------------------------------------------------------------- the loopback Hub itself


def ask(hub: LoopbackHub, path: str, body: dict | None = None, **headers: str):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(hub.endpoint + path, data, headers)
    with urllib.request.urlopen(request) as answer:
        return answer.status, dict(answer.headers), answer.read()


def test_loopback_hub_answers_as_the_hub_does():
    with LoopbackHub() as hub:
        authorized = {"Authorization": f"Bearer {TOKEN}"}
        with pytest.raises(urllib.error.HTTPError, match="401"):
            ask(hub, "/api/repos/create", {"name": "one", "organization": "me"})
        ask(hub, "/api/repos/create", {"name": "one", "organization": "me"}, **authorized)
        with pytest.raises(urllib.error.HTTPError, match="409"):
            ask(hub, "/api/repos/create", {"name": "one", "organization": "me"}, **authorized)
        for path, code in {
            "/api/models/me/two": "RepoNotFound",
            "/api/models/me/one/revision/v2": "RevisionNotFound",
            "/me/one/resolve/main/none.txt": "EntryNotFound",
            "/api/models/me/one/tree/main/folder": "EntryNotFound",
        }.items():
            with pytest.raises(urllib.error.HTTPError, match="404") as error:
                ask(hub, path)
            assert error.value.headers["X-Error-Code"] == code
        status, headers, body = ask(hub, "/me/one/resolve/main/.gitattributes", Range="bytes=2-12")
        assert status == 206 and body == b"safetensors" and headers["Content-Range"].startswith("bytes 2-12/")
        assert headers["X-Repo-Commit"] == hub.repositories["me/one"].branches["main"] and headers["ETag"]
