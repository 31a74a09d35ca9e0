# COCO train2017 (or any folder of pictures) without its labels
data_root = 'data/coco/train2017/'
data_preprocessor = dict(type='ViewsDataPreprocessor')

train_dataloader = dict(
    num_workers=8, persistent_workers=True, pin_memory=True, drop_last=True,
    sampler=dict(type='EpochSampler', shuffle=True),
    collate_fn=dict(type='mmssl.collate_views'),
    dataset=dict(type='ImageFolder', data_root=data_root))
