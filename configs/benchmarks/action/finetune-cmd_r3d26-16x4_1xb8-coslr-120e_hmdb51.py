_base_ = ['../../_base_/action/finetune_cmd.py']

model = dict(
    backbone=dict(
        _delete_=True, type='ResNet3d', depth=50, stage_blocks=(2, 2, 2, 2),
        pretrained=None, pretrained2d=False, conv1_kernel=(3, 7, 7),
        conv1_stride_t=1, pool1_stride_t=1, with_pool2=False,
        inflate=(1, 1, 1, 1), inflate_style='3x3x3',
        spatial_strides=(1, 2, 2, 2), temporal_strides=(1, 2, 2, 2),
        norm_eval=False,
        init_cfg=dict(
            type='Pretrained', checkpoint=None, prefix='backbone.')),
    cls_head=dict(num_classes=51, in_channels=2048))
data_root = 'data/hmdb51/videos/'
train_dataloader = dict(
    dataset=dict(
        data_root=data_root, num_classes=51,
        ann_file='../hmdb51_train_split_1_videos.txt'))
val_dataloader = dict(
    dataset=dict(
        data_root=data_root, num_classes=51,
        ann_file='../hmdb51_val_split_1_videos.txt'))
test_dataloader = val_dataloader
optim_wrapper = dict(optimizer=dict(lr=1.6e-3, weight_decay=0.002))
