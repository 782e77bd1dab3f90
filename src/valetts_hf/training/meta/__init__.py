"""Meta-training (MAML): episodes, the functional inner loop, learned inner learning rates, the outer step."""
