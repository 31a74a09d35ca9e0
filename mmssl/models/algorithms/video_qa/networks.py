# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""What follows the language model: frames, readers over sentences, heads."""

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from mmssl.models.losses import check_temperature
from mmssl.registry import MODELS
from mmssl.utils.errors import UsageError
from mmssl.utils.spans import aligned_frames

from .objective import (
    SIMILARITIES,
    local_attention,
    masked_answer_contrast,
    max_over_time,
)

FUSIONS = ('sum', 'concat')


@MODELS.register_module()
class FrameProjection(BaseModule):
    """``V = tanh(W dropout(f) + b)``; reconstructed after TVQA's code.

    Args:
        in_channels (int): Values of a frame; ResNet-101: 2048.
        channels (int): d, width of the language model.
        dropout (float): Of the features.
    """

    def __init__(
        self, in_channels: int, channels: int, dropout: float = 0.1
    ) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(in_channels, channels)

    def forward(self, frames: Tensor) -> Tensor:
        """(b, n, in_channels) to (b, n, channels).

        Raises:
            UsageError: The features have another width.
        """
        if frames.shape[-1] != self.linear.in_features:
            raise UsageError(
                f'the features of a frame have {frames.shape[-1]} values, '
                f'but visual_proj.in_channels is {self.linear.in_features}; '
                'set it to the width of feat_file'
            )
        return torch.tanh(self.linear(self.dropout(frames)))


@MODELS.register_module()
class LocallyAlignedAttention(BaseModule):
    """Each sentence looks at the frames of its own time; reconstructed.

    Args:
        channels (int): d.
        local (bool): False lets each sentence look at all frames.
        margin (float): Seconds around a sentence that still count.
    """

    def __init__(
        self, channels: int, local: bool = True, margin: float = 0.0
    ) -> None:
        super().__init__()
        if margin < 0:
            raise ValueError(f'margin must be >= 0 seconds, got {margin}')
        self.local = local
        self.margin = margin
        self.query = nn.Linear(channels, channels, bias=False)
        self.key = nn.Linear(channels, channels, bias=False)

    def forward(
        self,
        sentences: Tensor,
        frames: Tensor,
        spans: Tensor,
        times: Tensor,
        frame_mask: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Attended frames of each sentence.

        Args:
            sentences (Tensor): (b, k, t, d).
            frames (Tensor): (b, n, d).
            spans (Tensor): (b, t, 2) seconds.
            times (Tensor): (b, n) seconds.
            frame_mask (Tensor): (b, n) bool.

        Returns:
            tuple[Tensor, Tensor]: (b, k, t, d) and (b, k, t, n).
        """
        margin = self.margin if self.local else torch.inf
        mask = aligned_frames(spans, times, frame_mask, margin)
        return local_attention(
            sentences,
            frames[:, None],
            self.query.weight,
            self.key.weight,
            mask[:, None],
        )


@MODELS.register_module()
class SequenceReader(BaseModule):
    """A bidirectional RNN over the sentences; its kind is reconstructed.

    Args:
        in_channels (int): d.
        channels (int): h, of each direction.
        rnn (str): 'LSTM' or 'GRU'.
        num_layers (int): Layers.
    """

    def __init__(
        self,
        in_channels: int,
        channels: int,
        rnn: str = 'LSTM',
        num_layers: int = 1,
    ) -> None:
        super().__init__()
        kinds = dict(LSTM=nn.LSTM, GRU=nn.GRU)
        if rnn not in kinds:
            raise ValueError(f'rnn must be in {tuple(kinds)}, got {rnn!r}')
        self.rnn = kinds[rnn](
            in_channels,
            channels,
            num_layers,
            batch_first=True,
            bidirectional=True,
        )

    def forward(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """States of all sentences, and their maximum.

        Args:
            x (Tensor): (n, t, d).
            mask (Tensor): (n, t) bool, valid ones first, at least one.

        Returns:
            tuple[Tensor, Tensor]: (n, t, 2h), 0 at padding; (n, 2h).
        """
        packed = pack_padded_sequence(
            x, mask.sum(1).cpu(), batch_first=True, enforce_sorted=False
        )
        states, _ = pad_packed_sequence(
            self.rnn(packed)[0], batch_first=True, total_length=x.shape[1]
        )
        return states, max_over_time(states, mask)


@MODELS.register_module()
class ChoiceHead(BaseModule):
    """Score of an option from what was read; fusion is reconstructed.

    Args:
        channels (int): 2h of the text.
        visual_channels (int): 2h of the frames, 0 without frames.
        fusion (str): 'sum', ``w_s gs + w_v gv + b``, or 'concat', a
            perceptron on ``[gs; gv]``.
    """

    def __init__(
        self, channels: int, visual_channels: int = 0, fusion: str = 'sum'
    ) -> None:
        super().__init__()
        if fusion not in FUSIONS:
            raise ValueError(f'fusion must be in {FUSIONS}, got {fusion!r}')
        self.fusion = fusion
        total = channels + visual_channels
        # One linear map of [gs; gv] is the sum of two of the parts.
        self.score = (
            nn.Linear(total, 1)
            if fusion == 'sum'
            else nn.Sequential(
                nn.Linear(total, channels), nn.ReLU(), nn.Linear(channels, 1)
            )
        )

    def forward(self, text: Tensor, visual: Tensor | None) -> Tensor:
        """(..., channels) and (..., visual_channels) to scores (...)."""
        both = text if visual is None else torch.cat([text, visual], -1)
        return self.score(both).squeeze(-1)


@MODELS.register_module()
class SpanHead(BaseModule):
    """Is a sentence the first, or the last, that the answer needs?

    Args:
        channels (int): Of ``[Gs; Gv]``.
        weight (float): Of its loss; 0.5 is STAGE's, reconstructed.
    """

    def __init__(self, channels: int, weight: float = 0.5) -> None:
        super().__init__()
        self.weight = weight
        self.linear = nn.Linear(channels, 2)

    def forward(self, states: Tensor) -> tuple[Tensor, Tensor]:
        """(..., t, channels) to start and end logits, each (..., t)."""
        start, end = self.linear(states).unbind(-1)
        return start, end


@MODELS.register_module()
class MaskedAnswerContrastHead(BaseModule):
    """Settings of the auxiliary contrastive loss; no weights.

    Args:
        similarity (str): 'dot' or 'cosine'; reconstructed.
        temperature (float, optional): By default 1 for dot, 0.1 for cosine;
            reconstructed.
        weight (float): Of the loss; reconstructed.
        detach_candidates (bool): No gradient through the unmasked options.
    """

    def __init__(
        self,
        similarity: str = 'dot',
        temperature: float | None = None,
        weight: float = 1.0,
        detach_candidates: bool = False,
    ) -> None:
        super().__init__()
        if similarity not in SIMILARITIES:
            raise ValueError(
                f'similarity must be in {SIMILARITIES}, got {similarity!r}'
            )
        if temperature is None:
            temperature = 1.0 if similarity == 'dot' else 0.1
        self.similarity = similarity
        self.temperature = check_temperature(temperature)
        self.weight = weight
        self.detach_candidates = detach_candidates

    def forward(
        self, candidates: Tensor, anchor: Tensor, target: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Loss and logits; see :func:`masked_answer_contrast`."""
        if self.detach_candidates:
            candidates = candidates.detach()
        return masked_answer_contrast(
            candidates, anchor, target, self.temperature, self.similarity
        )
