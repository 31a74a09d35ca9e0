_base_ = 'dense_vos_resnet18_1xb16-steplr-250e_trackingnet.py'

# Folders of frames, as the authors have them; video files below img_dir do too
data_root = 'data/kinetics400/'
train_dataloader = dict(
    dataset=dict(
        data_root=data_root, img_dir='video_jpeg/train',
        shuffle_frames=False))

train_cfg = dict(max_epochs=80)
param_scheduler = [dict(type='StepLR', step_size=20, gamma=0.5)]
