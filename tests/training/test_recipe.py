"""Recipes: inheritance, checks, and which changes a resumed run may bring."""

import json
from pathlib import Path

import pytest
import yaml

from valetts_hf.training.finetuning.finetune_recipe import FinetuneRecipe
from valetts_hf.training.pretrainer import learning_rate_factor
from valetts_hf.training.recipe import PretrainRecipe, check_same_run, load_recipe, recipe_differences


RECIPES = Path(__file__).parents[2] / "training_scripts" / "recipes"


def write(path, **values):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(values))
    return path


def test_a_recipe_lists_only_what_differs_from_its_base(tmp_path):
    write(tmp_path / "all.yaml", batch_size=5, model={"hidden_size": 96, "flow": {"num_couplings": 2}}, max_steps=7)
    write(tmp_path / "sub" / "mid.yaml", base="../all.yaml", losses={"kl": 0.5}, max_steps=8)
    top = write(tmp_path / "sub" / "top.yaml", base="mid.yaml", model={"flow": {"hidden_size": 32}}, losses={"mel": 3})
    recipe = load_recipe(top, batch_size=None, seed=4)
    assert (recipe.batch_size, recipe.max_steps, recipe.seed) == (5, 8, 4)
    assert recipe.losses == {"kl": 0.5, "mel": 3}
    assert recipe.model == {"hidden_size": 96, "flow": {"num_couplings": 2, "hidden_size": 32}}
    assert recipe.model_config.flow.num_couplings == 2 and recipe.loss_weights.mel == 3.0


def test_broken_inheritance_is_explained(tmp_path):
    write(tmp_path / "a.yaml", base="b.yaml")
    write(tmp_path / "b.yaml", base="a.yaml")
    with pytest.raises(ValueError, match="a.yaml is its own base: a.yaml -> b.yaml"):
        load_recipe(tmp_path / "a.yaml")
    write(tmp_path / "c.yaml", base="none.yaml")
    with pytest.raises(FileNotFoundError, match="there is no recipe .*none.yaml, the base of .*c.yaml"):
        load_recipe(tmp_path / "c.yaml")
    with pytest.raises(FileNotFoundError, match="there is no recipe .*absent.yaml"):
        load_recipe(tmp_path / "absent.yaml")


def test_numbers_that_yaml_reads_as_text_are_numbers(tmp_path):
    path = tmp_path / "recipe.yaml"
    path.write_text("learning_rate: 1e-3\nmax_steps: 2e4\nbetas: [0.5, 9e-1]\nlosses: {kl: 1e-2}\n")
    recipe = load_recipe(path)
    assert (recipe.learning_rate, recipe.max_steps, recipe.betas) == (1e-3, 20000, (0.5, 0.9))
    assert recipe.loss_weights.kl == 0.01


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"learning_rat": 1}, r"unknown settings \['learning_rat'\]; did you mean 'learning_rate'"),
        ({"losses": {"mels": 1}}, r"unknown losses \['mels'\]; did you mean 'mel'"),
        ({"model": {"hidden_sizes": 1}}, r"unknown model settings \['hidden_sizes'\]; did you mean 'hidden_size'"),
        ({"augmentation": {"echo": {}}}, "echo"),
        ({"batch_size": 0}, "batch_size must be at least 1, got 0"),
        ({"gradient_accumulation": 0}, "gradient_accumulation must be at least 1, got 0"),
        ({"batch_size": 1.5}, "batch_size must be a whole number, got 1.5"),
        ({"max_steps": True}, "max_steps must be a whole number, got True"),
        ({"learning_rate": "fast"}, "learning_rate must be a number, got 'fast'"),
        ({"losses": {"mel": "big"}}, "losses.mel must be a number, got 'big'"),
        ({"learning_rate": 0}, "learning_rate must be greater than 0, got 0.0"),
        ({"warmup_steps": -1}, "warmup_steps must be at least 0, got -1"),
        ({"decay_steps": -2}, r"decay_steps must be -1 .* got -2"),
        ({"prior_share": 1.5}, r"prior_share must be in \[0, 1\], got 1.5"),
        ({"judged_share": 0}, r"judged_share must be in \(0, 1\], got 0"),
        ({"mixed_precision": "fp8"}, "mixed_precision must be one of no, bf16, fp16, got 'fp8'"),
        ({"discriminator": "huge"}, "discriminator must be one of .*got 'huge'"),
        ({"segment_frames": 999}, "segment_frames 999 exceeds window_frames 160"),
        ({"smooth_gains": True, "freeze": ["decoder"]}, "smooth_gains changes the decoder, which freeze keeps"),
        ({"smooth_gains": True, "freeze": ["all"]}, "smooth_gains changes the decoder, which freeze keeps"),
        ({"smooth_gains": "no"}, "smooth_gains must be true or false, got 'no'"),
        ({"mixed_precision": False}, 'mixed_precision must be a text, got False .write "no" and "yes" in quotes'),
        ({"learning_rate": float("inf")}, "learning_rate must be a number, got 'Infinity'"),
        ({"weight_decay": float("nan")}, "weight_decay must be a number, got 'NaN'"),
        ({"ema_decay": 1}, r"ema_decay must be in \[0, 1\), got 1.0"),
        ({"betas": 0.9}, "betas must be a list of 2, got 0.9"),
        ({"betas": [0.9, 1.5]}, r"betas must be in \[0, 1\), got \(0.9, 1.5\)"),
        ({"losses": [1]}, r"losses must be a mapping, got \[1\]"),
        ({"losses": {"kl": -1}}, r"weights of losses must be at least 0, got {'kl': -1.0}"),
        ({"speaker_boosts": {"ada": "loud"}}, "speaker_boosts.ada must be a number, got 'loud'"),
        ({"speaker_boosts": {"ada": -1}}, "speaker_boosts must be at least 0, got {'ada': -1.0}"),
        ({"freeze": 3}, "freeze must be a list, got 3"),
        ({"freeze": [3]}, "freeze must be a text, got 3"),
        ({"model": {"flow": {"num_coupling": 1}}}, r"unknown model.flow settings .*did you mean 'num_couplings'"),
        ({"model": {"flow": 4}}, "recipe: model: .*flow"),
        ({"model": {"flow": {"num_couplings": -1}}}, "recipe: model: .*num_couplings must be .* got -1"),
        ({"augmentation": {"noise": {"low_snr_db": "x"}}}, "augmentation.noise: low_snr_db must be a number, got 'x'"),
    ],
)
def test_recipes_are_checked(settings, message, tmp_path):
    path = tmp_path / "recipe.yaml"
    path.write_text(json.dumps(settings))
    with pytest.raises(ValueError, match=message):
        load_recipe(path)


@pytest.mark.parametrize(
    ("text", "message"), [("- 1\n", "must be a mapping of settings, got list"), ("a: [1", "is not valid YAML")]
)
def test_files_that_are_no_recipe(text, message, tmp_path):
    path = tmp_path / "recipe.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        load_recipe(path)


def test_one_text_stands_for_a_list_of_one():
    assert PretrainRecipe(freeze="flow").freeze == ["flow"]


@pytest.mark.parametrize("name", ["base_cpu", "base_gpu"])
def test_shipped_recipes_load(name):
    assert load_recipe(RECIPES / f"{name}.yaml").max_steps > 0


def test_the_gpu_recipe_is_the_full_network():
    recipe = load_recipe(RECIPES / "base_gpu.yaml")
    assert recipe.model == {} and recipe.discriminator == "gpu" and recipe.batch_size == 64


def test_differences_name_nested_keys_and_count_defaults():
    old = {"losses": {"kl": 0.5}, "betas": (0.8, 0.99), "seed": 0}
    assert recipe_differences(old, PretrainRecipe(losses={"kl": 0.5})) == {}
    new = PretrainRecipe(losses={"kl": 0.1}, seed=3, betas=(0.5, 0.9))
    assert recipe_differences(old, new) == {
        "betas": ([0.8, 0.99], [0.5, 0.9]),
        "losses.kl": (0.5, 0.1),
        "seed": (0, 3),
    }
    assert recipe_differences(old | {"gone": 1}, PretrainRecipe(losses={"kl": 0.5})) == {"gone": (1, "default")}
    assert recipe_differences({"seed": 0}, FinetuneRecipe()) == {}  # the defaults are those of the kind of recipe


def test_a_run_goes_on_only_under_its_own_recipe():
    old = PretrainRecipe().to_dict()
    assert check_same_run(old, PretrainRecipe(save_every=7, log_every=3, sample_every=5, keep_checkpoints=1)) == []
    new = PretrainRecipe(max_steps=50000, losses={"kl": 0.1})
    with pytest.raises(ValueError, match=r"losses.kl: 'default' -> 0.1; max_steps: 40000 -> 50000.*--allow_changes"):
        check_same_run(old, new)
    changes = check_same_run(old, new, allow_changes=True)
    assert changes == ["losses.kl: 'default' -> 0.1", "max_steps: 40000 -> 50000"]
    for settings in ({"model": {"hidden_size": 96}}, {"discriminator": "gpu"}):
        with pytest.raises(ValueError, match="holds other networks .*--init_from"):
            check_same_run(old, PretrainRecipe(**settings), allow_changes=True)


def test_the_learning_rate_warms_up_stays_and_decays():
    def factors(steps, **settings):
        recipe = PretrainRecipe(warmup_steps=10, max_steps=110, final_learning_rate=0.1, **settings)
        return [learning_rate_factor(step, recipe) for step in steps]

    assert factors([0, 10, 60, 110, 500]) == pytest.approx([0.1, 1.0, 0.55, 0.1, 0.1])
    assert factors([0, 10, 69, 70, 90, 110], decay_steps=40) == pytest.approx([0.1, 1.0, 1.0, 1.0, 0.55, 0.1])
    assert factors([0, 10, 109, 5000], decay_steps=0) == pytest.approx([0.1, 1.0, 1.0, 1.0])
    assert factors([9, 10], decay_steps=1000) == pytest.approx([1.0, 1.0])  # never before the end of the warm-up
