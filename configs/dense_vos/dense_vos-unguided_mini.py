# Ablation: both views are equal, so labels come from the same pixels
_base_ = 'dense_vos_mini.py'

train_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='ClipResizeShortEdge', low=160, high=200),
            dict(type='ClipCrop', size=160),
            dict(type='ClipFlip', prob=0.5),
            dict(type='GuidedView', share=(1.0, 1.0), flip_prob=0.0),
            dict(type='PackClipViews')]))
