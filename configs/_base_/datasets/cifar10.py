# CIFAR-10: official batches, or train.zip and test.zip of class folders
_base_ = 'labelled_images.py'

data_root = 'data/cifar10/'
data_preprocessor = dict(
    type='ViewsDataPreprocessor',
    mean=[255 * v for v in (0.4914, 0.4822, 0.4465)],
    std=[255 * v for v in (0.2023, 0.1994, 0.2010)])

train_dataloader = dict(
    num_workers=4,
    dataset=dict(type='CIFAR', data_root=data_root, split='train'))
as_it_is = [dict(type='CenterView')]
bank = dict(
    dataset=dict(
        type='CIFAR', data_root=data_root, split='train', views=as_it_is))
test_dataloader = dict(
    dataset=dict(
        type='CIFAR', data_root=data_root, split='test', views=as_it_is))
val_dataloader = test_dataloader
val_cfg = dict(bank_dataloader=bank)
test_cfg = dict(bank_dataloader=bank)
del bank, as_it_is
