# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
from coloured_pictures import make_loader, make_runner, method

__all__ = ['make_loader', 'make_runner', 'method']
