# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Draw questions with answers and scores, and what was read along the time.

One picture a question of the test split: the five scores, the sentences on the
time axis by their share in what was read, the attention to the frames, and the
annotated and predicted time spans."""

import sys
import tempfile
from argparse import Namespace
from pathlib import Path

import mmssl
from mmssl.utils.config import load_config
from mmssl.utils.errors import UsageError
from mmssl.utils.tool import ToolParser, run_tool

EXAMPLES = """\
  python tools/videoqa/visualize_answers.py CONFIG CHECKPOINT \\
      --out-dir work_dirs/answers
  python tools/videoqa/visualize_answers.py CONFIG CHECKPOINT --qids 7 12"""


def parse_args(argv: list[str] | None = None) -> Namespace:
    """Parse the command line."""
    parser = ToolParser(__doc__, EXAMPLES, prog='visualize-answers')
    parser.add_config('checkpoint')
    parser.add_argument(
        '--out-dir', default='work_dirs/answers', metavar='DIR',
        help='folder of the pictures',
    )  # fmt: skip
    parser.add_argument(
        '-n', '--count', type=int, default=8, help='questions, from the first'
    )
    parser.add_argument(
        '--qids', type=int, nargs='+', help='these questions instead'
    )
    parser.add_overrides()
    return parser.parse_args(argv)


def run(args: Namespace) -> int:
    """Draw."""
    from mmssl.apis.question_answering import answer, answer_figure
    from mmssl.evaluation.extraction import undisturbed
    from mmssl.evaluation.session import evaluation_runner
    from mmssl.visualization import save_figure

    cfg = load_config(args.config, args.cfg_options, mmssl.get_config_dir())
    out = Path(args.out_dir)
    with (
        tempfile.TemporaryDirectory() as cfg.work_dir,
        evaluation_runner(cfg, args.checkpoint) as runner,
    ):
        model, loader = runner.bare_model, runner.test_loop.dataloader
        dataset, collate = loader.dataset, loader.collate_fn
        with undisturbed(model):
            for row in rows_of(dataset, args):
                (sample,) = answer(model, [dataset[row]], collate)
                save_figure(answer_figure(sample), out / f'{sample.qid}.png')
    print(f'pictures written to {out}')
    return 0


def rows_of(dataset, args: Namespace) -> list[int]:
    """Rows of the questions that are wanted.

    Raises:
        UsageError: A question is not in the data set, or it has none.
    """
    questions = getattr(dataset, 'questions', None)
    if questions is None:
        raise UsageError(
            f'{type(dataset).__name__} has no questions with answers; take '
            'the config of the main stage'
        )
    if args.qids is None:
        return list(range(min(args.count, len(questions))))
    rows = {question.qid: row for row, question in enumerate(questions)}
    missing = [qid for qid in args.qids if qid not in rows]
    if missing:
        raise UsageError(f'question {missing[0]} is not in the test split')
    return [rows[qid] for qid in args.qids]


def main(argv: list[str] | None = None) -> int:
    """Entry of the tool; returns the exit code."""
    return run_tool(parse_args, run, argv)


if __name__ == '__main__':
    sys.exit(main())
