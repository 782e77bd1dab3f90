"""Code for fresh processes: `speak(model, out)` makes the stock pipeline say `TEXT` with a checkpoint and saves the audio."""

TEXT = "The ferry leaves the harbour at seven."

SPEAK = f"""
import pathlib
import numpy as np
from transformers import pipeline

def speak(model, out, trust_remote_code):
    tts = pipeline("text-to-speech", model=model, trust_remote_code=trust_remote_code)
    assert tts.processor is not None
    parts = (tts.model, tts.model.config, tts.processor, tts.tokenizer, tts.processor.feature_extractor)
    homes = {{type(part).__module__.split(".")[0] for part in parts}}
    assert homes == {{"transformers_modules" if trust_remote_code else "valetts_hf"}}, homes
    np.save(out, tts({TEXT!r}, forward_params={{"seed": 3}})["audio"])
    return tts
"""
