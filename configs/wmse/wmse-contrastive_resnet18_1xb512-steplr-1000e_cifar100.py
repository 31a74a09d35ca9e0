_base_ = [
    '../_base_/datasets/cifar100.py', '../_base_/views_image.py',
    '../_base_/models/wmse_contrastive_resnet18.py',
    '../_base_/schedules/wmse_adam_1000e.py', '../_base_/default_runtime.py',
]

train_dataloader = dict(
    batch_size=512,
    dataset=dict(views=[dict(_base_.wmse_cifar_view, num=2)]))
auto_scale_lr = dict(base_batch_size=512)
