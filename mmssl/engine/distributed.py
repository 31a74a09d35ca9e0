# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Several processes: groups without a GPU, steps of several backwards.

MMEngine's launchers set a CUDA device first, which fails without one.  With
gloo the same three launchers train on the CPU.
"""

import os
import re
import subprocess
from datetime import timedelta

import torch.distributed as dist
from mmengine.model import MMDistributedDataParallel
from mmengine.optim import OptimWrapper
from torch import Tensor, nn

from mmssl.registry import MODEL_WRAPPERS
from mmssl.utils.errors import UsageError


def set_slurm_port() -> None:
    """``MASTER_PORT`` from the job's number, unless the user has set it.

    All tasks of a step agree on it without talking; jobs, and steps of a job,
    that share a node do not meet.  MMEngine takes 29500 for everybody.
    """
    job = int(os.environ.get('SLURM_JOB_ID', 0))
    step = int(os.environ.get('SLURM_STEP_ID', 0))
    # Below 32768, where systems begin to give ports away by themselves.
    port = 10000 + (8 * job + step) % 20000
    os.environ.setdefault('MASTER_PORT', str(port))


def init_cpu_process_group(launcher: str, timeout: float = 1800) -> None:
    """Join the gloo process group that the launcher describes.

    Args:
        launcher (str): ``pytorch`` (torchrun), ``slurm`` or ``mpi``.
        timeout (float): Seconds after which a collective call fails.

    Raises:
        UsageError: A variable that the launcher should have set is absent.
    """
    try:
        if launcher == 'slurm':
            _describe('SLURM_PROCID', 'SLURM_NTASKS', 'SLURM_LOCALID')
            os.environ.setdefault('MASTER_ADDR', _first_slurm_host())
        elif launcher == 'mpi':
            _describe(
                'OMPI_COMM_WORLD_RANK',
                'OMPI_COMM_WORLD_SIZE',
                'OMPI_COMM_WORLD_LOCAL_RANK',
            )
        os.environ.setdefault('MASTER_PORT', '29500')
        rank, size = int(os.environ['RANK']), int(os.environ['WORLD_SIZE'])
        os.environ['LOCAL_RANK'], os.environ['MASTER_ADDR']
    except KeyError as error:
        raise UsageError(
            f'--launcher {launcher} needs the environment variable '
            f'{error.args[0]}; start with tools/dist_train.sh, '
            'tools/slurm_train.sh or torchrun'
        ) from error
    dist.init_process_group(
        'gloo',
        rank=rank,
        world_size=size,
        timeout=timedelta(seconds=timeout),
    )


def _describe(rank: str, size: str, local_rank: str) -> None:
    os.environ['RANK'] = os.environ[rank]
    os.environ['WORLD_SIZE'] = os.environ[size]
    os.environ['LOCAL_RANK'] = os.environ[local_rank]


def _first_slurm_host() -> str:
    hosts = subprocess.run(
        ['scontrol', 'show', 'hostnames', os.environ['SLURM_NODELIST']],
        check=True,
        capture_output=True,
        text=True,
    )
    return hosts.stdout.split()[0]


def parameters_without_gradient(model: nn.Module, message: str) -> list[str]:
    """Names of the parameters that an error of DDP gives by number.

    Args:
        model (nn.Module): What DDP wraps.
        message (str): Its ``RuntimeError``; of any other there are none.
    """
    numbers = re.search(
        r'did not receive grad for rank \d+: ([\d ]+)', message
    )
    trained = [
        name
        for name, parameter in model.named_parameters()
        if parameter.requires_grad
    ]
    return (
        [trained[int(i)] for i in numbers.group(1).split()] if numbers else []
    )


@MODEL_WRAPPERS.register_module()
class OwnStepDataParallel(MMDistributedDataParallel):
    """Leaves the training step to a model that averages gradients itself.

    A step of several backwards would make the parent average after each of
    them.  What remains is the parent's start from equal weights and its
    forward for evaluation.
    """

    def train_step(
        self, data: dict, optim_wrapper: OptimWrapper
    ) -> dict[str, Tensor]:
        """The model's own step."""
        return self.module.train_step(data, optim_wrapper)
