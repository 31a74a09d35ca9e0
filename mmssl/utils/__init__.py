# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Helpers that know nothing of the other rooms."""
