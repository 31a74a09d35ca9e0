# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""One language model for question, answer and subtitles."""

import torch
from mmengine.logging import print_log
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmssl.registry import MODELS
from mmssl.utils.checkpoint import load_weights
from mmssl.utils.errors import UsageError
from mmssl.utils.hub import has_transformers, hub_source, missing
from mmssl.utils.lazy import OptionalPackage

transformers = OptionalPackage('transformers', 'SubtitleTextEncoder')

POOLINGS = ('marker', 'mean')


class PlainTransformer(nn.Module):
    """What takes BERT's place where ``transformers`` is not installed.

    Args:
        vocab_size (int): Tokens.
        hidden_size (int): d.
        num_hidden_layers (int): Layers.
        num_attention_heads (int): Heads.
        intermediate_size (int): Width inside a layer.
        max_position_embeddings (int): Longest sequence.
        type_vocab_size (int): Segments.
        hidden_dropout_prob (float): Dropout.
        pad_token_id (int): Padding, which is masked; not trained.
        word_std (float): Spread of the words' vectors at the start; those
            of positions and segments have BERT's 0.02, with which a place
            counts as much as a word until training has told them apart.
    """

    def __init__(
        self,
        vocab_size: int = 30522,
        hidden_size: int = 768,
        num_hidden_layers: int = 12,
        num_attention_heads: int = 12,
        intermediate_size: int = 3072,
        max_position_embeddings: int = 512,
        type_vocab_size: int = 2,
        hidden_dropout_prob: float = 0.1,
        pad_token_id: int = 0,
        word_std: float = 0.02,
    ) -> None:
        super().__init__()
        self.words = nn.Embedding(
            vocab_size, hidden_size, padding_idx=pad_token_id
        )
        self.positions = nn.Embedding(max_position_embeddings, hidden_size)
        self.segments = nn.Embedding(type_vocab_size, hidden_size)
        nn.init.normal_(self.words.weight, std=word_std)
        for table in (self.positions, self.segments):
            nn.init.normal_(table.weight, std=0.02)
        self.norm = nn.LayerNorm(hidden_size)
        self.dropout = nn.Dropout(hidden_dropout_prob)
        layer = nn.TransformerEncoderLayer(
            hidden_size,
            num_attention_heads,
            intermediate_size,
            hidden_dropout_prob,
            activation='gelu',
            batch_first=True,
        )
        self.layers = nn.TransformerEncoder(
            layer, num_hidden_layers, enable_nested_tensor=False
        )

    def get_input_embeddings(self) -> nn.Embedding:
        """The table of words, as models of ``transformers`` name it."""
        return self.words

    def forward(
        self, inputs_embeds: Tensor, attention_mask: Tensor, segments: Tensor
    ) -> Tensor:
        """(n, s, d), (n, s), (n, s) to hidden states (n, s, d)."""
        places = torch.arange(segments.shape[1], device=segments.device)
        x = inputs_embeds + self.positions(places) + self.segments(segments)
        padding = ~attention_mask.bool()
        return self.layers(
            self.dropout(self.norm(x)), src_key_padding_mask=padding
        )


class TransformersEncoder(nn.Module):
    """A model of ``transformers`` behind the interface of this file.

    Args:
        config (dict): ``model_type`` ('bert', 'roberta', ...) and settings.
        pretrained (str, optional): Folder or 'hf://ORG/NAME'.  Where it is
            there its settings are taken; its weights are read by
            :meth:`load`.
    """

    def __init__(self, config: dict, pretrained: str | None) -> None:
        super().__init__()
        name, local, there = None, True, False
        if pretrained is not None:
            name, local, there = hub_source(pretrained)
        if there:
            settings = transformers.AutoConfig.from_pretrained(
                name, local_files_only=local
            )
        else:
            config = dict(config)
            kind = config.pop('model_type', 'bert')
            settings = transformers.AutoConfig.for_model(kind, **config)
        self.model = transformers.AutoModel.from_config(
            settings, add_pooling_layer=False
        )
        self.single_segment = settings.type_vocab_size < 2

    def load(self, pretrained: str) -> None:
        """Read weights.

        Raises:
            UsageError: No such folder, or it does not fit.
        """
        name, local, there = hub_source(pretrained)
        if not there:
            raise UsageError(missing(pretrained, 'weights and settings'))
        found = transformers.AutoModel.from_pretrained(
            name, local_files_only=local, add_pooling_layer=False
        )
        load_weights(self.model, found.state_dict())

    def get_input_embeddings(self) -> nn.Embedding:
        """The table of words."""
        return self.model.get_input_embeddings()

    def forward(
        self, inputs_embeds: Tensor, attention_mask: Tensor, segments: Tensor
    ) -> Tensor:
        """(n, s, d), (n, s), (n, s) to hidden states (n, s, d)."""
        if self.single_segment:
            segments = torch.zeros_like(segments)
        return self.model(
            inputs_embeds=inputs_embeds,
            attention_mask=attention_mask.long(),
            token_type_ids=segments,
        ).last_hidden_state


@MODELS.register_module()
class SubtitleTextEncoder(BaseModule):
    """A BERT-type model that gives one vector for each sentence.

    The marker in front of every sentence has an embedding of its own, which
    starts as the mean of the words' (reconstructed); so a language model
    keeps its vocabulary.

    Args:
        pretrained (str, optional): Folder with settings and weights in the
            format of ``transformers``, any of the BERT or RoBERTa family;
            'hf://ORG/NAME' downloads from its hub, nothing else does.  The
            weights are read when a training starts, so that a checkpoint of
            ours can be used without the folder.
        config (dict, optional): Settings of the model where there is no
            such folder, in the words of ``BertConfig``; ``model_type`` says
            the family, by default 'bert'.
        pooling (str): Vector of a sentence: 'marker', the state at its
            marker, or 'mean', over its tokens; reconstructed.
        backend (str): 'transformers', 'plain' (a ``nn.TransformerEncoder``),
            or 'auto', the first where it is installed.

    Raises:
        ValueError: Unknown pooling or backend.
    """

    def __init__(
        self,
        pretrained: str | None = None,
        config: dict | None = None,
        pooling: str = 'marker',
        backend: str = 'auto',
    ) -> None:
        super().__init__()
        if pooling not in POOLINGS:
            raise ValueError(f'pooling must be in {POOLINGS}, got {pooling!r}')
        self.pooling = pooling
        self.pretrained = pretrained
        self.model = build_language_model(pretrained, config or {}, backend)
        words = self.model.get_input_embeddings()
        self.vocab_size, self.channels = words.weight.shape
        self.marker = nn.Parameter(words.weight.detach().mean(0))

    def init_weights(self) -> None:
        """Read the weights of the language model, if there are any.

        Raises:
            UsageError: No such folder; or it needs ``transformers``, which
                is not in use.
        """
        super().init_weights()
        if self.pretrained is None:
            return
        if isinstance(self.model, PlainTransformer):
            raise UsageError(
                f'the weights {self.pretrained} are those of a model of '
                'transformers, which is not in use: pip install '
                "'mmssl[videoqa]', and set backend='auto'"
            )
        self.model.load(self.pretrained)
        words = self.model.get_input_embeddings()
        self.marker.data.copy_(words.weight.detach().mean(0))

    @property
    def max_positions(self) -> int:
        """Longest sequence that the model reads."""
        if isinstance(self.model, PlainTransformer):
            return self.model.positions.num_embeddings
        config = self.model.model.config
        # RoBERTa numbers positions from behind its padding.
        offset = 0 if config.model_type == 'bert' else config.pad_token_id + 1
        return config.max_position_embeddings - offset

    def forward(
        self,
        ids: Tensor,
        mask: Tensor,
        segments: Tensor,
        markers: Tensor,
        sentence_mask: Tensor,
    ) -> Tensor:
        """Vectors of the sentences of n sequences.

        Args:
            ids (Tensor): (n, s) int64.
            mask (Tensor): (n, s) bool, False for padding.
            segments (Tensor): (n, s) int64.
            markers (Tensor): (n, t) int64, places of the markers.
            sentence_mask (Tensor): (n, t) bool, False for padding.

        Returns:
            Tensor: (n, t, d); of padding whatever stands at place 0.

        Raises:
            UsageError: A sequence is too long, or a token unknown.
        """
        if ids.shape[1] > self.max_positions:
            raise UsageError(
                f'a sequence of {ids.shape[1]} tokens is longer than the '
                f'{self.max_positions} positions of the language model; '
                'lower max_len of TokenizeOptions'
            )
        is_marker = torch.zeros_like(mask)
        rows = torch.arange(len(ids), device=ids.device)[:, None]
        rows = rows.expand_as(markers)[sentence_mask]
        is_marker[rows, markers[sentence_mask]] = True
        words = ids.masked_fill(is_marker, 0)
        if int(words.max()) >= self.vocab_size:
            raise UsageError(
                f'token {int(words.max())} is not among the '
                f'{self.vocab_size} of the language model: tokenizer and '
                'model do not belong together; set vocab_size, or pretrained, '
                'of the text encoder by the tokenizer'
            )
        table = self.model.get_input_embeddings()
        embedded = torch.where(is_marker[..., None], self.marker, table(words))
        hidden = self.model(embedded, mask, segments)
        if self.pooling == 'marker':
            index = markers[..., None].expand(-1, -1, hidden.shape[-1])
            return hidden.gather(1, index)
        return mean_of_sentences(hidden, mask, markers, sentence_mask)


def mean_of_sentences(
    hidden: Tensor, mask: Tensor, markers: Tensor, sentence_mask: Tensor
) -> Tensor:
    """Average of the tokens between a marker and the next one.

    The last sentence ends before the last token of its sequence, which is
    a separator.

    Args:
        hidden (Tensor): (n, s, d).
        mask (Tensor): (n, s) bool.
        markers (Tensor): (n, t).
        sentence_mask (Tensor): (n, t) bool.

    Returns:
        Tensor: (n, t, d); an empty sentence, and padding, give 0.
    """
    last = mask.sum(1, keepdim=True) - 1
    starts = torch.where(sentence_mask, markers, last)
    ends = torch.cat([starts[:, 1:], last], 1)
    places = torch.arange(hidden.shape[1], device=hidden.device)
    inside = (places > starts[..., None]) & (places < ends[..., None])
    weights = inside.to(hidden) / inside.sum(-1, keepdim=True).clamp(min=1)
    return weights @ hidden


def build_language_model(
    pretrained: str | None, config: dict, backend: str
) -> nn.Module:
    """The model of :class:`SubtitleTextEncoder`.

    Raises:
        ValueError: Unknown backend.
    """
    if backend not in ('auto', 'transformers', 'plain'):
        raise ValueError(
            "backend must be 'auto', 'transformers' or 'plain', got "
            f'{backend!r}'
        )
    if backend == 'auto':
        backend = 'transformers' if has_transformers() else 'plain'
        if backend == 'plain':
            print_log(
                'transformers is not installed: a plain TransformerEncoder '
                'reads the text; for BERT and RoBERTa: pip install '
                "'mmssl[videoqa]'",
                logger='current',
                level=30,
            )
    if backend == 'transformers':
        return TransformersEncoder(config, pretrained)
    config = {k: v for k, v in config.items() if k != 'model_type'}
    return PlainTransformer(**config)
