# Five sequences with all their masks, frames at half size: one cell of
# stride 8 shows as much as four of DAVIS's protocol, so the radius is halved;
# fewer frames of context, for speed
_base_ = 'davis2017.py'

data_root = 'data/davis_mini/'
test_dataloader = dict(dataset=dict(data_root=data_root))
test_cfg = dict(input_size=240, radius=6, context=8)
test_evaluator = [dict(type='DAVISMetric')]
