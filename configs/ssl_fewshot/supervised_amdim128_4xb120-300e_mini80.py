# The ablation with labels: 64 training and 16 validation classes of
# miniImageNet.  Its settings are not published; these are AMDIM's.
_base_ = ['amdim_encoder128_4xb120-300e_mini80.py']

model = dict(
    _delete_=True,
    type='ImageClassifier',
    backbone=dict(
        type='AMDIMEncoder', encoder_size=128, ndf=192, n_rkhs=1536,
        n_depth=8, projections=False),
    head=dict(type='LinearHead', num_classes=80, in_channels=1536))
train_dataloader = dict(
    dataset=dict(views=[dict(_base_.amdim_imagenet_view, num=1)]))
# Accuracy on the classes that were trained; new ones are ProtoNet's test.
seen = dict(dataset=dict(ann_file=['train.csv', 'val.csv']))
val_dataloader = seen
test_dataloader = seen
del seen
val_cfg = dict(_delete_=True, type='ValLoop')
test_cfg = dict(_delete_=True, type='TestLoop')
val_evaluator = [dict(type='ClassificationMetric')]
test_evaluator = [dict(type='ClassificationMetric')]
default_hooks = dict(momentum=None, health=None)
