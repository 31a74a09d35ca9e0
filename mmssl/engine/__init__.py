# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Runner, loops, hooks and optimizers."""

from . import hooks, loops, optimizers, runner

__all__ = ['hooks', 'loops', 'optimizers', 'runner']
