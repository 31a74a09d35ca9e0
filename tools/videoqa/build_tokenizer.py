# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Make a tokenizer from the training text of video questions.

For runs without a pre-trained language model. The folder gets words.txt (whole
words, needs nothing) and, where transformers is installed, a WordPiece
tokenizer that AutoTokenizer loads; both have the marker [SSS]."""

import sys
from argparse import Namespace
from pathlib import Path

from mmssl.utils.errors import UsageError
from mmssl.utils.tool import ToolParser, run_tool

EXAMPLES = """\
  python tools/videoqa/build_tokenizer.py \\
      data/tvqa_mini/tvqa_plus_train.jsonl \\
      --clips data/tvqa_mini/clips.json --out data/tvqa_mini/tokenizer
  python tools/videoqa/build_tokenizer.py data/tvqa/tvqa_train.jsonl \\
      --subtitles data/tvqa/subtitles --out data/tvqa/tokenizer"""


def parse_args(argv: list[str] | None = None) -> Namespace:
    """Parse the command line."""
    parser = ToolParser(__doc__, EXAMPLES, prog='build-tokenizer')
    parser.add_argument(
        'questions', nargs='+', help='training questions, JSON lines or a list'
    )
    parser.add_argument(
        '--subtitles', metavar='PATH',
        help='folder of .srt files, or JSON lines',
    )  # fmt: skip
    parser.add_argument(
        '--clips', metavar='FILE', help='JSON with descriptions of clips'
    )
    parser.add_argument(
        '--out', required=True, metavar='DIR', help='folder, made'
    )
    parser.add_argument(
        '--size', type=int, default=4000, help='tokens at most'
    )
    parser.add_argument(
        '--min-count', type=int, default=2, help='rarer words are left out'
    )
    return parser.parse_args(argv)


def training_text(args: Namespace) -> list[str]:
    """Questions, answers, and the sentences of the clips that they are about.

    Raises:
        UsageError: A file is missing or broken.
    """
    from mmssl.datasets.video_qa.tvqa import (
        DescribedClips,
        SubtitledClips,
        tvqa_question,
    )
    from mmssl.utils.files import read_rows

    def find(path: str) -> Path:
        if not Path(path).exists():
            raise UsageError(f'there is no {path}')
        return Path(path)

    questions = [
        tvqa_question(row, path)
        for path in args.questions
        for row in read_rows(find(path))
    ]
    texts = [t for q in questions for t in (q.text, *q.answers)]
    sources = []
    if args.subtitles is not None:
        sources.append(SubtitledClips(find(args.subtitles), {}))
    if args.clips is not None:
        sources.append(DescribedClips(find(args.clips)))
    for clip in sorted({question.clip for question in questions}):
        for source in sources:
            texts += [sentence.text for sentence in source(clip).sentences]
    return texts


def run(args: Namespace) -> int:
    """Build and write."""
    from mmssl.datasets.video_qa import build_vocabulary
    from mmssl.utils.files import write_text
    from mmssl.utils.hub import has_transformers

    texts = training_text(args)
    words = build_vocabulary(texts, args.min_count, args.size)
    out = Path(args.out)
    write_text(out / 'words.txt', '\n'.join(words) + '\n')
    print(f'{len(words)} words written to {out / "words.txt"}')
    if has_transformers():
        count = write_pieces(texts, out, args.size, args.min_count)
        print(f'WordPiece tokenizer of {count} tokens written to {out}')
    return 0


def write_pieces(
    texts: list[str], out: Path, size: int, min_count: int
) -> int:
    """Train a WordPiece vocabulary and save it for ``AutoTokenizer``."""
    from tokenizers import BertWordPieceTokenizer
    from transformers import BertTokenizerFast

    from mmssl.datasets.video_qa.tokenizers import MARKER, SPECIAL

    trainer = BertWordPieceTokenizer(lowercase=True)
    trainer.train_from_iterator(
        texts,
        vocab_size=size,
        min_frequency=min_count,
        special_tokens=list(SPECIAL),
        show_progress=False,
    )
    tokenizer = BertTokenizerFast(
        tokenizer_object=trainer._tokenizer,
        additional_special_tokens=[MARKER],
    )
    tokenizer.save_pretrained(out)
    return len(tokenizer)


def main(argv: list[str] | None = None) -> int:
    """Entry of the tool; returns the exit code."""
    return run_tool(parse_args, run, argv)


if __name__ == '__main__':
    sys.exit(main())
