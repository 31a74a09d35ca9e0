# Labelled patches of photographs that ship inside wheels
_base_ = ['../datasets/embedded.py']

train_dataloader = dict(
    dataset=dict(views=[dict(size=48, area=(0.5, 1.0))]))
val_cfg = dict(_delete_=True, type='ValLoop')
test_cfg = dict(_delete_=True, type='TestLoop')
val_evaluator = [dict(type='ClassificationMetric')]
test_evaluator = [dict(type='ClassificationMetric')]
