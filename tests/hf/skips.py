"""Which of transformers' shared tests do not run on ValeTTS, and why: all their skips in one place.

A shared test that skips without standing here fails (see conftest.py), so the table stays complete; most skips come from
the tests themselves, which look for parts that ValeTTS does not have.
"""

from __future__ import annotations

import re


# test file -> ((pattern of whole test names without parameters, reason), ...)
SKIPS: dict[str, tuple[tuple[str, str], ...]] = {
    "test_modeling_upstream": (
        (
            r"test_flash_attn_.*|test_.*_flash_attn.*|test_sdpa_can_dispatch_on_flash",
            "flash attention needs its own GPU packages",
        ),
        (r"test_flex_attention_with_grads|test_sdpa_can_compile_dynamic", "needs a GPU"),
        (r"test_cpu_offload|test_disk_offload_.*|test_model_parallelism", "offloading needs a GPU"),
        (r"test_can_load_with_device_context_manager|test_can_load_with_global_device_set", "needs a GPU"),
        (r"test_kernels_can_load_without_crashing", "needs a GPU; kernels have tests of their own"),
        (r"test_torch_compile_for_training", "marked slow upstream"),
        (r"test_.*_with_deepspeed.*", "DeepSpeed is not used"),
        (
            r"test_tp_plan_matches_params|test_tied_head_has_a_tp_plan_entry",
            "20 M parameters need no tensor parallelism",
        ),
        (
            r"test_training|test_training_gradient_checkpointing.*|test_enable_input_require_grads_with_gradient_checkpointing",
            "forward() gives no loss: training is adversarial and lives in valetts_hf.training, with tests of its own",
        ),
        (
            r"test_causal_lm_loss_.*|test_encoder_decoder_loss_.*|test_problem_types",
            "no language-modelling or classification head",
        ),
        (r"test_get_(text|image|audio|video)_features_.*", "made for models that embed several modalities"),
        (r"test_.*composite.*", "one model with one configuration: its sub-configs are parts, not models"),
        (r"test_inputs_embeds.*", "phonemes come with languages; embeddings are no input"),
        (r"test_resize_embeddings_untied.*", "there is no output embedding"),
        (r"test_resize_position_vector_embeddings", "positions are rotary: there are no position embeddings"),
        (r"test_model_rope_.*|test_vision_axial_rope", "rotary angles are fixed, not configured by rope_scaling"),
        (
            r"test_sliding_window_mask|test_moe_.*|test_output_router_logits_.*|.*grouped.*",
            "no such part in the model",
        ),
        (r"test_keep_in_fp32_modules.*", "no module asks for it: what must be float32 casts itself"),
        (
            r"test_eager_matches_sdpa_inference_24_fp32_pad_left_output_attentions",
            "looks for output_attentions in the signature; forward() takes it with its other keywords",
        ),
        (r"test_reverse_loading_mapping|test_can_load_from_already_mapped_keys", "no renamed weights"),
    ),
    "test_processing_upstream": (
        (r".*chat_template.*", "text to speech has no chats"),
        (r".*(image|video|visual).*|test_args_overlap_kwargs", "neither images nor videos"),
        (r"test_get_num_multimodal_tokens_.*|test_replacement_offsets", "no placeholder tokens in the text"),
    ),
    "test_feature_extraction_upstream": (),
    "test_tokenization_upstream": (
        (r".*chat_template.*", "text to speech has no chats"),
        (r"test_sequence_ids", "of tokenizers written in Rust only"),
        (r"test_integration.*", "wants a tokenizer published on the Hub; tests/processing pins ids of ours"),
        (r"test_conversion_reversible", "marked slow upstream; tests/processing goes through the vocabulary"),
    ),
}

# What fails by design, and is skipped before it runs: test file -> {test: reason}
BY_DESIGN: dict[str, dict[str, str]] = {
    "test_tokenization_upstream": {
        "test_call": "encodes pairs of texts; speech has one text",
        "test_maximum_encoding_length_pair_input": "encodes pairs of texts; speech has one text",
        "test_special_tokens_mask_input_pairs": "encodes pairs of texts; speech has one text",
        "test_pretokenized_inputs": "words are read in their sentence, not one by one",
        "test_tokenize_special_tokens": "text is read before it is cut: a special token's name in a text is spoken",
        "test_empty_input_string": "encodes an empty text, which ValeTTS refuses",
        "test_padding_to_multiple_of": "encodes an empty text, which ValeTTS refuses",
        "test_tokenizer_store_full_signature": "the lexicon is saved in a file of its own, not among the settings",
    },
}


def reason_to_skip(file: str, test: str) -> str | None:
    """Why a shared test does not run, None if the table does not say.

    Args:
        file: name of the test file without ending.
        test: name of the test.
    """
    if test in BY_DESIGN.get(file, {}):
        return BY_DESIGN[file][test]
    return next((reason for pattern, reason in SKIPS.get(file, ()) if re.fullmatch(pattern, test)), None)
