# UCF101, training list of split 1, and the same videos encoded anew:
#   python tools/dataset_tools/reencode_videos.py data/ucf101/videos data/ucf101/videos_gop12 --workers 8
#   python tools/dataset_tools/index_videos.py data/ucf101/videos_gop12 --workers 8
data_root = 'data/ucf101/videos/'
train_dataloader = dict(
    batch_size=16, num_workers=8, persistent_workers=True, pin_memory=True,
    drop_last=True,
    sampler=dict(type='EpochSampler', shuffle=True),
    collate_fn=dict(type='mmssl.collate_views'),
    dataset=dict(
        type='CompressedVideoDataset', data_root=data_root,
        ann_file='../ucf101_train_split_1_videos.txt',
        motion_root='data/ucf101/videos_gop12/', index='motion_index.json',
        exclude=['v_WallPushups_g18_c03'],
        pipeline=[
            dict(
                type='CompressedClipSample', clip_len=16, stride=4,
                interval=2, future_len=8, neg_num=3, gap=0,
                iframe_margin=5),
            dict(type='PyAVCompressedDecode', rgb_from='original'),
            dict(type='CompressedViews', limit=10.0, view=dict(
                size=112, area=(0.2, 1.0), ratio=(3 / 4, 4 / 3),
                log_ratio=False, flip_prob=0.5,
                jitter=(0.4, 0.4, 0.4, 0.1), jitter_prob=0.5,
                gray_prob=0.2, blur_prob=0.5, blur_sigma=(0.1, 2.0),
                order=('crop', 'flip', 'blur', 'jitter', 'gray',
                       'solarize')))]))
