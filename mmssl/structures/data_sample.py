# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""What is known of one sample besides its pixels."""

from mmengine.structures import BaseDataElement


class DataSample(BaseDataElement):
    """Facts of one sample; every field may be absent.

    Fields that mmssl itself sets:

    - ``sample_idx`` (int): position in the dataset;
    - ``path`` (str): file, or member of an archive, for messages;
    - ``label`` (int): class number, absent without labels; or a list of 1
      (there), 0 (only difficult ones) and -1 (not there), one a class;
    - ``views`` (list[ViewGeometry]): how each view was cut;
    - ``feature`` (Tensor): (c,), set by ``predict``.

    Methods add fields of their own (boxes, affines) and say so.
    """

    def to(self, *args, **kwargs) -> 'DataSample':
        """Move tensors; without any, no copy is made.

        A batch holds hundreds of samples whose fields are plain Python, and
        the parent's copy of each would cost more than the transfer.
        """
        if any(hasattr(value, 'to') for value in self.values()):
            return super().to(*args, **kwargs)
        return self
