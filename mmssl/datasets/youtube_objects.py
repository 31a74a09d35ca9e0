# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Video frames of YouTube-Objects with boxes, as mmdet reads VOC.

Not imported by ``mmssl.datasets``, because it needs mmdet; a config names it
in ``custom_imports``.
"""

from pathlib import Path

from mmdet.datasets import XMLDataset
from mmengine.fileio import list_from_file

from mmssl.registry import DATASETS
from mmssl.utils.errors import UsageError

CLASSES = (
    'aeroplane', 'bird', 'boat', 'car', 'cat', 'cow', 'dog', 'horse',
    'motorbike', 'train',
)  # fmt: skip


@DATASETS.register_module()
class YouTubeObjectsDataset(XMLDataset):
    """``JPEGImages, Annotations, ImageSets/Main`` below ``data_root``.

    Ten classes, in the order of the authors' evaluator.  A detector of
    VOC's twenty is tested with ``metainfo=dict(classes=...)`` of VOC.

    Args:
        ann_file (str): Such as ``ImageSets/Main/test.txt``.
        **kwargs: See mmdet's ``XMLDataset``.

    Raises:
        UsageError: No list, or an id without annotation or frame.
    """

    METAINFO = dict(classes=CLASSES)

    def load_data_list(self) -> list[dict]:
        """As the parent; what is missing is named first."""
        if not Path(self.ann_file).is_file():
            raise UsageError(
                f'YouTubeObjectsDataset: no list of frames at {self.ann_file}'
                '; set data_root and ann_file, see configs/uda_vod/README.md'
            )
        root = Path(self.sub_data_root)
        for name in list_from_file(self.ann_file):
            for path in (
                root / self.ann_subdir / f'{name}.xml',
                root / self.img_subdir / f'{name}.jpg',
            ):
                if not path.is_file():
                    raise UsageError(
                        f'YouTubeObjectsDataset: {path} is missing, but '
                        f'{self.ann_file} lists the frame {name}'
                    )
        return super().load_data_list()
