"""Put the fused kernels into a model, or say why not.

Everything that can be wrong is found out before a layer is touched: the library, Triton, the device, the repository, the
layer in it, and last a trial on a few numbers, which sees a kernel that does not run here or computes something else.
"""

from __future__ import annotations

import importlib.util
from typing import Any

import torch
from torch import nn

from valetts_hf.kernels.report import KernelReport
from valetts_hf.kernels.sources import VARIABLE, KernelSource, kernel_source
from valetts_hf.modeling.anti_aliased_activation import AntiAliasedSnakeBeta, activation_path
from valetts_hf.modeling.kernel_hooks import remove_kernels, set_kernelizer


LAYER_NAME = "AntiAliasedSnakeBeta"
INFERENCE_LAYER = "AntiAliasedSnakeBetaInference"
LOWEST_CAPABILITY = (8, 0)
# Largest error of the trial, relative to the largest value: rounding of the dtype, twice.
TOLERANCES = {torch.float32: 2e-5, torch.float16: 4e-3, torch.bfloat16: 3e-2}


def kernel_mapping(source: KernelSource) -> dict[str, dict[str, dict[Any, Any]]]:
    """The mapping that `kernels.use_kernel_mapping` and `kernels.register_kernel_mapping` take.

    Args:
        source ([`KernelSource`]): where the layers are.

    Returns:
        `dict`: for CUDA, one layer with a backward pass for training and a faster one for inference, both for
        `torch.compile` as well.
    """
    from kernels import Mode

    return {
        LAYER_NAME: {
            "cuda": {
                Mode.TRAINING | Mode.TORCH_COMPILE: source.repository(LAYER_NAME),
                Mode.INFERENCE | Mode.TORCH_COMPILE: source.repository(INFERENCE_LAYER),
            }
        }
    }


def kernelize(
    model: nn.Module,
    mode: Any = None,
    source: str | KernelSource | None = None,
    device: str | None = None,
    trial: bool = True,
) -> KernelReport:
    """Let every anti-aliased activation of a model run the fused kernel, if it can.

    Args:
        model (`nn.Module`): left as it is where no kernel can be used.
        mode (`kernels.Mode`, *optional*): INFERENCE or TRAINING, also together with TORCH_COMPILE; by default what
            `model.training` says.
        source (`str` or [`KernelSource`], *optional*): as `VALETTS_KERNELS` takes it; by default what that says.
        device (`str`, *optional*): device type to take kernels for; by default that of the model.
        trial (`bool`): compare the kernel with PyTorch on a few numbers first.

    Returns:
        [`KernelReport`]: what happened. A missing kernel is no error.

    Raises:
        ValueError: `source` names nothing that can be loaded.
    """
    remove_kernels(model)
    layers = [module for module in model.modules() if isinstance(module, AntiAliasedSnakeBeta)]
    name = str(mode).rpartition(".")[2] if mode is not None else ("TRAINING" if model.training else "INFERENCE")
    chosen = source if isinstance(source, KernelSource) else kernel_source(source)
    reason = _obstacle(layers, chosen, device)
    if reason is None:
        reason = _replace(model, layers, chosen, mode, device or "cuda", trial)
    if reason is not None:
        remove_kernels(model)
    return KernelReport(len(layers) if reason is None else 0, len(layers), str(chosen), name, reason)


def _obstacle(layers: list[AntiAliasedSnakeBeta], source: KernelSource, device: str | None) -> str | None:
    """What stands in the way, without loading anything."""
    if not layers:
        return "no layer of this model has a kernel (the BigVGAN decoder and vocoder do)"
    if source.kind == "off":
        return f"switched off by {VARIABLE}=off"
    parameter = layers[0].alpha
    missing = library_problem()
    if missing is not None:
        return missing
    if device is None:
        if parameter.device.type != "cuda":
            return f"the model is on {parameter.device}, and the kernels are for CUDA; move it with model.to('cuda')"
        capability = torch.cuda.get_device_capability(parameter.device)
        if capability < LOWEST_CAPABILITY:
            return (
                f"{torch.cuda.get_device_name(parameter.device)} has compute capability {capability[0]}.{capability[1]}, "
                f"and the kernels need {LOWEST_CAPABILITY[0]}.{LOWEST_CAPABILITY[1]}"
            )
    if parameter.dtype not in TOLERANCES:
        return f"the kernels compute float32, float16 and bfloat16, not {parameter.dtype}"
    return None


def library_problem() -> str | None:
    """What is missing among the libraries, with the remedy; None if nothing is."""
    try:
        import kernels
    except Exception as error:  # also one that is there and broken
        return f'the kernels library cannot be imported ({error}); pip install "valetts-hf[kernels]"'
    if not hasattr(kernels, "KernelizeFallback"):
        version = getattr(kernels, "__version__", "")  # a folder of that name has none
        return f'kernels {version} is not the library, or too old; pip install "valetts-hf[kernels]"'
    if importlib.util.find_spec("triton") is None:
        return "Triton is not installed; it comes with the CUDA builds of torch on Linux, or pip install triton"
    return None


def _replace(
    model: nn.Module,
    layers: list[AntiAliasedSnakeBeta],
    source: KernelSource,
    mode: Any,
    device: str,
    trial: bool,
) -> str | None:
    from kernels import KernelizeFallback, Mode, use_kernel_mapping
    from kernels import kernelize as kernelize_layers

    if mode is None:
        mode = Mode.TRAINING if model.training else Mode.INFERENCE
    try:
        with use_kernel_mapping(kernel_mapping(source), inherit_mapping=False):
            kernelize_layers(model, mode=mode, device=device, use_fallback=KernelizeFallback.NONE)
    except Exception as error:  # a folder, a network, a signature, a compiler: whatever it is, PyTorch still works
        return f"loading {source} failed: {_one_line(error)}"
    return _trial(layers[0]) if trial else None


@torch.no_grad()
def _trial(layer: AntiAliasedSnakeBeta) -> str | None:
    """Compare a kernelized layer with PyTorch, once around and at both ends of a row."""
    parameter = layer.alpha
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(1, parameter.shape[0], 33, generator=generator).to(parameter.device, parameter.dtype)
    try:
        result = layer(x)
    except Exception as error:
        return f"the kernel does not run here: {_one_line(error)}"
    with activation_path("reference"):
        expected = AntiAliasedSnakeBeta.forward(layer, x)
    error = (result.float() - expected.float()).abs().max() / expected.float().abs().max().clamp_min(1e-6)
    if not error <= TOLERANCES[parameter.dtype]:
        return f"the kernel computes something else than PyTorch (relative error {float(error):.1e}): it is damaged"
    return None


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:300]}" if text else type(error).__name__


def install() -> None:
    """Make `use_kernels=True` of ValeTTS models come here."""
    set_kernelizer(kernelize)
