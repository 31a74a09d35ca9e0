# Labelled ImageNet-1k: crop and flip in training, centre crop in testing
_base_ = ['../datasets/imagenet.py']

train_dataloader = dict(
    dataset=dict(views=[dict(size=224, area=(0.08, 1.0))]))
val_cfg = dict(_delete_=True, type='ValLoop')
test_cfg = dict(_delete_=True, type='TestLoop')
val_evaluator = [dict(type='ClassificationMetric')]
test_evaluator = [dict(type='ClassificationMetric')]
