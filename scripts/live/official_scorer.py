"""The original scorer of `bfcl-eval` on a folder of result files: its score files and its table, to compare ours with.

    python official_scorer.py RESULTS SCORES

The packages that it imports for other purposes (clients of models, data frames) are stood in for by objects that do
nothing, so `pip install --no-deps bfcl-eval mpmath` is enough. Models are named by their folders in the table.
"""
import importlib.abc
import importlib.machinery
import os
import pathlib
import sys
import tempfile
from unittest import mock

wanted = {"bfcl_eval", "mpmath", *sys.stdlib_module_names}


class StandIns(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds whatever is not wanted, and makes it of nothing."""

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in wanted:
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        module = mock.MagicMock(name=spec.name)
        module.__path__ = []
        module.__name__ = spec.name
        return module

    def exec_module(self, module):
        if module.__name__ == "tqdm":
            module.tqdm = lambda items, **_: items
        if module.__name__ == "overrides":
            module.final = module.override = module.overrides = lambda method: method
            module.EnforceOverrides = object


def main(results, scores):
    # The package makes folders beside itself unless it is told where.
    os.environ["BFCL_PROJECT_ROOT"] = tempfile.mkdtemp()
    sys.meta_path.insert(0, StandIns())
    from bfcl_eval.constants.model_config import MODEL_CONFIG_MAPPING
    from bfcl_eval.eval_checker import eval_runner

    for name, config in MODEL_CONFIG_MAPPING.items():
        config.display_name = name
    categories = [f"multi_turn_{name}" for name in ("base", "miss_func", "miss_param", "long_context")]
    eval_runner.runner(None, categories, pathlib.Path(results), pathlib.Path(scores), allow_missing=True)


main(*sys.argv[1:])
