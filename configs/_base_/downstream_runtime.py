_base_ = ['default_runtime.py']

# --cfg-options pretrained=CHECKPOINT gives the weights to every part that
# starts from them
pretrained = None
# what only a self-supervised method has
default_hooks = dict(
    momentum=None, health=None, backbone_export=None,
    checkpoint=dict(interval=1))
