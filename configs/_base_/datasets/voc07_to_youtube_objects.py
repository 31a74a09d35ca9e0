# Stills: PASCAL VOC 2007 trainval.  Frames: the TRAINING list of
# YouTube-Objects.  Both as files of lines such as JPEGImages/000005.jpg; the
# README of configs/uda_vod has the command that makes them
view = dict(type='ScaledCropView', resize=286, size=256, flip_prob=0.5)
train_dataloader = dict(
    batch_size=1, num_workers=4, persistent_workers=True, drop_last=True,
    sampler=dict(type='EpochSampler', shuffle=True),
    collate_fn=dict(type='mmssl.collate_views'),
    dataset=dict(
        type='UnpairedImageDataset',
        domain_a=dict(
            type='ImageList', data_root='data/VOCdevkit/VOC2007/',
            ann_file='trainval_pictures.txt'),
        domain_b=dict(
            type='ImageList', data_root='data/YTO/',
            ann_file='trainval_pictures.txt'),
        views=[view]))
del view
