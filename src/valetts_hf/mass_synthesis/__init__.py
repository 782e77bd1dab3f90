"""Mass synthesis: every row of a data set spoken exactly once, by one process, many, or many machines.

`rows` are read by `row_sources`, spoken by `speaking` under one of the `executors`, and kept by `output_folder`.
"""

from valetts_hf.mass_synthesis.output_folder import OutputFolderError, SettingsChangedError, ShardBusyError
from valetts_hf.mass_synthesis.row_sources import SourceError
from valetts_hf.mass_synthesis.sharding import Shard
from valetts_hf.mass_synthesis.synthesis import SynthesisReport, synthesize_dataset


__all__ = [
    "OutputFolderError",
    "SettingsChangedError",
    "Shard",
    "ShardBusyError",
    "SourceError",
    "SynthesisReport",
    "synthesize_dataset",
]
