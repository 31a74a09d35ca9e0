# ImageNet-1k: train/ and val/ in class folders
_base_ = 'labelled_images.py'

data_root = 'data/imagenet/'
data_preprocessor = dict(
    type='ViewsDataPreprocessor',
    mean=[255 * v for v in (0.485, 0.456, 0.406)],
    std=[255 * v for v in (0.229, 0.224, 0.225)])

train_dataloader = dict(
    dataset=dict(type='ImageNet', data_root=data_root, split='train'))
as_it_is = [dict(type='CenterView', resize=256, size=224)]
bank = dict(
    dataset=dict(
        type='ImageNet', data_root=data_root, split='train', views=as_it_is))
test_dataloader = dict(
    dataset=dict(
        type='ImageNet', data_root=data_root, split='val', views=as_it_is))
val_dataloader = test_dataloader
val_cfg = dict(bank_dataloader=bank)
test_cfg = dict(bank_dataloader=bank)
del bank, as_it_is
