# UCF101, split 1: lists by tools/dataset_tools/prepare_actions.py
_base_ = ['views_8x8.py']

data_root = 'data/ucf101/videos/'
train_dataloader = dict(
    dataset=dict(
        data_root=data_root, num_classes=101,
        ann_file='../ucf101_train_split_1_videos.txt'))
val_dataloader = dict(
    dataset=dict(
        data_root=data_root, num_classes=101,
        ann_file='../ucf101_val_split_1_videos.txt'))
test_dataloader = dict(
    dataset=dict(
        data_root=data_root, num_classes=101,
        ann_file='../ucf101_val_split_1_videos.txt'))
