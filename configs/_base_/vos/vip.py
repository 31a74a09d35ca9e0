# VIP: parts of people in the first frame are given; 70 x 70 cells
data_root = 'data/vip/'
test_dataloader = dict(
    batch_size=1,
    num_workers=0,
    dataset=dict(
        type='VOSSequenceDataset',
        data_root=data_root,
        split_file='lists/val_videos.txt',
        img_dir='Images',
        ann_dir='Annotations/Category_ids'),
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='mmssl.collate_views'))
test_cfg = dict(
    type='VOSTestLoop', layer=-1, context=20, radius=12, topk=10,
    temperature=0.05, input_size=(560, 560))
test_evaluator = [dict(type='PartMetric', num_classes=20)]
