_base_ = './jhmdb_mini.py'

# Less of each picture, more steps in the same time
train_dataloader = dict(dataset=dict(clips=dict(short_side=40)))
test_dataloader = dict(
    dataset=dict(
        clips=dict(short_side=40),
        views=[dict(type='CenterView', size=32, num=4)]))
val_dataloader = test_dataloader
bank_dataloader = test_dataloader
val_cfg = dict(bank_dataloader=bank_dataloader)
test_cfg = dict(bank_dataloader=bank_dataloader)
del bank_dataloader
