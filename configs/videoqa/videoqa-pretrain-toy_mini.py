# First stage of videoqa-toy_mini: the question among those of other clips
_base_ = 'videoqa-toy_mini.py'

model = dict(span_head=None, contrast_head=None)
clips = dict(
    type='ToyVideoQA', things=40,
    pipeline=[_base_.tokens, dict(type='PackVideoQAInputs')])
train_dataloader = dict(
    dataset=dict(
        _delete_=True, type='QuestionSelectionDataset',
        dataset=dict(clips, num_clips=800, split_seed=1)))
val_dataloader = dict(
    dataset=dict(
        _delete_=True, type='QuestionSelectionDataset',
        dataset=dict(clips, num_clips=60, split_seed=2)))
test_dataloader = val_dataloader
train_cfg = dict(max_iters=250)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.05, end=20, by_epoch=False),
    dict(
        type='LinearLR', start_factor=1.0, end_factor=0.01, begin=175,
        end=250, by_epoch=False)]
default_hooks = dict(checkpoint=dict(interval=250))
