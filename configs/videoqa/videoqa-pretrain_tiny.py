# First stage of videoqa_tiny: the question among those of other clips
_base_ = 'videoqa_tiny.py'

model = dict(span_head=None, contrast_head=None)
steps = [_base_.tokens, dict(type='PackVideoQAInputs')]
train_dataloader = dict(
    dataset=dict(
        _delete_=True, type='QuestionSelectionDataset',
        dataset=dict(
            type='ToyVideoQA', num_clips=24, split_seed=1, things=40,
            pipeline=steps)))
val_dataloader = dict(
    dataset=dict(
        _delete_=True, type='QuestionSelectionDataset',
        dataset=dict(
            type='ToyVideoQA', num_clips=16, split_seed=2, things=40,
            pipeline=steps)))
test_dataloader = val_dataloader
train_cfg = dict(max_epochs=16, val_interval=16)
optim_wrapper = dict(optimizer=dict(lr=1e-3))
