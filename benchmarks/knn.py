# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""k-NN search: ours against scikit-learn or faiss, brute force, side by side.

Clustered float32 features, the same for both; each search runs in its own
process, so that its peak memory is its own.  Printed: seconds on the clock
and of the processor (on a busy machine the latter tells more), the peak
memory of the process, which holds features and libraries too, the ratio, and
how many of the neighbours agree.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

RIVALS = ('sklearn', 'faiss')


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('--bank', type=int, default=50_000)
    parser.add_argument('--queries', type=int, default=10_000)
    parser.add_argument('--dim', type=int, default=2048)
    parser.add_argument('-k', type=int, default=20)
    parser.add_argument(
        '--distance', choices=('euclidean', 'cosine'), default='euclidean'
    )
    parser.add_argument('--repeats', type=int, default=1)
    parser.add_argument('--rival', choices=RIVALS, default='sklearn')
    parser.add_argument(
        '--worker', choices=('mmssl', *RIVALS), help=argparse.SUPPRESS
    )
    parser.add_argument('--out', help=argparse.SUPPRESS)
    return parser.parse_args(argv)


def features(rows: int, dim: int, seed: int) -> np.ndarray:
    """Non-negative rows (rows, dim) around 100 centres, as after a ReLU."""
    centres = np.random.default_rng(0).standard_normal((100, dim), np.float32)
    random = np.random.default_rng(seed)
    x = random.standard_normal((rows, dim), np.float32)
    for start in range(0, rows, 1000):
        part = x[start : start + 1000]
        part += centres[random.integers(100, size=len(part))]
        np.maximum(part, 0, out=part)
    return x


def search(args: argparse.Namespace) -> np.ndarray:
    """Indices (queries, k); the time and memory go to standard output."""
    bank = features(args.bank, args.dim, 1)
    queries = features(args.queries, args.dim, 2)
    if args.worker == 'mmssl':
        import torch

        from mmssl.evaluation.functional import nearest

        bank, queries = torch.from_numpy(bank), torch.from_numpy(queries)
        start = time.perf_counter(), time.process_time()
        indices = nearest(queries, bank, args.k, args.distance).indices
        stop = time.perf_counter(), time.process_time()
        indices = indices.numpy()
    elif args.worker == 'faiss':
        indices, start, stop = search_by_faiss(bank, queries, args)
    else:
        from sklearn.neighbors import NearestNeighbors

        model = NearestNeighbors(
            n_neighbors=args.k, algorithm='brute', metric=args.distance
        )
        start = time.perf_counter(), time.process_time()
        indices = model.fit(bank).kneighbors(queries, return_distance=False)
        stop = time.perf_counter(), time.process_time()
    clock, cpu = (b - a for a, b in zip(start, stop, strict=True))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps(dict(clock=clock, cpu=cpu, peak=peak)))
    return indices


def search_by_faiss(
    bank: np.ndarray, queries: np.ndarray, args: argparse.Namespace
) -> tuple[np.ndarray, tuple, tuple]:
    """Indices (queries, k) of faiss-cpu's flat index, start and stop."""
    import faiss

    start = time.perf_counter(), time.process_time()
    if args.distance == 'cosine':
        index = faiss.IndexFlatIP(args.dim)
        bank, queries = bank.copy(), queries.copy()
        faiss.normalize_L2(bank)
        faiss.normalize_L2(queries)
    else:
        index = faiss.IndexFlatL2(args.dim)
    index.add(bank)
    _, indices = index.search(queries, args.k)
    return indices, start, (time.perf_counter(), time.process_time())


def measure(argv: list[str], worker: str, out: Path) -> dict[str, float]:
    """One search in a process of its own."""
    command = [sys.executable, __file__, *argv]
    command += ['--worker', worker, '--out', str(out)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout.splitlines()[-1])


def main(argv: list[str] | None = None) -> int:
    """Entry; returns the exit code."""
    argv = sys.argv[1:] if argv is None else argv
    args = parse_args(argv)
    if args.worker:
        np.save(args.out, search(args))
        return 0
    size = 4 * args.dim * (args.bank + args.queries) / 2**30
    print(
        f'{args.queries} queries, bank {args.bank} x {args.dim}, k {args.k}, '
        f'{args.distance}; features {size:.2f} GiB'
    )
    best, found = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(args.repeats):
            for worker in (
                'mmssl',
                args.rival,
            ):  # in turn, so that both see the machine
                out = Path(folder) / f'{worker}.npy'
                result = measure(argv, worker, out)
                print(
                    f'{worker:8} {result["clock"]:7.2f} s  processor '
                    f'{result["cpu"]:7.2f} s  peak {result["peak"]:.2f} GiB',
                    flush=True,
                )
                found[worker] = np.load(out)
                for key, value in result.items():
                    known = best.get((worker, key), value)
                    best[worker, key] = min(value, known)
    ratios = {
        key: best[args.rival, key] / best['mmssl', key]
        for key in ('clock', 'cpu')
    }
    equal = (found['mmssl'] == found[args.rival]).mean()
    print(
        f'ratio {args.rival} / mmssl: clock {ratios["clock"]:.2f}, processor '
        f'{ratios["cpu"]:.2f}; equal neighbours: {equal:.4%}'
    )
    return 0


if __name__ == '__main__':
    sys.exit(main())
