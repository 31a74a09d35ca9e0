# First stage of videoqa-toy_mini: the question among those of other clips
_base_ = 'videoqa-toy_mini.py'

model = dict(span_head=None, contrast_head=None)
clips = dict(
    type='ToyVideoQA', things=20,
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
