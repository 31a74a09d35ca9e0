# Ablation on the generated videos: both views are equal
_base_ = 'dense_vos-shapes_mini.py'

train_dataloader = dict(
    dataset=dict(
        pipeline=[
            dict(type='ClipFlip', prob=0.5),
            dict(type='GuidedView', share=(1.0, 1.0), flip_prob=0.0),
            dict(type='PackClipViews')]))
