_base_ = ['finetune-dsm_c3d-16x1_1xb4-steplr-45e_ucf101.py']

model = dict(cls_head=dict(num_classes=51))
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
