# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Check the videos of an action data set, write its lists for mmaction2."""

import csv
import json
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from mmssl.datasets.action_videos import read_charades
from mmssl.datasets.video_dataset import is_video
from mmssl.utils.errors import UsageError
from mmssl.utils.files import write_text
from mmssl.utils.tool import ToolParser, run_tool

AVA_FILES = (
    'ava_train_v2.2.csv', 'ava_val_v2.2.csv', 'ava_action_list_v2.2.pbtxt',
    'ava_train_excluded_timestamps_v2.2.csv',
    'ava_val_excluded_timestamps_v2.2.csv',
    'ava_dense_proposals_train.FAIR.recall_93.9.pkl',
    'ava_dense_proposals_val.FAIR.recall_93.9.pkl',
)  # fmt: skip
EXAMPLES = """\
  python tools/dataset_tools/prepare_actions.py ucf101 --root data/ucf101
  python tools/dataset_tools/prepare_actions.py kinetics400 \\
      --root data/kinetics400 --skip-missing --any-count
layouts below --root, and what is written there:
  kinetics400  videos_{train,val}/CLASS/*.mp4
               -> kinetics400_{train,val}_list_videos.txt
  ucf101       videos/CLASS/*.avi, annotations/{classInd,trainlist01,
               testlist01}.txt -> ucf101_{train,val}_split_1_videos.txt, 2, 3
  hmdb51       videos/CLASS/*.avi, annotations/CLASS_test_split1.txt
               -> hmdb51_{train,val}_split_1_videos.txt, 2, 3
  sthv2        videos/*.webm, annotations/something-something-v2-{train,
               validation,labels}.json -> sthv2_{train,val}_list_videos.txt
  charades     videos/*.mp4, Charades_v1_{train,test}.csv; read as they are
  ava          rawframes/VIDEO/img_00001.jpg (30 a second, from second 900),
               annotations/ava_*_v2.2.csv and proposals; read as they are
paths of a list are relative to the folder of the videos, as in mmaction2"""


class VideoList(NamedTuple):
    """One list to be written.

    Attributes:
        file (str): Its name; '' where a table is read as it is.
        folder (str): Folder below the root that the paths are relative to.
        rows (list[tuple[str, int]]): Paths and class numbers.
        expected (int): How many a complete data set has; 0 where it shrinks
            with the years, as downloads from the web do.
    """

    file: str
    folder: str
    rows: list[tuple[str, int]]
    expected: int


def parse_args(argv: list[str] | None = None) -> Namespace:
    """Parse the command line."""
    parser = ToolParser(__doc__, EXAMPLES, prog='prepare-actions')
    add = parser.add_argument
    add('dataset', choices=sorted(READERS))
    add('--root', metavar='DIR', help='None is data/DATASET')
    add('--skip-missing', action='store_true',
        help='leave out, and count, what is listed but not there')  # fmt: skip
    add('--any-count', action='store_true',
        help='accept lists and classes that are not complete')  # fmt: skip
    args = parser.parse_args(argv)
    args.root = args.root or f'data/{args.dataset}'
    return args


def read_lines(path: Path) -> list[str]:
    """Lines of a text file that are not empty.

    Raises:
        UsageError: It is not there.
    """
    if not path.is_file():
        raise UsageError(
            f'{path} is missing; docs/datasets.md says where it comes from'
        )
    lines = path.read_text(encoding='utf-8').splitlines()
    return [line.strip() for line in lines if line.strip()]


def classes_of(folder: Path, count: int, any_count: bool) -> list[str]:
    """Names of the class folders, sorted.

    Raises:
        UsageError: There is no folder, or not as many classes as expected.
    """
    if not folder.is_dir():
        raise UsageError(f'{folder} is missing; --help shows the layout')
    names = sorted(p.name for p in folder.iterdir() if p.is_dir())
    if len(names) != count and not (any_count and names):
        raise UsageError(
            f'{folder} holds {len(names)} class folders, expected are '
            f'{count}; accept them by --any-count'
        )
    return names


def kinetics400(root: Path, any_count: bool) -> list[VideoList]:
    """Lists of the videos in class folders, classes in sorted order."""
    lists = []
    for split in ('train', 'val'):
        folder = root / f'videos_{split}'
        classes = classes_of(folder, 400, any_count)
        rows = [
            (f'{name}/{path.name}', label)
            for label, name in enumerate(classes)
            for path in sorted((folder / name).iterdir())
            if is_video(path.name)
        ]
        file = f'kinetics400_{split}_list_videos.txt'
        lists.append(VideoList(file, folder.name, rows, 0))
    return lists


def ucf101(root: Path, any_count: bool) -> list[VideoList]:
    """Lists of the three splits, from the official ones."""
    notes = root / 'annotations'
    numbers = {}
    for line in read_lines(notes / 'classInd.txt'):
        number, name = line.split()
        numbers[name] = int(number) - 1
    counts = dict(train=(9537, 9586, 9624), val=(3783, 3734, 3696))
    lists = []
    for number in (1, 2, 3):
        for split, official in dict(train='train', val='test').items():
            path = notes / f'{official}list0{number}.txt'
            rows = []
            for line in read_lines(path):
                name = line.split()[0]
                kind = name.split('/')[0]
                if kind not in numbers:
                    raise UsageError(
                        f'{path} names {name}, whose class {kind} is not in '
                        f'{notes / "classInd.txt"}'
                    )
                rows.append((name, numbers[kind]))
            file = f'ucf101_{split}_split_{number}_videos.txt'
            count = counts[split][number - 1]
            lists.append(VideoList(file, 'videos', rows, count))
    return lists


def hmdb51(root: Path, any_count: bool) -> list[VideoList]:
    """Lists of the three splits, from the official ones of each class.

    They mark a video by 1 for training, 2 for testing, 0 for neither.
    """
    classes = classes_of(root / 'videos', 51, any_count)
    lists = []
    for number in (1, 2, 3):
        rows: dict[str, list] = {'1': [], '2': []}
        for label, name in enumerate(classes):
            path = root / f'annotations/{name}_test_split{number}.txt'
            for line in read_lines(path):
                file, mark = line.rsplit(maxsplit=1)
                if mark not in '012':
                    raise UsageError(
                        f'{path}: {file} has the mark {mark!r}; expected are '
                        '0, 1 (train) and 2 (test)'
                    )
                if mark != '0':
                    rows[mark].append((f'{name}/{file}', label))
        for split, mark, count in (('train', '1', 3570), ('val', '2', 1530)):
            file = f'hmdb51_{split}_split_{number}_videos.txt'
            lists.append(VideoList(file, 'videos', rows[mark], count))
    return lists


def sthv2(root: Path, any_count: bool) -> list[VideoList]:
    """Lists of Something-Something v2, from its three JSON files."""
    notes = root / 'annotations'

    def read(name: str):
        path = notes / f'something-something-v2-{name}.json'
        text = '\n'.join(read_lines(path))
        try:
            return json.loads(text), path
        except json.JSONDecodeError as error:
            raise UsageError(f'{path} is no JSON: {error}') from error

    labels, _ = read('labels')
    lists = []
    for split, official, count in (
        ('train', 'train', 168913), ('val', 'validation', 24777),
    ):  # fmt: skip
        entries, path = read(official)
        rows = []
        for entry in entries:
            text = entry['template'].replace('[', '').replace(']', '')
            if text not in labels:
                raise UsageError(
                    f'{path}: video {entry["id"]} has the template {text!r}, '
                    'which is not among the labels'
                )
            rows.append((f'{entry["id"]}.webm', int(labels[text])))
        file = f'sthv2_{split}_list_videos.txt'
        lists.append(VideoList(file, 'videos', rows, count))
    return lists


def charades(root: Path, any_count: bool) -> list[VideoList]:
    """The official tables, every line of which is read."""
    lists = []
    for split, count in (('train', 7985), ('test', 1863)):
        path = root / f'Charades_v1_{split}.csv'
        read_lines(path)
        rows = [
            (f'{name}.mp4', len(actions))
            for name, actions in read_charades(path, 157)
        ]
        lists.append(VideoList('', 'videos', rows, count))
    return lists


def ava(root: Path, any_count: bool) -> list[VideoList]:
    """Annotations and the folders of frames that they name."""
    notes = root / 'annotations'
    missing = [n for n in AVA_FILES if not (notes / n).is_file()]
    if missing:
        raise UsageError(
            f'{notes} lacks {", ".join(missing)}; docs/datasets.md says '
            'where they come from'
        )
    lists = []
    for split, count in (('train', 235), ('val', 64)):
        with open(notes / f'ava_{split}_v2.2.csv', newline='') as file:
            videos = dict.fromkeys(row[0] for row in csv.reader(file) if row)
        # The first frame that a clip around a first key frame reads.
        rows = [(f'{video}/img_00001.jpg', 0) for video in videos]
        lists.append(VideoList('', 'rawframes', rows, count))
    return lists


READERS: dict[str, Callable[[Path, bool], list[VideoList]]] = dict(
    ava=ava,
    charades=charades,
    hmdb51=hmdb51,
    kinetics400=kinetics400,
    sthv2=sthv2,
    ucf101=ucf101,
)


def present(
    listed: VideoList, root: Path, skip_missing: bool
) -> list[tuple[str, int]]:
    """The rows whose files are there.

    Raises:
        UsageError: Some are not, and may not be left out.
    """
    folder = root / listed.folder
    found = [row for row in listed.rows if (folder / row[0]).is_file()]
    gone = len(listed.rows) - len(found)
    if gone and not skip_missing:
        kept = set(found)
        first = [name for name, _ in listed.rows if (name, _) not in kept][:5]
        raise UsageError(
            f'{gone} of the {len(listed.rows)} files that '
            f'{listed.file or "the table"} names are not below {folder}: '
            f'{", ".join(first)}{", ..." if gone > 5 else ""}; get them, or '
            'leave them out by --skip-missing'
        )
    return found


def lines_of(rows: Sequence[tuple[str, int]]) -> str:
    """'path label' a line, as mmaction2 reads it."""
    return ''.join(f'{name} {label}\n' for name, label in rows)


def run(args: Namespace) -> None:
    """Read, check, write."""
    root = Path(args.root)
    for listed in READERS[args.dataset](root, args.any_count):
        name = listed.file or f'{args.dataset}, {listed.folder}'
        count = len(listed.rows)
        if not count or (
            listed.expected not in (0, count) and not args.any_count
        ):
            raise UsageError(
                f'{name}: {count} videos, expected are {listed.expected}; '
                'get its official list again, or accept it by --any-count'
            )
        found = present(listed, root, args.skip_missing)
        if listed.file:
            write_text(root / listed.file, lines_of(found))
        print(f'{name}: {len(found)} videos, {count - len(found)} left out')


def main(argv: list[str] | None = None) -> int:
    """Entry of the tool; returns the exit code."""
    return run_tool(parse_args, run, argv)


if __name__ == '__main__':
    sys.exit(main())
