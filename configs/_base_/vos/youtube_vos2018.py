# YouTube-VOS 2018 val: objects appear later, the server scores the zip
data_root = 'data/youtube_vos/valid/'
test_dataloader = dict(
    batch_size=1,
    num_workers=0,
    dataset=dict(
        type='VOSSequenceDataset',
        data_root=data_root,
        img_dir='JPEGImages',
        ann_dir='Annotations',
        given='all'),
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='mmssl.collate_views'))
test_cfg = dict(
    type='VOSTestLoop', layer=-1, context=20, radius=12, topk=10,
    temperature=0.05)
test_evaluator = [
    dict(
        type='VOSResultWriter', out_dir='work_dirs/youtube_vos2018',
        archive='work_dirs/youtube_vos2018.zip')]
