_base_ = 'dense_vos_resnet18_1xb16-steplr-500e_ytvos.py'

data_root = 'data/oxuva/'
train_dataloader = dict(
    dataset=dict(data_root=data_root, img_dir='images/dev', frame_gap=10))
