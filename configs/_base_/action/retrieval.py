# Videos of the test list ask, those of the training list answer: means of the
# pooled features of 10 centre crops, nothing is trained
backbone = dict(
    type='mmaction.ResNet3dSlowOnly', depth=50, pretrained=None,
    lateral=False, with_pool2=False, conv1_kernel=(1, 7, 7),
    conv1_stride_t=1, pool1_stride_t=1, inflate=(0, 0, 1, 1),
    norm_eval=False, zero_init_residual=False)
model = dict(
    type='FeatureExtractor', backbone=backbone,
    data_preprocessor=dict(
        type='ViewsDataPreprocessor', mean=[114.75] * 3, std=[57.375] * 3))
clips = dict(
    num_clips=10, clip_len=8, frame_interval=8, sampling='uniform',
    short_side=256)
views = [dict(type='CenterView', size=224, num=10)]
test_dataloader = dict(
    batch_size=4, num_workers=8, drop_last=False,
    sampler=dict(type='EpochSampler', shuffle=False),
    collate_fn=dict(type='mmssl.collate_views'),
    dataset=dict(type='VideoList', with_label=True, views=views, clips=clips))
test_cfg = dict(
    type='FeatureTestLoop', average_views=True,
    bank_dataloader=dict(
        batch_size=4, num_workers=8, drop_last=False,
        sampler=dict(type='EpochSampler', shuffle=False),
        collate_fn=dict(type='mmssl.collate_views'),
        dataset=dict(
            type='VideoList', with_label=True, views=views, clips=clips)))
test_evaluator = [dict(type='VideoRetrievalMetric')]
del backbone, clips, views
