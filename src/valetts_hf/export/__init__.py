"""Checkpoints for other runtimes: ONNX graphs, quantisation, TensorRT engines, and how close they stay to PyTorch."""
