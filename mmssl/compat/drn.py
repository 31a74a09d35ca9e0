# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Stand-in for ``mmaction.models.localizers.drn`` of mmaction2 1.2.0.

The released wheel lacks this folder, and without it ``mmaction.models``
cannot be imported (mmaction2 issue 2714).
"""


class DRN:
    """Says why this localizer cannot be built."""

    def __init__(self, *args, **kwargs) -> None:
        raise NotImplementedError(
            'the localizer DRN is not part of the mmaction2 wheel that is '
            'installed; install mmaction2 from its source repository to '
            'use it'
        )
