# Made-up videos: textures that a camera pans over, encoded on the spot
_base_ = ['../_base_/models/cmd_narrow.py', '../_base_/default_runtime.py']

train_dataloader = dict(
    batch_size=16, num_workers=1, persistent_workers=True, drop_last=True,
    sampler=dict(type='EpochSampler', shuffle=True),
    collate_fn=dict(type='mmssl.collate_views'),
    dataset=dict(
        type='TexturedPans', num_videos=32, frames=28, size=64,
        pipeline=[
            dict(
                type='CompressedClipSample', clip_len=8, stride=2,
                interval=1, future_len=4, neg_num=1),
            dict(type='PyAVCompressedDecode'),
            dict(type='CompressedViews', view=dict(
                size=32, area=(0.8, 1.0), log_ratio=False,
                flip_prob=0.0))]))
train_cfg = dict(type='EpochTrainLoop', max_epochs=45)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='Adam', lr=3e-3, weight_decay=1e-4),
    clip_grad=dict(max_norm=15))
param_scheduler = [
    dict(
        type='WarmupEpochCosineLR', max_epochs=45, warmup=3,
        warmup_ratio=0.01, convert_to_iter_based=True)]
auto_scale_lr = dict(base_batch_size=16)
