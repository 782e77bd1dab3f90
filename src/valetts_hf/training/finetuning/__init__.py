"""Fine-tuning a checkpoint on anyone's recordings: data, growth by a language, the run and what it leaves behind."""
