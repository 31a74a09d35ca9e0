# CUB150-SSL: 100 training and 50 validation classes, without labels; pictures
# cut to their boxes.  Batch and epochs are not published.
_base_ = [
    '../_base_/datasets/few_shot.py', '../_base_/views_image.py',
    '../_base_/models/amdim_encoder128.py',
    '../_base_/schedules/amdim_adam_300e.py', '../_base_/default_runtime.py',
]

data_root = 'data/cub200/'
train_dataloader = dict(
    batch_size=120,
    dataset=dict(
        data_root=data_root, ann_file=['train.csv', 'val.csv'],
        views=[dict(_base_.amdim_imagenet_view, num=2)], shared_flip=0.5))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
auto_scale_lr = dict(base_batch_size=480)
