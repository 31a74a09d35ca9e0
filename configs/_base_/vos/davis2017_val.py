# J&F on DAVIS 2017 val while training; the best checkpoint is kept
_base_ = 'davis2017.py'

davis_root = 'data/davis/'
test_dataloader = dict(dataset=dict(data_root=davis_root))
val_dataloader = dict(
    batch_size=1,
    num_workers=0,
    dataset=dict(
        type='VOSSequenceDataset',
        data_root=davis_root,
        split_file='ImageSets/2017/val.txt'),
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='mmssl.collate_views'))
val_cfg = dict(
    type='VOSValLoop', layer=-1, context=20, radius=12, topk=10,
    temperature=0.05)
val_evaluator = [dict(type='DAVISMetric')]
