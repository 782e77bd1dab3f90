"""Training of BigVGAN: as a vocoder on mel spectrograms, and as a decoder on the frozen latents of a ValeTTS checkpoint."""
