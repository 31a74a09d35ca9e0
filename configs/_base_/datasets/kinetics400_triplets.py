# Triplets of Kinetics-400; retrieval as on UCF101
_base_ = ['ucf101_triplets.py']

train_dataloader = dict(
    batch_size=32,
    dataset=dict(
        data_root='data/kinetics400/videos_train/',
        ann_file='../kinetics400_train_list_videos.txt',
        clips=dict(negative='decoded')))
