# Omniglot, 28 pixels, as a stream of alphabets; data/omniglot holds
# images_background.zip and images_evaluation.zip, or their folders
_base_ = 'class_stream.py'

data_root = 'data/omniglot/'
as_it_is = [dict(type='CenterView')]
train = dict(type='Omniglot', data_root=data_root, split='train', views=as_it_is)

train_dataloader = dict(
    batch_size=15, batch_sampler=dict(n_classes=50), dataset=train)
test_dataloader = dict(
    dataset=dict(
        type='Omniglot', data_root=data_root, split='test', views=as_it_is))
val_dataloader = test_dataloader
val_cfg = dict(bank_dataloader=dict(dataset=train))
test_cfg = val_cfg
del as_it_is, train
