"""Text and audio front end: everything between what a person writes and what the model reads.

The folder is a flat set of files that travels with a checkpoint (`trust_remote_code=True`), so its files import
only their siblings and guard every third-party import. Import from the files themselves, for example
`from valetts_hf.processing.phonemization import phonemize`.
"""
