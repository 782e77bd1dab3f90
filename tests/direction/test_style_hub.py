"""The table of styles of a checkpoint on the Hub, and of one that has none, over HTTP against the loopback Hub."""

from __future__ import annotations

import pytest
from hub.loopback import LoopbackHub, run_python


@pytest.mark.hub
@pytest.mark.slow
@pytest.mark.timeout(2000)
def test_styles_come_from_the_hub(tiny_checkpoint, tmp_path):
    code = f"""
import json
from huggingface_hub import create_repo, upload_folder, upload_file
from valetts_hf import ValeTTS
from valetts_hf.cli import main
from valetts_hf.voices.fingerprint import checkpoint_fingerprint
create_repo("valetts/styled")
upload_folder(repo_id="valetts/styled", folder_path={str(tiny_checkpoint)!r})
tts = ValeTTS.from_pretrained("valetts/styled")
assert list(tts.styles.values()) == [{{}}] * 4, tts.styles
assert main(["styles", "--model", "valetts/styled"]) == 0
table = {{"checkpoint": checkpoint_fingerprint(tts.model), "styles": {{"calm": {{"spec": "token:1"}}}}, "tokens": []}}
upload_file(repo_id="valetts/styled", path_or_fileobj=json.dumps(table).encode(), path_in_repo="styles.json")
tts = ValeTTS.from_pretrained("valetts/styled")
assert list(tts.styles) == ["calm"], tts.styles
assert len(tts("Hello.", language="en-us", style="calm", seed=0)) > 0
print("spoken")
"""
    with LoopbackHub() as hub:
        assert "spoken" in run_python(code, home=tmp_path, hub=hub)
