# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""From text to token numbers: transformers' tokenizers, or plain words."""

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

from mmengine.logging import print_log

from mmssl.datasets.image_dataset import find_data
from mmssl.datasets.video_qa.text import clean_text
from mmssl.registry import TRANSFORMS
from mmssl.utils.errors import UsageError
from mmssl.utils.hub import has_transformers, hub_source, missing
from mmssl.utils.lazy import OptionalPackage

transformers = OptionalPackage('transformers', 'TransformersTokenizer')

MARKER = '[SSS]'
SPECIAL = ('[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', MARKER)
CACHED = 2**17  # texts; subtitles come again with every question of a clip


class TextTokenizer:
    """What the pipeline needs of a tokenizer.

    Attributes:
        pad_id (int): Padding.
        mask_id (int): What stands for a masked token.
        marker_id (int): In front of each sentence.
        begin (list[int]): Before the first segment.
        between (list[int]): After each segment but the last.
        end (list[int]): After the last segment.
        two_segments (bool): Whether segment numbers 0 and 1 are used.
    """

    pad_id: int
    mask_id: int
    marker_id: int
    begin: list[int]
    between: list[int]
    end: list[int]
    two_segments = True

    def __call__(self, text: str) -> list[int]:
        """Numbers of the tokens of a text, without special ones."""
        raise NotImplementedError

    def decode(self, ids: Iterable[int]) -> str:
        """Readable text."""
        raise NotImplementedError


@TRANSFORMS.register_module()
class TransformersTokenizer(TextTokenizer):
    """A tokenizer of ``transformers``.

    Args:
        pretrained (str): Folder with its files; 'hf://ORG/NAME' downloads
            them from the hub, nothing else does.  A path that begins with
            ``data/`` follows ``MMSSL_DATA_ROOT``.
        marker (str): Added as a special token where the vocabulary lacks
            it, behind all others.

    Raises:
        UsageError: No such folder; no special tokens in it.
    """

    def __init__(self, pretrained: str, marker: str = MARKER) -> None:
        name, local, there = hub_source(pretrained)
        if not there:
            raise UsageError(missing(pretrained, 'the files of a tokenizer'))
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(
            name, local_files_only=local
        )
        known = self.tokenizer.get_vocab()
        if marker not in known:
            self.tokenizer.add_special_tokens(
                dict(additional_special_tokens=[marker])
            )
        self.marker_id = self.tokenizer.convert_tokens_to_ids(marker)
        self.pad_id = self.tokenizer.pad_token_id
        self.mask_id = self.tokenizer.mask_token_id
        wanted = [self.tokenizer.cls_token_id, self.tokenizer.sep_token_id]
        if None in (self.pad_id, self.mask_id, *wanted):
            raise UsageError(
                f'the tokenizer in {pretrained} lacks a token for padding, '
                'mask, beginning or separation; take one of the BERT or '
                'RoBERTa family'
            )
        cls, sep = wanted
        # RoBERTa has <s> a </s></s> b </s> and no segments.
        self.two_segments = cls != self.tokenizer.bos_token_id
        self.begin, self.end = [cls], [sep]
        self.between = [sep] if self.two_segments else [sep, sep]
        self._ids = lru_cache(CACHED)(self._encode)

    def __len__(self) -> int:
        return len(self.tokenizer)

    def _encode(self, text: str) -> tuple[int, ...]:
        return tuple(
            self.tokenizer(text, add_special_tokens=False)['input_ids']
        )

    def __call__(self, text: str) -> list[int]:
        return list(self._ids(text))

    def decode(self, ids: Iterable[int]) -> str:
        return self.tokenizer.decode(list(ids))

    def __getstate__(self) -> dict:
        return {k: v for k, v in self.__dict__.items() if k != '_ids'}

    def __setstate__(self, state: dict) -> None:
        self.__dict__.update(state)
        self._ids = lru_cache(CACHED)(self._encode)


@TRANSFORMS.register_module()
class WordTokenizer(TextTokenizer):
    """Lower-case words after TVQA's cleaning; needs no other package.

    Args:
        vocabulary (str or Sequence[str]): File with one token a line, as
            ``tools/videoqa/build_tokenizer.py`` writes it, or the tokens.
        marker (str): Must be among them.

    Raises:
        UsageError: A special token is missing.
    """

    def __init__(
        self, vocabulary: str | list[str], marker: str = MARKER
    ) -> None:
        if isinstance(vocabulary, str):
            path = find_data(vocabulary, type(self).__name__)
            vocabulary = path.read_text(encoding='utf-8').splitlines()
        self.tokens = list(vocabulary)
        self.ids = {token: i for i, token in enumerate(self.tokens)}
        wanted = (*SPECIAL[:-1], marker)
        missing = [token for token in wanted if token not in self.ids]
        if missing:
            raise UsageError(
                f'the vocabulary lacks {", ".join(missing)}; make one with '
                'tools/videoqa/build_tokenizer.py'
            )
        pad, self.unknown_id, cls, sep, mask, marker_id = (
            self.ids[token] for token in wanted
        )
        self.pad_id, self.mask_id, self.marker_id = pad, mask, marker_id
        self.begin, self.between, self.end = [cls], [sep], [sep]

    def __len__(self) -> int:
        return len(self.tokens)

    def __call__(self, text: str) -> list[int]:
        return [self.ids.get(w, self.unknown_id) for w in words_of(text)]

    def decode(self, ids: Iterable[int]) -> str:
        return ' '.join(self.tokens[i] for i in ids)


@TRANSFORMS.register_module()
class AutoTextTokenizer(TextTokenizer):
    """The tokenizer in a folder, as far as it can be used here.

    :class:`TransformersTokenizer` where ``transformers`` is installed, else
    :class:`WordTokenizer` with the file ``words.txt`` of the folder, and a
    line that says so.

    Args:
        folder (str): As ``tools/videoqa/build_tokenizer.py`` writes it.
        marker (str): Token in front of each sentence.
    """

    def __new__(cls, folder: str, marker: str = MARKER) -> TextTokenizer:
        if has_transformers():
            return TransformersTokenizer(folder, marker)
        print_log(
            'transformers is not installed: the text is split into words; '
            "for BERT's pieces: pip install 'mmssl[videoqa]'",
            logger='current',
            level=30,
        )
        return WordTokenizer(f'{folder}/words.txt', marker)


def words_of(text: str) -> list[str]:
    """Words and punctuation of a text, in lower case."""
    return clean_text(text).lower().split()


def build_vocabulary(
    texts: Iterable[str], min_count: int = 2, size: int | None = None
) -> list[str]:
    """Special tokens, then words by falling frequency.

    Args:
        texts (Iterable[str]): Training text.
        min_count (int): A rarer word is left out.
        size (int, optional): Tokens at most.
    """
    counts = Counter(word for text in texts for word in words_of(text))
    words = [w for w, n in counts.items() if n >= min_count]
    words.sort(key=lambda word: (-counts[word], word))
    return [*SPECIAL, *words][:size]
