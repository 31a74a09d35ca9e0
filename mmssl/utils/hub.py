# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Models and tokenizers of ``transformers``: folders, and no downloads."""

from importlib.util import find_spec

from mmssl.utils.data_root import follow_data_root

HUB_PREFIX = 'hf://'


def has_transformers() -> bool:
    """Whether ``transformers`` is installed; does not import it."""
    return find_spec('transformers') is not None


def hub_source(name: str) -> tuple[str, bool, bool]:
    """What ``from_pretrained`` gets.

    Args:
        name (str): Folder (``data/`` follows ``MMSSL_DATA_ROOT``), or
            'hf://ORG/NAME', which may be downloaded.

    Returns:
        tuple: Name; ``local_files_only``; whether it can be read at all.
    """
    if name.startswith(HUB_PREFIX):
        return name.removeprefix(HUB_PREFIX), False, True
    folder = follow_data_root(name)
    return str(folder), True, folder.is_dir()


def missing(name: str, what: str) -> str:
    """The message about a folder that is not there."""
    return (
        f'no folder {follow_data_root(name).absolute()} with {what} (the '
        f'config says {name!r}), and no download is attempted; put it there, '
        f"or name a model of the hub as '{HUB_PREFIX}ORG/NAME'"
    )
