# First stage of videoqa_mini: the question among those of other clips
_base_ = 'videoqa_mini.py'

model = dict(span_head=None, contrast_head=None)
questions = dict(
    type='TVQAPlusDataset', data_root='data/tvqa_mini/',
    clip_file='clips.json', pipeline=_base_.test_pipeline)
train_dataloader = dict(
    dataset=dict(
        _delete_=True, type='QuestionSelectionDataset',
        dataset=dict(questions, ann_file='tvqa_plus_train.jsonl')))
val_dataloader = dict(
    dataset=dict(
        _delete_=True, type='QuestionSelectionDataset',
        dataset=dict(questions, ann_file='tvqa_plus_val.jsonl')))
test_dataloader = val_dataloader
val_evaluator = [dict(type='VideoQAAccuracy', by=['type'])]
test_evaluator = val_evaluator
