"""transformers' tokenizer tests on `ValeTTSTokenizer`."""

import unittest

from hf import upstream
from valetts_hf import ValeTTSTokenizer


testers = upstream.load("test_tokenization_common")


class TokenizerTest(testers.TokenizerTesterMixin, unittest.TestCase):
    tokenizer_class = ValeTTSTokenizer

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        ValeTTSTokenizer(language="en-us", lexicon={"ValeTTS": "vˈeɪl tˌiː tˌiː ˈɛs"}).save_pretrained(cls.tmpdirname)

    def get_input_output_texts(self, tokenizer):
        """What goes in is text, what comes out is how it is read."""
        text = "The ferry leaves the harbour at seven."
        return text, tokenizer.phonemize(text)

    def get_clean_sequence(self, tokenizer, with_prefix_space=False, max_length=20, min_length=5):
        """The mixin joins the letters of the vocabulary; ours are sounds, so a text of words takes their place."""
        text = " The ferry leaves. " if with_prefix_space else "The ferry leaves. "
        return text, tokenizer.encode(text, add_special_tokens=False)
