_base_ = [
    '../../_base_/action/retrieval.py', '../../_base_/default_runtime.py',
]

data_root = 'data/ucf101/videos/'
test_dataloader = dict(
    dataset=dict(
        data_root=data_root, ann_file='../ucf101_val_split_1_videos.txt'))
test_cfg = dict(
    bank_dataloader=dict(
        dataset=dict(
            data_root=data_root, ann_file='../ucf101_train_split_1_videos.txt')))
