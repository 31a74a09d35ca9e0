# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""From cells of a clip to the motion expected in each cell of the future."""

import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmssl.registry import MODELS


class AttentionLayer(nn.Module):
    """A layer of the encoder, or with ``cross`` of the decoder.

    Attention to the own sequence, in the decoder then to the memory, then
    two linear layers; each is added to its input and normalised afterwards.
    Positions are added to queries and keys, not to values.

    Args:
        dim (int): d.
        num_heads (int): They share d.
        ffn_dim (int): Width between the linear layers.
        dropout (float): Of attention and of what is added.
        cross (bool): Attend to a memory, too.
    """

    def __init__(
        self,
        dim: int,
        num_heads: int,
        ffn_dim: int,
        dropout: float,
        cross: bool,
    ) -> None:
        super().__init__()
        self.self_attn = nn.MultiheadAttention(dim, num_heads, dropout)
        self.cross_attn = (
            nn.MultiheadAttention(dim, num_heads, dropout) if cross else None
        )
        self.fc1 = nn.Linear(dim, ffn_dim)
        self.fc2 = nn.Linear(ffn_dim, dim)
        self.norms = nn.ModuleList(
            nn.LayerNorm(dim) for _ in range(3 if cross else 2)
        )
        self.dropout = nn.Dropout(dropout)

    def forward(
        self,
        x: Tensor,
        positions: Tensor,
        memory: Tensor | None = None,
        memory_positions: Tensor | None = None,
    ) -> Tensor:
        """(l, b, d) to the same; memory is (m, b, d), positions (., 1, d)."""
        placed = x + positions
        added = self.self_attn(placed, placed, x, need_weights=False)[0]
        x = self.norms[0](x + self.dropout(added))
        if self.cross_attn is not None:
            added = self.cross_attn(
                x + positions, memory + memory_positions, memory,
                need_weights=False,
            )[0]  # fmt: skip
            x = self.norms[1](x + self.dropout(added))
        hidden = self.dropout(F.relu(self.fc1(x)))
        return self.norms[-1](x + self.dropout(self.fc2(hidden)))


@MODELS.register_module()
class MotionPredictor(BaseModule):
    """The transformer of CMD: a vector for each cell of the future window.

    Cells of the clip, in the order of time, row, column, are encoded; a
    decoder that begins with zeros and knows its cells by their learned
    position attends to them.

    Args:
        in_channels (int): Channels of the clip's map.
        source_cells (int): Cells of the clip, t h w.
        target_cells (int): Cells of the motion network's map.
        dim (int): d.
        num_heads (int): Heads of attention.
        encoder_layers (int): Layers over the clip.
        decoder_layers (int): Layers over the future.
        ffn_dim (int): Width inside a layer.
        dropout (float): See :class:`AttentionLayer`.
        linear_std (float): Of the normal distribution that linear layers
            begin with; narrow networks learn sooner with more.
        init_cfg (dict, optional): MMEngine's initialisation.
    """

    def __init__(
        self,
        in_channels: int = 2048,
        source_cells: int = 98,
        target_cells: int = 49,
        dim: int = 512,
        num_heads: int = 8,
        encoder_layers: int = 2,
        decoder_layers: int = 4,
        ffn_dim: int = 512,
        dropout: float = 0.1,
        linear_std: float = 0.01,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.dim = dim
        self.linear_std = linear_std
        self.reduce = nn.Linear(in_channels, dim, bias=False)
        self.source_positions = nn.Embedding(source_cells, dim)
        self.target_positions = nn.Embedding(target_cells, dim)
        shape = (dim, num_heads, ffn_dim, dropout)
        self.encoder = nn.ModuleList(
            AttentionLayer(*shape, cross=False) for _ in range(encoder_layers)
        )
        self.decoder = nn.ModuleList(
            AttentionLayer(*shape, cross=True) for _ in range(decoder_layers)
        )

    def init_weights(self) -> None:
        """As published, whatever PyTorch began with."""
        for module in self.modules():
            if isinstance(module, nn.MultiheadAttention):
                nn.init.xavier_uniform_(module.in_proj_weight)
                nn.init.zeros_(module.in_proj_bias)
            elif isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, std=self.linear_std)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
            elif isinstance(module, nn.Embedding):
                nn.init.uniform_(module.weight)
        super().init_weights()

    def forward(self, maps: Tensor) -> Tensor:
        """Predict.

        Args:
            maps (Tensor): (b, c, t, h, w) of the clip.

        Returns:
            Tensor: (b, target_cells, d).

        Raises:
            ValueError: The map has another number of cells.
        """
        cells = self.source_positions.num_embeddings
        if maps[0, 0].numel() != cells:
            raise ValueError(
                f'the clip has a map of {tuple(maps.shape[2:])}, that is '
                f'{maps[0, 0].numel()} cells, but MotionPredictor has '
                f'source_cells={cells}'
            )
        memory = self.reduce(maps.flatten(2).permute(2, 0, 1))
        return self.transform(memory).transpose(0, 1)

    def transform(self, memory: Tensor) -> Tensor:
        """(source_cells, b, d) to (target_cells, b, d)."""
        keys = self.source_positions.weight[:, None]
        queries = self.target_positions.weight[:, None]
        for layer in self.encoder:
            memory = layer(memory, keys)
        x = memory.new_zeros(len(queries), memory.shape[1], self.dim)
        for layer in self.decoder:
            x = layer(x, queries, memory, keys)
        return x
