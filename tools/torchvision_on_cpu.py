"""Let a torchvision that is linked against CUDA be imported beside a torch that has none.

``tools/cpu_only.py`` copies this file into site-packages, beside a ``.pth`` file whose one line imports it when Python
starts. Such a torchvision cannot load its compiled file, so the operators that the file would bring are missing, and
its own Python code, which only describes them, stops with ``operator torchvision::nms does not exist``. With it fall
``transformers`` and ``evaluate``, which ask for torchvision. Naming the two operators beforehand is enough for
everything in torchvision that is written in Python, such as the transforms of video processors.

Nothing is imported before torchvision itself is: until then all of this costs one more entry in ``sys.meta_path``.
"""

import sys
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType


class _Loader(SourceFileLoader):
    """Runs torchvision after its missing operators have been named."""

    def exec_module(self, module: ModuleType) -> None:
        import torch

        if torch.version.cuda is None:  # else another torch was installed since, which loads the compiled file
            self.library = torch.library.Library("torchvision", "DEF")  # torch forgets the operators when it goes away
            for name in ("nms", "qnms"):
                self.library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        super().exec_module(module)


class _Finder:
    """Hands torchvision, and nothing else, to the loader above."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name != "torchvision":
            return None
        spec = PathFinder.find_spec(name)
        if spec is not None and spec.origin is not None:
            spec.loader = _Loader(name, spec.origin)
        return spec


sys.meta_path.insert(0, _Finder)
