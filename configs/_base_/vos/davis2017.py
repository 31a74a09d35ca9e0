# DAVIS 2017 val, semi-supervised: masks of the first frame are given
data_root = 'data/davis/'
test_dataloader = dict(
    batch_size=1,
    num_workers=0,
    dataset=dict(
        type='VOSSequenceDataset',
        data_root=data_root,
        split_file='ImageSets/2017/val.txt'),
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='mmssl.collate_views'))
# As CRW and Dense-VOS propagate: radius in cells of stride 8
test_cfg = dict(
    type='VOSTestLoop', layer=-1, context=20, radius=12, topk=10,
    temperature=0.05)
test_evaluator = [dict(type='DAVISMetric')]
