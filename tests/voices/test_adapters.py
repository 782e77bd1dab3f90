"""PEFT presets: what they change, switching, mixing rows, files, and adapters that do not fit."""

import copy
import sys
import threading
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from tests.conftest import tiny_config
from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.voices.adapters import (
    METHODS,
    PRESETS,
    AdapterError,
    active_adapter,
    adapter_config,
    adapter_parameters,
    adapter_state,
    attach_adapter,
    attached_adapters,
    detach_adapter,
    load_adapter_state,
    load_voice_adapter,
    read_adapter,
    save_adapter,
    set_active,
    use_adapter,
)
from valetts_hf.voices.fingerprint import checkpoint_fingerprint


pytestmark = pytest.mark.filterwarnings("ignore:Already found a `peft_config`")


@pytest.fixture
def model() -> ValeTTSForSpeech:
    torch.manual_seed(0)
    model = ValeTTSForSpeech(tiny_config()).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if not parameter.any():
                parameter.normal_(std=0.05)
    return model


def speak(model, rows=3):
    """Waveforms of rows that differ in text and style; durations are given, so that all have one length."""
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        return model(
            torch.randint(5, 90, (3, 6), generator=generator)[:rows],
            durations=torch.full((3, 6), 4)[:rows],
            style=torch.randn(3, 16, generator=generator)[:rows],
            noise_scale=0.0,
            seed=0,
        ).waveform


def same(first, second):
    """Equal up to the order of sums, which may depend on where the numbers lie in memory."""
    return torch.allclose(first, second, rtol=1e-4, atol=1e-6)


def add(model, name, seed, preset="default", method="lora"):
    """An adapter that has learned something."""
    torch.manual_seed(seed)
    for parameter in attach_adapter(model, adapter_config(preset, model, method), name):
        nn.init.normal_(parameter, std=0.15)


def alone(model, name):
    set_active(model, name)
    try:
        return speak(model)
    finally:
        set_active(model, None)


@pytest.mark.parametrize(
    ("preset", "method"), [("tiny", "lora"), ("max", "lora"), *(("default", method) for method in METHODS)]
)
def test_a_fresh_adapter_changes_nothing_and_leaves_nothing(model, preset, method):
    plain, names = speak(model), [name for name, _ in model.named_parameters()]
    parameters = attach_adapter(model, adapter_config(preset, model, method), "ada")
    torch.testing.assert_close(speak(model), plain, rtol=0, atol=1e-5)
    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    assert len(parameters) > 10 and {id(p) for p in parameters} == {id(p) for p in trainable}
    detach_adapter(model, "ada")
    assert [name for name, _ in model.named_parameters()] == names and attached_adapters(model) == []
    assert same(speak(model), plain)


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_reach_every_part_that_speaks_and_no_other(model, preset):
    attach_adapter(model, adapter_config(preset, model), "ada")
    touched = {name.split(".lora")[0] for name in adapter_parameters(model, "ada")}
    assert not any("posterior_encoder" in name or "style_encoder" in name for name in touched)
    for part in ("decoder.head", "decoder.stack.blocks.0.up", "model.frame_prior.stack.blocks.0.norm.affine"):
        assert part in touched
    everywhere = {
        "model.text_encoder.layers.0.attention.q_proj",
        "model.text_encoder.layers.0.up",
        "model.flow.couplings.0.convolutions.inputs.0",
        "model.flow.couplings.1.transformer.0.attention_norm.affine",
        "model.duration_predictor.norms.0.affine",
        "model.duration_predictor.convolutions.0",
    }
    assert everywhere <= touched if preset != "tiny" else not (everywhere & touched)


def test_presets_grow(model):
    sizes = []
    for preset in ("tiny", "default", "max"):
        sizes.append(sum(p.numel() for p in attach_adapter(model, adapter_config(preset, model), preset)))
        detach_adapter(model, preset)
    assert sizes == sorted(set(sizes))


@pytest.mark.parametrize("method", METHODS)
def test_adapters_swap_without_traces(model, method):
    plain = speak(model)
    add(model, "ada", 1, "tiny", method)
    add(model, "rui", 2, "tiny", method)
    ada, rui = alone(model, "ada"), alone(model, "rui")
    assert not torch.allclose(ada, plain) and not torch.allclose(ada, rui)
    assert same(speak(model), plain) and active_adapter(model) is None
    for name, expected in (("ada", ada), (None, plain), ("rui", rui), ("ada", ada)):
        with use_adapter(model, name):
            torch.testing.assert_close(speak(model), expected, rtol=1e-3, atol=1e-4)
    assert same(speak(model), plain)


def test_rows_of_a_batch_have_adapters_of_their_own(model):
    plain = speak(model)
    add(model, "ada", 1)
    add(model, "rui", 2, "tiny")  # other layers and another rank
    ada, rui = alone(model, "ada"), alone(model, "rui")
    with use_adapter(model, ["rui", None, "ada"]):
        mixed = speak(model)
    torch.testing.assert_close(mixed, torch.stack([rui[0], plain[1], ada[2]]), rtol=1e-3, atol=1e-4)


def test_rows_need_plain_lora(model):
    add(model, "ada", 1, "tiny", "dora")
    with pytest.raises(AdapterError, match="voice by voice"), use_adapter(model, ["ada", None]):
        pass


def test_threads_speak_with_different_adapters_at_once(model):
    add(model, "ada", 1)
    add(model, "rui", 2)
    expected = {name: alone(model, name) for name in ("ada", "rui")} | {None: speak(model)}
    meeting, results = threading.Barrier(3), {}

    def work(name):
        with use_adapter(model, name):
            meeting.wait(timeout=30)  # all are inside at the same time
            results[name] = speak(model)
            meeting.wait(timeout=30)

    threads = [threading.Thread(target=work, args=(name,)) for name in expected]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name, waveform in expected.items():
        torch.testing.assert_close(results[name], waveform, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("method", ["lora", "dora"])
def test_what_was_in_force_is_in_force_again(model, method):
    add(model, "ada", 1, "tiny", method)
    add(model, "rui", 2, "tiny", method)
    set_active(model, "ada")
    ada = speak(model)
    with use_adapter(model, "rui"):
        rui = speak(model)
        with use_adapter(model, None):
            assert not same(speak(model), rui)
        assert same(speak(model), rui)  # the inner block is over, the outer one is not
    assert same(speak(model), ada)
    detach_adapter(model, "rui")  # another one goes
    assert active_adapter(model) == "ada" and same(speak(model), ada)
    detach_adapter(model, "ada")
    assert active_adapter(model) is None


def test_what_a_thread_wants_holds_for_one_model(model):
    twin = copy.deepcopy(model)
    for one in (model, twin):
        add(one, "ada", 1, "tiny")
        set_active(one, None)
    plain, adapted = speak(twin), alone(twin, "ada")
    with use_adapter(model, "ada"):
        assert same(speak(model), adapted) and same(speak(twin), plain)


def test_adapters_are_told_apart_by_their_scale_too(model):
    add(model, "made", 1, "tiny")
    state = adapter_state(model, "made")
    detach_adapter(model, "made")
    weak, strong = adapter_config("tiny", model), adapter_config("tiny", model)
    strong.lora_alpha *= 2
    names = [load_voice_adapter(model, SimpleNamespace(adapter=(config, state))) for config in (weak, strong)]
    assert len(set(names)) == 2
    assert not any(value.requires_grad for name in names for value in adapter_parameters(model, name).values())
    assert not same(alone(model, names[0]), alone(model, names[1]))


def test_an_adapter_works_before_and_after_weight_norm_is_folded_in(model, tmp_path):
    add(model, "ada", 1)
    before, state = alone(model, "ada"), adapter_state(model, "ada")
    set_active(model, "ada")
    torch.testing.assert_close(speak(model.fuse_weight_norm()), before, rtol=1e-3, atol=1e-5)
    torch.manual_seed(0)
    detach_adapter(model, "ada")
    attach_adapter(model, adapter_config("default", model), "again")  # onto the folded model
    load_adapter_state(model, "again", state)
    torch.testing.assert_close(speak(model), before, rtol=1e-3, atol=1e-5)


def test_files_come_back(model, tmp_path):
    add(model, "ada", 1)
    kept = {name: value.half().float() for name, value in adapter_state(model, "ada").items()}
    load_adapter_state(model, "ada", kept)
    expected = alone(model, "ada")
    save_adapter(tmp_path, model.peft_config["ada"], kept)
    detach_adapter(model, "ada")
    config, state = read_adapter(tmp_path)
    assert all(value.dtype == torch.float16 for value in state.values())
    attach_adapter(model, config, "ada")
    load_adapter_state(model, "ada", state)
    assert same(speak(model), expected)


def test_transformers_and_peft_read_the_files_too(model, tmp_path):
    from peft import PeftModel

    add(model, "ada", 1)
    save_adapter(tmp_path, model.peft_config["ada"], adapter_state(model, "ada"))
    detach_adapter(model, "ada")
    plain = speak(model)
    wrapped = PeftModel.from_pretrained(model, tmp_path)
    by_peft = speak(wrapped)
    wrapped.unload()
    assert same(speak(model), plain) and not torch.allclose(by_peft, plain)
    model.load_adapter(tmp_path, "ada")
    torch.testing.assert_close(speak(model), by_peft, rtol=1e-3, atol=1e-4)
    model.disable_adapters()
    assert same(speak(model), plain)


def test_add_adapter_of_transformers_takes_a_preset(model, tmp_path):
    plain = speak(model)
    model.add_adapter(adapter_config("tiny"), "ada")
    for parameter in adapter_parameters(model, "ada").values():
        nn.init.normal_(parameter, std=0.15)
    expected = speak(model)
    with use_adapter(model, [None, "ada", None]):
        mixed = speak(model)
    torch.testing.assert_close(mixed, torch.stack([plain[0], expected[1], plain[2]]), rtol=1e-3, atol=1e-4)
    model.save_pretrained(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} >= {"adapter_config.json", "adapter_model.safetensors"}
    model.delete_adapter("ada")
    torch.testing.assert_close(speak(model), plain, rtol=1e-3, atol=1e-4)
    model.load_adapter(str(tmp_path), "again")
    torch.testing.assert_close(speak(model), expected, rtol=1e-3, atol=1e-4)


# --- voices ---------------------------------------------------------------------------------------------------------------


def voice_of(model, name="ada", seed=1, **changes):
    """What `load_voice_adapter` looks at."""
    add(model, "made", seed)
    state, config = adapter_state(model, "made"), model.peft_config["made"]
    detach_adapter(model, "made")
    return SimpleNamespace(name=name, adapter=(config, state), checkpoint=checkpoint_fingerprint(model), **changes)


def test_voices_load_once_and_disturb_nobody(model, tmp_path):
    first, second = voice_of(model), voice_of(model, "rui", 2)
    random = torch.get_rng_state()
    name = load_voice_adapter(model, first)
    set_active(model, name)
    ada = speak(model)
    other = load_voice_adapter(model, second)
    assert active_adapter(model) == name and other != name and same(speak(model), ada)
    assert load_voice_adapter(model, first) == name and len(attached_adapters(model)) == 2
    assert torch.equal(torch.get_rng_state(), random) and not any(p.requires_grad for p in model.parameters())
    save_adapter(tmp_path, *first.adapter)
    kept = SimpleNamespace(name="ada", adapter=tmp_path, checkpoint=first.checkpoint)
    assert load_voice_adapter(model, kept) == name  # the same content, from disk
    assert load_voice_adapter(model, SimpleNamespace(name="plain", adapter=None)) is None


def test_a_voice_of_another_checkpoint_is_refused(model):
    voice = voice_of(model)
    torch.manual_seed(5)
    other = ValeTTSForSpeech(tiny_config()).eval()
    with pytest.raises(AdapterError, match="'ada' was made for the checkpoint"):
        load_voice_adapter(other, voice)
    assert attached_adapters(other) == []


def test_an_adapter_of_another_rank_is_refused(model):
    voice = voice_of(model)
    voice.adapter = (adapter_config("max", model), voice.adapter[1])
    plain = speak(model)
    with pytest.raises(AdapterError, match=r"does not fit: .*lora_A.* has the shape .* Its rank differs"):
        load_voice_adapter(model, voice)
    assert attached_adapters(model) == [] and same(speak(model), plain)


def test_an_adapter_for_other_layers_is_refused(model):
    voice = voice_of(model)
    voice.adapter = (adapter_config("tiny", model), voice.adapter[1])
    with pytest.raises(AdapterError, match="which the model lacks"):
        load_voice_adapter(model, voice)
    config = adapter_config("tiny", model)
    config.target_modules = "no_such_layer"
    with pytest.raises(AdapterError, match="layers this model does not have"):
        attach_adapter(model, config, "ada")


@pytest.mark.parametrize("damage", [{"target_modules": "nothing"}, {"r": "eight"}])
@pytest.mark.parametrize("beside", [False, True])
def test_a_refused_adapter_leaves_nothing_behind(model, damage, beside):
    plain = speak(model)
    add(model, "good", 1)
    config, state = adapter_config("default", model), adapter_state(model, "good")
    adapted = alone(model, "good")
    if not beside:
        detach_adapter(model, "good")
    broken = adapter_config("default", model)
    for key, value in damage.items():
        setattr(broken, key, value)
    for _ in range(2):  # the second time it is not taken for one that is there
        with pytest.raises(AdapterError, match="Make or fetch the voice again"):
            load_voice_adapter(model, SimpleNamespace(name="x", adapter=(broken, state)))
        assert attached_adapters(model) == (["good"] if beside else [])
    assert same(speak(model), plain)
    name = load_voice_adapter(model, SimpleNamespace(name="x", adapter=(config, state)))
    with use_adapter(model, name):
        assert same(speak(model), adapted)


def test_a_damaged_adapter_is_refused(model, tmp_path):
    voice = voice_of(model)
    state = dict(voice.adapter[1])
    key = sorted(state)[0]
    state[key] = torch.full_like(state[key], float("nan"))
    voice.adapter = (voice.adapter[0], state)
    with pytest.raises(AdapterError, match="damaged: .* not finite"):
        load_voice_adapter(model, voice)
    with pytest.raises(AdapterError, match="adapter_config.json is missing"):
        read_adapter(tmp_path)
    save_adapter(tmp_path, adapter_config("tiny", model), {"a": torch.zeros(2)})
    (tmp_path / "adapter_model.safetensors").write_bytes(b"half a file")
    with pytest.raises(AdapterError, match="is damaged"):
        read_adapter(tmp_path)


def test_names_and_methods_are_checked(model):
    add(model, "ada", 1, "tiny")
    with pytest.raises(AdapterError, match="already has an adapter 'ada'"):
        attach_adapter(model, adapter_config("tiny", model), "ada")
    with pytest.raises(AdapterError, match="letters, digits"):
        attach_adapter(model, adapter_config("tiny", model), "a.b")
    with pytest.raises(AdapterError, match="carries LORA adapters and cannot take a IA3"):
        attach_adapter(model, adapter_config("tiny", model, "ia3"), "rui")
    for wrong in (lambda: set_active(model, "eva"), lambda: detach_adapter(model, "eva")):
        with pytest.raises(AdapterError, match="no adapter 'eva'; attached: ada"):
            wrong()
    with pytest.raises(AdapterError, match="no adapter 'eva'"), use_adapter(model, "eva"):
        pass
    with pytest.raises(ValueError, match="preset must be one of tiny, default, max, got 'huge'"):
        adapter_config("huge")
    with pytest.raises(ValueError, match="method must be one of lora, dora, loha, ia3, got 'prefix'"):
        adapter_config("tiny", None, "prefix")


def test_names_like_modules_do_no_harm(model):
    add(model, "down", 1, "tiny")
    add(model, "rui", 2, "tiny")
    assert all(".down." not in name.split("lora")[-2] or "lora" in name for name in adapter_parameters(model, "down"))
    assert not set(adapter_parameters(model, "down")) & set(adapter_parameters(model, "rui"))


def test_without_peft_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(ImportError, match=r"pip install 'valetts-hf\[adapters\]'"):
        adapter_config("default")
