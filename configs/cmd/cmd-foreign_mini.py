# The control: futures of other videos
_base_ = 'cmd_mini.py'

model = dict(foreign_future=True)
