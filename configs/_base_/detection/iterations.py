# Detectron2's 1x: 90,000 steps of 16 pictures.  mmdet's base counts epochs.
train_cfg = dict(
    type='IterBasedTrainLoop', max_iters=90000, val_interval=90000)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.02, momentum=0.9, weight_decay=1e-4))
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-3, by_epoch=False, end=1000),
    dict(
        type='MultiStepLR', by_epoch=False, milestones=[60000, 80000],
        end=90000)]
auto_scale_lr = dict(base_batch_size=16)
