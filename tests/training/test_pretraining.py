"""One training step on a tiny model: losses reach every weight, gradients accumulate and do not leak."""

import numpy as np
import pytest
import torch
from accelerate.state import AcceleratorState

from tests.training.data.test_batches import without_text
from tests.training.tiny_runs import MODEL, tiny_recipe, tiny_run
from valetts_hf.modeling.mel import LogMelSpectrogram
from valetts_hf.modeling.modeling_valetts import ValeTTSForSpeech
from valetts_hf.training.data.batches import BatchMaker, speaker_weights
from valetts_hf.training.frozen_parts import PARTS, freeze_parts
from valetts_hf.training.objective import GeneratorObjective
from valetts_hf.training.pretrainer import build_state, pass_seed, pretrain_step
from valetts_hf.training.run.pretrain_run import make_batches
from valetts_hf.training.run.sharding import make_accelerator


def batches_of(corpus, recipe, seed=0):
    mel = LogMelSpectrogram(24000, 1024, 256, 100)
    weights = speaker_weights(corpus, recipe.speaker_exponent)
    sizes = (recipe.batch_size, recipe.window_frames, recipe.reference_frames)
    return BatchMaker(corpus, mel, weights, *sizes, seed=seed)


def test_the_noise_of_a_pass_follows_from_seed_and_number():
    assert pass_seed(0, 1) == pass_seed(0, 1)
    assert len({pass_seed(seed, number) for seed in (0, 1) for number in (0, 1)}) == 4


@pytest.mark.parametrize("prior_share", [0.0, 0.5, 1.0])
def test_every_weight_of_the_generator_learns(buzz_corpus, prior_share):
    recipe = tiny_recipe(batch_size=3, window_frames=50, segment_frames=16)
    torch.manual_seed(0)
    model = ValeTTSForSpeech(recipe.model_config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.02)  # zero-initialised weights block the ones before them
    objective = GeneratorObjective(model, recipe.segment_frames, prior_share)
    output = objective(batches_of(buzz_corpus, recipe).batch(0))
    assert output.generated.shape == output.target.shape == (3, 16 * 256)
    sum(output.losses.values()).backward()
    trained = {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}
    assert [name for name, parameter in trained.items() if parameter.grad is None] == []
    assert all(torch.isfinite(parameter.grad).all() for parameter in trained.values())
    fixed = {name for name, _ in model.named_parameters()} - set(trained)
    assert all(name.startswith("decoder.emphasis_color.") for name in fixed), "these are fitted, see spectral_color.py"


def test_what_the_pass_never_reaches_is_no_weight_to_train(buzz_corpus):
    """Of a finished checkpoint: replicas on several processes would wait for the gradients of these for ever."""
    network = MODEL | {"sketch": {"enabled": True, "hidden_size": 16, "intermediate_size": 16}}
    recipe = tiny_recipe(model=network, batch_size=3, window_frames=50, segment_frames=16)
    model = ValeTTSForSpeech(recipe.model_config).requires_grad_(True)  # as `from_pretrained` leaves it
    freeze_parts(model, [])
    output = GeneratorObjective(model, recipe.segment_frames, prior_share=0.5)(
        batches_of(buzz_corpus, recipe).batch(0)
    )
    sum(output.losses.values()).backward()
    waiting = {name for name, value in model.named_parameters() if value.requires_grad and value.grad is None}
    assert not waiting
    fixed = {name.split(".")[1] for name, value in model.named_parameters() if not value.requires_grad}
    assert fixed == {"sketch", "emphasis_color"}


def test_alignment_search_replaces_durations_of_whole_clips(buzz_corpus):
    recipe = tiny_recipe(window_frames=100)
    torch.manual_seed(0)
    objective = GeneratorObjective(ValeTTSForSpeech(recipe.model_config), recipe.segment_frames).eval()
    batches = batches_of(buzz_corpus, recipe)
    lengths = buzz_corpus.frame_lengths
    short, long = int(lengths.argmin()), int(lengths.argmax())
    assert lengths[short] < 100 < lengths[long]
    clips, zeros = np.array([short, long]), np.array([0, 0])
    batch = batches.assemble(clips, zeros, clips, zeros)
    output = objective(batch, torch.Generator().manual_seed(0), search_noise=0.01)
    found = output.log_durations.exp().round().long() * batch.token_mask
    assert int(found[0].sum()) == lengths[short] and (found[0][batch.token_mask[0]] >= 1).all()
    assert not torch.equal(found[0], batch.durations[0])
    assert torch.equal(found[1], batch.durations[1])


def test_steps_lower_the_loss_and_judges_keep_their_own_gradients(buzz_corpus):
    recipe = tiny_recipe(learning_rate=2e-3, max_steps=40, batch_size=3, window_frames=50, segment_frames=16)
    accelerator = make_accelerator("no", cpu=True)
    torch.manual_seed(0)
    state = build_state(recipe, accelerator, ValeTTSForSpeech(recipe.model_config))
    batch = batches_of(buzz_corpus, recipe).batch(0)
    first = pretrain_step(state, batch, recipe, accelerator)
    for _ in range(25):
        last = pretrain_step(state, batch, recipe, accelerator)
    assert last["mel"] < 0.8 * first["mel"]
    assert last["duration"] < first["duration"]
    assert {"adversarial", "feature_matching", "judge_waveform", "duration_adversarial"} <= set(last)
    assert all(not parameter.requires_grad for parameter in state.discriminator.parameters())


@pytest.fixture(params=["no", "bf16"])
def accelerator(request):
    AcceleratorState._reset_state(True)  # it holds one precision for the whole process
    yield make_accelerator(request.param, cpu=True)
    AcceleratorState._reset_state(True)


@pytest.fixture
def gradients_of(buzz_corpus, accelerator, monkeypatch):
    """Function (numbers of batches, recipe's settings) -> gradients by name after a step that changes no weight."""
    recipe = tiny_recipe()
    torch.manual_seed(0)
    state = build_state(recipe, accelerator, ValeTTSForSpeech(recipe.model_config))
    state.duration_discriminator.eval()  # its dropout draws otherwise when the generator passes twice
    for optimizer in (state.generator_optimizer, state.discriminator_optimizer):
        monkeypatch.setattr(optimizer, "step", lambda: None)

    def gradients(*numbers, **settings):
        recipe = tiny_recipe(adversarial_start=0, clip_norm=1e9, **settings)
        batches = batches_of(buzz_corpus, recipe)
        state.step = numbers[0] // len(numbers)
        losses = pretrain_step(state, [batches.batch(number) for number in numbers], recipe, accelerator)
        modules = (state.objective, state.discriminator, state.duration_discriminator)
        found = {
            f"{index}.{name}": parameter.grad.clone()
            for index, module in enumerate(modules)
            for name, parameter in module.named_parameters()
            if parameter.grad is not None
        }
        return found, losses

    return gradients


def test_accumulated_gradients_are_the_mean_of_those_of_the_batches(gradients_of):
    (first, first_losses), (second, second_losses) = gradients_of(4), gradients_of(5)
    both, losses = gradients_of(4, 5)
    assert both.keys() == first.keys() == second.keys() and {name[0] for name in both} == set("012")
    for name, value in both.items():
        mean = (first[name] + second[name]) / 2
        assert float((value - mean).norm()) <= 1e-3 * float(mean.norm()) + 1e-6, name
    assert float(losses["mel"]) == pytest.approx(float(first_losses["mel"] + second_losses["mel"]) / 2, rel=1e-5)
    assert float((first["0.model.decoder.head.weight"] - second["0.model.decoder.head.weight"]).abs().max()) > 0


def test_no_gradient_leaks_between_generator_and_judges(gradients_of):
    loud = {"adversarial": 1000.0, "feature_matching": 1000.0, "duration_adversarial": 1000.0}
    plain, _ = gradients_of(0, losses=dict.fromkeys(loud, 0.0))
    weighted, _ = gradients_of(0, losses=loud)
    generator_differs = False
    for name, value in plain.items():
        if name.startswith("0."):
            generator_differs |= not torch.equal(value, weighted[name])
        else:
            assert torch.equal(value, weighted[name]), f"the generator's losses reach the judge's {name}"
    assert generator_differs


def test_a_share_of_the_rows_is_judged(gradients_of):
    whole, whole_losses = gradients_of(0)
    half, half_losses = gradients_of(0, judged_share=0.5)
    assert not torch.equal(whole_losses["judge_waveform"], half_losses["judge_waveform"])
    assert torch.equal(whole_losses["mel"], half_losses["mel"])
    assert torch.equal(whole_losses["judge_duration"], half_losses["judge_duration"])


def test_a_gradient_that_is_not_finite_never_reaches_the_weights(buzz_corpus):
    recipe = tiny_recipe(adversarial_start=99)
    accelerator = make_accelerator("no", cpu=True)
    state = build_state(recipe, accelerator, ValeTTSForSpeech(recipe.model_config))
    before = [parameter.detach().clone() for parameter in state.objective.parameters()]
    batch = batches_of(buzz_corpus, recipe).batch(0)
    batch.waveform[:] = torch.nan
    with pytest.raises(FloatingPointError, match="not finite at step 0: lower the learning rate"):
        pretrain_step(state, batch, recipe, accelerator)
    assert state.step == 0
    assert all(torch.equal(a, b) for a, b in zip(before, state.objective.parameters(), strict=True))


def test_speech_without_text_teaches_style_posterior_and_decoder(buzz_corpus):
    corpus = without_text(buzz_corpus, 3)
    recipe = tiny_recipe(batch_size=3, window_frames=50, segment_frames=16, speech_only_share=0.4, prior_share=0.5)
    torch.manual_seed(0)
    model = ValeTTSForSpeech(recipe.model_config)
    batch = make_batches(corpus, recipe, model, torch.device("cpu")).batch(0)
    objective = GeneratorObjective(model, recipe.segment_frames, recipe.prior_share).eval()
    passes = [objective(part, torch.Generator().manual_seed(0)) for part in (batch, batch.with_text)]
    assert batch.text_rows == 2 and len(passes[0].generated) == 3 and len(passes[0].hidden_states) == 2
    assert passes[0].token_mask.shape == passes[0].log_durations.shape
    torch.testing.assert_close(passes[0].hidden_states, passes[1].hidden_states)
    # only the last row is wanted here: what it is decoded from
    passes[0].generated[2].square().mean().backward()
    taught = {
        name.split(".")[1] for name, value in model.named_parameters() if value.grad is not None and value.grad.any()
    }
    assert taught == {"style_encoder", "posterior_encoder"} or {"style_encoder", "posterior_encoder"} < taught
    assert not taught & {
        "text_encoder",
        "flow",
        "frame_prior",
        "token_prior",
        "duration_predictor",
        "prosody_predictor",
    }
    state = build_state(recipe, make_accelerator("no", cpu=True), model.train())
    state.step = recipe.adversarial_start
    losses = pretrain_step(state, batch, recipe, make_accelerator("no", cpu=True))
    assert all(torch.isfinite(value) for value in losses.values())


def test_what_is_frozen_stays_as_it_is(buzz_corpus, tmp_path):
    """With all but the decoder frozen, a run changes the decoder alone, and the averaged weights as well."""
    frozen = [part for part in PARTS if part != "decoder"]
    run = tiny_run(tmp_path, buzz_corpus, max_steps=2, save_every=2, freeze=frozen)
    model = run.state.generator(run.accelerator)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    run.train()
    for weights in (model.state_dict(), ValeTTSForSpeech.from_pretrained(tmp_path / "run" / "model").state_dict()):
        changed = {name for name, value in weights.items() if not torch.equal(value.cpu(), before[name])}
        assert changed and all(name.startswith("decoder.") for name in changed), changed
    with pytest.raises(
        ValueError, match="freeze knows no \\['vocoder'\\]; the parts are text_encoder, .* decoder and all"
    ):
        tiny_recipe(freeze="vocoder")
