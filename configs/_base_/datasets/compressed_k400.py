# Kinetics-400, encoded anew as UCF101, see compressed_ucf101.py
_base_ = 'compressed_ucf101.py'

data_root = 'data/kinetics400/videos_train/'
train_dataloader = dict(
    dataset=dict(
        data_root=data_root,
        ann_file='../kinetics400_train_list_videos.txt',
        motion_root='data/kinetics400/videos_train_gop12/', exclude=[]))
