_base_ = 'mask-rcnn_r50_fpn_syncbn_8xb2-1x_coco.py'

train_cfg = dict(max_iters=180000, val_interval=180000)
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-3, by_epoch=False, end=1000),
    dict(
        type='MultiStepLR', by_epoch=False, milestones=[120000, 160000],
        end=180000)]
