# More generated clips, until questions of both kinds are answered: what is
# said, and what is seen.  A minute on a CPU.
_base_ = 'videoqa_tiny.py'

model = dict(
    text_encoder=dict(pooling='mean', config=dict(word_std=0.2)),
    contrast_head=dict(weight=0.2))
train_dataloader = dict(
    batch_size=16, dataset=dict(num_clips=800, things=40))
val_dataloader = dict(
    batch_size=32, dataset=dict(num_clips=60, things=40))
test_dataloader = val_dataloader
train_cfg = dict(
    _delete_=True, type='IterBasedTrainLoop', max_iters=1000,
    val_interval=50)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.05, end=20, by_epoch=False),
    dict(
        type='LinearLR', start_factor=1.0, end_factor=0.01, begin=700,
        end=1000, by_epoch=False)]
default_hooks = dict(
    logger=dict(log_metric_by_epoch=False),
    checkpoint=dict(interval=1000, by_epoch=False, save_best=None))
log_processor = dict(by_epoch=False, window_size=50)
auto_scale_lr = dict(base_batch_size=16)
