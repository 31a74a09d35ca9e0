# The baseline that videoqa_mini has to beat: question and answers alone
_base_ = 'videoqa_mini.py'

model = dict(span_head=None, contrast_head=None)
train_dataloader = dict(dataset=dict(context=False))
val_dataloader = dict(dataset=dict(context=False))
test_dataloader = val_dataloader
val_evaluator = [dict(type='VideoQAAccuracy', by=['type'])]
test_evaluator = val_evaluator
