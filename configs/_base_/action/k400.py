# Kinetics-400: lists by tools/dataset_tools/prepare_actions.py
_base_ = ['views_8x8.py']

data_root = 'data/kinetics400/'
train_dataloader = dict(
    dataset=dict(
        data_root=data_root + 'videos_train/', num_classes=400,
        ann_file='../kinetics400_train_list_videos.txt'))
val_dataloader = dict(
    dataset=dict(
        data_root=data_root + 'videos_val/', num_classes=400,
        ann_file='../kinetics400_val_list_videos.txt'))
test_dataloader = dict(
    dataset=dict(
        data_root=data_root + 'videos_val/', num_classes=400,
        ann_file='../kinetics400_val_list_videos.txt'))
