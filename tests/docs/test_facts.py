"""What pages state beside their code is true: tables of presets and languages, lists of tags, parts, places and messages."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
import torch

from tests.docs.blocks import ROOT, blocks, pages, read


COMMANDS = [line for block in blocks("README.md", "console") for line in block.body.splitlines()]


def rows(page: str) -> list[list[str]]:
    """The cells of all tables of a page."""
    return [
        [cell.strip() for cell in line.strip("|").split(" | ")]
        for line in read(page).splitlines()
        if line.startswith("| ") and "---" not in line
    ]


def test_readme_has_the_two_commands():
    assert 'pip install . && valetts say "The ferry leaves the harbour at seven." --output ferry.wav' in COMMANDS
    assert 'pip install ".[dev]" && pytest' in COMMANDS


def test_the_numbers_of_the_readme_are_those_of_the_model_card():
    """Words misheard and predicted MOS of each system."""
    card = {row[0]: (row[2], row[4]) for row in rows("model_cards/base.md") if len(row) == 6 and row[1].isdigit()}
    listed = {row[0]: tuple(row[1:]) for row in rows("README.md") if row[0] in card}
    assert len(listed) == 3 and listed == {name: card[name] for name in listed}


def test_the_map_of_the_readme_shows_places_that_exist():
    places = [
        place
        for row in re.findall(r"^\| (`.*?) \|", read("README.md"), flags=re.MULTILINE)
        for place in re.findall(r"`([^`]+)`", row)
    ]
    assert len(places) >= 10
    missing = [
        place for place in places if not (ROOT / place).exists() and not (ROOT / "src/valetts_hf" / place).exists()
    ]
    assert not missing, missing


def test_languages():
    """docs/languages.md lists those of the code, with the bundled checkpoint's default voices."""
    from valetts_hf import BASE_CHECKPOINT
    from valetts_hf.processing.languages import LANGUAGES

    listed = {row[0].strip("`"): row[1:] for row in rows("docs/languages.md") if row[0].startswith("`")}
    assert list(listed) == list(LANGUAGES)
    for code, (name, own, reading, voice, heard) in listed.items():
        language = LANGUAGES[code]
        assert (name, own) == (language.name, language.native_name)
        assert reading == ("full" if language.promised else "basic")
        assert heard in ("well", "little", "no")
        settings = Path(BASE_CHECKPOINT) / "processor_config.json"
        if settings.is_file():
            assert voice == json.loads(settings.read_text())["default_voices"][code]


def test_what_was_heard_is_what_the_model_card_says():
    card = read("model_cards/base.md")
    (heard,) = re.findall(r"^Heard in training: (.*)$", card, re.MULTILINE)
    little, never = re.search(r"ten minutes or less each, (.*?)\. (.*?) were never heard", heard).groups()
    for name, _, _, _, state in (row[1:] for row in rows("docs/languages.md") if row[0].startswith("`")):
        plain = {"Portuguese (Brazil)": "Brazilian Portuguese", "Portuguese (Portugal)": "European Portuguese"}.get(
            name, name.split()[0]
        )
        assert plain in heard, name
        assert state == ("little" if plain in little else "no" if plain in never else "well"), name


def test_markup_names_every_tag_attribute_and_kind():
    from valetts_hf.processing.say_as import KINDS
    from valetts_hf.processing.ssml import TAGS

    text = read("docs/markup.md")
    for name, attributes in TAGS.items():
        assert all(f"`{word}" in text for word in (name, *attributes)), name
    assert all(f"`{kind}`" in text for kind in KINDS)


def test_lines_that_are_shown_as_styles_are_styles():
    from valetts_hf.direction.style_spec import parse_style

    (block,) = blocks("docs/styles.md", "text")
    assert len(block.body.splitlines()) >= 4
    assert all(parse_style(line) for line in block.body.splitlines())


def test_measured_tables_of_styles_are_filled():
    text = read("docs/styles.md")
    for name in ("styles", "style_transfer"):
        block = text.split(f"<!-- {name} -->")[1].split(f"<!-- /{name} -->")[0]
        assert block.count("| --- ") >= 4 and "nan" not in block


def test_scripts_that_are_named_are_there():
    for page in pages():
        for script in re.findall(r"(?:training_scripts|benchmarks)/\w+\.(?:py|sh)", read(page)):
            beside = (ROOT / page).parent / script  # the project of a kernel has benchmarks of its own
            assert (ROOT / script).is_file() or beside.is_file(), f"{page} names {script}"


def test_vocoder_presets_and_context():
    from valetts_hf import ValeTTSVocoder, ValeTTSVocoderConfig
    from valetts_hf.modeling.configuration_vocoder import PRESETS

    text = read("docs/vocoder.md")
    for name in PRESETS:
        (line,) = (line for line in text.splitlines() if f"`{name}`" in line and line.startswith("|"))
        with torch.device("meta"):
            vocoder = ValeTTSVocoder(ValeTTSVocoderConfig.preset(name))
        millions = sum(parameter.numel() for parameter in vocoder.parameters()) / 1e6
        assert float(re.search(r"([\d.]+) M", line)[1]) == pytest.approx(millions, rel=0.05)
        if name == "24khz_100band_256x":
            assert f"({vocoder.receptive_field} frames on each side" in text


def test_recipes_of_the_pages_load(tmp_path):
    import yaml

    from valetts_hf.training.data.augmentation_config import AugmentationConfig
    from valetts_hf.training.finetuning.finetune_recipe import load_finetune_recipe
    from valetts_hf.training.frozen_parts import PARTS
    from valetts_hf.training.recipe import load_recipe

    recipes = tmp_path / "training_scripts" / "recipes"
    shutil.copytree(ROOT / "training_scripts" / "recipes", recipes)
    (block,) = blocks("docs/finetuning.md", "yaml")
    (tmp_path / "mine.yaml").write_text(block.body)
    recipe = load_finetune_recipe(tmp_path / "mine.yaml")
    assert recipe.max_steps == 4000 and recipe.losses["kl"] == 0.2
    assert all(f"`{part}`" in read("docs/finetuning.md") for part in PARTS)
    (block,) = blocks("docs/training.md", "yaml")
    (recipes / "mine.yaml").write_text(block.body)
    assert load_recipe(recipes / "mine.yaml").gradient_accumulation == 4
    (block,) = blocks("docs/augmentation.md", "yaml")
    assert AugmentationConfig.from_dict(yaml.safe_load(block.body)["augmentation"])


def test_the_page_of_the_command_line_names_every_command():
    from valetts_hf.cli import build_parser

    (commands,) = (action.choices for action in build_parser()._actions if isinstance(action.choices, dict))
    headings = " ".join(re.findall(r"^## (.*)$", read("docs/cli.md"), re.MULTILINE))
    assert len(commands) > 10 and not [name for name in commands if name not in headings.replace(",", "").split()]


def test_the_reference_has_every_public_name():
    import valetts_hf

    listed = re.findall(r"^::: (\S+)", "\n".join(read(page) for page in pages() if page.startswith("docs/api/")), re.M)
    assert len(listed) == len(set(listed))
    documented = {name.rpartition(".")[2] for name in listed} | {"BASE_CHECKPOINT", "__version__"}
    assert not set(valetts_hf.__all__) - documented
