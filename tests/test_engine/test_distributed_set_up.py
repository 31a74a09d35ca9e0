# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""How processes find each other."""

import os

import pytest

from mmssl.engine.distributed import set_slurm_port


@pytest.fixture
def slurm(monkeypatch):
    monkeypatch.delenv('MASTER_PORT', raising=False)

    def port(job, step):
        with monkeypatch.context() as patch:
            patch.setenv('SLURM_JOB_ID', str(job))
            patch.setenv('SLURM_STEP_ID', str(step))
            # Known to monkeypatch, so that it is taken away again.
            patch.setenv('MASTER_PORT', '')
            patch.delenv('MASTER_PORT')
            set_slurm_port()
            return int(os.environ['MASTER_PORT'])

    return port


def test_jobs_and_steps_that_share_a_node_get_ports_of_their_own(slurm):
    ports = [slurm(job, step) for job in (4711, 4712) for step in range(8)]
    assert len(set(ports)) == 16
    assert slurm(4711, 3) == slurm(4711, 3)
    assert 10000 <= slurm(2**31, 0) < 32768


def test_the_users_port_stays(monkeypatch):
    monkeypatch.setenv('MASTER_PORT', '29517')
    monkeypatch.setenv('SLURM_JOB_ID', '1')
    set_slurm_port()
    assert os.environ['MASTER_PORT'] == '29517'
