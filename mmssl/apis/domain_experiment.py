# Copyright (c) mmssl contributors. Licensed under Apache-2.0.
"""Stills to video, the whole experiment: translate, train, evaluate.

Every step is a file below one folder and is left out where its result is
there, so that an interrupted experiment goes on.
"""

import copy
import json
import math
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from mmengine.config import Config

import mmssl
from mmssl.apis.still_layouts import Job, coco_jobs, voc_jobs
from mmssl.apis.translation import translate_dataset
from mmssl.apis.translator import read_picture
from mmssl.engine.resume import find_checkpoint
from mmssl.evaluation.functional import gain_in_standard_errors, summarize
from mmssl.utils.config import follow_data_root_variable, load_config
from mmssl.utils.errors import UsageError
from mmssl.utils.files import write_json

ORIGINAL, VIDEO, MIXED = 'original', 'video', 'mixed'
HEADLINES = ('video/mAP', 'video/CorLoc', 'coco/bbox_mAP', 'coco/bbox_mAP_50')


class TranslatorRun(NamedTuple):
    """A translator; without a checkpoint it is trained, for each seed.

    Attributes:
        name (str): Of its condition; ``<name>+mixed`` trains on stills and
            translated stills.
        config (str): Path or name of its config.
        checkpoint (str or None): Weights for all seeds.
    """

    name: str
    config: str
    checkpoint: str | None = None


def conditions_of(
    translators: Sequence[TranslatorRun], detector: Config
) -> list[str]:
    """All conditions that there are, the baseline first."""
    found = [ORIGINAL]
    for translator in translators:
        found += [translator.name, f'{translator.name}+{MIXED}']
    return [*found, VIDEO] if detector.get('video_dataset') else found


def load_detector(name: str) -> Config:
    """A detector's config, ``data/`` put where the variable says.

    Raises:
        UsageError: Its stills are not one data set in COCO's or VOC's
            layout.
    """
    cfg = load_config(name, config_dir=mmssl.get_config_dir())
    follow_data_root_variable(cfg._cfg_dict)
    layout_of(cfg)
    return cfg


def layout_of(cfg: Config) -> str:
    """'coco' or 'voc', of the training stills of a detector.

    Raises:
        UsageError: Another kind of data set.
    """
    kind = cfg.train_dataloader.dataset.type.rpartition('.')[2]
    layouts = dict(CocoDataset='coco', VOCDataset='voc', XMLDataset='voc')
    if kind not in layouts:
        raise UsageError(
            f'train_dataloader.dataset of {cfg.filename} is a {kind}; the '
            'experiment translates one CocoDataset or VOCDataset'
        )
    return layouts[kind]


def still_jobs(cfg: Config, out: Path) -> tuple[list[Job], Callable[[], None]]:
    """The pictures that a detector trains on, to be translated."""
    stills = cfg.train_dataloader.dataset
    root = Path(stills.data_root)
    if layout_of(cfg) == 'coco':
        images = root / stills.data_prefix.img
        return coco_jobs(root / stills.ann_file, images, out, (), 'largest')
    inner = stills.data_prefix.sub_data_root
    return voc_jobs(
        root / inner, out / inner, Path(stills.ann_file).stem, (), 'largest'
    )


def translated_stills(cfg: Config, out: Path) -> dict:
    """The data set of the stills that :func:`still_jobs` wrote."""
    stills = copy.deepcopy(cfg.train_dataloader.dataset.to_dict())
    stills['data_root'] = f'{out.resolve()}/'
    if layout_of(cfg) == 'coco':
        images = Path(stills['data_prefix']['img']).name
        stills['data_prefix'] = dict(img=f'{images}/')
        stills['ann_file'] = f'annotations/{Path(stills["ann_file"]).name}'
    return stills


def dataset_of(cfg: Config, condition: str, translated: dict | None) -> dict:
    """Training data of a condition.

    Args:
        cfg (Config): The detector's.
        condition (str): One of :func:`conditions_of`.
        translated (dict, optional): Of :func:`translated_stills`.
    """
    stills = cfg.train_dataloader.dataset.to_dict()
    if condition == ORIGINAL:
        return stills
    if condition == VIDEO:
        return cfg.video_dataset.to_dict()
    if condition.endswith(f'+{MIXED}'):
        return dict(type='ConcatDataset', datasets=[stills, translated])
    return translated


class Experiment:
    """Runs what is missing of an experiment.

    Args:
        detector (str): Config of the detector, with stills for training and
            frames for testing; its variable ``video_dataset`` is the
            training data of the condition 'video'.
        translators (Sequence[TranslatorRun]): At least one.
        seeds (Sequence[int]): Each trains translators and detectors anew.
        out (Path): Folder of everything.
        conditions (Sequence[str], optional): All by default.
        mode (str): See :func:`mmssl.apis.translator.translate_picture`.
        workers (int): Processes that translate.
        log (Callable): Gets lines of progress.

    Raises:
        UsageError: Unknown condition; a translator of the name of another
            condition.
    """

    def __init__(
        self,
        detector: str,
        translators: Sequence[TranslatorRun],
        seeds: Sequence[int],
        out: Path,
        conditions: Sequence[str] | None = None,
        mode: str = 'full',
        workers: int = 0,
        log: Callable[[str], None] = print,
    ) -> None:
        self.cfg = load_detector(detector)
        self.translators = {t.name: t for t in translators}
        if len(self.translators) < len(translators) or (
            {ORIGINAL, VIDEO} & set(self.translators)
        ):
            raise UsageError(
                'translators need names of their own, other than '
                f'{ORIGINAL} and {VIDEO}'
            )
        known = conditions_of(translators, self.cfg)
        self.conditions = list(conditions or known)
        wrong = [name for name in self.conditions if name not in known]
        if wrong:
            raise UsageError(
                f'no condition {", ".join(wrong)}; there are '
                f'{", ".join(known)}'
            )
        self.seeds, self.out = list(seeds), Path(out)
        self.mode, self.workers, self.log = mode, workers, log

    def run(self) -> dict[str, list[dict[str, float]]]:
        """Do what is missing.

        Returns:
            dict: Condition to the metrics of each seed.
        """
        results = {name: [] for name in self.conditions}
        for seed in self.seeds:
            for condition in self.conditions:
                results[condition].append(self.metrics(condition, seed))
        write_json(
            self.out / 'results.json', dict(seeds=self.seeds, results=results)
        )
        return results

    def metrics(self, condition: str, seed: int) -> dict[str, float]:
        """Metrics of one detector on the video frames."""
        folder = self.out / 'detectors' / f'{condition}_seed{seed}'
        path = folder / 'metrics_on_video.json'
        if not path.is_file():
            config = self._derived_config(condition, seed)
            self._tool('train', config, folder, seed, '--resume')
            self._tool(
                'test', config, folder, None, find_checkpoint(folder), '--out',
                str(path),
            )  # fmt: skip
        return json.loads(path.read_text())['metrics']

    def translated_root(self, name: str, seed: int) -> Path:
        """Folder of the translated stills, which are written if missing."""
        out = self.out / 'translated' / f'{name}_seed{seed}'
        jobs, finish = still_jobs(self.cfg, out)
        translator = self.translators[name]
        settings = dict(
            config=translator.config,
            checkpoints={'': self._checkpoint(translator, seed)},
            mode=self.mode,
        )
        counts = translate_dataset(jobs, finish, out, settings, self.workers)
        if counts['written']:
            self.log(f'{name}, seed {seed}: {counts["written"]} translated')
        return out

    def _checkpoint(self, translator: TranslatorRun, seed: int) -> str:
        if translator.checkpoint:
            return translator.checkpoint
        folder = self.out / 'translators' / f'{translator.name}_seed{seed}'
        done = folder / 'done'
        if not done.is_file():
            self._tool('train', translator.config, folder, seed, '--resume')
            done.touch()
        return find_checkpoint(folder)

    def _derived_config(self, condition: str, seed: int) -> str:
        """The detector's config with the data of a condition."""
        translated = None
        if condition not in (ORIGINAL, VIDEO):
            name = condition.removesuffix(f'+{MIXED}')
            root = self.translated_root(name, seed)
            translated = translated_stills(self.cfg, root)
        cfg = copy.deepcopy(self.cfg)
        cfg.train_dataloader.dataset = dataset_of(cfg, condition, translated)
        path = self.out / 'configs' / f'{condition}_seed{seed}.py'
        path.parent.mkdir(parents=True, exist_ok=True)
        cfg.dump(str(path))
        return str(path)

    def _tool(
        self, name: str, config: str, folder: Path, seed: int | None, *more
    ) -> None:
        """Run tools/train.py or tools/test.py in a process of its own.

        Raises:
            RuntimeError: It failed; the message ends with its last line.
        """
        command = [
            sys.executable, str(mmssl.get_tools_dir() / f'{name}.py'), config,
            *(['--resume'] if '--resume' in more else []),
            *(m for m in more if m != '--resume'),
            '--work-dir', str(folder),
        ]  # fmt: skip
        if seed is not None:
            command += ['--seed', str(seed)]
        self.log(f'{name}: {folder.name}')
        folder.mkdir(parents=True, exist_ok=True)
        log = folder / f'{name}.log'
        environment = dict(
            os.environ, PYTHONPATH=os.pathsep.join(filter(None, sys.path))
        )
        with open(log, 'w', encoding='utf-8') as file:
            code = subprocess.run(
                command, stdout=file, stderr=file, env=environment
            ).returncode
        if code != 0:
            lines = log.read_text(encoding='utf-8').strip().splitlines()
            raise RuntimeError(
                f'tools/{name}.py ended with code {code}, see {log}: '
                f'{lines[-1] if lines else "no output"}'
            )


def table_of(
    results: dict[str, list[dict[str, float]]],
    names: Sequence[str] | None = None,
) -> list[dict[str, str]]:
    """One row a condition: mean and 95 % interval, gain over the stills.

    Args:
        results (dict): Condition to the metrics of each seed.
        names (Sequence[str], optional): Metrics; the headlines, and AP of
            each class, by default.

    Returns:
        list[dict[str, str]]: Texts in percent; ``gain`` is that of the first
        metric over 'original' in standard errors of the difference, with a
        remark where that is less than two.
    """
    first = next(iter(results.values()))[0]
    if names is None:
        names = [name for name in HEADLINES if name in first]
        names += [name for name in first if name.startswith('video/AP_')]
    rows = []
    for condition, runs in results.items():
        row = dict(condition=condition, seeds=str(len(runs)))
        for name in names:
            found = summarize([100 * run[name] for run in runs])
            text = f'{found.mean:.1f}'
            if not math.isnan(found.half_interval):
                text += f' ± {found.half_interval:.1f}'
            row[name.rpartition('/')[2]] = text
        row['gain'] = _gain(results, condition, names[0])
        rows.append(row)
    return rows


def _gain(results: dict, condition: str, name: str) -> str:
    if condition == ORIGINAL or ORIGINAL not in results:
        return ''
    gain = gain_in_standard_errors(
        [run[name] for run in results[condition]],
        [run[name] for run in results[ORIGINAL]],
    )
    if math.isnan(gain):
        return 'one seed'
    remark = '' if abs(gain) >= 2 else ' (not told apart)'
    return f'{gain:+.1f} SE{remark}'


def picture_statistics(paths: Sequence[str | Path]) -> dict[str, float]:
    """What a translator can move: light, contrast, sharpness.

    Args:
        paths (Sequence[str or Path]): Pictures.

    Returns:
        dict[str, float]: Means over the pictures of ``mean`` (level
        0..255), ``contrast`` (standard deviation of the levels) and
        ``energy`` (mean squared difference of neighbouring pixels).

    Raises:
        ValueError: No picture.
    """
    rows = []
    for path in paths:
        grey = cv2.cvtColor(read_picture(str(path)), cv2.COLOR_RGB2GRAY)
        grey = grey.astype(np.float64)
        energy = [(np.diff(grey, axis=axis) ** 2).mean() for axis in (0, 1)]
        rows.append((grey.mean(), grey.std(), np.mean(energy)))
    if not rows:
        raise ValueError('statistics need at least one picture, got none')
    means = np.mean(rows, axis=0).tolist()
    return dict(zip(('mean', 'contrast', 'energy'), means, strict=True))
