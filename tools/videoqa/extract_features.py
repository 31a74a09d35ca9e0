# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Features of the frames of clips, by any backbone of the toolbox.

Writes what the readers of video questions take: one table (frames, values) a
clip, named by its file, at a fixed rate. Clips are decoded one after the other
and kept beside the result until all are done, so that a run that was stopped
goes on."""

import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

import mmssl
from mmssl.utils.errors import UsageError
from mmssl.utils.lazy import OptionalPackage
from mmssl.utils.tool import ToolParser, run_tool

EXAMPLES = """\
  python tools/videoqa/extract_features.py simclr_tiny clips/ \\
      --out features.h5 --size 48
  python tools/videoqa/extract_features.py CONFIG clips/ \\
      --checkpoint epoch_100.pth --out features.h5
clips are video files, or folders of pictures that are 1/fps s apart"""
VIDEOS = ('.avi', '.m4v', '.mkv', '.mov', '.mp4', '.webm')
PICTURES = ('.jpg', '.jpeg', '.png')
BATCH = 32

av = OptionalPackage('av', 'reading videos')
h5py = OptionalPackage('h5py', 'writing features in HDF5')


def parse_args(argv: list[str] | None = None) -> Namespace:
    """Parse the command line."""
    parser = ToolParser(__doc__, EXAMPLES, prog='extract-video-features')
    parser.add_config()
    parser.add_argument('videos', help='folder of clips')
    parser.add_argument(
        '--checkpoint',
        help='file of the weights; without it those of the config, or none',
    )
    parser.add_argument(
        '--out', required=True, metavar='FILE',
        help='.h5 (needs h5py), or a folder for .npy files',
    )  # fmt: skip
    parser.add_argument(
        '--fps', type=float, default=3.0, help='frames a second'
    )
    parser.add_argument(
        '--size', type=int, default=224, help='side of the square, pixels'
    )
    parser.add_argument('--device', default='cpu', help='e.g. cuda')
    args = parser.parse_args(argv)
    if args.fps <= 0 or args.size < 1:
        parser.error('--fps and --size must be above 0')
    return args


def find_clips(folder: Path) -> dict[str, Path]:
    """Clips by name, in order.

    Raises:
        UsageError: There is none, or two of one name.
    """
    if not folder.is_dir():
        raise UsageError(f'there is no folder {folder}')
    clips = {}
    for path in sorted(folder.iterdir()):
        pictured = path.is_dir() and any(
            p.suffix.lower() in PICTURES for p in path.iterdir()
        )
        if pictured or path.suffix.lower() in VIDEOS:
            name = path.name if pictured else path.stem
            if name in clips:
                raise UsageError(f'{clips[name]} and {path} have one name')
            clips[name] = path
    if not clips:
        raise UsageError(
            f'{folder} has no clip: neither a file {", ".join(VIDEOS)} nor a '
            'folder of pictures'
        )
    return clips


def frames_of(path: Path, fps: float) -> Iterator:
    """Frames (h, w, 3) uint8 RGB: of moment j / fps the last one shown.

    Raises:
        UsageError: The file cannot be decoded.
    """
    if path.is_dir():
        yield from sorted(
            p for p in path.iterdir() if p.suffix.lower() in PICTURES
        )
        return
    try:
        with av.open(str(path)) as video:
            shown, number, first = None, 0, None
            for frame in video.decode(video=0):
                first = frame.time if first is None else first
                while number / fps < frame.time - first - 1e-6:
                    yield shown.to_ndarray(format='rgb24')
                    number += 1
                shown = frame
            if shown and number / fps <= shown.time - first + 1e-6:
                yield shown.to_ndarray(format='rgb24')
    except (av.error.FFmpegError, IndexError) as error:
        raise UsageError(f'{path} cannot be decoded: {error}') from error


def table(model, path: Path, args: Namespace):
    """(frames, values) float32 of a clip."""
    import numpy as np

    view = dict(resize=args.size, size=args.size)
    rows, waiting = [], []

    def work() -> None:
        found = mmssl.extract_features(model, list(waiting), view)
        rows.append(found.numpy())
        waiting.clear()

    for frame in frames_of(path, args.fps):
        waiting.append(frame)
        if len(waiting) == BATCH:
            work()
    if waiting:
        work()
    if not rows:
        raise UsageError(f'{path} has no frame')
    return np.concatenate(rows)


def run(args: Namespace) -> int:
    """Extract and write."""
    import time

    import numpy as np
    import torch

    from mmssl.utils.files import atomic_path, write_text

    clips = find_clips(Path(args.videos))
    out = Path(args.out)
    parts = out if out.suffix == '' else out.with_name(out.name + '.parts')
    torch.manual_seed(0)  # a network without weights is the same each time
    model = mmssl.get_model(args.config, args.checkpoint or False).to(
        args.device
    )
    write_text(parts / 'fps.txt', f'{args.fps:g}\n')
    done = [n for n in clips if (parts / f'{n}.npy').is_file()]
    if done:
        print(f'{len(done)} of {len(clips)} clips are there already')
    start = time.perf_counter()
    todo = [name for name in clips if name not in done]
    for number, name in enumerate(todo, 1):
        rows = table(model, clips[name], args)
        with (
            atomic_path(parts / f'{name}.npy') as temporary,
            open(temporary, 'wb') as file,
        ):
            np.save(file, rows)
        rate = number / (time.perf_counter() - start)
        left = (len(todo) - number) / rate
        print(
            f'{name}: {rows.shape[0]} frames of {rows.shape[1]} values; '
            f'{number}/{len(todo)}, {rate:.2f} clips/s, {left:.0f} s left'
        )
    if parts != out:
        join(parts, out, list(clips), args.fps)
    print(f'{len(clips)} clips written to {out}')
    return 0


def join(parts: Path, out: Path, names: list[str], fps: float) -> None:
    """One HDF5 file of all tables; the tables go."""
    import numpy as np

    from mmssl.utils.files import atomic_path

    with atomic_path(out) as temporary, h5py.File(temporary, 'w') as file:
        file.attrs['fps'] = fps
        for name in names:
            file[name] = np.load(parts / f'{name}.npy')
    for name in names:
        (parts / f'{name}.npy').unlink()
    (parts / 'fps.txt').unlink()
    if not any(parts.iterdir()):
        parts.rmdir()


def main(argv: list[str] | None = None) -> int:
    """Entry of the tool; returns the exit code."""
    return run_tool(parse_args, run, argv)


if __name__ == '__main__':
    sys.exit(main())
