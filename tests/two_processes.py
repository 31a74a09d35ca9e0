# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Run a function in two gloo processes and compare with one process."""

import os
import tempfile
from pathlib import Path

import torch
import torch.multiprocessing as mp

WORLD = 2


def _worker(rank, function, args, folder):
    torch.set_num_threads(1)
    os.environ.update(RANK=str(rank), WORLD_SIZE=str(WORLD), LOCAL_RANK='0')
    torch.distributed.init_process_group(
        'gloo',
        init_method=f'file://{folder}/store',
        rank=rank,
        world_size=WORLD,
    )
    result = function(rank, *args)
    torch.save(result, Path(folder) / f'{rank}.pt')
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()


def run_in_two_processes(function, *args) -> list:
    """Results of ``function(rank, *args)`` on both ranks, in order.

    The function must be importable, so defined at the top of a module; its
    result consists of tensors and plain Python.
    """
    with tempfile.TemporaryDirectory() as folder:
        mp.spawn(_worker, (function, args, folder), nprocs=WORLD)
        return [torch.load(Path(folder) / f'{r}.pt') for r in range(WORLD)]
