# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Which option answers the question about a clip?

option + subtitles -> language model -> sentence vectors -.-> reader -.
frames -> projection -> frames of each sentence's time ---'-> reader -+> score
masked true option -> language model -> reader -> has to find its own option
"""

import torch
import torch.nn.functional as F
from mmengine.model import BaseModel
from torch import Tensor, nn

from mmssl.registry import MODELS
from mmssl.structures import DataSample
from mmssl.utils.errors import UsageError

from .objective import decode_spans, span_loss


@MODELS.register_module()
class VideoQASSL(BaseModel):
    """Self-supervised pre-training and contrastive video QA.

    Paper https://arxiv.org/abs/2009.08043; no code is published, and of the
    text abstract and introduction only were at hand: what is reconstructed
    is a setting of the parts and listed on the method's page.

    Pre-training and the main stage are the same network: the options are
    questions (``QuestionSelectionDataset``) or answers.  Each option is
    scored alone, by the same weights.

    ``inputs``: dict of ``collate_video_qa``, B questions of K options, S
    tokens, T sentences, N frames:

    - ``ids``, ``segments`` (B, K, S) int64, ``mask`` (B, K, S) bool;
    - ``markers`` (B, K, T) int64, ``sentence_mask`` (B, T) bool, ``spans``
      (B, T, 2) seconds;
    - ``frames`` (B, N, c), ``times`` (B, N) seconds, ``frame_mask`` (B, N);
    - ``target`` (B,) int64, -1 where the answer is not known;
    - ``span_target`` (B, 2) int64 sentences, -1 without annotation;
    - ``masked_ids`` (B, S), the true option with masked words; training
      with a contrastive loss only.

    Args:
        text_encoder (dict): ``SubtitleTextEncoder``.
        reader (dict): ``SequenceReader`` of the sentences; another one with
            the same settings reads the frames.
        choice_head (dict): ``ChoiceHead``.
        visual_proj (dict, optional): ``FrameProjection``; None leaves the
            frames out.
        local_attn (dict, optional): ``LocallyAlignedAttention``; needed with
            ``visual_proj``.
        span_head (dict, optional): ``SpanHead``, temporal localisation.
        contrast_head (dict, optional): ``MaskedAnswerContrastHead``.
        data_preprocessor (dict, optional): MMEngine's, which moves tensors.
        init_cfg (dict, optional): MMEngine's initialisation.

    Raises:
        ValueError: One of ``visual_proj`` and ``local_attn`` without the
            other.
    """

    def __init__(
        self,
        text_encoder: dict,
        reader: dict,
        choice_head: dict,
        visual_proj: dict | None = None,
        local_attn: dict | None = None,
        span_head: dict | None = None,
        contrast_head: dict | None = None,
        data_preprocessor: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(data_preprocessor, init_cfg)
        if (visual_proj is None) != (local_attn is None):
            raise ValueError(
                'visual_proj and local_attn go together: give both, or '
                'neither for a model of the text alone'
            )
        self.text_encoder = MODELS.build(text_encoder)
        self.text_reader = MODELS.build(reader)
        self.choice_head = MODELS.build(choice_head)
        self.visual_proj = _build(visual_proj)
        self.local_attn = _build(local_attn)
        self.visual_reader = None if visual_proj is None else _build(reader)
        self.span_head = _build(span_head)
        self.contrast_head = _build(contrast_head)

    @property
    def neck(self) -> nn.Module:
        """The module whose outputs ``FeatureHealthHook`` watches."""
        return self.text_reader

    def forward(
        self,
        inputs: dict[str, Tensor],
        data_samples: list[DataSample] | None = None,
        mode: str = 'tensor',
    ):
        """Dispatch to scores, losses or predictions.

        Args:
            inputs (dict): See the class.
            data_samples (list, optional): B data samples.
            mode (str): 'tensor': scores (B, K); 'loss': dict of losses;
                'predict': data samples with the answer.

        Raises:
            ValueError: mode is unknown.
            UsageError: See :meth:`loss`.
        """
        if mode == 'tensor':
            return self.read(without_masked_copy(inputs))['scores']
        if mode == 'loss':
            return self.loss(inputs)
        if mode == 'predict':
            return self.predict(inputs, data_samples)
        raise ValueError(
            f"mode must be 'tensor', 'loss' or 'predict', got {mode!r}"
        )

    def encode(self, inputs: dict[str, Tensor]) -> Tensor:
        """Vectors of the sentences of each option, (B, K, T, d).

        With ``masked_ids`` the masked copy of the true option comes behind
        the options, (B, K + 1, T, d): one pass of the language model, in
        which every sequence has its own dropout.
        """
        names = ('ids', 'mask', 'segments', 'markers')
        values = {name: inputs[name] for name in names}
        if 'masked_ids' in inputs:
            true = inputs['target']
            rows = torch.arange(len(true), device=true.device)
            own = {name: x[rows, true] for name, x in values.items()}
            own['ids'] = inputs['masked_ids']
            values = {
                name: torch.cat([x, own[name][:, None]], 1)
                for name, x in values.items()
            }
        batch, options = values['ids'].shape[:2]
        sentences = self._per_option(inputs['sentence_mask'], options)
        vectors = self.text_encoder(
            **{name: x.flatten(0, 1) for name, x in values.items()},
            sentence_mask=sentences,
        )
        return vectors.unflatten(0, (batch, options))

    @staticmethod
    def _per_option(sentence_mask: Tensor, options: int) -> Tensor:
        """(B, T) to (B * options, T)."""
        return sentence_mask.repeat_interleave(options, 0)

    def read(self, inputs: dict[str, Tensor]) -> dict[str, Tensor | None]:
        """Everything up to the scores.

        Returns:
            dict: ``scores`` (B, K); ``states`` (B, K, T, c), text and
            frames; ``pooled`` (B, K, 2h), what is read of the text;
            ``anchor`` (B, 2h) or None, the same of the masked copy;
            ``text_states`` (B, K, T, 2h); ``attention`` (B, K, T, N) or
            None.
        """
        vectors = self.encode(inputs)
        options = inputs['ids'].shape[1]
        states, pooled = self._run(self.text_reader, vectors, inputs)
        anchor = pooled[:, options] if pooled.shape[1] > options else None
        vectors, states, pooled = (
            x[:, :options] for x in (vectors, states, pooled)
        )
        found = dict(
            pooled=pooled, anchor=anchor, text_states=states, attention=None
        )
        seen = None
        if self.visual_proj is not None:
            attended, found['attention'] = self._attend(vectors, inputs)
            visual, seen = self._run(self.visual_reader, attended, inputs)
            states = torch.cat([states, visual], -1)
        return found | dict(
            states=states, scores=self.choice_head(pooled, seen)
        )

    def _attend(
        self, vectors: Tensor, inputs: dict[str, Tensor]
    ) -> tuple[Tensor, Tensor | None]:
        """Frames of each sentence; zeros where the batch has no frames."""
        if inputs['frames'].shape[1] == 0:
            return torch.zeros_like(vectors), None
        frames = self.visual_proj(inputs['frames'])
        return self.local_attn(
            vectors,
            frames,
            inputs['spans'],
            inputs['times'],
            inputs['frame_mask'],
        )

    def _run(
        self, reader: nn.Module, vectors: Tensor, inputs: dict[str, Tensor]
    ) -> tuple[Tensor, Tensor]:
        """A reader over (B, K, T, d): (B, K, T, 2h) and (B, K, 2h)."""
        shape = vectors.shape[:2]
        mask = self._per_option(inputs['sentence_mask'], shape[1])
        states, pooled = reader(vectors.flatten(0, 1), mask)
        return states.unflatten(0, shape), pooled.unflatten(0, shape)

    def loss(self, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
        """Losses of a batch, and the accuracy (percent).

        Returns:
            dict: ``loss_qa``; with the heads ``loss_span`` and
            ``loss_contrast``, weighted; ``acc`` and ``acc_contrast``.

        Raises:
            UsageError: A question has no known answer, or there is no
                masked copy for the contrastive loss.
        """
        target = inputs['target']
        if int(target.min()) < 0:
            raise UsageError(
                'a question without known answer cannot be trained on; use '
                'the training split'
            )
        if self.contrast_head is not None and 'masked_ids' not in inputs:
            raise UsageError(
                'contrast_head needs the masked copy of the true option: add '
                'MaskTrueAnswer behind TokenizeOptions in the training '
                'pipeline, or set model.contrast_head=None'
            )
        if self.contrast_head is None:
            inputs = without_masked_copy(inputs)
        found = self.read(inputs)
        scores = found['scores'].float()
        losses = dict(
            loss_qa=F.cross_entropy(scores, target),
            acc=percent(scores, target),
        )
        rows = torch.arange(len(target), device=target.device)
        if self.span_head is not None:
            start, end = self.span_head(found['states'][rows, target])
            losses['loss_span'] = self.span_head.weight * span_loss(
                start, end, inputs['sentence_mask'], inputs['span_target']
            )
        if self.contrast_head is not None:
            loss, logits = self.contrast_head(
                found['pooled'], found['anchor'], target
            )
            losses['loss_contrast'] = self.contrast_head.weight * loss
            losses['acc_contrast'] = percent(logits, target)
        return losses

    def predict(
        self,
        inputs: dict[str, Tensor],
        data_samples: list[DataSample],
        explain: bool = False,
    ) -> list[DataSample]:
        """Answers.

        Args:
            inputs (dict): See the class.
            data_samples (list): B data samples with ``sentence_spans``.
            explain (bool): Also ``attention`` (T, N) of the chosen option
                and ``sentence_share`` (T,), the share of the pooled values
                that comes from each sentence.

        Returns:
            list: The same with ``scores`` (K,), probabilities;
            ``pred_answer`` (int); with a span head ``pred_span``, seconds.
        """
        # Masking belongs to training: a masked copy is not looked at.
        found = self.read(without_masked_copy(inputs))
        scores = found['scores'].float().softmax(-1)
        chosen = scores.argmax(-1)
        rows = torch.arange(len(chosen), device=chosen.device)
        pairs = None
        if self.span_head is not None:
            start, end = self.span_head(found['states'][rows, chosen])
            pairs = decode_spans(start, end, inputs['sentence_mask']).tolist()
        for row, sample in enumerate(data_samples):
            fields = dict(
                scores=scores[row].cpu(), pred_answer=int(chosen[row])
            )
            if pairs is not None:
                first, last = pairs[row]
                spans = sample.sentence_spans
                fields['pred_span'] = (spans[first][0], spans[last][1])
            if explain:
                fields |= self._explain(found, inputs, row, int(chosen[row]))
            for name, value in fields.items():
                sample.set_field(value, name, field_type='metainfo')
        return data_samples

    def _explain(
        self, found: dict, inputs: dict[str, Tensor], row: int, option: int
    ) -> dict:
        count = int(inputs['sentence_mask'][row].sum())
        states = found['text_states'][row, option, :count]
        winners = states.argmax(0).bincount(minlength=count)
        fields = dict(sentence_share=(winners / winners.sum()).cpu())
        if found['attention'] is not None:
            frames = int(inputs['frame_mask'][row].sum())
            attention = found['attention'][row, option, :count, :frames]
            fields['attention'] = attention.float().cpu()
        return fields


def without_masked_copy(inputs: dict[str, Tensor]) -> dict[str, Tensor]:
    """The inputs as at test."""
    return {k: v for k, v in inputs.items() if k != 'masked_ids'}


def percent(scores: Tensor, target: Tensor) -> Tensor:
    """Share of the rows whose largest score is the target's, in percent."""
    return 100 * (scores.argmax(-1) == target).float().mean()


def _build(config: dict | None) -> nn.Module | None:
    return None if config is None else MODELS.build(config)
