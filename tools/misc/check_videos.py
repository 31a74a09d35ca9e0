# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Read videos to their end; name those that cannot be, count the codecs."""

import json
import sys
from argparse import Namespace
from collections import Counter
from functools import partial
from pathlib import Path

from mmssl.utils.errors import UsageError
from mmssl.utils.files import write_json
from mmssl.utils.tool import ToolParser, run_tool

EXAMPLES = """\
  python tools/misc/check_videos.py data/ucf101/videos --workers 8
  python tools/misc/check_videos.py data/kinetics400/videos_train \\
      --list data/kinetics400/kinetics400_train_list_videos.txt \\
      --out k400.json --good good.txt
a second run with the same --out reads new and changed files alone.
exit codes: 0 all are readable, 1 some are not, 2 wrong usage"""
SAVE_EVERY, SHOWN = 500, 10


def parse_args(argv: list[str] | None = None) -> Namespace:
    """Parse the command line."""
    parser = ToolParser(__doc__, EXAMPLES, prog='check-videos')
    add = parser.add_argument
    add('folder', help='of the videos, all below it')
    add('--list', metavar='FILE',
        help='only what this list names, paths below the folder')  # fmt: skip
    add('--workers', type=int, default=1, metavar='N', help='processes')
    add('--quick', action='store_true',
        help='decode the first and the last frame only')  # fmt: skip
    add('--out', default='video_check.json', metavar='FILE',
        help='what was found, of each file')  # fmt: skip
    add('--good', metavar='FILE',
        help='also write the lines of --list that are readable')  # fmt: skip
    args = parser.parse_args(argv)
    if args.workers < 1:
        parser.error(f'--workers must be >= 1, got {args.workers}')
    if args.good and not args.list:
        parser.error('--good needs --list')
    return args


def listed_videos(args: Namespace) -> tuple[list[str], list[str]]:
    """Paths to check, and the lines of --good beside them."""
    from mmssl.datasets.sources import list_files
    from mmssl.datasets.video_dataset import is_video, read_video_list

    folder = Path(args.folder)
    if not folder.is_dir():
        raise UsageError(f'no folder {folder}')
    if args.list:
        if not Path(args.list).is_file():
            raise UsageError(f'no list {args.list}')
        names, labels, _ = read_video_list(args.list)
        marks = [''] * len(names) if labels is None else labels
        lines = [f'{n} {m}'.strip() for n, m in zip(names, marks, strict=True)]
    else:
        names = lines = [n for n in list_files(folder) if is_video(n)]
    if not names:
        raise UsageError(f'{folder} holds no videos')
    return [str(folder / name) for name in names], lines


def known_results(path: Path) -> dict[str, dict]:
    """What an earlier run found, by path."""
    if not path.is_file():
        return {}
    try:
        rows = json.loads(path.read_text(encoding='utf-8'))['videos']
        return {row['path']: row for row in rows}
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f'{path} is not of this tool ({error!r}); give another --out'
        ) from error


def run(args: Namespace) -> int:
    """Check, write, report."""
    from mmssl.datasets.video_check import check_video, same_file
    from mmssl.utils.parallel import Progress, process_map

    paths, lines = listed_videos(args)
    out = Path(args.out)
    known = known_results(out)
    found = {
        path: known[path]
        for path in paths
        if path in known and same_file(known[path], path, args.quick)
    }
    todo = [path for path in dict.fromkeys(paths) if path not in found]
    if found:
        print(f'{len(found)} known from {out}, {len(todo)} left')
    progress = Progress('checked', len(todo), 'videos')

    def save() -> None:
        rows = [found[path] for path in paths if path in found]
        write_json(out, dict(videos=rows))

    try:
        with process_map(args.workers) as map_:
            check = partial(check_video, quick=args.quick)
            for row in map_(check, todo):
                found[row['path']] = row
                progress.add()
                if progress.count % SAVE_EVERY == 0:
                    save()
    finally:
        save()
    if args.good:
        good = [
            line
            for line, path in zip(lines, paths, strict=True)
            if not found[path]['problem']
        ]
        text = ''.join(f'{line}\n' for line in good)
        Path(args.good).write_text(text, encoding='utf-8')
    return report([found[path] for path in dict.fromkeys(paths)], out)


def report(rows: list[dict], out: Path) -> int:
    """Print what is wrong or unusual; 1 where something is wrong."""
    notes = [f'{row["path"]}: {note}' for row in rows for note in row['notes']]
    for note in notes[:SHOWN]:
        print(f'note: {note}')
    if len(notes) > SHOWN:
        print(f'note: {len(notes) - SHOWN} more in {out}')
    bad = [row for row in rows if row['problem']]
    for row in bad:
        codec = f' [{row["codec"]}]' if row.get('codec') else ''
        print(f'unreadable: {row["problem"]}{codec}', file=sys.stderr)
    codecs = Counter(row.get('codec', 'unknown') for row in rows)
    kinds = ', '.join(f'{n} {codec}' for codec, n in codecs.most_common())
    frames = sum(row.get('frames', 0) for row in rows)
    print(f'{len(rows)} videos ({kinds}), {frames} frames; {len(bad)} '
          f'unreadable; written to {out}')  # fmt: skip
    return int(bool(bad))


def main(argv: list[str] | None = None) -> int:
    """Entry of the tool; returns the exit code."""
    return run_tool(parse_args, run, argv)


if __name__ == '__main__':
    sys.exit(main())
