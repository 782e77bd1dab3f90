"""Several processes: replicas (DDP) or shards (FSDP2), and checkpoints that do not depend on which.

FSDP2 is `torch.distributed.fsdp.fully_shard` (PyTorch FSDP, arXiv:2304.11277, in its per-parameter form). Accelerate
prepares a single model that way; three networks that judge one another are sharded here, each as one unit, under the
settings of `accelerate launch --use_fsdp --fsdp_version 2`. Checkpoints hold whole tensors: a sharded run can go on
in one process and the other way round.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from accelerate import Accelerator
from accelerate.utils import DistributedDataParallelKwargs
from torch import Tensor, nn
from torch.distributed.tensor import DTensor, distribute_tensor
from torch.utils import _pytree as pytree


def make_accelerator(mixed_precision: str = "no", cpu: bool = False, **settings: Any) -> Accelerator:
    """An `Accelerator` for networks that judge one another; checks that the launcher's settings can train them."""
    # The only buffers are constants, and writing to them between two passes of a judge would break its backward pass.
    replicas = DistributedDataParallelKwargs(broadcast_buffers=False)
    accelerator = Accelerator(mixed_precision=mixed_precision, cpu=cpu, kwargs_handlers=[replicas], **settings)
    check_supported(accelerator)
    return accelerator


def check_supported(accelerator: Accelerator) -> None:
    """Refuse ways of distribution that cannot train coupled networks here, saying what to use instead."""
    kind = str(getattr(accelerator.distributed_type, "value", accelerator.distributed_type))
    if kind in ("DEEPSPEED", "MEGATRON_LM", "XLA", "TP"):
        raise ValueError(
            f"training of a generator with discriminators does not run under {kind}: its engine takes one model and one "
            "optimizer. Use DDP (`accelerate launch --multi_gpu`) or FSDP2 (`--use_fsdp --fsdp_version 2`)"
        )
    if _fsdp_wanted() and os.environ.get("FSDP_VERSION", "1") != "2":
        raise ValueError("FSDP version 1 is not supported: pass --fsdp_version 2 to `accelerate launch`, or use DDP")
    if _fsdp_wanted() and os.environ.get("FSDP_OFFLOAD_PARAMS", "false").lower() == "true":
        raise ValueError(
            "FSDP offloading is not supported: pass --fsdp_offload_params false to `accelerate launch`; for less memory lower "
            "batch_size and raise gradient_accumulation"
        )


def check_replicas(accelerator: Accelerator) -> None:
    """Refuse whatever is neither one process nor replicas (DDP), for training that averages its gradients by itself."""
    kind = str(getattr(accelerator.distributed_type, "value", accelerator.distributed_type))
    if _fsdp_wanted() or kind in ("FSDP", "DEEPSPEED", "MEGATRON_LM", "XLA", "TP"):
        raise ValueError(
            f"meta-training keeps the model whole on every process and does not run under {'FSDP' if _fsdp_wanted() else kind}: "
            "use one process, or DDP (`accelerate launch --multi_gpu`), which spreads the tasks"
        )


def sharded(accelerator: Accelerator) -> bool:
    """Whether the launcher asked for FSDP2."""
    return accelerator.num_processes > 1 and _fsdp_wanted()


def shard(module: nn.Module, accelerator: Accelerator) -> nn.Module:
    """Spread the parameters of a module over all processes, in place; optimizers must be made afterwards.

    What its forward returns must be known to `torch.utils._pytree` (see `register_output`): shards learn from the
    output's tensors when the backward pass begins.
    """
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    module = accelerator.prepare_model(module, evaluation_mode=True)  # device and autocast; no wrapper
    mesh = init_device_mesh(accelerator.device.type, (accelerator.num_processes,))
    return fully_shard(module, mesh=mesh)


def register_output(kind: type) -> None:
    """Let FSDP2 find the tensors in a dataclass that a sharded module returns; else no gradient would be exchanged."""
    names = [item.name for item in fields(kind)]
    if kind not in pytree.SUPPORTED_NODES:
        pytree.register_pytree_node(
            kind,
            lambda output: ([getattr(output, name) for name in names], None),
            lambda values, _: kind(*values),
        )


def local(tensor: Tensor) -> Tensor:
    """This process's part of a tensor, sharing its memory."""
    return tensor.to_local() if isinstance(tensor, DTensor) else tensor


class WholeState:
    """A module or optimizer seen through whole tensors, for `save_run_state` and `load_run_state`.

    Both methods must be called by all processes when parameters are sharded.
    """

    def __init__(self, item: Any) -> None:
        self.item = item

    def state_dict(self) -> dict[str, Any]:
        """The item's state with every shard gathered."""
        return gathered(self.item.state_dict())

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Give the item its part of a whole state."""
        if isinstance(self.item, nn.Module):
            own = self.item.state_dict()
            self.item.load_state_dict({key: like(value, own.get(key)) for key, value in state.items()})
            return
        parameters = [parameter for group in self.item.param_groups for parameter in group["params"]]
        moments = {
            index: {key: like(value, parameters[int(index)]) for key, value in entry.items()}
            for index, entry in state["state"].items()
        }
        self.item.load_state_dict({**state, "state": moments})


def gathered(value: Any) -> Any:
    """`value` with every sharded tensor in it replaced by the whole one."""
    if isinstance(value, DTensor):
        return value.full_tensor()
    if isinstance(value, Mapping):
        return {key: gathered(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(gathered(item) for item in value)
    return value


def like(value: Any, reference: Any) -> Any:
    """`value` sharded as `reference` is; what has another shape (step counts) stays whole."""
    if not isinstance(value, Tensor) or not isinstance(reference, DTensor) or value.shape != reference.shape:
        return value
    return distribute_tensor(value.to(reference.device), reference.device_mesh, reference.placements)


def _fsdp_wanted() -> bool:
    return os.environ.get("ACCELERATE_USE_FSDP", "false").lower() == "true"


def gradient_bytes(*modules: nn.Module) -> int:
    """Bytes of gradient that a step has to exchange: float32, trainable parameters."""
    parameters = (parameter for module in modules for parameter in module.parameters())
    return sum(4 * parameter.numel() for parameter in parameters if parameter.requires_grad)
