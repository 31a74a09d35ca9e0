# videoqa_mini with features of frames, which tools/videoqa/extract_features.py
# makes from the clips if you have them
_base_ = 'videoqa_mini.py'

channels = 512  # of a ResNet-18
model = dict(
    visual_proj=dict(
        type='FrameProjection', in_channels=channels, channels=64),
    local_attn=dict(type='LocallyAlignedAttention', channels=64),
    choice_head=dict(visual_channels=64), span_head=dict(channels=128))
train_dataloader = dict(dataset=dict(feat_file='features.h5'))
val_dataloader = dict(dataset=dict(feat_file='features.h5'))
test_dataloader = val_dataloader
