_base_ = ['../default_runtime.py']

# what only a self-supervised method has
default_hooks = dict(momentum=None, health=None)
