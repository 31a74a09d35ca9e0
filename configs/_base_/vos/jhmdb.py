# J-HMDB, split 1: joints of the first frame are given; 40 x 40 cells
data_root = 'data/jhmdb/'
test_dataloader = dict(
    batch_size=1,
    num_workers=0,
    dataset=dict(type='JHMDBPoseDataset', data_root=data_root, split=1),
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='mmssl.collate_views'))
test_cfg = dict(
    type='PoseTestLoop', layer=-1, context=20, radius=12, topk=10,
    temperature=0.05, input_size=(320, 320))
test_evaluator = [dict(type='PCKMetric')]
