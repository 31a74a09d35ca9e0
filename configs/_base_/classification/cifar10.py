# Labelled CIFAR-10: crop and flip in training, whole pictures in testing
_base_ = ['../datasets/cifar10.py']

train_dataloader = dict(
    dataset=dict(views=[dict(size=32, area=(0.5, 1.0))]))
val_cfg = dict(_delete_=True, type='ValLoop')
test_cfg = dict(_delete_=True, type='TestLoop')
val_evaluator = [dict(type='ClassificationMetric')]
test_evaluator = [dict(type='ClassificationMetric')]
