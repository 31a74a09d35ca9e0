# The ablation with labels: as many updates as amdim_mini.py, on the same
# 60 classes
_base_ = ['amdim_mini.py']

model = dict(
    _delete_=True,
    type='ImageClassifier',
    backbone=dict(
        type='AMDIMEncoder', encoder_size=32, ndf=12, n_rkhs=96,
        n_depth=1, projections=False),
    head=dict(type='LinearHead', num_classes=60, in_channels=96))
train_dataloader = dict(
    dataset=dict(views=[dict(
        _base_.amdim_imagenet_view, num=1, size=32, backend='cv2')]))
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
