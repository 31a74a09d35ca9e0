# 406 questions of TVQA+ on 58 clips, 98 on 14 others, minutes on a CPU.  Human
# descriptions of the clips stand in for subtitles, and there are no frames
# (videoqa-frames_mini.py has them).  MMSSL_DATA_ROOT says what data/ is.
_base_ = [
    '../_base_/videoqa/small_bert.py', '../_base_/videoqa/loaders.py',
]

data_root = 'data/tvqa_mini/'
questions = dict(
    type='TVQAPlusDataset', data_root=data_root, clip_file='clips.json')
train_dataloader = dict(
    num_workers=0, persistent_workers=False,
    dataset=dict(
        questions, ann_file='tvqa_plus_train.jsonl',
        pipeline=_base_.train_pipeline))
val_dataloader = dict(
    num_workers=0, persistent_workers=False, batch_size=16,
    dataset=dict(
        questions, ann_file='tvqa_plus_val.jsonl',
        pipeline=_base_.test_pipeline))
test_dataloader = val_dataloader
train_cfg = dict(type='EpochTrainLoop', max_epochs=8, val_interval=2)
val_evaluator = [
    dict(type='VideoQAAccuracy', by=['type']),
    dict(type='TVQAPlusMetric', gt_file='data/tvqa_mini/tvqa_plus_val.jsonl')]
test_evaluator = val_evaluator
