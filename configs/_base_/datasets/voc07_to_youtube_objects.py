# Stills: PASCAL VOC 2007 trainval.  Frames: the TRAINING list of
# YouTube-Objects, as a list file of lines such as JPEGImages/car_00000001.jpg
view = dict(type='ScaledCropView', resize=286, size=256, flip_prob=0.5)
train_dataloader = dict(
    batch_size=1, num_workers=4, persistent_workers=True, drop_last=True,
    sampler=dict(type='EpochSampler', shuffle=True),
    collate_fn=dict(type='mmssl.collate_views'),
    dataset=dict(
        type='UnpairedImageDataset',
        domain_a=dict(
            type='ImageFolder', data_root='data/VOCdevkit/VOC2007/JPEGImages/',
        ),
        domain_b=dict(
            type='ImageList', data_root='data/YTO/', ann_file='trainval.txt'),
        views=[view]))
del view
