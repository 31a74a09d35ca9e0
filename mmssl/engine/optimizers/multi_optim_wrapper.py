# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Several optimizers, each for one child of the model."""

from mmengine.model import is_model_wrapper
from mmengine.optim import OptimWrapperDict, build_optim_wrapper
from torch import nn

from mmssl.registry import OPTIM_WRAPPER_CONSTRUCTORS


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class MultiOptimWrapperConstructor:
    """Builds one optimizer wrapper for each named child of a model.

    ``optim_wrapper=dict(constructor='MultiOptimWrapperConstructor',
    generators=dict(type='OptimWrapper', optimizer=dict(...)),
    discriminators=dict(...))``; a ``type`` beside the children is that of
    all of them (``--amp`` writes it there).

    Args:
        optim_wrapper_cfg (dict): Name of a child to the config of its
            wrapper, as MMEngine builds one.
        paramwise_cfg (dict, optional): Must be None: it belongs into the
            children's entries.

    Raises:
        ValueError: No child, settings in a wrong place, or accumulation,
            whose unfinished rounds could not be resumed.
    """

    def __init__(
        self, optim_wrapper_cfg: dict, paramwise_cfg: dict | None = None
    ) -> None:
        children = dict(optim_wrapper_cfg)
        kind = children.pop('type', None)
        if paramwise_cfg is not None:
            raise ValueError(
                'paramwise_cfg belongs into the entry of a child, such as '
                'optim_wrapper.generators.paramwise_cfg'
            )
        wrong = [
            name
            for name, settings in children.items()
            if not isinstance(settings, dict) or 'optimizer' not in settings
        ]
        if not children or wrong:
            raise ValueError(
                'optim_wrapper needs one entry with an optimizer for each '
                'child of the model, such as generators=dict(optimizer='
                f'dict(...)); wrong here: {", ".join(wrong) or "no entry"}'
            )
        for name, settings in children.items():
            if settings.get('accumulative_counts', 1) != 1:
                raise ValueError(
                    f'optim_wrapper.{name}: accumulative_counts is not '
                    'supported with several optimizers; raise the batch size'
                )
        self.children = {
            name: dict(settings, type=kind) if kind else dict(settings)
            for name, settings in children.items()
        }

    def __call__(self, model: nn.Module) -> OptimWrapperDict:
        """Build the wrappers.

        Args:
            model (nn.Module): Has the children; perhaps wrapped.

        Raises:
            ValueError: A child is missing, or parameters are in no child.
        """
        model = model.module if is_model_wrapper(model) else model
        existing = dict(model.named_children())
        missing = [name for name in self.children if name not in existing]
        if missing:
            raise ValueError(
                f'{type(model).__name__} has no child {", ".join(missing)}; '
                f'its children are {", ".join(existing)}'
            )
        left_out = {
            name.split('.')[0]
            for name, p in model.named_parameters()
            if p.requires_grad and name.split('.')[0] not in self.children
        }
        if left_out:
            raise ValueError(
                f'no optimizer for {", ".join(sorted(left_out))} of '
                f'{type(model).__name__}; give optim_wrapper an entry of '
                'that name'
            )
        return OptimWrapperDict(
            **{
                name: build_optim_wrapper(existing[name], dict(settings))
                for name, settings in self.children.items()
            }
        )
