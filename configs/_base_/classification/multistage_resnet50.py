# One linear layer behind conv1 and each stage, trained side by side
model = dict(
    type='ImageClassifier',
    frozen=True,
    backbone=dict(
        type='SmallStemResNet', depth=50, stem='imagenet', with_stem=True,
        out_indices=(0, 1, 2, 3),
        init_cfg=dict(
            type='Pretrained', checkpoint=None, prefix='backbone.')),
    head=dict(
        type='MultiStageLinearHead', num_classes=1000,
        norm_cfg=dict(type='SyncBN')))
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(
        type='SGD', lr=0.01, momentum=0.9, nesterov=True, weight_decay=1e-4))
auto_scale_lr = dict(base_batch_size=256)
